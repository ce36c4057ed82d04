// The kept text of an event, and the numbers of a node, as tables and properties.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createNumbers } from '../../src/domain/audit-numbers.ts'
import { commitment, eventText, settledIn } from '../../src/domain/audit-row.ts'

const at = Date.parse('2026-11-24T12:00:00.123Z')
const place = { institution: 'alder', node: 'n1', counter: 7, settled: 5, at }
const columns = { institution: 'alder', node: 'n1', counter: 7, type: 'login.refused', at }
const salt = Buffer.alloc(16, 1)

describe('the text', () => {
  test('is canonical JSON: members in order, no space', () => {
    const text = eventText(
      { type: 'login.refused', outcome: 'refused', code: 'risk.denied', personal: { name_id: 'alice' } },
      place,
      salt,
    )
    expect(text).toBe(
      `{"at":"2026-11-24T12:00:00.123Z","code":"risk.denied","counter":7,"institution":"alder","node":"n1",` +
        `"outcome":"refused","personal":{"name_id":"${commitment(salt, 'alice')}"},"settled":5,"type":"login.refused","v":1}`,
    )
    expect(settledIn(text, columns)).toBe(5)
  })
  test('commits to a value under the salt of the event alone', () => {
    expect(commitment(salt, 'alice')).not.toBe(commitment(Buffer.alloc(16, 2), 'alice'))
    expect(commitment(salt, 'alice')).not.toBe(commitment(salt, 'bob'))
  })
  test('an event cannot name another place than its own', () => {
    const forged = {
      type: 'login.refused',
      outcome: 'ok',
      counter: 1,
      node: 'n2',
      institution: 'birch',
    } as const
    expect(settledIn(eventText(forged, place, salt), columns)).toBe(5)
  })
  test('exists for every value, and reads back as the event that the columns name', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ud800'), fc.double(), fc.boolean())
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), value, { maxKeys: 4 }), (detail) => {
        const text = eventText({ type: 'login.refused', outcome: 'ok', detail }, place, salt)
        expect(settledIn(text, columns)).toBe(5)
        expect(text).not.toMatch(/\n/)
      }),
    )
  })
  test.each([
    ['another institution', { institution: 'birch' }],
    ['another node', { node: 'n2' }],
    ['another number', { counter: 8 }],
    ['another type', { type: 'login.finished' }],
    ['another time', { at: at + 1 }],
  ])('is not the one of %s', (_, change) => {
    const text = eventText({ type: 'login.refused', outcome: 'refused' }, place, salt)
    expect(settledIn(text, { ...columns, ...change })).toBeUndefined()
  })
  test('of a time before `settled` is strict: no number below its own may be missing', () => {
    const text = eventText({ type: 'login.refused', outcome: 'refused' }, place, salt)
    const old = text.replace('"settled":5,', '')
    expect(old).not.toBe(text)
    expect(settledIn(old, columns)).toBe(columns.counter)
  })
  test('whatever stands in the row, reading it does not throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => settledIn(text, columns) === undefined))
  })
})

describe('numbers of a node', () => {
  const seen = (list: readonly number[], settled: number) => {
    const numbers = createNumbers()
    for (const number of list) numbers.see(number)
    numbers.settle(settled)
    return { missing: numbers.firstMissing(), unfinished: numbers.unfinished() }
  }
  test.each([
    ['none', [], 0, undefined, 0],
    ['all in order', [0, 1, 2], 2, undefined, 0],
    ['all in another order', [2, 0, 1], 3, undefined, 0],
    ['a settled one deleted', [0, 2], 2, 1, 1],
    ['the first deleted', [1, 2], 2, 0, 1],
    ['one on its way', [0, 2], 1, undefined, 1],
    ['two on their way', [0, 3, 4], 1, undefined, 2],
  ] as const)('%s', (_, list, settled, missing, unfinished) => {
    expect(seen(list, settled)).toEqual({ missing, unfinished })
  })
  test('any order gives the same, and the first hole below the bound is the one that is named', () => {
    const some = fc.uniqueArray(fc.nat(60), { maxLength: 40 })
    fc.assert(
      fc.property(some, fc.nat(60), (list, settled) => {
        const wanted = Array.from({ length: settled }, (_, i) => i).find((i) => !list.includes(i))
        const end = Math.max(-1, ...list) + 1
        expect(seen(list, settled)).toEqual({ missing: wanted, unfinished: end - list.length })
      }),
    )
  })
})
