// What may stand on an envelope, and who may change the keys.
import { describe, expect, test } from 'vitest'
import { labelOf, mayChangeKeys } from '../../src/domain/break-glass.ts'

describe('a label', () => {
  test.each([
    ['Safe in Tartu', 'Safe in Tartu'],
    ['  Seif №2 ', 'Seif №2'],
    ['x'.repeat(60), 'x'.repeat(60)],
    ['', undefined],
    ['   ', undefined],
    ['x'.repeat(61), undefined],
    ['two\nlines', undefined],
    // Turns the direction of what stands behind it.
    ['Safe\u202eone', undefined],
  ])('%j', (given, label) => expect(labelOf(given)).toBe(label))
})

test('keys are changed by owners who came in by their own IdP', () => {
  expect(mayChangeKeys({ kind: 'workforce', roles: ['viewer', 'owner'] })).toBe(true)
  expect(mayChangeKeys({ kind: 'workforce', roles: ['security-admin'] })).toBe(false)
  expect(mayChangeKeys({ kind: 'break-glass', roles: ['owner'] })).toBe(false)
  expect(mayChangeKeys({ kind: 'set-up', roles: [] })).toBe(false)
})
