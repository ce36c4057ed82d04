// The languages that pages speak, and which one a request wants (ruling R-15).
import { type Language, languageOf, languages } from '../../domain/language.ts'

export { type Language, languageOf, languages }

/** How the words of a language run. */
export const languageFacts: Readonly<Record<Language, { readonly dir: 'ltr' | 'rtl' }>> = {
  en: { dir: 'ltr' },
  es: { dir: 'ltr' },
}

const longest = 512

/**
 * The language of a page: `ui_locales` (OIDC Core 3.1.2.1, tags by preference), then Accept-Language (RFC 9110
 * 12.5.4), then the institution's. Never fails; what it cannot read it passes over.
 */
export function chooseLanguage(
  uiLocales: string | undefined,
  acceptLanguage: string | undefined,
  fallback: Language,
): Language {
  const asked = (uiLocales ?? '').slice(0, longest).split(/\s+/)
  return firstKnown(asked) ?? firstKnown(byWeight((acceptLanguage ?? '').slice(0, longest))) ?? fallback
}

const firstKnown = (tags: readonly string[]): Language | undefined =>
  tags.map(languageOf).find((language) => language !== undefined)

function byWeight(header: string): string[] {
  return header
    .split(',')
    .map((entry) => {
      const [tag = '', ...parameters] = entry.split(';')
      const weight = parameters.map((p) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(p)?.[1]).find(Boolean)
      return { tag, weight: weight === undefined ? 1 : Number(weight) }
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}
