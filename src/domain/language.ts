// The languages that customers are spoken to in, and how amounts and dates are written there.

export const languages = ['en', 'es'] as const
export type Language = (typeof languages)[number]

/** The language of a BCP 47 tag by its primary subtag; undefined when we have no words in it. */
export function languageOf(tag: string): Language | undefined {
  const primary = tag.trim().split('-')[0]?.toLowerCase()
  return languages.find((language) => language === primary)
}

/** In which an institution speaks where nobody has asked for another. */
export const languageOfInstitution = ({ language }: { readonly language: string }): Language =>
  languageOf(language) ?? 'en'

/**
 * The BCP 47 tag by which amounts and times are written. British English writes `US$` and the day before the month:
 * neither can be misread by a customer from elsewhere.
 */
export const localeOf: Readonly<Record<Language, string>> = { en: 'en-GB', es: 'es-ES' }
