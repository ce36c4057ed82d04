// The sender of pings: every node has one, and each row is taken by one of them.
import { createPings, type PingPorts } from '../flows/pings.ts'
import { createPingSender } from '../plugins/relying-parties/pings.ts'
import type { DuePing } from '../ports/pings.ts'
import { startBackground } from './background.ts'
import type { Foundation, Services, Stores } from './foundation.ts'

const everyMs = 1000
const timeoutMs = 5000
// What one node has under way, and of one back end: those that hang must not keep the others waiting, whatever they are owed.
const most = 40
const mostOfOne = 10

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
  const running = new Map<Promise<void>, DuePing>()
  return {
    async pass(): Promise<void> {
      const free = most - running.size
      if (free <= 0) return
      for (const ping of await pings.take({ most: free, mostOfOne, busy: busyOf([...running.values()]) })) {
        const { institution, approval } = ping
        const one = pings
          .attempt(ping)
          // The lease ends, and whoever comes next tries again.
          .catch((error: unknown) => ports.log.error('ping', { institution, approval, error: String(error) }))
          .finally(() => running.delete(one))
        running.set(one, ping)
      }
    },
    ended: async () => {
      await Promise.all(running.keys())
    },
  }
}

/** Those with as many under way as there may be of one. */
function busyOf(running: readonly DuePing[]): DuePing[] {
  const isOf = (one: DuePing) => (other: DuePing) =>
    one.institution === other.institution && one.relyingParty === other.relyingParty
  return running.filter((one, i) => running.slice(0, i).filter(isOf(one)).length === mostOfOne - 1)
}
