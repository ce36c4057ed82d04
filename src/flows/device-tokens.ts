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

/**
 * Without a device whose key was proven there is nothing to tie it to: given to whoever comes by the customer's name, it would
 * make a stranger's browser a known one.
 */
const keyOf = ({ subject, device }: DeviceTokenPlace): string | undefined =>
  device === undefined ? undefined : `device-token|${subject}|${device}`

export function createDeviceTokens({ riskMemories, clock }: DeviceTokenPorts) {
  const memoryOf = ({ institution, provider }: DeviceTokenPlace) => riskMemories(institution, provider)
  return {
    async of(place: DeviceTokenPlace): Promise<string | undefined> {
      const key = keyOf(place)
      return key === undefined ? undefined : memoryOf(place).get(key)
    },
    /** Nothing changes where it gave none, or no device was proven. */
    async keep(place: DeviceTokenPlace, token: string | undefined): Promise<void> {
      const key = keyOf(place)
      if (key !== undefined && token !== undefined)
        await memoryOf(place).put(key, token, clock.now() + tokenMs)
    },
  }
}
