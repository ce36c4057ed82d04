// What a change of an institution's risk providers may loosen: everything of which it is not plain that it only adds (ruling R-34).
import canonicalize from 'canonicalize'
import type { RiskSettings } from './risk.ts'

/** The entries that may let pass what was stopped before: `provider rsa`, `payment`, `budget`, `step-up`. */
export function riskLoosened(before: RiskSettings | undefined, after: RiskSettings | undefined): string[] {
  // Who was not asked before stopped nothing, and a new provider can only raise.
  if (before === undefined) return []
  const providers = before.providers.filter(
    (one) =>
      !isSame(
        one,
        after?.providers.find(({ id }) => id === one.id),
      ),
  )
  const events = Object.entries(before.events).filter(
    ([kind, event]) => !isSame(event, after?.events[kind as keyof RiskSettings['events']]),
  )
  return [
    ...providers.map(({ id }) => `provider ${id}`),
    ...events.map(([kind]) => kind),
    ...(before.budgetMs === after?.budgetMs ? [] : ['budget']),
    ...(before.stepUp === after?.stepUp ? [] : ['step-up']),
  ]
}

const isSame = (a: unknown, b: unknown): boolean => b !== undefined && canonicalize(a) === canonicalize(b)
