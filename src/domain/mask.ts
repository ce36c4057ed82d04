// Masking: what pages, logs and devices may see of personal values.
import type { Detail } from './transaction.ts'
import { slotsOf, type TransactionType } from './transaction-type.ts'

/** All but the last four characters hidden; short values are hidden whole. */
export function mask(value: string): string {
  return value.length > 8 ? `••••${value.slice(-4)}` : '••••'
}

// An IBAN, also in groups of four; and other account numbers where a condition has one as text.
const iban = /(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Z0-9])/g
const quotedDigits = /(["'])(\d{9,34})\1/g

/** Free text with every account number in it masked; it hides too much rather than too little. */
export const withoutAccounts = (text: string): string =>
  text
    .replace(iban, (account) => mask(account.replaceAll(' ', '')))
    .replace(quotedDigits, (_, quote: string, digits: string) => `${quote}${mask(digits)}${quote}`)

/**
 * The detail as a device may see it: account numbers masked, the rest as it was approved (ruling R-17). Of a type that is
 * no longer there every value is masked.
 */
export function maskedDetail(detail: Detail, type: TransactionType | undefined): Detail {
  const hidden = type === undefined ? undefined : new Set(accountsOf(type))
  const { type: name, ...members } = detail
  return { type: name, ...(masked(members, '', hidden) as object) }
}

/** Where account numbers stand: every place that is shown as one. */
const accountsOf = ({ display }: TransactionType): string[] =>
  Object.values(display).flatMap(({ rows }) =>
    rows.filter(({ as, each }) => as === 'account' || each === 'account').flatMap(slotsOf),
  )

function masked(value: unknown, pointer: string, hidden: ReadonlySet<string> | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => masked(item, `${pointer}/*`, hidden))
  if (typeof value !== 'object' || value === null)
    return hidden === undefined || hidden.has(pointer) ? mask(String(value)) : value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, inner]) => [key, masked(inner, `${pointer}/${key}`, hidden)]))
}
