// The sender of pings: every node has one, and each row is taken by one of them.
import { createPings, type PingPorts } from '../flows/pings.ts'
import { createPingSender } from '../plugins/relying-parties/pings.ts'
import { startBackground } from './background.ts'
import type { Foundation, Services, Stores } from './foundation.ts'

const everyMs = 1000
const timeoutMs = 5000
// What one node has under way: a back end that hangs must not keep the others waiting.
const most = 20

/** Starts sending; `stop` waits for what is under way. */
export function startPings(base: Foundation, stores: Stores, services: Services): { stop(): Promise<void> } {
  const work = createPingWork({ ...base, ...stores, send: createPingSender(services.fetch, timeoutMs) })
  const sends = { name: 'pings', everyMs: everyMs / base.pace, pass: work.pass }
  const sending = startBackground(sends, base.log)
  return {
    async stop() {
      await sending.stop()
      await work.ended()
    },
  }
}

/** One pass takes what is due and waits for none of it; `ended` waits for all that is under way. */
export function createPingWork(ports: PingPorts) {
  const pings = createPings(ports)
  const running = new Set<Promise<void>>()
  return {
    async pass(): Promise<void> {
      const free = most - running.size
      if (free === 0) return
      for (const ping of await pings.take(free)) {
        const { institution, approval } = ping
        const one = pings
          .attempt(ping)
          // The lease ends, and whoever comes next tries again.
          .catch((error: unknown) => ports.log.error('ping', { institution, approval, error: String(error) }))
          .finally(() => running.delete(one))
        running.add(one)
      }
    },
    ended: async () => {
      await Promise.all(running)
    },
  }
}
