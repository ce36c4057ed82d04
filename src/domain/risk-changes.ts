// What a change of an institution's risk providers does, and may loosen: everything of which it is not plain that it only adds (ruling R-34).
import canonicalize from 'canonicalize'
import { type Acr, withDeviceAndPin } from './acr.ts'
import type { Policy } from './policy.ts'
import type { RiskEventPolicy, RiskProviderSetting, RiskSettings } from './risk.ts'
import type { AskedKind } from './risk-event.ts'

/** Does any rule of the policy look at what the providers say? */
export const looksAtRisk = (policy: Policy | undefined): boolean =>
  policy?.rules.some(({ when }) => /\brisk\b/.test(when)) === true

/**
 * The entries that may let pass what was stopped before: `provider rsa`, `payment`, `budget`, `step-up`. Who was not asked before
 * stopped nothing, unless a rule looks at risk (`rulesLook`): to it silence was the worst score, and whoever is asked now may
 * give a better one.
 */
export function riskLoosened(
  before: RiskSettings | undefined,
  after: RiskSettings | undefined,
  rulesLook = false,
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

/** One step of somebody in the console. */
export type RiskChange =
  | { readonly kind: 'provider'; readonly provider: RiskProviderSetting }
  | { readonly kind: 'without-provider'; readonly id: string }
  | { readonly kind: 'event'; readonly event: AskedKind; readonly policy: RiskEventPolicy }
  | { readonly kind: 'without-event'; readonly event: AskedKind }
  | { readonly kind: 'common'; readonly budgetMs: number; readonly stepUp: Acr }

const noRisk: RiskSettings = { providers: [], events: {}, budgetMs: 800, stepUp: withDeviceAndPin }

/** The settings with this change; undefined where no engine is left. The order of the others stays. */
export function changedRisk(before: RiskSettings | undefined, change: RiskChange): RiskSettings | undefined {
  const risk = before ?? noRisk
  const after = { ...risk, ...partOf(risk, change) }
  return after.providers.length === 0 && Object.keys(after.events).length === 0 ? undefined : after
}

function partOf({ providers, events }: RiskSettings, change: RiskChange): Partial<RiskSettings> {
  switch (change.kind) {
    case 'provider': {
      const { provider } = change
      return providers.some(({ id }) => id === provider.id)
        ? { providers: providers.map((one) => (one.id === provider.id ? provider : one)) }
        : { providers: [...providers, provider] }
    }
    case 'without-provider':
      return { providers: providers.filter(({ id }) => id !== change.id) }
    case 'event':
      return { events: { ...events, [change.event]: change.policy } }
    case 'without-event': {
      const { [change.event]: _gone, ...others } = events
      return { events: others }
    }
    case 'common':
      return { budgetMs: change.budgetMs, stepUp: change.stepUp }
  }
}

/** `provider rsa`, `payment`, `common`: what the audit names. */
export function changeName(change: RiskChange): string {
  if (change.kind === 'provider') return `provider ${change.provider.id}`
  if (change.kind === 'without-provider') return `provider ${change.id}`
  return change.kind === 'common' ? 'common' : change.event
}

/** Do they say the same, whatever the order of their members? */
export const isSameRisk = (a: RiskSettings | undefined, b: RiskSettings | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isSame(a, b)
