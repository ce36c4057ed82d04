// What the customer wants to do, as RFC 9396 authorization details: typed, hashed, compared with a limit.
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { Refusal } from './refusal.ts'

/** Money in minor units of an ISO 4217 currency, never a float. */
export interface Money {
  readonly minor: bigint
  readonly currency: string
}

export interface Account {
  readonly iban: string
}

/** One `payment_initiation` (RFC 9396 section 2, the shape of the Berlin Group's example). */
export interface PaymentInitiation {
  readonly type: 'payment_initiation'
  readonly instructedAmount: { readonly amount: string; readonly currency: string }
  readonly debtorAccount: Account
  readonly creditorName: string
  readonly creditorAccount: Account
  readonly remittanceInformation: string | undefined
}

/** A checked transaction with its hash. */
export interface Transaction {
  readonly detail: PaymentInitiation
  readonly amount: Money
  /** base64url(sha256(RFC 8785 JSON of the detail as it was sent)) (ruling R-21). */
  readonly hash: string
}

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

/** The amount as a decimal string with exactly the currency's digits. */
export function decimal({ minor, currency }: Money): string {
  const digits = digitsOf(currency)
  const text = minor.toString().padStart(digits + 1, '0')
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
}

const known: Readonly<Record<string, ReadonlySet<string>>> = {
  detail: new Set([
    'type',
    'instructedAmount',
    'debtorAccount',
    'creditorName',
    'creditorAccount',
    'remittanceInformation',
  ]),
  instructedAmount: new Set(['amount', 'currency']),
  account: new Set(['iban']),
}

function record(
  value: unknown,
  kind: 'detail' | 'instructedAmount' | 'account',
  field: string,
): Record<string, unknown> {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!plain) throw new Refusal('transaction.malformed', { field })
  const stranger = Object.keys(value).find((key) => !known[kind]?.has(key))
  if (stranger !== undefined) throw new Refusal('transaction.malformed', { field: `${field}.${stranger}` })
  return value as Record<string, unknown>
}

// Control, bidirectional and invisible characters could make the shown text differ from the hashed one.
const deceptive = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u

function text(value: unknown, field: string, max: number): string {
  const good = typeof value === 'string' && value.trim() !== '' && value.length <= max && value.isWellFormed()
  if (!good || deceptive.test(value)) throw new Refusal('transaction.malformed', { field })
  return value
}

function account(value: unknown, field: string): Account {
  const iban = text(record(value, 'account', field).iban, `${field}.iban`, 34)
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/.test(iban))
    throw new Refusal('transaction.malformed', { field: `${field}.iban` })
  return { iban }
}

/**
 * Checks one authorization detail and gives it its hash. Unknown members are refused: what is not shown must not be
 * approved. Refuses with `transaction.malformed` and the field's name.
 */
export function transactionOf(value: unknown): Transaction {
  const raw = record(value, 'detail', 'detail')
  if (raw.type !== 'payment_initiation') throw new Refusal('transaction.malformed', { field: 'type' })
  const instructed = record(raw.instructedAmount, 'instructedAmount', 'instructedAmount')
  const amount = money(text(instructed.amount, 'amount', 20), text(instructed.currency, 'currency', 3))
  if (amount.minor === 0n) throw new Refusal('transaction.malformed', { field: 'amount' })
  const detail: PaymentInitiation = {
    type: 'payment_initiation',
    instructedAmount: { amount: instructed.amount as string, currency: amount.currency },
    debtorAccount: account(raw.debtorAccount, 'debtorAccount'),
    creditorName: text(raw.creditorName, 'creditorName', 70),
    creditorAccount: account(raw.creditorAccount, 'creditorAccount'),
    remittanceInformation:
      raw.remittanceInformation === undefined
        ? undefined
        : text(raw.remittanceInformation, 'remittanceInformation', 140),
  }
  return { detail, amount, hash: hashOf(raw) }
}

/** Exactly one detail may ride on one authorization; a second would be approved unseen. */
export function onlyTransaction(details: unknown): Transaction | undefined {
  if (details === undefined || details === null) return undefined
  if (!Array.isArray(details) || details.length !== 1)
    throw new Refusal('transaction.malformed', { field: 'count' })
  return transactionOf(details[0])
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
