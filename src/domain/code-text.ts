// The text message with a code: for what it is, in our words, and never more of an account than its end.
import type { Language } from './language.ts'
import { withoutAccounts } from './mask.ts'
import type { Display } from './transaction-display.ts'

const words: Readonly<Record<Language, Readonly<Record<'by' | 'signIn' | 'never', string>>>> = {
  en: {
    by: 'is your code for',
    signIn: 'is your code to sign in',
    never: 'Never tell it to anybody.',
  },
  es: {
    by: 'es tu código para',
    signIn: 'es tu código para iniciar sesión',
    never: 'No se lo digas a nadie.',
  },
}

export interface ToText {
  readonly code: string
  /** By the name that the customer knows. */
  readonly bank: string
  /** What is approved by it. */
  readonly display: Display
}

/** PSD2 RTS article 5: the customer reads amount and payee with the code that is made for them alone. */
export function codeText({ code, bank, display }: ToText, language: Language): string {
  const { by, never } = words[language]
  const facts = display.rows.filter(({ prominent }) => prominent).map(({ value }) => withoutAccounts(value))
  const what = [display.title, ...facts].join(' ').replaceAll('\n', ', ')
  return `${bank}: ${code} ${by}: ${what}. ${never}`
}

/** A code that a risk engine made, for a sign-in that it wants to be sure of. */
export function signInCodeText({ code, bank }: Pick<ToText, 'code' | 'bank'>, language: Language): string {
  const { signIn, never } = words[language]
  return `${bank}: ${code} ${signIn}. ${never}`
}

export const codeDigits = 6
/** A code is good for this long; a further one may be asked for after a while, and only so often in one sign-in. */
export const codeSeconds = 300
export const codeAgainSeconds = 30
export const mostCodes = 3
