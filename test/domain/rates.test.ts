// Conversion: by table, and whatever the amounts and rates, nothing is ever less than it is worth.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  areInForce,
  changedWorth,
  cheaper,
  converted,
  isRate,
  keptRates,
  type Rates,
  ratesVersion,
  usedRates,
} from '../../src/domain/rates.ts'

const day = Date.UTC(2026, 10, 26)
const hour = 3600_000
const rates: Rates = {
  ...{ base: 'EUR', asOf: day, validHours: 48 },
  perBase: { USD: '1.0840', GBP: '0.8610', JPY: '162.35', KWD: '0.33', XXX: '3' },
}

test.each([
  ['EUR', 100_00n, 'EUR', 100_00n],
  ['USD', 108_40n, 'EUR', 100_00n],
  ['USD', 108_41n, 'EUR', 100_01n],
  ['USD', 1n, 'EUR', 1n],
  ['EUR', 100_00n, 'USD', 108_40n],
  ['JPY', 16235n, 'EUR', 100_00n],
  ['JPY', 1n, 'EUR', 1n],
  ['EUR', 1n, 'JPY', 2n],
  ['EUR', 1n, 'KWD', 4n],
  ['KWD', 330n, 'EUR', 1_00n],
  ['GBP', 86_10n, 'USD', 108_40n],
  ['XXX', 1n, 'EUR', 1n],
  ['XXX', 300n, 'EUR', 100n],
  ['USD', 0n, 'EUR', 0n],
  ['CHF', 1n, 'EUR', undefined],
  ['EUR', 1n, 'CHF', undefined],
  ['CHF', 1n, 'CHF', 1n],
  ['toString', 1n, 'EUR', undefined],
])('of %s %d it is in %s %s', (currency, minor, to, expected) =>
  expect(converted({ minor, currency }, to, rates)).toBe(expected),
)

test('without rates only what needs none is known', () => {
  expect(converted({ minor: 5n, currency: 'EUR' }, 'EUR', undefined)).toBe(5n)
  expect(converted({ minor: 5n, currency: 'USD' }, 'EUR', undefined)).toBeUndefined()
})

test.each([
  ...(['1', '0.5', '1.0840', '123456789012.123456789012', '0.000000000001'] as const).map((one) => [
    one,
    true,
  ]),
  ...(
    [
      '',
      '0',
      '0.000',
      '-1',
      '+1',
      '1.',
      '.5',
      '01',
      '1e3',
      '1,5',
      ' 1',
      '1234567890123',
      '0.1234567890123',
      'NaN',
    ] as const
  ).map((one) => [one, false]),
] as [string, boolean][])('%j is a rate: %s', (text, expected) => expect(isRate(text)).toBe(expected))

test('a table is used from a day before it until its hours are over, and a decision keeps which', () => {
  const at = [day - 24 * hour, day - 24 * hour + 1, day, day + 48 * hour - 1, day + 48 * hour]
  expect(at.map((now) => areInForce(rates, now))).toEqual([false, true, true, true, false])
  expect(usedRates(keptRates(rates, day))).toEqual(rates)
  expect(usedRates(keptRates(rates, day + 48 * hour))).toBeUndefined()
  expect(keptRates(rates, day + 48 * hour)).toMatchObject({ version: ratesVersion(rates), used: false })
})

test('the version is that of the content, whatever the order', () => {
  const turned = { ...rates, perBase: Object.fromEntries(Object.entries(rates.perBase).reverse()) }
  expect(ratesVersion(turned)).toBe(ratesVersion(rates))
  expect(ratesVersion({ ...rates, perBase: { ...rates.perBase, USD: '1.084' } })).not.toBe(
    ratesVersion(rates),
  )
})

const decimals = fc
  .tuple(fc.bigInt(1n, 10n ** 9n), fc.integer({ min: 0, max: 9 }))
  .map(([digits, places]) => {
    const text = digits.toString().padStart(places + 1, '0')
    return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
  })
const currencies = ['EUR', 'USD', 'JPY', 'KWD'] as const
const tables = fc
  .record({ USD: decimals, JPY: decimals, KWD: decimals })
  .map((perBase): Rates => ({ ...rates, perBase }))
const currency = fc.constantFrom(...currencies)
const minors = fc.array(fc.bigInt(0n, 10n ** 19n), { minLength: 1, maxLength: 8 })

describe('whatever the rates', () => {
  test('the sum of what is converted is never less than the sum, converted', () => {
    fc.assert(
      fc.property(tables, currency, currency, minors, (table, from, to, all) => {
        const parts = all.map((minor) => converted({ minor, currency: from }, to, table) ?? -1n)
        const whole = converted({ minor: all.reduce((a, b) => a + b, 0n), currency: from }, to, table) ?? -1n
        const sum = parts.reduce((a, b) => a + b, 0n)
        expect(sum >= whole).toBe(true)
        // Nor by more than one unit each.
        expect(sum - whole <= BigInt(all.length)).toBe(true)
      }),
    )
  })
  test('there and back is never less, and more is never worth less', () => {
    fc.assert(
      fc.property(tables, currency, currency, minors, (table, from, to, [one = 0n, other = 0n]) => {
        const there = converted({ minor: one, currency: from }, to, table) ?? -1n
        expect((converted({ minor: there, currency: to }, from, table) ?? -1n) >= one).toBe(true)
        const more = converted({ minor: one + other, currency: from }, to, table) ?? -1n
        expect(more >= there).toBe(true)
      }),
    )
  })
  test('what is not named as cheaper is worth as much as before', () => {
    fc.assert(
      fc.property(tables, tables, currency, currency, minors, (next, base, from, to, [minor = 0n]) => {
        fc.pre(!cheaper(next, base, to).includes(from))
        const [is, was] = [next, base].map((table) => converted({ minor, currency: from }, to, table) ?? -1n)
        expect((is ?? -1n) >= (was ?? -1n)).toBe(true)
      }),
    )
  })
})

describe('another table', () => {
  const next = (perBase: Record<string, string>): Rates => ({ ...rates, perBase })
  const base = next({ USD: '1.0', GBP: '0.9' })
  test.each<[string, Rates | undefined, Rates | undefined, string[], string[]]>([
    ['of the same rates', next({ USD: '1.00', GBP: '0.90' }), base, [], []],
    ['in which one dollar is less', next({ USD: '1.1', GBP: '0.9' }), base, ['USD'], ['USD']],
    ['in which one dollar is more', next({ USD: '0.9', GBP: '0.9' }), base, [], ['USD']],
    ['that knows one more', next({ USD: '1.0', GBP: '0.9', CHF: '1' }), base, ['CHF'], ['CHF']],
    ['that knows one less', next({ USD: '1.0' }), base, [], ['GBP']],
    ['where there was none', base, undefined, ['USD', 'GBP'], ['USD', 'GBP']],
    ['none', undefined, base, [], ['USD', 'GBP']],
  ])('%s', (_name, is, was, less, changed) => {
    expect(cheaper(is, was, 'EUR')).toEqual(less)
    expect(changedWorth(is, was, 'EUR')).toEqual(changed)
  })
})
