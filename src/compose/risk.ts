// What asks risk providers, and what tells them how things ended.
import { type AssessPorts, createAssess } from '../flows/assess.ts'
import {
  createRiskExpiry,
  createRiskOutcomes,
  createRiskReport,
  type RiskOutcomePorts,
  tellingRisk,
} from '../flows/risk-outcomes.ts'
import type { Transactions } from '../ports/transactions.ts'
import { startBackground } from './background.ts'
import type { Foundation, Services, Stores } from './foundation.ts'

/** What asks them, and what hears of ends: the store of transactions takes the place of the bare one. */
export function createRiskFlows(
  given: AssessPorts & RiskOutcomePorts & { readonly transactions: Transactions },
) {
  const riskOutcomes = createRiskOutcomes(given)
  return {
    assess: createAssess(given),
    riskOutcomes,
    transactions: tellingRisk(given.transactions, riskOutcomes),
  }
}

const everyMs = 2000
const expiryMs = 15_000
// What one node has under way: an engine that is slow must not keep the others waiting.
const most = 20

/** Starts telling the engines what they are owed; `stop` waits for what is under way. */
export function startRiskReports(
  base: Foundation,
  stores: Stores,
  services: Services,
): { stop(): Promise<void> } {
  const work = createRiskWork(base, stores, services)
  const telling = startBackground({ name: 'risk.reports', everyMs, pass: work.report }, base.log)
  const ending = startBackground({ name: 'risk.expiry', everyMs: expiryMs, pass: work.expire }, base.log)
  return {
    async stop() {
      await Promise.all([telling.stop(), ending.stop()])
      await work.ended()
    },
  }
}

/** One pass of each; `report` waits for none of what it begins, `ended` waits for all. */
export function createRiskWork(base: Foundation, stores: Stores, services: Services) {
  const ports = { ...base, ...stores, ...services }
  const attempt = createRiskReport(ports)
  const running = new Set<Promise<void>>()
  return {
    expire: createRiskExpiry(ports),
    async report(): Promise<void> {
      const free = most - running.size
      if (free === 0) return
      for (const job of await services.riskReports.take(free)) {
        const one = attempt(job)
          // The job is not ended, so that whoever comes next after its deadline tries again.
          .catch((error: unknown) => base.log.error('risk.report', { id: job.id, error: String(error) }))
          .finally(() => running.delete(one))
        running.add(one)
      }
    },
    ended: async () => {
      await Promise.all(running)
    },
  }
}
