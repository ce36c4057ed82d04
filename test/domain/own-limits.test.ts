// A customer's own limits: tighter at once, looser later, and what is tighter proven by what it would stop.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isExceeded, type Limit, type Measured, measure } from '../../src/domain/limit.ts'
import { changed, inForce, isAsStrict, noOwnLimits } from '../../src/domain/own-limits.ts'
import { ownOutcome } from '../../src/domain/policy.ts'

const own = (change: Partial<Limit>): Limit => ({
  ...{ id: 'l', types: [], from: [], to: [], outcome: ownOutcome },
  threshold: { kind: 'always' },
  ...change,
})
const over = (amount: string, per: 'payment' | 'day' = 'payment') =>
  own({ id: per, threshold: { kind: 'amount', per, over: { EUR: amount } } })

const day = 24 * 3600_000
const at = (wanted: readonly Limit[], now: number) => ({ wanted, now, coolDownMs: day })

describe('a change', () => {
  test('to a first limit holds at once', () => {
    const state = changed(noOwnLimits, at([over('60.00')], 0))
    expect(inForce(state, 0)).toEqual([over('60.00')])
    expect(state.leaving).toBeUndefined()
  })
  test('to a lower amount holds at once, and no old one is left', () => {
    const state = changed(changed(noOwnLimits, at([over('60.00')], 0)), at([over('20.00')], 1))
    expect(inForce(state, 1)).toEqual([over('20.00')])
    expect(state.version).toBe(2)
  })
  test('to a higher amount: until the time is over the lower one holds beside it', () => {
    const state = changed(changed(noOwnLimits, at([over('60.00')], 0)), at([over('90.00')], 0))
    expect(inForce(state, day - 1)).toEqual([over('90.00'), over('60.00')])
    expect(inForce(state, day)).toEqual([over('90.00')])
  })
  test('to none waits', () => {
    const state = changed(changed(noOwnLimits, at([over('60.00')], 0)), at([], 0))
    expect(inForce(state, day - 1)).toEqual([over('60.00')])
    expect(inForce(state, day)).toEqual([])
  })
  test('that tightens one and loosens another does the first at once', () => {
    const before = changed(noOwnLimits, at([over('60.00'), over('200.00', 'day')], 0))
    const state = changed(before, at([over('20.00'), over('300.00', 'day')], 0))
    expect(inForce(state, 0)).toEqual([over('20.00'), over('300.00', 'day'), over('200.00', 'day')])
    expect(inForce(state, day)).toEqual([over('20.00'), over('300.00', 'day')])
  })
  test('to something looser while another leaves begins the time anew, for both', () => {
    const first = changed(changed(noOwnLimits, at([over('60.00')], 0)), at([over('80.00')], 0))
    const second = changed(first, at([over('100.00')], day / 2))
    expect(inForce(second, 1.5 * day - 1)).toEqual([over('100.00'), over('80.00'), over('60.00')])
    expect(inForce(second, 1.5 * day)).toEqual([over('100.00')])
  })
  test('to something stricter while another leaves lets it leave when it would have', () => {
    const first = changed(changed(noOwnLimits, at([over('60.00')], 0)), at([over('90.00')], 0))
    const second = changed(first, at([over('80.00')], day / 2))
    expect(inForce(second, day - 1)).toEqual([over('80.00'), over('60.00')])
    expect(inForce(second, day)).toEqual([over('80.00')])
  })
  test('to what is there already changes nothing', () => {
    const first = changed(changed(noOwnLimits, at([over('60.00')], 0)), at([over('90.00')], 0))
    const second = changed(first, at(first.limits, day / 2))
    expect({ ...second, version: 0 }).toEqual({ ...first, version: 0 })
  })
})

describe('what is as strict', () => {
  const pair = own({ from: ['A'], to: ['B'] })
  test.each<[string, Limit[], Limit[], boolean]>([
    ['the same', [over('60.00')], [over('60.00')], true],
    [
      'another currency in its place',
      [own({ threshold: { kind: 'amount', per: 'payment', over: { USD: '1.00' } } })],
      [over('60.00')],
      false,
    ],
    ['a day’s sum in the place of a payment’s', [over('60.00', 'day')], [over('60.00')], false],
    ['every payment', [own({})], [over('60.00'), pair], true],
    ['any accounts for two', [own({ to: [] })], [pair], true],
    ['fewer accounts', [own({ from: ['A'], to: ['B'] })], [own({ from: ['A', 'C'], to: ['B'] })], false],
    ['more accounts', [own({ from: ['A', 'C'], to: ['B'] })], [pair], true],
    ['accounts in the place of any', [pair], [own({})], false],
    [
      'a shorter time',
      [own({ threshold: { kind: 'count', minutes: 5, over: 2 } })],
      [own({ threshold: { kind: 'count', minutes: 10, over: 2 } })],
      false,
    ],
    [
      'a smaller count',
      [own({ threshold: { kind: 'count', minutes: 10, over: 1 } })],
      [own({ threshold: { kind: 'count', minutes: 10, over: 2 } })],
      true,
    ],
  ])('%s', (_name, after, before, expected) => {
    expect(isAsStrict(after, before)).toBe(expected)
  })

  const accounts = fc.subarray(['A', 'B', 'C'])
  const money = fc
    .integer({ min: 1, max: 300 })
    .map((cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`)
  const anyLimit = fc
    .record({
      from: accounts,
      to: accounts,
      threshold: fc.oneof(
        fc.record({
          kind: fc.constant('amount' as const),
          per: fc.constantFrom('payment' as const, 'day' as const),
          over: fc.record({ EUR: money }),
        }),
        fc.record({
          kind: fc.constant('count' as const),
          minutes: fc.integer({ min: 1, max: 90 }),
          over: fc.integer({ min: 0, max: 3 }),
        }),
        fc.constant({ kind: 'new-payee' as const }),
        fc.constant({ kind: 'always' as const }),
      ),
    })
    .map(own)
  const movement = fc.record({
    from: fc.constantFrom('A', 'B', 'C'),
    to: fc.constantFrom('A', 'B', 'C'),
    cents: fc.integer({ min: 1, max: 300 }),
    minutesAgo: fc.integer({ min: 0, max: 100 }),
  })

  test('whatever the payments: what the old limits stop, limits that count as as strict stop too', () => {
    fc.assert(
      fc.property(
        fc.array(anyLimit, { maxLength: 3 }),
        fc.array(anyLimit, { maxLength: 3 }),
        fc.array(movement, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (after, before, moves, knownPayee) => {
          fc.pre(isAsStrict(after, before))
          const seen = moves.map(({ from, to, cents, minutesAgo }) => ({
            type: 'payment_initiation',
            kind: 'payment' as const,
            currency: 'EUR',
            minor: BigInt(cents),
            from,
            to,
            at: 1e9 - minutesAgo * 60_000,
          }))
          const stops = (limits: readonly Limit[]) =>
            limits.some((limit) => {
              const [{ at: _, ...transaction }, ...past] = seen as [
                Measured & { at: number },
                ...(Measured & { at: number })[],
              ]
              const value = measure(limit, { now: 1e9, transaction, past, knownPayee, token: String })
              return value !== undefined && isExceeded(limit, value, 'EUR')
            })
          if (stops(before)) expect(stops(after)).toBe(true)
        },
      ),
      { numRuns: 3000 },
    )
  })
})
