// The languages that customers are spoken to in, and how amounts and dates are written there.

export const languages = ['en', 'es'] as const
export type Language = (typeof languages)[number]

/**
 * The BCP 47 tag by which amounts and times are written. British English writes `US$` and the day before the month:
 * neither can be misread by a customer from elsewhere.
 */
export const localeOf: Readonly<Record<Language, string>> = { en: 'en-GB', es: 'es-ES' }
