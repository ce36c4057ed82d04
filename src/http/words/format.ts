// Amounts, times and counts as a customer reads them, in their language.
import { digitsOf } from '../../domain/transaction.ts'
import { type Language, languageFacts } from './language.ts'

/**
 * Money from its decimal string, never through a float. Every digit that was sent is shown: ICU knows fewer decimals
 * than ISO 4217 for some currencies (IQD, UYI), and a rounded amount would not be the one that is approved.
 */
export function amountText(amount: string, currency: string, language: Language): string {
  if (!/^\d{1,20}(\.\d{1,10})?$/.test(amount)) throw new RangeError('not a plain decimal amount')
  const digits = Math.max(digitsOf(currency), amount.split('.')[1]?.length ?? 0)
  const format = new Intl.NumberFormat(languageFacts[language].locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return format.format(amount as Intl.StringNumericLiteral)
}

/** A moment (epoch milliseconds) in an IANA time zone. */
export interface Moment {
  readonly at: number
  readonly timeZone: string | undefined
}

/** `14:32 CET`: the zone is always said, for the phone's clock may be in another. */
export const clockText = (moment: Moment, language: Language): string =>
  timeFormat(moment, language, { hour: '2-digit', minute: '2-digit' })

/** `24 Nov 2026, 14:21:07 CET`. */
export const dateTimeText = (moment: Moment, language: Language): string =>
  timeFormat(moment, language, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })

function timeFormat(
  { at, timeZone = 'UTC' }: Moment,
  language: Language,
  fields: Intl.DateTimeFormatOptions,
): string {
  const options = { ...fields, hourCycle: 'h23', timeZone, timeZoneName: 'short' } as const
  return new Intl.DateTimeFormat(languageFacts[language].locale, options).format(at)
}

/** The form of a counted phrase for this number: `{one: '1 try left', other: '{left} tries left'}`. */
export function counted(
  forms: { readonly one: string; readonly other: string },
  count: number,
  language: Language,
): string {
  const rule = new Intl.PluralRules(languageFacts[language].locale).select(count)
  return rule === 'one' ? forms.one : forms.other
}
