// The dial of the demo's risk engines: one small state that a visitor turns, and that all of them look at before they answer.

/** How dangerous the engines find whatever they are asked about. */
export const riskLevels = ['low', 'raised', 'high', 'block'] as const
export type RiskLevel = (typeof riskLevels)[number]

/** What is wrong with the engines themselves. `slow` answers within a deadline that is not tight; `hang` never does. */
export const riskFaults = ['none', 'slow', 'hang', 'error', 'garbage'] as const
export type RiskFault = (typeof riskFaults)[number]

export interface RiskDialState {
  readonly level: RiskLevel
  readonly fault: RiskFault
}

export interface RiskDial {
  get(): RiskDialState
  /** What is not named stays as it is. */
  set(change: Partial<RiskDialState>): void
}

/** A dial that stands at its quiet end. */
export function createRiskDial(start: Partial<RiskDialState> = {}): RiskDial {
  let state: RiskDialState = { level: 'low', fault: 'none', ...start }
  return {
    get: () => state,
    set(change) {
      state = { ...state, ...change }
    },
  }
}

/** A level out of a form; undefined where it is none. */
export const asRiskLevel = (said: string): RiskLevel | undefined => riskLevels.find((one) => one === said)

/** A fault out of a form; undefined where it is none. */
export const asRiskFault = (said: string): RiskFault | undefined => riskFaults.find((one) => one === said)
