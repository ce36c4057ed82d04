// Names that people read: shown as they are, and never as another's.
import { expect, test } from 'vitest'
import { labelFault } from '../../src/domain/label.ts'

test.each([
  ['one of words', 'Alder Personal'],
  ['one in Hebrew', 'בנק האלון'],
  ['one in Persian, with letters that are joined', 'می\u200cخواهم'],
  ['one with marks', 'Ålder – Q&A (2026)'],
  ['one of 100 characters', 'a'.repeat(100)],
])('%s may be', (_what, name) => {
  expect(labelFault(name)).toBeUndefined()
})
test.each([
  ['none', '', '1 to 100'],
  ['one of 101 characters', 'a'.repeat(101), '1 to 100'],
  ['#201 one that is read the other way round', '\u202eknaB redlA\u202c', 'turn the direction'],
  ['#201 one with an isolate', 'Alder \u2067Bank\u2069', 'turn the direction'],
  ['#201 one that nobody sees', '\u200b', 'cannot be seen'],
  ['#201 one with something that nobody sees', 'Al\u200bder', 'cannot be seen'],
  ['one with a line break', 'Alder\nBank', 'cannot be seen'],
  ['one of marks alone', ' – ', 'a letter or a digit'],
  ['one of joiners alone', '\u200d', 'a letter or a digit'],
])('%s may not', (_what, name, fault) => {
  expect(labelFault(name)).toContain(fault)
})
