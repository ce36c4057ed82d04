// Amounts, days and accounts as a customer reads them, in their language.
import { type Language, localeOf } from './language.ts'
import { digitsOf } from './transaction.ts'

// Signs that two currencies share but for a space: these are written by their code.
const sharedSigns: ReadonlySet<string> = new Set(['XAF', 'XOF'])

/**
 * Money from its decimal string, never through a float. Every digit that was sent is shown: ICU knows fewer decimals
 * than ISO 4217 for some currencies (IQD, UYI), and a rounded amount would not be the one that is approved.
 */
export function amountText(amount: string, currency: string, language: Language): string {
  if (!/^\d{1,20}(\.\d{1,10})?$/.test(amount)) throw new RangeError('not a plain decimal amount')
  const digits = Math.max(digitsOf(currency), amount.split('.')[1]?.length ?? 0)
  const format = new Intl.NumberFormat(localeOf[language], {
    style: 'currency',
    currency,
    currencyDisplay: sharedSigns.has(currency) ? 'code' : 'symbol',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return format.format(amount as Intl.StringNumericLiteral)
}

/** A day, from `2026-12-01`: `1 December 2026`. */
export function dateText(date: string, language: Language): string {
  const format = new Intl.DateTimeFormat(localeOf[language], { dateStyle: 'long', timeZone: 'UTC' })
  return format.format(new Date(`${date}T00:00:00Z`))
}

/** An account number in groups of four, as banks print it. */
export const groupedAccount = (account: string): string => account.replace(/(.{4})(?=.)/g, '$1 ')
