// What the customer wants to do, as RFC 9396 authorization details: checked by their type, hashed, compared with a limit.
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Language } from './language.ts'
import { textFault } from './plain-text.ts'
import { Refusal } from './refusal.ts'
import { leavesIn, slotsOf, type TransactionType, typeNamed, valuesAt } from './transaction-type.ts'
import { misfitIn } from './transaction-validator.ts'

/** Money in minor units of an ISO 4217 currency, never a float. */
export interface Money {
  readonly minor: bigint
  readonly currency: string
}

/** A checked transaction with its hash, and the facts that its type says where to find. */
export interface Transaction {
  readonly type: string
  /** As it was sent. */
  readonly detail: Detail
  /** base64url(sha256(RFC 8785 JSON of the detail as it was sent)) (ruling R-21). */
  readonly hash: string
  readonly amount: Money | undefined
  readonly debtorAccount: string | undefined
  readonly creditorAccount: string | undefined
  readonly creditorName: string | undefined
}

/** One authorization detail (RFC 9396 section 2). */
export type Detail = Readonly<Record<string, unknown>> & { readonly type: string }

// ISO 4217: the currencies whose minor unit is not two digits.
const minorDigits: Readonly<Record<string, number>> = {
  BHD: 3,
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
}

/** How many digits stand after the point in this currency (ISO 4217). */
export const digitsOf = (currency: string): number => minorDigits[currency] ?? 2

/**
 * Reads a decimal string into minor units. Refuses anything but plain digits with at most the currency's own number
 * of decimals: no sign, no exponent, no grouping, no leading zeros (`transaction.malformed`).
 */
export function money(amount: string, currency: string): Money {
  if (!/^[A-Z]{3}$/.test(currency)) throw new Refusal('transaction.malformed', { field: 'currency' })
  const digits = digitsOf(currency)
  const match = /^(0|[1-9]\d{0,14})(?:\.(\d{1,4}))?$/.exec(amount)
  const fraction = match?.[2] ?? ''
  if (!match || fraction.length > digits) throw new Refusal('transaction.malformed', { field: 'amount' })
  return { minor: BigInt(`${match[1]}${fraction.padEnd(digits, '0')}`), currency }
}

/** Is this a decimal amount with no more digits than its currency has? */
export function isMoney(amount: string, currency: string): boolean {
  try {
    money(amount, currency)
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

/** The amount as a decimal string with exactly the currency's digits. */
export function decimal({ minor, currency }: Money): string {
  const digits = digitsOf(currency)
  const text = minor.toString().padStart(digits + 1, '0')
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/**
 * Checks one authorization detail by its type and gives it its hash. Members that the type does not name are refused: what
 * is not shown must not be approved; so is text that does not read as it is. Refuses with `transaction.malformed` and the
 * member's name.
 */
export function transactionOf(value: unknown, types: readonly TransactionType[]): Transaction {
  const detail = detailIn(value)
  const type = typeNamed(types, detail.type)
  if (type === undefined) throw new Refusal('transaction.malformed', { field: 'type' })
  const field = misfitIn(type, detail) ?? unreadableIn(detail)
  if (field !== undefined) throw new Refusal('transaction.malformed', { field })
  for (const pair of amountsIn(type, detail)) money(...pair)
  const transaction = withFacts(detail, type)
  // Nothing can be paid with nothing; a limit of nothing is a limit.
  if (type.risk === 'payment' && transaction.amount?.minor === 0n)
    throw new Refusal('transaction.malformed', { field: 'amount' })
  return transaction
}

/** Exactly one detail may ride on one authorization; a second would be approved unseen. */
export function onlyTransaction(
  details: unknown,
  types: readonly TransactionType[],
): Transaction | undefined {
  const detail = onlyDetail(details)
  return detail === undefined ? undefined : transactionOf(detail, types)
}

/**
 * A transaction that was checked when it came in, as we keep it on a token: not checked again, so that a change of its
 * type leaves what was approved before as it is. Of a type that is gone only the hash is known.
 */
export function keptTransaction(
  details: unknown,
  types: readonly TransactionType[],
): Transaction | undefined {
  const detail = onlyDetail(details)
  return detail === undefined
    ? undefined
    : withFacts(detailIn(detail), typeNamed(types, detailIn(detail).type))
}

/** The hash of the one detail that was checked when it came in; undefined when there is none. */
export function keptHash(details: unknown): string | undefined {
  const detail = onlyDetail(details)
  return detail === undefined ? undefined : hashOf(detail)
}

function onlyDetail(details: unknown): unknown {
  if (details === undefined || details === null) return undefined
  if (!Array.isArray(details) || details.length !== 1)
    throw new Refusal('transaction.malformed', { field: 'count' })
  return details[0]
}

function detailIn(value: unknown): Detail {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!plain) throw new Refusal('transaction.malformed', { field: 'detail' })
  if (!('type' in value) || typeof value.type !== 'string')
    throw new Refusal('transaction.malformed', { field: 'type' })
  return value as Detail
}

/** The first text that a customer could misread. */
const unreadableIn = (detail: Detail): string | undefined =>
  leavesIn(detail)
    .find(({ value }) => typeof value === 'string' && textFault(value) !== undefined)
    ?.pointer.slice(1)
    .replaceAll('/', '.')

/** Every amount with its currency, as the type shows them. */
function amountsIn({ display, facts }: TransactionType, detail: Detail): [string, string][] {
  const rows = (Object.keys(display) as Language[]).flatMap((language) => display[language].rows)
  const shown = rows.filter((row) => row.as === 'money').map(slotsOf)
  return [...shown, [facts.amount ?? '', facts.currency ?? '']].flatMap(([amount = '', currency = '']) => {
    const [sum, unit] = [textAt(detail, amount), textAt(detail, currency)]
    return sum === undefined || unit === undefined ? [] : [[sum, unit] as [string, string]]
  })
}

function textAt(detail: Detail, pointer: string | undefined): string | undefined {
  const [value] = pointer?.startsWith('/') ? valuesAt(detail, pointer) : []
  return typeof value === 'string' ? value : undefined
}

function withFacts(detail: Detail, type: TransactionType | undefined): Transaction {
  const facts = type?.facts ?? {}
  const [sum, unit] = [textAt(detail, facts.amount), textAt(detail, facts.currency)]
  return {
    type: detail.type,
    detail,
    hash: hashOf(detail),
    amount: sum === undefined || unit === undefined ? undefined : money(sum, unit),
    debtorAccount: textAt(detail, facts.debtorAccount),
    creditorAccount: textAt(detail, facts.creditorAccount),
    creditorName: textAt(detail, facts.creditorName),
  }
}

/** base64url(sha256(RFC 8785 JSON)) (ruling R-21). */
export function hashOf(detail: unknown): string {
  const json = canonicalize(detail)
  if (json === undefined) throw new Refusal('transaction.malformed', { field: 'detail' })
  return createHash('sha256').update(json).digest('base64url')
}

/** Is the amount over the limit of its currency? A currency without a limit is always over it. */
export function isOver(amount: Money, limits: Readonly<Record<string, string>>): boolean {
  const limit = Object.hasOwn(limits, amount.currency) ? limits[amount.currency] : undefined
  return limit === undefined || amount.minor > money(limit, amount.currency).minor
}
