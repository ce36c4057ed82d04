// The sender of deliveries: every node has one, and each job is taken by one of them.
import { createDeliveryAttempt } from '../flows/deliveries.ts'
import { startBackground } from './background.ts'
import type { Foundation, Services, Stores } from './foundation.ts'

const everyMs = 1000
const lookAfterMs = 15_000
// What one node has under way: a gateway that is slow must not keep the others waiting.
const most = 20

/** Starts sending; `stop` waits for what is under way. */
export function startDeliveries(
  base: Foundation,
  stores: Stores,
  services: Services,
): { stop(): Promise<void> } {
  const { log, pace } = base
  const work = createDeliveryWork(base, stores, services)
  const sending = startBackground({ name: 'deliveries', everyMs: everyMs / pace, pass: work.pass }, log)
  const after = { name: 'deliveries.left', everyMs: lookAfterMs, pass: services.openJobs.lookAfter }
  const looking = startBackground(after, log)
  return {
    async stop() {
      await Promise.all([sending.stop(), looking.stop()])
      await work.ended()
    },
  }
}

/** One pass takes what is due and waits for none of it; `ended` waits for all that is under way. */
export function createDeliveryWork(base: Foundation, stores: Stores, services: Services) {
  const attempt = createDeliveryAttempt({ ...base, ...stores, ...services })
  const running = new Set<Promise<void>>()
  return {
    async pass(): Promise<void> {
      const free = most - running.size
      if (free === 0) return
      for (const job of await services.jobs.take(free)) {
        const one = attempt(job)
          // The job is not ended, so that whoever comes next after its deadline tries again.
          .catch((error: unknown) => base.log.error('delivery', { id: job.id, error: String(error) }))
          .finally(() => running.delete(one))
        running.add(one)
      }
    },
    ended: async () => {
      await Promise.all(running)
    },
  }
}
