// Times and counts as a customer reads them, in their language.
import { localeOf } from '../../domain/language.ts'
import type { Language } from './language.ts'

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
  return new Intl.DateTimeFormat(localeOf[language], options).format(at)
}

/** The form of a counted phrase for this number: `{one: '1 try left', other: '{left} tries left'}`. */
export function counted(
  forms: { readonly one: string; readonly other: string },
  count: number,
  language: Language,
): string {
  const rule = new Intl.PluralRules(localeOf[language]).select(count)
  return rule === 'one' ? forms.one : forms.other
}
