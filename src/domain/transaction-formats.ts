// The forms that a text in a transaction may have to have. All are ours and linear: no pattern of anybody else runs.

const realDate = (text: string): boolean => {
  const match = /^(19|20|21)\d\d-\d\d-\d\d$/.exec(text)
  if (!match) return false
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

const form = (pattern: RegExp) => (text: string) => pattern.test(text)

/** Name -> does the text have this form? Each bounds the length by itself. */
export const formats = {
  /** A decimal without sign, grouping or leading zeros; how many decimals, the currency says. */
  amount: form(/^(0|[1-9]\d{0,14})(\.\d{1,4})?$/),
  /** ISO 4217. */
  currency: form(/^[A-Z]{3}$/),
  /** A day of the years 1900 to 2199, as ISO 8601 writes it. */
  date: realDate,
  iban: form(/^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/),
  /** A number of an account that is no IBAN. */
  account: form(/^[A-Z0-9]{4,34}$/),
  /** ISO 9362. */
  bic: form(/^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$/),
  email: (text: string) =>
    text.length <= 254 && /^[A-Za-z0-9._%+-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(text),
  /** ITU-T E.164, with the plus. */
  phone: form(/^\+[1-9]\d{6,14}$/),
  digits: form(/^\d{1,40}$/),
} as const

export type Format = keyof typeof formats

export const isFormat = (name: unknown): name is Format =>
  typeof name === 'string' && Object.hasOwn(formats, name)
