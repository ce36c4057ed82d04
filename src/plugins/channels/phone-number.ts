// Which numbers a code may go to: those of mobile phones, in countries that the bank named.
import type { CountryCode } from 'libphonenumber-js/max'

/** E.164, or the code of why nothing goes there. */
export type PhoneNumber = { readonly number: string } | { readonly code: PhoneNumberFault }
export type PhoneNumberFault = 'channel.number' | 'channel.number_kind' | 'channel.number_country'

// NIST SP 800-63B 5.1.3.1: not to numbers that are reached without the phone; nor to those that cost (attack 139). Where a
// country's plan does not tell mobile phones from others, its numbers pass.
const kinds: ReadonlySet<string | undefined> = new Set(['MOBILE', 'FIXED_LINE_OR_MOBILE'])

/** One number with its country, or nothing. */
async function parsedNumber(text: string) {
  // Its tables are large, and needed only where something is sent.
  const { parsePhoneNumberFromString } = await import('libphonenumber-js/max')
  const given = text.trim()
  const parsed = given.startsWith('+') ? parsePhoneNumberFromString(given, { extract: false }) : undefined
  return parsed?.isValid() && parsed.ext === undefined ? parsed : undefined
}

/** E.164 of `text` as the bank's record has it; undefined where it is no one number with its country. */
export const internationalNumber = async (text: string): Promise<string | undefined> =>
  (await parsedNumber(text))?.number

/** `text` as the bank's record has it; it must name its country (`+44 …`). */
export async function phoneNumber(text: string, countries: readonly string[]): Promise<PhoneNumber> {
  const parsed = await parsedNumber(text)
  if (parsed === undefined) return { code: 'channel.number' }
  if (!kinds.has(parsed.getType())) return { code: 'channel.number_kind' }
  const country: CountryCode | undefined = parsed.country
  if (country === undefined || !countries.includes(country)) return { code: 'channel.number_country' }
  return { number: parsed.number }
}
