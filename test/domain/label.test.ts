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
  ['none', '', 'name.length'],
  ['one of 101 characters', 'a'.repeat(101), 'name.length'],
  ['#201 one that is read the other way round', '\u202eknaB redlA\u202c', 'name.hidden'],
  ['#201 one with an isolate', 'Alder \u2067Bank\u2069', 'name.hidden'],
  ['#201 one that nobody sees', '\u200b', 'name.hidden'],
  ['#201 one with something that nobody sees', 'Al\u200bder', 'name.hidden'],
  ['one with a line break', 'Alder\nBank', 'name.hidden'],
  ['one of marks alone', ' – ', 'name.empty'],
  ['one of joiners alone', '\u200d', 'name.empty'],
])('%s may not', (_what, name, fault) => {
  expect(labelFault(name)?.code).toBe(fault)
})
