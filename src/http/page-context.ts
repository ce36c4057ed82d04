// What every page of a request shares, taken from the request.
import type { Context } from 'koa'
import { stateOf } from './context.ts'
import type { Asking } from './page/shell.ts'
import { chooseLanguage, languageOf } from './words/language.ts'

/** Who answers and in which language: by `ui_locales`, then Accept-Language, then the institution's own (ruling R-15). */
export function askingOf(ctx: Context, languages: readonly string[]): Asking {
  const { tenant, reference } = stateOf(ctx)
  const fallback = languageOf(tenant?.institution.language ?? '') ?? 'en'
  return {
    language: chooseLanguage(
      languages.join(' ') || undefined,
      ctx.get('accept-language') || undefined,
      fallback,
    ),
    base: tenant?.prefix ?? '',
    institution: tenant?.institution,
    reference,
  }
}
