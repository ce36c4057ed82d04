// The policy engine: precedence by table, the language that cannot loop, limits by table, decisions that can be made again.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Acr, withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import { isExceeded, type Limit, type Measuring, measure, type Past } from '../../src/domain/limit.ts'
import { isStronger, type Outcome, strongest } from '../../src/domain/outcome.ts'
import { decide, type Policy, type PolicyInputs } from '../../src/domain/policy.ts'
import { defaultPolicy, policyOf, policyVersion } from '../../src/domain/policy-default.ts'
import { type PolicyFacts, unasked } from '../../src/domain/policy-facts.ts'
import { conditionFault, conditionOf } from '../../src/domain/policy-language.ts'
import { parsed, written } from '../../src/storage/transaction-json.ts'

const allow: Outcome = { kind: 'allow' }
const review: Outcome = { kind: 'review' }
const deny: Outcome = { kind: 'deny' }
const stepUp = (acr: Acr = withDeviceAndPin): Outcome => ({ kind: 'step-up', acr })

const facts: PolicyFacts = {
  transaction: {
    type: 'payment_initiation',
    kind: 'payment',
    hasAmount: true,
    amount: 25_000n,
    currency: 'EUR',
    debtorAccount: 'DE02120300000000202051',
    creditorAccount: 'DE02500105170137075030',
    creditorName: 'Energy',
  },
  subject: { id: 'sub-1' },
  app: { id: 'alder-phone' },
  device: { present: true },
  session: { level: 1n, ageSeconds: 30n },
  history: { knownPayee: true, countDay: 2n, sumDay: 10_000n },
  risk: unasked,
  time: { hour: 9n, weekday: 1n },
}

const inputs = (change: Partial<PolicyInputs> = {}): PolicyInputs => ({
  facts,
  measures: {},
  own: [],
  ...change,
})
const rule = (id: string, when: string, outcome: Outcome) => ({ id, when, outcome })

describe('precedence: deny > review > the strongest step-up > allow', () => {
  const weakFirst = [allow, stepUp(withDevice), stepUp(withDeviceAndPin), review, deny]
  const pairs = weakFirst.flatMap((a, i) => weakFirst.map((b, j) => [a, b, i > j] as const))
  test.each(pairs)('%j over %j: %s', (a, b, expected) => {
    expect(isStronger(a, b)).toBe(expected)
  })
  test('among any voices the strongest holds, and of equals the first', () => {
    const voice = fc.record({ outcome: fc.constantFrom(...weakFirst), reason: fc.string() })
    fc.assert(
      fc.property(fc.array(voice), (voices) => {
        const held = strongest(voices, { outcome: allow, reason: 'allowed' })
        expect(voices.some(({ outcome }) => isStronger(outcome, held.outcome))).toBe(false)
        const first = voices.find(({ outcome }) => !isStronger(held.outcome, outcome))
        if (held.reason !== 'allowed') expect(held).toBe(first)
      }),
    )
  })
})

describe('decisions', () => {
  const table: [string, Policy, Partial<PolicyInputs>, string, string][] = [
    ['nothing against it', { rules: [], limits: [] }, {}, 'allow', 'allowed'],
    [
      'a rule that holds',
      { rules: [rule('big', 'transaction.amount > 20000', stepUp())], limits: [] },
      {},
      'step-up',
      'rule.big',
    ],
    [
      'a rule that does not',
      { rules: [rule('big', 'transaction.amount > 25000', deny)], limits: [] },
      {},
      'allow',
      'allowed',
    ],
    [
      'of two rules the stronger, whatever their order',
      { rules: [rule('a', 'true', stepUp()), rule('b', 'true', deny)], limits: [] },
      {},
      'deny',
      'rule.b',
    ],
    [
      'an allow takes nothing back',
      { rules: [rule('a', 'true', allow), rule('b', 'true', review)], limits: [] },
      {},
      'review',
      'rule.b',
    ],
    [
      'a reason of its own',
      { rules: [{ ...rule('n', 'true', deny), reason: 'night' }], limits: [] },
      {},
      'deny',
      'night',
    ],
    [
      'a rule that fails says the strongest of its set (R-30)',
      {
        rules: [
          rule('over', 'transaction.amount * 9223372036854775807 > 1', allow),
          rule('no', 'false', deny),
        ],
        limits: [],
      },
      {},
      'deny',
      'rule_failed.over',
    ],
    [
      'division by nothing',
      { rules: [rule('div', '1 / (transaction.amount - 25000) > 0', stepUp())], limits: [] },
      {},
      'step-up',
      'rule_failed.div',
    ],
  ]
  test.each(table)('%s', (_name, policy, change, kind, reason) => {
    const decision = decide(policy, inputs(change))
    expect([decision.outcome.kind, decision.reason]).toEqual([kind, reason])
  })

  test('a customer’s own limit asks for approval, and cannot weaken what the institution says', () => {
    const own = [{ limit: amount('mine', 'payment', '60.00'), measured: 25_000n }]
    expect(decide({ rules: [], limits: [] }, inputs({ own }))).toEqual({
      outcome: stepUp(),
      reason: 'own.amount',
    })
    const denying = { rules: [rule('no', 'true', deny)], limits: [] }
    expect(decide(denying, inputs({ own })).outcome).toEqual(deny)
  })

  test('from its version and its kept inputs a decision is made again', () => {
    const policy = policyOf({
      stepUpOver: { EUR: '500.00' },
      policy: {
        rules: [rule('many', 'history.countDay > 1', stepUp(withDevice))],
        limits: [amount('day', 'day', '400.00')],
      },
    })
    const given = inputs({ measures: { step_up_over: 25_000n, day: 45_000n } })
    const kept = parsed<PolicyInputs>(written(given))
    const again = JSON.parse(JSON.stringify(policy)) as Policy
    expect(kept).toEqual(given)
    expect(policyVersion(again)).toBe(policyVersion(policy))
    expect(decide(again, kept)).toEqual(decide(policy, given))
    expect(decide(again, kept)).toEqual({ outcome: stepUp(), reason: 'limit.day' })
  })

  test('any change of a policy is another version', () => {
    const policy = policyOf({ stepUpOver: { EUR: '500.00' } })
    expect(policyVersion(policyOf({ stepUpOver: { EUR: '500.01' } }))).not.toBe(policyVersion(policy))
    expect(policyVersion(policyOf({ stepUpOver: { EUR: '500.00' } }))).toBe(policyVersion(policy))
  })
})

describe('the default policy', () => {
  const of = (kind: string) =>
    decide(defaultPolicy, inputs({ facts: { ...facts, transaction: { ...facts.transaction, kind } } }))
      .outcome.kind
  test.each([
    ['payment', 'allow'],
    ['access', 'step-up'],
    ['payee', 'step-up'],
    ['contact-change', 'step-up'],
    ['limit-change', 'step-up'],
  ])('%s: %s', (kind, outcome) => {
    expect(of(kind)).toBe(outcome)
  })
  test('over the amount a payment is approved, and in a currency that is not listed always', () => {
    const policy = policyOf({ stepUpOver: { EUR: '250.00' } })
    const payment = (minor: bigint, currency: string) => {
      const transaction = {
        type: 'payment_initiation',
        kind: 'payment' as const,
        currency,
        minor,
        from: undefined,
        to: undefined,
      }
      const measured = measure(policy.limits[0] as Limit, {
        now: 0,
        transaction,
        past: [],
        knownPayee: true,
        token: String,
      })
      const seen = { ...facts, transaction: { ...facts.transaction, amount: minor, currency } }
      const measures: PolicyInputs['measures'] = measured === undefined ? {} : { step_up_over: measured }
      return decide(policy, inputs({ facts: seen, measures })).outcome.kind
    }
    expect(payment(25_000n, 'EUR')).toBe('allow')
    expect(payment(25_001n, 'EUR')).toBe('step-up')
    expect(payment(1n, 'USD')).toBe('step-up')
  })
})

describe('the language of conditions', () => {
  test.each([
    'transaction.amount > 100000 && transaction.currency == "EUR"',
    'transaction.creditorAccount in ["DE02500105170137075030", "DE02120300000000202051"]',
    'history.knownPayee ? history.sumDay + transaction.amount > 500000 : true',
    '!device.present || session.ageSeconds > 300',
    'transaction.creditorName.startsWith("Casino") || transaction.creditorName.contains("coin")',
    'time.hour < 6 && time.weekday in [6, 7]',
  ])('takes %s', (text) => {
    expect(conditionFault(text)).toBeUndefined()
    expect(typeof conditionOf(text)(facts)).toBe('boolean')
  })

  test.each([
    ['a name that there is not', 'transaction.amont > 1', /No such key: amont/],
    ['a variable that there is not', 'payment.amount > 1', /payment/],
    ['money compared with text', 'transaction.amount > "2500.00"', /no such overload/],
    ['what is not true or false', 'transaction.amount', /true or false/],
    ['a pattern, which could run for ever', 'transaction.creditorName.matches("^(a+)+$")', /"matches"/],
    ['a loop', '[1, 2].all(x, [1, 2].all(y, x > y))', /"all"/],
    ['a dynamic type', 'dyn("1") == 1', /"dyn"/],
    ['a conversion to text', 'string(transaction.amount) > "2500"', /"string"/],
    ['a float', 'double("NaN") > 1.0', /"double"/],
    ['a float that is written out', '1.5 > 1.0', /"1.5"/],
    ['a map', '{"a": 1}["a"] == 1', /"\[\]"/],
    ['a name by text', 'transaction["amount"] > 1', /"\[\]"/],
    ['has()', 'has(transaction.amount)', /"has"/],
    ['a variable of its own', 'cel.bind(x, 1, x > 0)', /./],
    ['no condition', '', /./],
    ['half a condition', 'transaction.amount >', /./],
    ['a condition that is too deep', `${'('.repeat(200)}true${')'.repeat(200)}`, /./],
    ['a condition that is too long', `true || ${'false || '.repeat(400)}true`, /at most/],
    ['a list that is too long', `1 in [${Array.from({ length: 300 }, (_, i) => i)}]`, /./],
  ])('refuses %s', (_name, text, fault) => {
    expect(conditionFault(text)).toMatch(fault)
    expect(() => conditionOf(text)).toThrow()
  })

  test('whatever is written, it is judged and, when taken, ends at once', () => {
    const word = fc.constantFrom(
      'transaction.amount',
      '1',
      '"a"',
      '+',
      '*',
      '>',
      '&&',
      '||',
      '(',
      ')',
      '[',
      ']',
      ',',
      'in',
      'true',
      '.all(x, x)',
      'size',
      '!',
      '?',
      ':',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        const text = words.join(' ')
        const began = performance.now()
        if (conditionFault(text) === undefined) {
          try {
            expect(typeof conditionOf(text)(facts)).toBe('boolean')
          } catch (error) {
            expect(String(error)).toMatch(/overflow|zero|EvaluationError/)
          }
        }
        expect(performance.now() - began).toBeLessThan(10_000)
      }),
      { numRuns: 500 },
    )
  })
})

const hour = 3600_000
const now = Date.UTC(2026, 10, 26, 12)

function amount(id: string, per: 'payment' | 'day' | 'week' | 'month', over: string): Limit {
  return {
    id,
    types: [],
    from: [],
    to: [],
    threshold: { kind: 'amount', per, over: { EUR: over } },
    outcome: stepUp(),
  }
}
const limit = (change: Partial<Limit>): Limit => ({ ...amount('l', 'payment', '100.00'), ...change })
const past = (minor: bigint, hoursAgo: number, change: Partial<Past> = {}): Past => ({
  ...{
    type: 'payment_initiation',
    kind: 'payment' as const,
    currency: 'EUR',
    minor,
    from: 'tok:A',
    to: 'tok:B',
    at: now - hoursAgo * hour,
  },
  ...change,
})
const measuring = (change: Partial<Measuring> = {}): Measuring => ({
  now,
  transaction: {
    type: 'payment_initiation',
    kind: 'payment' as const,
    currency: 'EUR',
    minor: 5000n,
    from: 'tok:A',
    to: 'tok:B',
  },
  past: [],
  knownPayee: false,
  token: (account) => `tok:${account}`,
  ...change,
})
const exceeds = (one: Limit, given: Measuring) => {
  const value = measure(one, given)
  return value !== undefined && isExceeded(one, value, given.transaction.currency)
}

describe('limits', () => {
  const per = (period: 'day' | 'week' | 'month') => amount('l', period, '100.00')
  test.each<[string, Limit, Partial<Measuring>, boolean]>([
    ['an amount at the limit', amount('l', 'payment', '50.00'), {}, false],
    ['a cent over it', amount('l', 'payment', '49.99'), {}, true],
    [
      'of another currency',
      limit({ threshold: { kind: 'amount', per: 'payment', over: { USD: '1.00' } } }),
      {},
      false,
    ],
    ['a day’s sum at the limit', per('day'), { past: [past(5000n, 1)] }, false],
    ['a day’s sum over it', per('day'), { past: [past(5001n, 1)] }, true],
    ['what was yesterday', per('day'), { past: [past(9000n, 24)] }, false],
    ['what was within 24 hours', per('day'), { past: [past(9000n, 23.9)] }, true],
    ['a week', per('week'), { past: [past(9000n, 24 * 6.9)] }, true],
    ['before the week', per('week'), { past: [past(9000n, 24 * 7)] }, false],
    ['a month', per('month'), { past: [past(9000n, 24 * 29.9)] }, true],
    ['before the month', per('month'), { past: [past(9000n, 24 * 30)] }, false],
    ['sums of another currency', per('day'), { past: [past(9000n, 1, { currency: 'USD' })] }, false],
    ['other types', per('day'), { past: [past(9000n, 1, { type: 'add_payee', kind: 'payee' })] }, false],
    [
      'three within ten minutes',
      limit({ threshold: { kind: 'count', minutes: 10, over: 2 } }),
      { past: [past(1n, 0.1), past(1n, 0.16)] },
      true,
    ],
    [
      'two within ten minutes',
      limit({ threshold: { kind: 'count', minutes: 10, over: 2 } }),
      { past: [past(1n, 0.1), past(1n, 0.17)] },
      false,
    ],
    ['the first payment to an account', limit({ threshold: { kind: 'new-payee' } }), {}, true],
    ['a later one', limit({ threshold: { kind: 'new-payee' } }), { knownPayee: true }, false],
    ['between two accounts', limit({ from: ['A'], to: ['B'], threshold: { kind: 'always' } }), {}, true],
    ['from another account', limit({ from: ['X'], to: ['B'], threshold: { kind: 'always' } }), {}, false],
    ['to another account', limit({ from: ['A'], to: ['X'], threshold: { kind: 'always' } }), {}, false],
    [
      'a sum to one account',
      limit({ to: ['B'], threshold: { kind: 'amount', per: 'day', over: { EUR: '100.00' } } }),
      { past: [past(5001n, 1), past(1n, 1, { to: 'tok:C' })] },
      true,
    ],
    [
      'a sum that others are not part of',
      limit({ to: ['B'], threshold: { kind: 'amount', per: 'day', over: { EUR: '100.00' } } }),
      { past: [past(9000n, 1, { to: 'tok:C' })] },
      false,
    ],
    [
      'a type that it is not about',
      limit({ types: ['add_payee'], threshold: { kind: 'always' } }),
      {},
      false,
    ],
  ])('%s: %#', (_name, one, change, expected) => {
    expect(exceeds(one, measuring(change))).toBe(expected)
  })
})
