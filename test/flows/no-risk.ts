// An installation without risk providers, for tests of flows in their parts.
import type { Assess } from '../../src/flows/assess.ts'
import type { RiskOutcomes } from '../../src/flows/risk-outcomes.ts'

export const nobodyAsked: Assess = { ask: async () => undefined, keep: async () => undefined }

export const nobodyTold: RiskOutcomes = {
  ended: async () => undefined,
  aboutEnded: async () => undefined,
  postponed: async () => undefined,
  steppedUp: async () => undefined,
}
