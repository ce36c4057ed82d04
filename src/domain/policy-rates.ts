// What a policy converts, and what another table of rates lets pass: told with the file that brings it.
import type { Policy } from './policy.ts'
import { conditionCurrencies } from './policy-language.ts'
import { changedWorth, cheaper, type Rates, ratedBy } from './rates.ts'

/** The currencies that its limits convert to, and those that its conditions do. */
function convertedBy({ limits, rules }: Policy) {
  const inLimits = limits.flatMap(({ threshold }) =>
    threshold.kind === 'amount' && threshold.in !== undefined ? [threshold.in] : [],
  )
  return {
    limits: [...new Set(inLimits)],
    conditions: [...new Set(rules.flatMap(({ when }) => conditionCurrencies(when)))],
  }
}

/** What a policy converts to and these rates do not know. */
export function unratedIn(policy: Policy, rates: Rates | undefined): string[] {
  const { limits, conditions } = convertedBy(policy)
  const rated = ratedBy(rates)
  return [...new Set([...limits, ...conditions])].filter((currency) => !rated.includes(currency))
}

/**
 * What of a policy may stop less when `next` takes the place of `base`: `rates USD in EUR`, where one USD is less EUR than it was,
 * or was nothing that was known. A condition may go either way, so that for what it converts any change is named. `rates
 * valid_hours`, where they are used for longer. That they are of a later day is what new rates are for, and not named.
 */
export function ratesLoosened(policy: Policy, base: Rates | undefined, next: Rates | undefined): string[] {
  const { limits, conditions } = convertedBy(policy)
  if (limits.length + conditions.length === 0) return []
  const named = (to: string, currencies: readonly string[]) =>
    currencies.map((one) => `rates ${one} in ${to}`)
  const longer = base !== undefined && next !== undefined && next.validHours > base.validHours
  const all = [
    ...limits.flatMap((to) => named(to, cheaper(next, base, to))),
    ...conditions.flatMap((to) => named(to, changedWorth(next, base, to))),
    ...(longer ? ['rates valid_hours'] : []),
  ]
  return [...new Set(all)]
}
