// What loosens a policy: by table, and whatever the rules, limits and payments, what counts as as strict is never weaker.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import { type Limit, type Measuring, measure, type Past } from '../../src/domain/limit.ts'
import { isAsStrong, type Outcome } from '../../src/domain/outcome.ts'
import { decide, type Policy, type Rule } from '../../src/domain/policy.ts'
import { policyOf } from '../../src/domain/policy-default.ts'
import type { PolicyFacts } from '../../src/domain/policy-facts.ts'
import { isAtLeastAsStrict, strengthened, weakened } from '../../src/domain/policy-strictness.ts'
import type { Rates } from '../../src/domain/rates.ts'
import type { NeededSignatories } from '../../src/domain/signatories.ts'

const stepUp: Outcome = { kind: 'step-up', acr: withDeviceAndPin }
const signed = (signatories: NeededSignatories): Outcome => ({ ...stepUp, signatories }) as Outcome
const rule = (id: string, change: Partial<Rule> = {}): Rule => ({
  ...{ id, when: 'transaction.amount > 100', outcome: stepUp },
  ...change,
})
const limit = (id: string, change: Partial<Limit> = {}): Limit => ({
  ...{ id, types: [], from: [], to: [], outcome: stepUp },
  threshold: { kind: 'amount', per: 'day', over: { EUR: '10.00' } },
  ...change,
})
const policy = (rules: readonly Rule[], limits: readonly Limit[] = []): Policy => ({ rules, limits })
const over = (amounts: Record<string, string>, change: Partial<Limit> = {}) =>
  limit('l', { threshold: { kind: 'amount', per: 'day', over: amounts }, ...change })
const converting = (amounts: Record<string, string>, into = 'EUR'): Limit['threshold'] => ({
  ...{ kind: 'amount', per: 'day', over: amounts, in: into },
})
const stopping = (amounts: Record<string, string>): Limit['threshold'] => ({
  ...{ kind: 'amount', per: 'day', over: amounts, unlisted: 'exceeded' },
})
const builtIn = (stepUpOver: Record<string, string>) => policyOf({ policy: policy([]), stepUpOver })

describe('what loosens is named, with why', () => {
  test.each<[string, Policy, Policy, string[]]>([
    ['the same', policy([rule('a')], [limit('l')]), policy([rule('a')], [limit('l')]), []],
    ['one more of each', policy([rule('a'), rule('b')], [limit('l')]), policy([rule('a')]), []],
    ['another order and another name', policy([rule('b'), rule('c')]), policy([rule('c'), rule('b')]), []],
    ['another reason code', policy([rule('a', { reason: 'x' })]), policy([rule('a')]), []],
    ['a rule that is gone', policy([]), policy([rule('a')]), ['rule a gone']],
    [
      'a rule of less',
      policy([rule('a', { outcome: { kind: 'step-up', acr: withDevice } })]),
      policy([rule('a')]),
      ['rule a outcome'],
    ],
    ['a rule of more', policy([rule('a', { outcome: { kind: 'deny' } })]), policy([rule('a')]), []],
    [
      'a condition that cannot be compared',
      policy([rule('a', { when: 'transaction.amount > 50' })]),
      policy([rule('a')]),
      ['rule a condition'],
    ],
    [
      'a rule with more signatories, and one with as many of the same role',
      policy([
        rule('a', { outcome: signed({ director: 2 }) }),
        rule('b', { outcome: signed({ holder: 1 }) }),
      ]),
      policy([
        rule('a', { outcome: signed({ director: 1 }) }),
        rule('b', { outcome: signed({ holder: 1 }) }),
      ]),
      [],
    ],
    [
      'a rule with signatories for one without',
      policy([rule('a', { outcome: signed({ director: 1 }) })]),
      policy([rule('a')]),
      [],
    ],
    [
      'a rule without signatories',
      policy([rule('a')]),
      policy([rule('a', { outcome: signed({ director: 1 }) })]),
      ['rule a outcome'],
    ],
    [
      'a rule with fewer, and one with another role',
      policy([
        rule('a', { outcome: signed({ director: 1 }) }),
        rule('b', { outcome: signed({ holder: 1 }) }),
      ]),
      policy([rule('a', { outcome: signed({ director: 2 }) }), rule('b', { outcome: signed({ owner: 1 }) })]),
      ['rule a outcome', 'rule b outcome'],
    ],
    [
      'what stops, for what was signed',
      policy([rule('a', { outcome: { kind: 'review' } })]),
      policy([rule('a', { outcome: signed({ director: 2 }) })]),
      [],
    ],
    [
      'a higher level, and nobody who signs',
      policy([rule('a')]),
      policy([rule('a', { outcome: { kind: 'step-up', acr: withDevice, signatories: { director: 1 } } })]),
      ['rule a outcome'],
    ],
    ['a limit that is gone', policy([]), policy([], [limit('l')]), ['limit l gone']],
    [
      'a higher amount',
      policy([], [over({ EUR: '10.01' })]),
      policy([], [limit('l')]),
      ['limit l threshold'],
    ],
    ['a lower amount', policy([], [over({ EUR: '9.99' })]), policy([], [limit('l')]), []],
    [
      'a currency less',
      policy([], [over({ EUR: '1.00' })]),
      policy([], [over({ EUR: '1.00', GBP: '1.00' })]),
      ['limit l threshold'],
    ],
    ['fewer accounts', policy([], [limit('l', { to: ['A'] })]), policy([], [limit('l')]), ['limit l about']],
    [
      'a weaker limit',
      policy([], [limit('l', { outcome: { kind: 'allow' } })]),
      policy([], [limit('l')]),
      ['limit l outcome'],
    ],
    ['a limit under another name', policy([], [limit('m')]), policy([], [limit('l')]), []],
    [
      'a currency in which small payments pass from now on',
      builtIn({ EUR: '5.00', GBP: '1.00' }),
      builtIn({ EUR: '5.00' }),
      ['limit step_up_over threshold'],
    ],
    [
      'an amount that other currencies are converted to, where they had none',
      policy([], [limit('l', { threshold: converting({ EUR: '10.00' }) })]),
      policy([], [limit('l')]),
      [],
    ],
    [
      'no conversion any more',
      policy([], [limit('l')]),
      policy([], [limit('l', { threshold: converting({ EUR: '10.00' }) })]),
      ['limit l threshold'],
    ],
    [
      'an amount of its own for what was converted: the same amount, but another sum',
      policy([], [limit('l', { threshold: converting({ EUR: '10.00', USD: '0.01' }) })]),
      policy([], [limit('l', { threshold: converting({ EUR: '10.00' }) })]),
      ['limit l threshold'],
    ],
    [
      'conversion to another currency',
      policy([], [limit('l', { threshold: converting({ USD: '0.01' }, 'USD') })]),
      policy([], [limit('l', { threshold: converting({ EUR: '10.00' }) })]),
      ['limit l threshold'],
    ],
    [
      'an amount by conversion in the place of one of its own',
      policy([], [limit('l', { threshold: converting({ EUR: '0.01' }) })]),
      policy([], [limit('l', { threshold: converting({ EUR: '10.00', USD: '10.00' }) })]),
      ['limit l threshold'],
    ],
    [
      'other currencies stopped whatever they are, but no longer in the sum of what is paid in euros',
      policy([], [limit('l', { threshold: stopping({ EUR: '10.00' }) })]),
      policy([], [limit('l', { threshold: converting({ EUR: '10.00' }) })]),
      ['limit l threshold'],
    ],
    [
      'step_up_over that converts from now on',
      policyOf({ policy: policy([]), stepUpOver: { EUR: '5.00' }, stepUpOverIn: 'EUR' }),
      builtIn({ EUR: '5.00' }),
      ['limit step_up_over threshold'],
    ],
    [
      'step_up_over that converts no more: what is not named always asks',
      builtIn({ EUR: '5.00' }),
      policyOf({ policy: policy([]), stepUpOver: { EUR: '5.00' }, stepUpOverIn: 'EUR' }),
      [],
    ],
    [
      'a currency in which none passes any more',
      builtIn({ EUR: '5.00' }),
      builtIn({ EUR: '5.00', GBP: '1.00' }),
      [],
    ],
  ])('%s', (_name, next, base, expected) => {
    expect(weakened(next, base).map(({ kind, id, weakness }) => `${kind} ${id} ${weakness}`)).toEqual(
      expected,
    )
    expect(isAtLeastAsStrict(next, base)).toBe(expected.length === 0)
  })
  test('what asks more is named too', () => {
    const next = policy([rule('a', { outcome: { kind: 'deny' } }), rule('new')], [over({ EUR: '9.00' })])
    expect(strengthened(next, policy([rule('a'), rule('new')], [limit('l')]))).toEqual([
      { kind: 'rule', id: 'a' },
      { kind: 'limit', id: 'l' },
    ])
  })
})

const conditions = [
  'transaction.amount > 150',
  'transaction.amount > 50 && transaction.currency == "EUR"',
  'device.present',
  '1 / (transaction.amount - 100) > 0',
  'transaction.amount * 9223372036854775807 > 0',
  'transaction.kind != "payment"',
]
const outcome = fc.constantFrom<Outcome>(
  { kind: 'allow' },
  { kind: 'step-up', acr: withDevice },
  stepUp,
  { kind: 'step-up', acr: withDevice, signatories: { director: 2 } },
  { kind: 'step-up', acr: withDeviceAndPin, signatories: { director: 1, holder: 1 } },
  { kind: 'review' },
  { kind: 'deny' },
)
const accounts = fc.subarray(['A', 'B'])
const amount = fc.integer({ min: 0, max: 3 }).map((euros) => `${euros}.00`)
const threshold: fc.Arbitrary<Limit['threshold']> = fc.oneof(
  fc.record({
    kind: fc.constant('amount' as const),
    per: fc.constantFrom('payment' as const, 'day' as const),
    over: fc.record({ EUR: amount, USD: amount }, { requiredKeys: ['EUR'] }),
    in: fc.constant('EUR'),
  }),
  fc.record({
    kind: fc.constant('amount' as const),
    per: fc.constantFrom('payment' as const, 'day' as const, 'month' as const),
    over: fc.record({ EUR: amount, USD: amount }, { requiredKeys: [] }),
    unlisted: fc.constantFrom('exceeded' as const, undefined),
  }),
  fc.record({
    kind: fc.constant('count' as const),
    minutes: fc.integer({ min: 1, max: 90 }),
    over: fc.integer({ min: 0, max: 3 }),
  }),
  fc.constant({ kind: 'new-payee' as const }),
  fc.constant({ kind: 'always' as const }),
)
const rates = (perBase: Record<string, string>): Rates => ({ base: 'EUR', asOf: now, validHours: 1, perBase })
const types = fc.subarray(['payment_initiation', 'add_payee'])
const anyLimit = fc.record({ types, from: accounts, to: accounts, threshold, outcome })
const anyRule = fc.record({ when: fc.constantFrom(...conditions), outcome })
const policies = fc
  .record({ rules: fc.array(anyRule, { maxLength: 3 }), limits: fc.array(anyLimit, { maxLength: 3 }) })
  .map(
    ({ rules, limits }): Policy => ({
      rules: rules.map((one, n) => ({ id: `r${n}`, ...one })),
      limits: limits.map((one, n) => ({ id: `l${n}`, ...one })),
    }),
  )

/** Near to the base, or nothing would ever be as strict: some of its entries, each as it was or a little changed. */
const nearTo = (base: Policy): fc.Arbitrary<Policy> =>
  fc
    .record({
      rules: fc.tuple(...base.rules.map((one) => outcome.map((now) => ({ ...one, outcome: now })))),
      limits: fc.tuple(
        ...base.limits.map((one) =>
          fc
            .record({ types, from: accounts, to: accounts, threshold, outcome }, { requiredKeys: [] })
            .map((change) => ({ ...one, ...change })),
        ),
      ),
      more: policies,
    })
    .map(({ rules, limits, more }) => ({
      rules: [...rules, ...more.rules.map((one) => ({ ...one, id: `more-${one.id}` }))],
      limits: [...limits, ...more.limits.map((one) => ({ ...one, id: `more-${one.id}` }))],
    }))

const now = Date.UTC(2026, 10, 26, 12)
const movement = fc.record({
  type: fc.constantFrom('payment_initiation', 'add_payee'),
  currency: fc.constantFrom('EUR', 'USD', 'GBP', undefined),
  from: fc.constantFrom('A', 'B', 'C'),
  to: fc.constantFrom('A', 'B', 'C', undefined),
  cents: fc.integer({ min: 0, max: 400 }),
  minutesAgo: fc.integer({ min: 0, max: 3000 }),
})
const past = ({
  type,
  currency,
  from,
  to,
  cents,
  minutesAgo,
}: typeof movement extends fc.Arbitrary<infer M> ? M : never): Past => ({
  ...{ type, currency, from, to, at: now - minutesAgo * 60_000 },
  kind: type === 'add_payee' ? 'payee' : 'payment',
  minor: currency === undefined ? 0n : BigInt(cents),
})

function decided(one: Policy, measuring: Measuring, device: boolean) {
  const { transaction, knownPayee } = measuring
  const facts = {
    transaction: { amount: transaction.minor, currency: transaction.currency ?? '', kind: transaction.kind },
    device: { present: device },
    history: { knownPayee },
  } as unknown as PolicyFacts
  const measures = Object.fromEntries(
    one.limits.flatMap((each) => {
      const measured = measure(each, measuring)
      return measured === undefined ? [] : [[each.id, measured]]
    }),
  )
  return decide(one, { facts, measures, own: [] }).outcome
}

test('whatever the payment: what counts as as strict gives no weaker outcome', () => {
  const seen = { strict: 0, loose: 0 }
  fc.assert(
    fc.property(
      policies.chain((base) => fc.tuple(fc.constant(base), nearTo(base))),
      fc.array(movement, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(undefined, rates({ USD: '2.5' }), rates({ USD: '0.3', GBP: '0.7' })),
      ([base, next], moves, knownPayee, device, table) => {
        const [transaction, ...history] = moves.map(past) as [Past, ...Past[]]
        const measuring = {
          now,
          transaction,
          past: history,
          knownPayee,
          token: (account: string) => account,
          rates: table,
        }
        const strict = isAtLeastAsStrict(next, base)
        seen[strict ? 'strict' : 'loose'] += 1
        const [was, is] = [base, next].map((one) => decided(one, measuring, device)) as [Outcome, Outcome]
        if (strict)
          expect(isAsStrong(is, was), `${JSON.stringify(was)} became ${JSON.stringify(is)}`).toBe(true)
      },
    ),
    { numRuns: 2000 },
  )
  // Else nothing was shown.
  expect(Math.min(seen.strict, seen.loose)).toBeGreaterThan(200)
})
