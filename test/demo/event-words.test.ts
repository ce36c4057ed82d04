// The control room says what happened in words, whatever it was.
import { expect, test } from 'vitest'
import { shownEvent } from '../../src/demo/event-words.ts'
import { auditTypes } from '../../src/domain/audit.ts'

const shown = (type: string) => shownEvent(JSON.stringify({ type, outcome: 'ok', at: '' })).words

test.each(auditTypes)('%s has words of its own', (type) => {
  expect(shown(type)).toMatch(/^[A-Z][^_.]+$/)
  expect(auditTypes.filter((other) => shown(other) === shown(type))).toEqual([type])
})

test('what a newer bridge records is shown by its type', () => {
  expect([shown('later.invented'), shown('constructor')]).toEqual(['later.invented', 'constructor'])
})
