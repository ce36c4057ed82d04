// What ends cases in time, and says in the metrics how many wait and how near the first deadline is.
import { createCaseExpiry } from '../flows/case-expiry.ts'
import { startBackground } from './background.ts'
import type { Flows } from './flows.ts'
import type { Foundation, Stores } from './foundation.ts'

const everyMs = 15_000

/** Each node looks; `stop` waits for what is under way. */
export function startCases(
  base: Foundation,
  stores: Stores,
  flows: Pick<Flows, 'reach'>,
): { stop(): Promise<void> } {
  return startBackground({ name: 'cases', everyMs, pass: createCasePass(base, stores, flows) }, base.log)
}

/** One pass: ends what is overdue until nothing is left. */
export function createCasePass(base: Foundation, stores: Stores, { reach }: Pick<Flows, 'reach'>) {
  const expire = createCaseExpiry({ ...base, ...stores, reach })
  return async (): Promise<void> => {
    while (await expire());
    const waiting = await stores.cases.waiting()
    const now = base.clock.now()
    const level = (of: (one: (typeof waiting)[number]) => number) =>
      waiting.map((one) => ({ labels: { institution: one.institution }, value: of(one) }))
    base.metrics.levels(
      'drawbridge_cases_waiting',
      level(({ count }) => count),
    )
    const seconds = level(({ deadline }) => Math.round((deadline - now) / 1000))
    base.metrics.levels('drawbridge_case_deadline_seconds', seconds)
  }
}
