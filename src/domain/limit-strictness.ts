// Whether one limit stops all that another stops: proven by what both say, never by trying.
import { type AmountThreshold, type Limit, purseOf, type Threshold } from './limit.ts'
import { money } from './transaction.ts'

/** Does every transaction that exceeds `old` exceed `one` too? What leads from there is not looked at. */
export const covers = (one: Limit, old: Limit): boolean =>
  isAsWide(one, old) && isAsLow(one.threshold, old.threshold)

/** Is `one` about every transaction that `old` is about? */
export const isAsWide = (one: Limit, old: Limit): boolean =>
  coversTypes(one.types, old.types) && coversAccounts(one.from, old.from) && coversAccounts(one.to, old.to)

const coversAccounts = (one: readonly string[], old: readonly string[]): boolean =>
  one.length === 0 || (old.length > 0 && old.every((account) => one.includes(account)))

// An empty list is every type that moves money: of one that is named we do not know whether it does.
const coversTypes = (one: readonly string[], old: readonly string[]): boolean =>
  one.length === 0 ? old.length === 0 : old.length > 0 && old.every((type) => one.includes(type))

function isAsLow(one: Threshold, old: Threshold): boolean {
  if (one.kind === 'always') return true
  if (one.kind === 'amount' && old.kind === 'amount') return areAsLow(one, old)
  if (one.kind === 'count' && old.kind === 'count') return one.minutes >= old.minutes && one.over <= old.over
  return one.kind === 'new-payee' && old.kind === 'new-payee'
}

/** A currency that neither of two limits names. */
const another = undefined

/** For every currency, those that are not named taken as one: whatever the rates, which both go by. */
function areAsLow(one: AmountThreshold, old: AmountThreshold): boolean {
  const currencies = [...Object.keys(one.over), ...Object.keys(old.over), another]
  return one.per === old.per && currencies.every((currency) => isAsLowFor(currency, { one, old, currencies }))
}

interface Compared {
  readonly one: AmountThreshold
  readonly old: AmountThreshold
  readonly currencies: readonly (string | undefined)[]
}

function isAsLowFor(currency: string | undefined, { one, old, currencies }: Compared): boolean {
  const [is, was] = [purseOf(one, currency), purseOf(old, currency)]
  if (is === undefined && one.unlisted === 'exceeded') return true
  if (was === undefined) return old.unlisted !== 'exceeded'
  // In another currency it is another amount from one day's rates to the next.
  if (is !== was) return false
  const low = money(one.over[is] ?? '', is).minor <= money(old.over[was] ?? '', was).minor
  // One payment is not summed; else all that the old one counts together, this one must.
  return (
    low &&
    (one.per === 'payment' ||
      currencies.every((each) => purseOf(old, each) !== was || purseOf(one, each) === is))
  )
}
