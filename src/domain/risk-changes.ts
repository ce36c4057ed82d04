// What a change of an institution's risk providers may loosen: everything of which it is not plain that it only adds (ruling R-34).
import canonicalize from 'canonicalize'
import type { RiskSettings } from './risk.ts'

/**
 * The entries that may let pass what was stopped before: `provider rsa`, `payment`, `budget`, `step-up`. Who was not asked before
 * stopped nothing, unless a rule looks at risk (`rulesLook`): to it silence was the worst score, and whoever is asked now may
 * give a better one.
 */
export function riskLoosened(
  before: RiskSettings | undefined,
  after: RiskSettings | undefined,
  rulesLook: boolean,
): string[] {
  const asked = before?.events ?? {}
  const added = Object.keys(after?.events ?? {}).filter((kind) => !Object.hasOwn(asked, kind))
  return [...changedIn(before, after), ...(rulesLook ? added : [])]
}

function changedIn(before: RiskSettings | undefined, after: RiskSettings | undefined): string[] {
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
