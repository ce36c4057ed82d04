// Whether a policy asks at least what another asked: proven entry by entry; what cannot be proven loosens (ruling R-34).
import type { Limit } from './limit.ts'
import { covers, isAsWide } from './limit-strictness.ts'
import { isAsStrong } from './outcome.ts'
import type { Policy, Rule } from './policy.ts'

/** What of an entry we cannot show to be as strict: it is gone, leads to less, or applies to fewer transactions. */
export type Weakness = 'gone' | 'outcome' | 'condition' | 'about' | 'threshold'

export interface Weaker {
  readonly kind: 'rule' | 'limit'
  readonly id: string
  readonly weakness: Weakness
}

/**
 * The entries of `base` that nothing in `next` is proven to replace, in their order. Where there are none, no transaction gets a
 * weaker outcome from `next` than from `base`, measured with the same history and the same limits of the customer.
 */
export const weakened = (next: Policy, base: Policy): Weaker[] => [
  ...base.rules
    .filter((old) => !next.rules.some((one) => coversRule(one, old)))
    .map((old): Weaker => ({ kind: 'rule', id: old.id, weakness: ofRule(named(next.rules, old), old) })),
  ...base.limits
    .filter((old) => !next.limits.some((one) => coversLimit(one, old)))
    .map((old): Weaker => ({ kind: 'limit', id: old.id, weakness: ofLimit(named(next.limits, old), old) })),
]

export const isAtLeastAsStrict = (next: Policy, base: Policy): boolean => weakened(next, base).length === 0

/** Entries of `next` that ask what nothing in `base` is proven to have asked, in their order. */
export const strengthened = (next: Policy, base: Policy): Pick<Weaker, 'kind' | 'id'>[] =>
  weakened(base, next).map(({ kind, id }) => ({ kind, id }))

// A rule that fails says the strongest of its policy. Each rule of the base has its like here, so that is no weaker either.
const coversRule = (one: Rule, old: Rule): boolean =>
  one.when === old.when && isAsStrong(one.outcome, old.outcome)

const coversLimit = (one: Limit, old: Limit): boolean =>
  covers(one, old) && isAsStrong(one.outcome, old.outcome)

const named = <Entry extends { readonly id: string }>(entries: readonly Entry[], { id }: Entry) =>
  entries.find((entry) => entry.id === id)

function ofRule(one: Rule | undefined, old: Rule): Weakness {
  if (one === undefined) return 'gone'
  return one.when === old.when ? 'outcome' : 'condition'
}

function ofLimit(one: Limit | undefined, old: Limit): Weakness {
  if (one === undefined) return 'gone'
  if (covers(one, old)) return 'outcome'
  return isAsWide(one, old) ? 'threshold' : 'about'
}
