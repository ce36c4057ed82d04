// Every word that a person reads, by language: refusals and pages (ruling R-15).
import { groupOf, type PageCode, type RefusalWords, type WordGroup } from './groups.ts'
import type { Language } from './language.ts'
import { type PageTexts, pagesInEnglish } from './pages-en.ts'
import { pagesInSpanish } from './pages-es.ts'
import { refusalsInEnglish } from './refusals-en.ts'
import { refusalsInSpanish } from './refusals-es.ts'

const refusals: Readonly<Record<Language, Readonly<Record<WordGroup, RefusalWords>>>> = {
  en: refusalsInEnglish,
  es: refusalsInSpanish,
}

const pages: Readonly<Record<Language, PageTexts>> = { en: pagesInEnglish, es: pagesInSpanish }

/** The words of a refusal. Total: a code without a group, or a group without words, does not compile. */
export const wordsOf = (language: Language, code: PageCode): RefusalWords => refusals[language][groupOf[code]]

export const textsOf = (language: Language): PageTexts => pages[language]
