// The sender of pings: every node has one, and each row is taken by one of them.
import { createPingDelivery } from '../flows/pings.ts'
import { createPingSender } from '../plugins/relying-parties/pings.ts'
import { startBackground } from './background.ts'
import type { Foundation, Services, Stores } from './foundation.ts'

const everyMs = 1000
const timeoutMs = 5000

/** Starts sending; `stop` waits for what is under way. */
export function startPings(base: Foundation, stores: Stores, services: Services): { stop(): Promise<void> } {
  const pass = createPingDelivery({ ...base, ...stores, send: createPingSender(services.fetch, timeoutMs) })
  return startBackground({ name: 'pings', everyMs, pass }, base.log)
}
