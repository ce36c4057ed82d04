// What asks risk providers, and what tells them how things ended.
import { type AssessPorts, createAssess } from '../flows/assess.ts'
import {
  createRiskExpiry,
  createRiskOutcomes,
  createRiskReport,
  type RiskOutcomePorts,
  tellingRisk,
} from '../flows/risk-outcomes.ts'
import { createRiskQuestions } from '../flows/risk-questions.ts'
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
    riskQuestions: createRiskQuestions(given),
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
  const reports = { name: 'risk.reports', everyMs: everyMs / base.pace, pass: work.report }
  const telling = startBackground(reports, base.log)
  const ending = startBackground(
    { name: 'risk.expiry', everyMs: expiryMs, pass: () => allOf(work.expire) },
    base.log,
  )
  return {
    async stop() {
      await Promise.all([telling.stop(), ending.stop()])
      await work.ended()
    },
  }
}

/** One pass after the other while there is more to do. */
async function allOf(pass: () => Promise<boolean>): Promise<void> {
  while (await pass());
}

/** One pass of each; `report` waits for none of what it begins, `ended` waits for all. */
export function createRiskWork(base: Foundation, stores: Stores, services: Services) {
  const ports = { ...base, ...stores, ...services }
  const attempt = createRiskReport(ports)
  const running = new Set<Promise<void>>()
  const failed = (id?: string) => (error: unknown) =>
    base.log.error('risk.report', { id, error: String(error) })
  let ending = false
  let taking: Promise<unknown> = Promise.resolve()
  const take = async () => {
    const free = most - running.size
    if (free === 0) return
    const jobs = await services.riskReports.take(free)
    for (const job of jobs) {
      const one = attempt(job)
        // The job is not ended, so that whoever comes next after its deadline tries again.
        .catch(failed(job.id))
        .finally(() => {
          running.delete(one)
          // There were as many as could be taken: the rest does not wait for the next pass.
          if (jobs.length === free && !ending) report().catch(failed())
        })
      running.add(one)
    }
  }
  // One after the other, so that never more are under way.
  const report = (): Promise<unknown> => {
    taking = taking.then(take, take)
    return taking
  }
  return {
    expire: createRiskExpiry(ports),
    report,
    ended: async () => {
      ending = true
      await taking.catch(() => undefined)
      await Promise.all(running)
    },
  }
}
