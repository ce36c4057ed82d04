// Whether one limit stops all that another stops: proven by what both say, never by trying.
import type { Limit, Threshold } from './limit.ts'
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

type Amounts = Extract<Threshold, { kind: 'amount' }>

/** A currency that is not named is exceeded by any amount where `unlisted` says so, else by none. */
function areAsLow(one: Amounts, old: Amounts): boolean {
  const named = Object.entries(old.over).every(([currency, most]) => atMost(one, currency, most))
  const others =
    old.unlisted !== 'exceeded' ||
    (one.unlisted === 'exceeded' &&
      Object.keys(one.over).every((currency) => Object.hasOwn(old.over, currency)))
  return one.per === old.per && named && others
}

function atMost({ over, unlisted }: Amounts, currency: string, most: string): boolean {
  const amount = Object.hasOwn(over, currency) ? over[currency] : undefined
  if (amount === undefined) return unlisted === 'exceeded'
  return money(amount, currency).minor <= money(most, currency).minor
}
