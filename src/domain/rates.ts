// What an amount of one currency is in another, by a table of the institution: exact, and rounded up, never down.
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { digitsOf, type Money } from './transaction.ts'

/** The institution's own table. Of what is not in it nobody knows what it is worth. */
export interface Rates {
  readonly base: string
  /** Currency -> how much of it one unit of the base is, as a decimal string: `1.0840`. */
  readonly perBase: Readonly<Record<string, string>>
  /** Epoch milliseconds: of when they are, and how long after that they are used. */
  readonly asOf: number
  readonly validHours: number
}

/** As a decision keeps them. Rates that were too old, or not of that day yet, were not used. */
export interface KeptRates {
  readonly version: string
  readonly table: Rates
  readonly used: boolean
}

const rateForm = /^(0|[1-9]\d{0,11})(?:\.(\d{1,12}))?$/

/** Is this a rate: plain digits, at most 12 behind the point, and more than nothing? */
export const isRate = (text: string): boolean => rateForm.test(text) && /[1-9]/.test(text)

const hourMs = 3600_000
/** A table is of a day, and days begin at different hours of ours; what is further ahead was mistyped. */
const aheadMs = 24 * hourMs

/** Are they of a day that is too far ahead to be used? */
export const areAhead = ({ asOf }: Pick<Rates, 'asOf'>, now: number): boolean => now <= asOf - aheadMs

/** Are they used at this moment? */
export const areInForce = (rates: Rates, now: number): boolean =>
  !areAhead(rates, now) && now < rates.asOf + rates.validHours * hourMs

/** The name of a table's content. */
export const ratesVersion = (rates: Rates): string =>
  createHash('sha256')
    .update(canonicalize(rates) ?? '')
    .digest('base64url')
    .slice(0, 16)

export const keptRates = (table: Rates, now: number): KeptRates => ({
  ...{ version: ratesVersion(table), table, used: areInForce(table, now) },
})

/** What of kept rates a decision went by. */
export const usedRates = (kept: KeptRates | undefined): Rates | undefined =>
  kept?.used === true ? kept.table : undefined

/** Currencies that a table knows. */
export const ratedBy = (rates: Rates | undefined): readonly string[] =>
  rates === undefined ? [] : [rates.base, ...Object.keys(rates.perBase)]

/**
 * Minor units of `to` that an amount is worth, rounded up: of a sum the parts are never less than the whole. Undefined where
 * the table does not say; an amount of that very currency needs no table.
 */
export function converted(
  { minor, currency }: Money,
  to: string,
  rates: Rates | undefined,
): bigint | undefined {
  if (currency === to) return minor
  if (rates === undefined) return undefined
  const worth = worthOf(rates, currency, to)
  if (worth === undefined) return undefined
  const above = minor * worth.over * 10n ** BigInt(digitsOf(to))
  const below = worth.under * 10n ** BigInt(digitsOf(currency))
  return (above + below - 1n) / below
}

/** A fraction of whole numbers. */
interface Ratio {
  readonly over: bigint
  readonly under: bigint
}

/** What one unit of a currency is of another. */
function worthOf(rates: Rates, currency: string, to: string): Ratio | undefined {
  const [from, into] = [rateOf(rates, currency), rateOf(rates, to)]
  if (from === undefined || into === undefined) return undefined
  return { over: into.over * from.under, under: into.under * from.over }
}

function rateOf({ base, perBase }: Rates, currency: string): Ratio | undefined {
  if (currency === base) return { over: 1n, under: 1n }
  const text = Object.hasOwn(perBase, currency) ? perBase[currency] : undefined
  const match = text !== undefined && isRate(text) ? rateForm.exec(text) : null
  if (match === null) return undefined
  const fraction = match[2] ?? ''
  return { over: BigInt(`${match[1]}${fraction}`), under: 10n ** BigInt(fraction.length) }
}

/**
 * Currencies of which one unit is less of `to` by `next` than by `base`, or is worth something where nobody knew what before:
 * a limit in `to` lets more of them pass. The day of the tables is not looked at: each day has its own.
 */
export function cheaper(next: Rates | undefined, base: Rates | undefined, to: string): string[] {
  return ratedBy(next).filter((currency) => {
    const is = next && worthOf(next, currency, to)
    const was = base && worthOf(base, currency, to)
    if (is === undefined || currency === to) return false
    return was === undefined || is.over * was.under < was.over * is.under
  })
}

/** Currencies that are worth another amount of `to` than before, or that one of the two does not know. */
export function changedWorth(next: Rates | undefined, base: Rates | undefined, to: string): string[] {
  const [up, down] = [cheaper(base, next, to), cheaper(next, base, to)]
  return [...new Set([...down, ...up])]
}
