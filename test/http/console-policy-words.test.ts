// What the console says of limits, rules and reasons: sentences that a banker can check against the file.
import { describe, expect, test } from 'vitest'
import { isDefaultRule, limitSentence, measuredText, reasonText } from '../../src/console/policy-words.ts'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Limit, Measure, Threshold } from '../../src/domain/limit.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { defaultPolicy, policyOf } from '../../src/domain/policy-default.ts'

const [debtor, creditor] = ['ES9121000418450200051332', 'DE89370400440532013000']
const approve = { kind: 'step-up', acr: withDeviceAndPin } as const
const amount = (per: 'payment' | 'day' | 'week' | 'month', over: Record<string, string>): Threshold => ({
  ...{ kind: 'amount', per, over },
})
const limit = (threshold: Threshold, change: Partial<Limit> = {}): Limit => ({
  ...{ id: 'l', types: [], from: [], to: [], threshold, outcome: approve },
  ...change,
})
const byPin = 'is approved by the customer with device and PIN.'

describe('a limit is a sentence', () => {
  test.each<[string, Limit]>([
    [`A payment over €500.00 ${byPin}`, limit(amount('payment', { EUR: '500.00' }))],
    [
      'A payment over €500.00 or JP¥2,500 is refused.',
      limit(amount('payment', { EUR: '500.00', JPY: '2500' }), { outcome: { kind: 'deny' } }),
    ],
    [
      `A payment that brings the last 24 hours over €2,000.00 ${byPin}`,
      limit(amount('day', { EUR: '2000.00' })),
    ],
    [
      'A payment that brings the last 7 days over €1.00 is held.',
      limit(amount('week', { EUR: '1.00' }), { outcome: { kind: 'review' } }),
    ],
    [
      `A payment that brings the last 24 hours over €1.00, other currencies converted to EUR, ${byPin}`,
      limit({ kind: 'amount', per: 'day', over: { EUR: '1.00' }, in: 'EUR' }),
    ],
    [
      `A payment over €1.00 or US$2.00, other currencies converted to EUR, ${byPin}`,
      limit({ kind: 'amount', per: 'payment', over: { EUR: '1.00', USD: '2.00' }, in: 'EUR' }),
    ],
    [`A payment that brings the last 30 days over €1.00 ${byPin}`, limit(amount('month', { EUR: '1.00' }))],
    [
      'A payment after 5 others within the last 10 minutes is approved by the customer with the device.',
      limit({ kind: 'count', minutes: 10, over: 5 }, { outcome: { kind: 'step-up', acr: withDevice } }),
    ],
    [
      `A payment after 3 others within the last 2 hours ${byPin}`,
      limit({ kind: 'count', minutes: 120, over: 3 }),
    ],
    [`A payment to an account that the customer never stepped up for ${byPin}`, limit({ kind: 'new-payee' })],
    [
      `Every payment from ••••1332 to ••••3000 ${byPin}`,
      limit({ kind: 'always' }, { from: [debtor], to: [creditor] }),
    ],
    [
      'Every transaction of type add_payee or change_limit is refused.',
      limit({ kind: 'always' }, { types: ['add_payee', 'change_limit'], outcome: { kind: 'deny' } }),
    ],
    [
      `Every payment to ••••3000, ••••3000, ••••3000, ••••3000, ••••3000, ••••3000 or one of 2 others ${byPin}`,
      limit({ kind: 'always' }, { to: Array(8).fill(creditor) }),
    ],
  ])('%s', (sentence, one) => expect(limitSentence(one)).toBe(sentence))

  test.each<[string, Record<string, string>]>([
    [`A payment over €500.00, or in any other currency, ${byPin}`, { EUR: '500.00' }],
    [`Every payment ${byPin}`, {}],
  ])('that every institution has: %s', (sentence, stepUpOver) => {
    const [builtIn] = policyOf({ stepUpOver }).limits
    expect(builtIn && limitSentence(builtIn)).toBe(sentence)
  })

  test.each<[string, Threshold, Measure, string]>([
    ['€20.00', amount('day', {}), 2000n, 'EUR'],
    ['JP¥20', amount('day', {}), 20n, 'JPY'],
    ['20', amount('day', {}), 20n, ''],
    ['€20.00', { kind: 'amount', per: 'day', over: { EUR: '1.00' }, in: 'EUR' }, 2000n, 'USD'],
    [
      'an amount without a rate',
      { kind: 'amount', per: 'day', over: { EUR: '1.00' }, in: 'EUR' },
      'unconvertible',
      'CHF',
    ],
    ['6 with this one', { kind: 'count', minutes: 1, over: 5 }, 6n, 'EUR'],
    ['yes', { kind: 'new-payee' }, 1n, 'EUR'],
    ['no', { kind: 'new-payee' }, 0n, 'EUR'],
  ])('measured: %s', (words, threshold, measured, currency) =>
    expect(measuredText(limit(threshold), measured, currency)).toBe(words),
  )
})

describe('a reason is said in words', () => {
  const policy: Policy = {
    rules: [
      ...defaultPolicy.rules,
      { id: 'closed', when: 'true', outcome: { kind: 'deny' }, reason: 'account.closed' },
      { id: 'night', when: 'true', outcome: { kind: 'deny' } },
    ],
    limits: [limit({ kind: 'new-payee' }, { id: 'new' })],
  }
  const own = [{ limit: limit(amount('payment', { EUR: '60.00' }), { id: 'mine' }), measured: 1n }]
  test.each([
    ['allowed', 'No rule applied, and no limit was exceeded.'],
    ['account.closed', 'The rule closed applied.'],
    ['rule.night', 'The rule night applied.'],
    ['rule.no-payment', 'It is no payment: the default rule has every other transaction approved.'],
    ['limit.new', `A payment to an account that the customer never stepped up for ${byPin}`],
    ['own.amount', `The customer’s own limit: A payment over €60.00 ${byPin}`],
    [
      'rule_failed.night',
      'The rule night could not be worked out; then the strongest counts that any rule could say.',
    ],
    ['rule.closed', 'Its rule or limit is not known here any more.'],
  ])('%s', (reason, words) => expect(reasonText(reason, policy, own)).toBe(words))
  test('of a policy that is not kept nothing is made up', () =>
    expect(reasonText('limit.new', undefined, [])).toBe('Its rule or limit is not known here any more.'))
  test('a rule that somebody wrote by the name of the default one is not the default one', () => {
    const [rule] = defaultPolicy.rules
    expect(rule && isDefaultRule(rule)).toBe(true)
    expect(rule && isDefaultRule({ ...rule, when: 'true' })).toBe(false)
    expect(rule && isDefaultRule({ ...rule, outcome: { kind: 'deny' } })).toBe(false)
  })
})
