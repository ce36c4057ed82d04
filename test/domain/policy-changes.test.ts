// What differs between two policies, and whether a decision comes out the same when it is made again.
import { describe, expect, test } from 'vitest'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import { decidedAgain, shownState } from '../../src/domain/customer-transaction.ts'
import type { Limit } from '../../src/domain/limit.ts'
import { withoutAccounts } from '../../src/domain/mask.ts'
import { decide, type Policy, type PolicyInputs, type Rule } from '../../src/domain/policy.ts'
import { isUnchanged, policyChanges } from '../../src/domain/policy-changes.ts'
import { policyVersion } from '../../src/domain/policy-default.ts'

const rule = (id: string, change: Partial<Rule> = {}): Rule => ({
  ...{ id, when: 'transaction.amount > 1', outcome: { kind: 'deny' } },
  ...change,
})
const limit = (id: string, change: Partial<Limit> = {}): Limit => ({
  ...{ id, types: [], from: [], to: [], threshold: { kind: 'new-payee' }, outcome: { kind: 'review' } },
  ...change,
})
const policy = (rules: readonly Rule[], limits: readonly Limit[] = []): Policy => ({ rules, limits })
const ids = (changes: readonly { id: string }[]) => changes.map(({ id }) => id)

describe('between two policies', () => {
  test('of the same content nothing differs, whatever the order of members and of limits', () => {
    const turned = { outcome: { kind: 'deny' }, when: 'transaction.amount > 1', id: 'a' } as const
    const one = policy([rule('a')], [limit('x'), limit('y')])
    expect(isUnchanged(policyChanges(one, policy([turned], [limit('y'), limit('x')])))).toBe(true)
  })
  test('what came, went or is another is named once, in the order of the older', () => {
    const before = policy([rule('a'), rule('b'), rule('c')], [limit('x'), limit('y')])
    const after = policy(
      [rule('a'), rule('c', { reason: 'other' }), rule('d')],
      [limit('y', { from: ['A'] }), limit('z')],
    )
    const { rules, limits, order } = policyChanges(before, after)
    expect([ids(rules), ids(limits), order]).toEqual([['b', 'c', 'd'], ['x', 'y', 'z'], undefined])
    expect(rules.map(({ before: was, after: is }) => [was !== undefined, is !== undefined])).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ])
  })
  test('another order of rules is a difference: it decides which reason is named', () => {
    const changes = policyChanges(policy([rule('a'), rule('b')]), policy([rule('b'), rule('c'), rule('a')]))
    expect(changes.order).toEqual({ before: ['a', 'b'], after: ['b', 'a'] })
    expect(isUnchanged({ ...changes, rules: [] })).toBe(false)
  })
})

const inputs = { facts: { transaction: { currency: 'EUR', amount: 2n } }, measures: { x: 1n }, own: [] }
const given = inputs as unknown as PolicyInputs

describe('decided again', () => {
  const present = policy([], [limit('x', { outcome: { kind: 'step-up', acr: withDevice } })])
  const kept = { policy: policyVersion(present), inputs: given, decision: decide(present, given) }
  test('it is the same from what was kept', () => {
    expect(kept.decision.reason).toBe('limit.x')
    expect(decidedAgain(kept, present)).toEqual({ kind: 'same' })
    expect(decidedAgain(kept, JSON.parse(JSON.stringify(present)))).toEqual({ kind: 'same' })
  })
  test.each([
    ['another reason', { outcome: kept.decision.outcome, reason: 'limit.y' }],
    ['another level', { outcome: { kind: 'step-up', acr: withDeviceAndPin }, reason: 'limit.x' }],
    ['another outcome', { outcome: { kind: 'allow' }, reason: 'limit.x' }],
  ] as const)('%s is another decision', (_name, decision) => {
    expect(decidedAgain({ ...kept, decision }, present)).toEqual({ kind: 'other', decision: kept.decision })
  })
  test('facts that were altered come out otherwise', () => {
    const altered = { ...given, measures: { x: 0n } }
    expect(decidedAgain({ ...kept, inputs: altered }, present).kind).toBe('other')
  })
  test('without its policy, or with another in its place, nothing is claimed', () => {
    expect(decidedAgain(kept, undefined)).toEqual({ kind: 'no-policy' })
    expect(decidedAgain(kept, policy([], [...present.limits, limit('y')]))).toEqual({ kind: 'other-policy' })
  })
})

test('an open one lapses when its time is over, and nothing else does', () => {
  const at = (now: number, state: 'open' | 'held') => shownState({ state, expiresAt: 10 }, now)
  expect([at(9, 'open'), at(10, 'open'), at(11, 'held')]).toEqual(['open', 'lapsed', 'held'])
})

test.each([
  ['pay DE89370400440532013000 now', 'pay ••••3000 now'],
  ['DE89 3704 0044 0532 0130 00', '••••3000'],
  ['x in ["DE89370400440532013000", "NO9386011117947"]', 'x in ["••••3000", "••••7947"]'],
  [`account == '12345678901'`, `account == '••••8901'`],
  ['transaction.amount > 1000000000', 'transaction.amount > 1000000000'],
  ['Invoice 2026-11, €1,200.00', 'Invoice 2026-11, €1,200.00'],
])('account numbers in %j are masked', (text, masked) => expect(withoutAccounts(text)).toBe(masked))
