// Every word that a person reads, by language: refusals and pages (ruling R-15).
import { groupOf, type PageCode, type WordGroup } from './groups.ts'
import type { Language } from './language.ts'
import { pagesInEnglish } from './pages-en.ts'
import { pagesInSpanish } from './pages-es.ts'
import { refusalsInEnglish } from './refusals-en.ts'
import { refusalsInSpanish } from './refusals-es.ts'

/** A refusal for a person: what happened, what did not, what to do. Never blame, never whether an account exists. */
export interface RefusalWords {
  readonly title: string
  readonly happened: string
  /** The outcome in one short sentence, printed bold. */
  readonly unchanged: string
  /** What the outcome means for the customer. */
  readonly meaning: string
  readonly next: string
}

/** The texts of all pages; another language has the same keys and the same words in braces. */
export type PageTexts = typeof pagesInEnglish

const refusals: Readonly<Record<Language, Readonly<Record<WordGroup, RefusalWords>>>> = {
  en: refusalsInEnglish,
  es: refusalsInSpanish,
}

const pages: Readonly<Record<Language, PageTexts>> = { en: pagesInEnglish, es: pagesInSpanish }

/** The words of a refusal. Total: a code without a group, or a group without words, does not compile. */
export const wordsOf = (language: Language, code: PageCode): RefusalWords => refusals[language][groupOf[code]]

export const textsOf = (language: Language): PageTexts => pages[language]
