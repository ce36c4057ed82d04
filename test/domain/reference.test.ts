// References as people read them out and type them.
import { expect, test } from 'vitest'
import { referenceFrom, referenceTyped } from '../../src/domain/reference.ts'

test('a made one is eight letters that nobody mishears', () => {
  const made = referenceFrom(new Uint8Array([0, 28, 29, 57, 58, 200, 255, 7, 9]))
  expect(made).toMatch(/^DB-[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/)
  expect(referenceTyped(made)).toBe(made)
})
test.each([
  ['A3YY-6VHD', 'DB-A3YY-6VHD'],
  ['DB A3YY 6VHD', 'DB-A3YY-6VHD'],
  ['db-a3yy-6vhd', 'DB-A3YY-6VHD'],
  ['a3yy6vhd', 'DB-A3YY-6VHD'],
  ['DB–A3YY–6VHD', 'DB-A3YY-6VHD'],
  ['DBYY6VHD', 'DB-DBYY-6VHD'],
  ['A3YY-6VH', 'A3YY-6VH'],
  ['', ''],
])('%s is looked for as %s', (typed, wanted) => {
  expect(referenceTyped(typed)).toBe(wanted)
})
