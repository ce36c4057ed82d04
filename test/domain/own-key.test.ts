// When a key is renewed and when something that ends is warned of, as tables.
import { describe, expect, test } from 'vitest'
import { byUrgency, type Expiry, warningLevel } from '../../src/domain/expiry.ts'
import { dueSteps, handPromotion, type OwnKey, publishedOf } from '../../src/domain/own-key.ts'

const day = 24 * 3600_000
const policy = { prepareBefore: 30 * day, promoteBefore: 10 * day, published: day, overlap: 7 * day }
const key = (state: OwnKey['state'], change: Partial<OwnKey> = {}): OwnKey => ({
  ...({ institution: 'alder', connection: 'idp', purpose: 'saml-signing', certificate: 'x' } as const),
  kid: state,
  state,
  createdAt: 0,
  expiresAt: 1000 * day,
  promoteAt: undefined,
  promotedAt: undefined,
  retiredAt: undefined,
  ...change,
})
const active = key('active')
const next = (created: number, promoteAt?: number) =>
  key('next', { createdAt: created * day, ...(promoteAt !== undefined && { promoteAt: promoteAt * day }) })
const retired = (at: number) => key('retired', { retiredAt: at * day })

describe('what is due', () => {
  test.each([
    ['long before', [active], 969.9, []],
    ['30 days before the end', [active], 970, ['prepare']],
    ['prepared, 11 days before', [active, next(970)], 989.9, []],
    ['10 days before', [active, next(970)], 990, ['promote']],
    ['made by hand for a day', [active, next(100, 120)], 119.9, []],
    ['that day', [active, next(100, 120)], 120, ['promote']],
    ['a day after the end of the old one counts as its end', [active, next(970, 2000)], 990, ['promote']],
    ['the end is here and the next was made just now', [active, next(1000)], 1000.9, []],
    ['a day later', [active, next(1000)], 1001, ['promote']],
    ['asleep past the end', [active], 1200, ['prepare']],
    ['retired for six days', [active, retired(100)], 106.9, []],
    ['retired for seven', [active, retired(100)], 107, ['drop']],
    ['two retired, and time to prepare', [active, retired(1), retired(970)], 972, ['drop', 'prepare']],
    ['dropped', [active, key('dropped', { retiredAt: 0 })], 500, []],
    ['no key at all', [], 1, []],
  ] as const)('%s', (_, keys, at, steps) => {
    expect(dueSteps(keys, policy, at * day).map(({ step }) => step)).toEqual(steps)
  })
  test('a key that is made when the time has run out takes over once it was published, not before', () => {
    const [step] = dueSteps([active], policy, 999.5 * day)
    expect(step).toEqual({ step: 'prepare', promoteAt: 1000.5 * day })
    expect(dueSteps([active], policy, 970 * day)[0]).toEqual({ step: 'prepare', promoteAt: 990 * day })
  })
  test('one made by hand gives peers as long as the schedule does', () => {
    expect(handPromotion(policy, 0)).toBe(20 * day)
    expect(handPromotion({ ...policy, published: 25 * day }, 0)).toBe(25 * day)
  })
  test('peers are told of the active one first, and of no dropped one', () => {
    const all = [key('dropped'), key('retired'), key('next'), key('active')]
    expect(publishedOf(all).map(({ state }) => state)).toEqual(['active', 'next', 'retired'])
  })
})

describe('warnings', () => {
  test.each([
    [60.1, undefined],
    [60, 60],
    [30.1, 60],
    [30, 30],
    [7.1, 30],
    [7, 7],
    [0.1, 7],
    [0, 0],
    [-400, 0],
  ])('%d days before: %s', (days, level) => expect(warningLevel(days * day, 0)).toBe(level))
  test('what ends first comes first', () => {
    const expiry = (connection: string, at: number): Expiry => ({
      connection,
      kind: 'metadata',
      name: 'm',
      at,
    })
    const sorted = byUrgency([expiry('c', 5), expiry('b', 1), expiry('a', 5)])
    expect(sorted.map(({ connection }) => connection)).toEqual(['b', 'a', 'c'])
  })
})
