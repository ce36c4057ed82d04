// What a risk provider gave us for a customer's device: kept, sealed, and given back with its next event.
import type { Clock } from '../ports/clock.ts'
import type { RiskMemories } from '../ports/risk-records.ts'

export interface DeviceTokenPorts {
  readonly riskMemories: RiskMemories
  readonly clock: Clock
}

/** Whose it is, and which provider's. */
export interface DeviceTokenPlace {
  readonly institution: string
  readonly provider: string
  readonly subject: string
  readonly device: string | undefined
}

// For a year: whoever has not come for longer is a stranger to every engine.
const tokenMs = 365 * 24 * 3600_000

const keyOf = ({ subject, device }: DeviceTokenPlace): string => `device-token|${subject}|${device ?? ''}`

export function createDeviceTokens({ riskMemories, clock }: DeviceTokenPorts) {
  const memoryOf = ({ institution, provider }: DeviceTokenPlace) => riskMemories(institution, provider)
  return {
    of: (place: DeviceTokenPlace): Promise<string | undefined> => memoryOf(place).get(keyOf(place)),
    /** Nothing changes where it gave none. */
    async keep(place: DeviceTokenPlace, token: string | undefined): Promise<void> {
      if (token !== undefined) await memoryOf(place).put(keyOf(place), token, clock.now() + tokenMs)
    },
  }
}
