// Limits and conditions that convert: by table; what has no rate is over, and what was decided comes out the same again.
import { describe, expect, test } from 'vitest'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import { decidedAgain } from '../../src/domain/customer-transaction.ts'
import { isExceeded, type Limit, type Measuring, measure, type Past } from '../../src/domain/limit.ts'
import { decide, type Policy, type PolicyInputs } from '../../src/domain/policy.ts'
import { isOverStepUp, policyOf, policyVersion } from '../../src/domain/policy-default.ts'
import type { PolicyFacts } from '../../src/domain/policy-facts.ts'
import { conditionCurrencies, conditionFault, conditionOf } from '../../src/domain/policy-language.ts'
import { ratesLoosened, unratedIn } from '../../src/domain/policy-rates.ts'
import { tried } from '../../src/domain/policy-trial.ts'
import { keptRates, type Rates } from '../../src/domain/rates.ts'
import { parsed, written } from '../../src/storage/transaction-json.ts'

const now = Date.UTC(2026, 10, 26, 12)
const rates: Rates = { base: 'EUR', asOf: now, validHours: 24, perBase: { USD: '2', GBP: '0.5', JPY: '100' } }
const stepUp = { kind: 'step-up', acr: withDeviceAndPin } as const

type Amount = readonly [minor: bigint, currency: string | undefined]

const moved = ([minor, currency]: Amount): Past => ({
  ...{ type: 'payment_initiation', kind: 'payment', from: 'A', to: 'B', at: now - 1000 },
  ...{ minor, currency },
})
const given = (transaction: Amount, past: readonly Amount[], table: Rates | undefined): Measuring => ({
  ...{ now, transaction: moved(transaction), past: past.map(moved), knownPayee: true },
  ...{ token: (account) => account, rates: table },
})
const limit = (threshold: Partial<Extract<Limit['threshold'], { kind: 'amount' }>> = {}): Limit => ({
  ...{ id: 'day', types: [], from: [], to: [], outcome: stepUp },
  threshold: { kind: 'amount', per: 'day', over: { EUR: '100.00' }, in: 'EUR', ...threshold },
})

describe('a limit in one currency', () => {
  const all: [string, Limit, Amount, Amount[], Rates | undefined, bigint | string | undefined, boolean][] = [
    ['its own currency', limit(), [100_00n, 'EUR'], [], rates, 100_00n, false],
    ['another, converted', limit(), [200_00n, 'USD'], [], rates, 100_00n, false],
    ['a cent more', limit(), [200_01n, 'USD'], [], rates, 100_01n, true],
    [
      'the sum of several',
      limit(),
      [50_00n, 'EUR'],
      [
        [100_00n, 'USD'],
        [1n, 'JPY'],
      ],
      rates,
      100_01n,
      true,
    ],
    ['a currency without a rate', limit(), [1n, 'CHF'], [], rates, 'unconvertible', true],
    ['one in the sum', limit(), [1n, 'EUR'], [[1n, 'CHF']], rates, 'unconvertible', true],
    ['no rates', limit(), [1n, 'USD'], [], undefined, 'unconvertible', true],
    ['no rates, and none needed', limit(), [1n, 'EUR'], [[1n, 'EUR']], undefined, 2n, false],
    ['no amount', limit(), [0n, undefined], [], rates, 'unconvertible', true],
    ['no amount in the past', limit(), [1n, 'EUR'], [[0n, undefined]], rates, 1n, false],
    ['each payment alone', limit({ per: 'payment' }), [200_00n, 'USD'], [[1n, 'CHF']], rates, 100_00n, false],
    [
      'one with an amount of its own',
      limit({ over: { EUR: '100.00', USD: '150.00' } }),
      [150_01n, 'USD'],
      [[9n, 'EUR']],
      rates,
      150_01n,
      true,
    ],
    [
      'which does not count with the others',
      limit({ over: { EUR: '100.00', USD: '150.00' } }),
      [100_00n, 'EUR'],
      [[150_00n, 'USD']],
      rates,
      100_00n,
      false,
    ],
  ]
  test.each(all)('of %s', (_name, one, transaction, past, table, expected, exceeded) => {
    const value = measure(one, given(transaction, past, table))
    expect(value).toBe(expected)
    expect(value !== undefined && isExceeded(one, value, transaction[1])).toBe(exceeded)
  })
  test.each([
    ['200.00 USD', [200_00n, 'USD'], false],
    ['200.01 USD', [200_01n, 'USD'], true],
    ['CHF, which has no rate', [1n, 'CHF'], true],
    ['100.01 EUR', [100_01n, 'EUR'], true],
  ] as const)('step_up_over that converts, of %s', (_name, transaction, exceeded) => {
    const [builtIn] = policyOf({ stepUpOver: { EUR: '100.00' }, stepUpOverIn: 'EUR' }).limits
    const value = builtIn && measure(builtIn, given(transaction, [], rates))
    expect(builtIn && value !== undefined && isExceeded(builtIn, value, transaction[1])).toBe(exceeded)
    // What is asked before the policy is says the same, also where the rates are too old.
    const bank = { stepUpOver: { EUR: '100.00' }, stepUpOverIn: 'EUR', rates }
    const [minor, currency] = transaction
    expect(isOverStepUp(bank, { minor, currency }, now)).toBe(exceeded)
    const late = now + 24 * 3600_000
    expect(isOverStepUp(bank, { minor, currency }, late)).toBe(exceeded || currency !== 'EUR')
    expect(isOverStepUp({ ...bank, stepUpOverIn: undefined }, { minor, currency }, now)).toBe(
      exceeded || currency !== 'EUR',
    )
  })
})

const facts = (minor: bigint, currency: string, hasAmount = true) =>
  ({
    transaction: {
      ...{ type: 'payment_initiation', kind: 'payment', hasAmount, amount: minor, currency },
      ...{ debtorAccount: '', creditorAccount: '', creditorName: '' },
    },
    history: { knownPayee: true, countDay: 0n, sumDay: 0n },
  }) as unknown as PolicyFacts

describe('amountIn', () => {
  const over = conditionOf('transaction.amountIn("EUR") > 10000')
  test('is the amount in another currency, in minor units', () => {
    expect(over(facts(200_00n, 'USD'), rates)).toBe(false)
    expect(over(facts(200_01n, 'USD'), rates)).toBe(true)
    expect(over(facts(100_01n, 'EUR'))).toBe(true)
    expect(over(facts(0n, '', false))).toBe(false)
  })
  test.each([
    ['a currency without a rate', facts(1n, 'CHF'), rates],
    ['no rates', facts(1n, 'USD'), undefined],
    ['what no integer holds', facts(10n ** 19n, 'GBP'), rates],
  ] as const)('of %s fails, and then the strongest of all rules counts', (_name, what, table) => {
    expect(() => over(what, table)).toThrow('no rate')
    const policy: Policy = {
      rules: [
        { id: 'big', when: 'transaction.amountIn("EUR") > 10000', outcome: stepUp },
        { id: 'no', when: 'false', outcome: { kind: 'deny' } },
      ],
      limits: [],
    }
    const kept = table && keptRates(table, now)
    expect(decide(policy, { facts: what, measures: {}, own: [], ...(kept && { rates: kept }) })).toEqual({
      ...{ outcome: { kind: 'deny' }, reason: 'rule_failed.big' },
    })
  })
  test.each([
    ['transaction.amountIn("eur") > 1', /needs a currency/],
    ['transaction.amountIn(transaction.currency) > 1', /needs a currency/],
    ['transaction.amountIn("EUR" + "") > 1', /needs a currency/],
    ['transaction.amountIn(1) > 1', /needs a currency/],
    ['transaction.amountIn() > 1', /needs a currency/],
    ['transaction.creditorName.amountIn("EUR") > 1', /no matching overload/],
    ['transaction.amountIn("EUR") == "1"', /overload/],
    ['transaction.rates == 1', /No such key/],
    ['amountIn("EUR") > 1', /cannot be used/],
    ['transaction == transaction', /no such overload/],
  ])('%s', (text, fault) => expect(conditionFault(text)).toMatch(fault))
  test('the currencies of a condition are told', () => {
    const text =
      'transaction.amountIn("EUR") > 1 || !(transaction.amountIn("USD") in [transaction.amountIn("EUR")])'
    expect(conditionCurrencies(text)).toEqual(['EUR', 'USD'])
    expect(conditionCurrencies('true')).toEqual([])
    expect(conditionCurrencies('no condition')).toEqual([])
  })
})

describe('what was decided', () => {
  const policy: Policy = {
    rules: [{ id: 'big', when: 'transaction.amountIn("EUR") > 10000', outcome: { kind: 'review' } }],
    limits: [limit()],
  }
  const inputs = (table: Rates, currency = 'USD'): PolicyInputs => ({
    ...{
      facts: facts(250_00n, currency),
      measures: { day: currency === 'USD' ? 125_00n : 'unconvertible' },
      own: [],
    },
    rates: keptRates(table, now),
  })
  test.each(['USD', 'CHF'])('comes out the same again from what is kept, in %s', (currency) => {
    const kept = parsed<PolicyInputs>(written(inputs(rates, currency)))
    const decision = decide(policy, inputs(rates, currency))
    expect(decision.outcome.kind).toBe('review')
    expect(decidedAgain({ policy: policyVersion(policy), inputs: kept, decision }, policy)).toEqual({
      kind: 'same',
    })
  })
  test('comes out otherwise when the rates that were kept are altered', () => {
    const altered = inputs({ ...rates, perBase: { ...rates.perBase, USD: '4' } })
    const decision = decide(policy, inputs(rates))
    expect(decidedAgain({ policy: policyVersion(policy), inputs: altered, decision }, policy).kind).toBe(
      'other',
    )
  })
  test('is tried with a limit that converts by the rates of then', () => {
    const one = { inputs: inputs(rates), by: policy }
    const single = (amount: string): Policy => ({
      rules: [],
      limits: [limit({ per: 'payment', over: { EUR: amount } })],
    })
    expect(tried([one], single('125.00'), single('124.99'))).toMatchObject({ stronger: 1, unmeasured: [] })
    const sums = (change: object): Policy => ({ rules: [], limits: [limit(change)] })
    expect(tried([one], policy, sums({ over: { EUR: '1.00' } })).unmeasured).toEqual([])
    expect(tried([one], policy, sums({ over: { EUR: '1.00', USD: '1.00' } })).unmeasured).toEqual(['day'])
    expect(tried([one], policy, sums({ over: { USD: '1.00' }, in: 'USD' })).unmeasured).toEqual(['day'])
  })
})

describe('rates of a policy', () => {
  const policy: Policy = {
    rules: [{ id: 'big', when: 'transaction.amountIn("GBP") > 10000', outcome: stepUp }],
    limits: [limit()],
  }
  const next = (change: Partial<Rates>): Rates => ({ ...rates, ...change })
  test.each<[string, Rates | undefined, Rates | undefined, string[]]>([
    ['a later day', rates, next({ asOf: now + 1 }), []],
    [
      'one dollar is less',
      rates,
      next({ perBase: { ...rates.perBase, USD: '3' } }),
      ['rates USD in EUR', 'rates USD in GBP'],
    ],
    ['one dollar is more', rates, next({ perBase: { ...rates.perBase, USD: '1' } }), ['rates USD in GBP']],
    ['used for longer', rates, next({ validHours: 25 }), ['rates valid_hours']],
    ['none any more', next({ perBase: { GBP: '1' } }), undefined, ['rates EUR in GBP']],
    ['none before', undefined, next({ perBase: {} }), []],
  ])('%s', (_name, base, is, expected) => expect(ratesLoosened(policy, base, is)).toEqual(expected))
  test('are nothing to a policy that converts nothing', () =>
    expect(ratesLoosened({ rules: [], limits: [] }, undefined, rates)).toEqual([]))
  test('that a policy needs and there are not are told', () => {
    expect(unratedIn(policy, rates)).toEqual([])
    expect(unratedIn(policy, undefined)).toEqual(['EUR', 'GBP'])
    expect(unratedIn(policy, next({ perBase: {} }))).toEqual(['GBP'])
  })
})
