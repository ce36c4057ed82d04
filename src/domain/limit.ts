// Thresholds on transactions, of the institution or of the customer: what is measured, and when it is exceeded.
import type { Outcome } from './outcome.ts'
import { converted, type Rates } from './rates.ts'
import { money } from './transaction.ts'
import type { RiskKind } from './transaction-type.ts'

/** What an amount is summed over: this payment alone, or the last 24 hours, 7 days or 30 days with it. */
export const periods = ['payment', 'day', 'week', 'month'] as const
export type Period = (typeof periods)[number]

const dayMinutes = 24 * 60

/** Minutes that a period looks back. */
export const minutesOf: Readonly<Record<Period, number>> = {
  payment: 0,
  day: dayMinutes,
  week: 7 * dayMinutes,
  month: 30 * dayMinutes,
}

/** The furthest that any limit looks back, in minutes. */
export const longestMinutes = minutesOf.month

export type Threshold =
  /**
   * Exceeded by a sum over the amount of its currency (decimal strings). Currencies that `over` does not name are converted and
   * summed with the one that `in` names; without `in`, `unlisted` is what of them.
   */
  | {
      readonly kind: 'amount'
      readonly per: Period
      readonly over: Readonly<Record<string, string>>
      readonly in?: string | undefined
      readonly unlisted?: 'exceeded' | undefined
    }
  /** Exceeded by more than `over` transactions within the last minutes, this one counted. */
  | { readonly kind: 'count'; readonly minutes: number; readonly over: number }
  /** Exceeded by the first payment to an account. */
  | { readonly kind: 'new-payee' }
  /** Exceeded by every transaction between its accounts. */
  | { readonly kind: 'always' }

/** Which transactions it is about, and what it says of them. */
export interface Limit {
  readonly id: string
  /** An empty list is every type that moves money. */
  readonly types: readonly string[]
  /** Accounts that money leaves, and that it goes to; an empty list is any account. */
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly threshold: Threshold
  readonly outcome: Outcome
}

/** A transaction as limits see it. Accounts are tokens that only this institution can make of them. */
export interface Measured {
  readonly type: string
  readonly kind: RiskKind
  readonly currency: string | undefined
  readonly minor: bigint
  readonly from: string | undefined
  readonly to: string | undefined
}

export interface Past extends Measured {
  /** Epoch milliseconds. */
  readonly at: number
}

export interface Measuring {
  readonly now: number
  readonly transaction: Measured
  /** The customer's transactions that were approved, or wait for approval, over `longestMinutes` at least. */
  readonly past: readonly Past[]
  readonly knownPayee: boolean
  /** Account -> token. */
  readonly token: (account: string) => string
  /** What converts; undefined where the institution has none, or they are too old. */
  readonly rates?: Rates | undefined
}

/** What a limit measured; `unconvertible` where some amount has no rate, which exceeds whatever the limit is. */
export type Measure = bigint | 'unconvertible'

/** Minor units for an amount, transactions for a count, 1 for what happened; undefined where it is not about this one. */
export function measure(limit: Limit, measuring: Measuring): Measure | undefined {
  const { transaction, knownPayee } = measuring
  const concerned = concernOf(limit, measuring.token)
  if (!concerned(transaction)) return undefined
  const { threshold } = limit
  switch (threshold.kind) {
    case 'amount':
      return purseOf(threshold, transaction.currency) !== undefined || threshold.unlisted === 'exceeded'
        ? sum(concerned, threshold, measuring)
        : undefined
    case 'count':
      return BigInt(within(concerned, threshold.minutes, measuring).length + 1)
    case 'new-payee':
      return transaction.to === undefined || knownPayee ? 0n : 1n
    case 'always':
      return 1n
  }
}

/** Is what was measured too much? */
export function isExceeded({ threshold }: Limit, measured: Measure, currency: string | undefined): boolean {
  if (measured === 'unconvertible') return true
  switch (threshold.kind) {
    case 'amount': {
      const purse = purseOf(threshold, currency)
      return purse === undefined
        ? threshold.unlisted === 'exceeded'
        : measured > money(threshold.over[purse] ?? '', purse).minor
    }
    case 'count':
      return measured > BigInt(threshold.over)
    default:
      return measured > 0n
  }
}

export type AmountThreshold = Extract<Threshold, { kind: 'amount' }>

/** The currency in whose sum an amount counts: its own where `over` names it, else the one that others are converted to. */
export const purseOf = (
  { over, in: into }: AmountThreshold,
  currency: string | undefined,
): string | undefined => (currency !== undefined && Object.hasOwn(over, currency) ? currency : into)

type Concerned = (one: Measured) => boolean

/** Is a transaction one that the limit is about? Its accounts are looked up once, however many are asked about. */
function concernOf({ types, from, to }: Limit, token: Measuring['token']): Concerned {
  const among = (accounts: readonly string[]) => {
    const listed = new Set(accounts.map(token))
    return (account: string | undefined) =>
      listed.size === 0 || (account !== undefined && listed.has(account))
  }
  const [leaves, goesTo] = [among(from), among(to)]
  const about = (one: Measured) => (types.length === 0 ? one.kind === 'payment' : types.includes(one.type))
  return (one) => about(one) && leaves(one.from) && goesTo(one.to)
}

const within = (concerned: Concerned, minutes: number, { past, now }: Measuring): readonly Past[] =>
  past.filter((one) => one.at > now - minutes * 60_000 && concerned(one))

function sum(concerned: Concerned, threshold: AmountThreshold, measuring: Measuring): Measure {
  const { transaction, rates } = measuring
  const past = within(concerned, minutesOf[threshold.per], measuring)
  const purse = purseOf(threshold, transaction.currency)
  if (purse === undefined) {
    const same = past.filter(({ currency }) => currency === transaction.currency)
    return same.reduce((total, { minor }) => total + minor, transaction.minor)
  }
  // What has no amount was itself over the limit, and adds nothing to the sum of others.
  const same = past.filter(({ currency }) => currency !== undefined && purseOf(threshold, currency) === purse)
  return [transaction, ...same].reduce<Measure>((total, { minor, currency }) => {
    const worth = currency === undefined ? undefined : converted({ minor, currency }, purse, rates)
    return total === 'unconvertible' || worth === undefined ? 'unconvertible' : total + worth
  }, 0n)
}
