// The policy in the file of an institution: what it becomes, and what is said of one that is wrong.
import { describe, expect, test } from 'vitest'
import { institutionRules, institutionSet } from '../../src/cli/institution-set.ts'
import { ConfigFault } from '../../src/config/faults.ts'
import { parseInstitution } from '../../src/config/institution-reader.ts'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import { defaultPolicy } from '../../src/domain/policy-default.ts'

const read = (policy: string, more = '') =>
  institutionSet(
    parseInstitution(
      `institution:\n  id: oak\n  name: Oak\n  policy: ${policy}\n${more}`,
      '.',
      institutionRules,
    ),
    { coreMs: 1 },
  ).institution

function faultsOf(policy: string): string {
  try {
    read(policy)
  } catch (error) {
    if (error instanceof ConfigFault) return error.message
    throw error
  }
  return ''
}

describe('a policy', () => {
  test('becomes that of the row', () => {
    const { policy } = read(
      '{ rules: [{ id: a, when: "device.present", outcome: deny, reason: why.so }], limits: [{ id: b, over: { EUR: "1.00" }, per: week, acr: device }] }',
    )
    expect(policy).toEqual({
      rules: [{ id: 'a', when: 'device.present', outcome: { kind: 'deny' }, reason: 'why.so' }],
      limits: [
        {
          ...{ id: 'b', types: [], from: [], to: [] },
          threshold: { kind: 'amount', per: 'week', over: { EUR: '1.00' } },
          outcome: { kind: 'step-up', acr: withDevice },
        },
      ],
    })
  })
  test('without rules keeps those of the default; without a word there is none', () => {
    expect(read('{ limits: [] }').policy).toEqual(defaultPolicy)
    const none = parseInstitution('institution: { id: oak, name: Oak }', '.', institutionRules)
    expect(institutionSet(none, { coreMs: 1 }).institution.policy).toBeUndefined()
  })
  test('asks for the PIN unless told', () => {
    const { policy } = read('{ limits: [{ id: b, first_payment: true }] }')
    expect(policy?.limits[0]?.outcome).toEqual({ kind: 'step-up', acr: withDeviceAndPin })
  })

  test.each([
    [
      'a condition with a name that there is not',
      '{ rules: [{ id: a, when: "transaction.sum > 1" }] }',
      /rules\[0\]\.when.*No such key: sum/,
    ],
    ['a condition with a loop', '{ rules: [{ id: a, when: "[1].all(x, x > 0)" }] }', /"all" cannot be used/],
    [
      'an outcome that there is not',
      '{ rules: [{ id: a, when: "true", outcome: maybe }] }',
      /rules\[0\]\.outcome/,
    ],
    [
      'a level for what is no step-up',
      '{ rules: [{ id: a, when: "true", outcome: deny, acr: device }] }',
      /only a step-up has a level/,
    ],
    [
      'two rules of one name',
      '{ rules: [{ id: a, when: "true" }, { id: a, when: "true" }] }',
      /two rules have the same id/,
    ],
    [
      'two limits of one name',
      '{ limits: [{ id: a, first_payment: true }, { id: a, first_payment: true }] }',
      /two limits have the same id/,
    ],
    ['the name of the built-in limit', '{ limits: [{ id: step_up_over, first_payment: true }] }', /taken by/],
    ['an amount as a number', '{ limits: [{ id: a, over: { EUR: 500.10 } }] }', /write amounts in quotes/],
    ['an amount with too many digits', '{ limits: [{ id: a, over: { JPY: "1.5" } }] }', /no amount of JPY/],
    ['no currency', '{ limits: [{ id: a, over: {} }] }', /one currency at least/],
    ['two measures', '{ limits: [{ id: a, over: { EUR: "1.00" }, first_payment: true }] }', /has one of/],
    ['nothing that it measures', '{ limits: [{ id: a }] }', /say over, more_than or first_payment/],
    ['a count without a time', '{ limits: [{ id: a, more_than: 3 }] }', /go together/],
    [
      'a time without a sum',
      '{ limits: [{ id: a, per: day, first_payment: true }] }',
      /only an amount is summed/,
    ],
    ['an account that is none', '{ limits: [{ id: a, to: ["123"] }] }', /an IBAN without spaces/],
    [
      'a member that there is not',
      '{ limits: [{ id: a, first_payment: true, outcomes: deny }] }',
      /outcomes/,
    ],
  ])('with %s is refused, with its place', (_name, policy, message) => {
    expect(faultsOf(policy)).toMatch(message)
  })
})

describe('rates', () => {
  const good = 'rates: { base: EUR, as_of: 2026-11-26T15:00:00Z, per_base: { USD: "1.0840" } }'
  const bank = (...lines: string[]) =>
    institutionSet(
      parseInstitution(
        ['institution:', '  id: oak', '  name: Oak', ...lines.map((line) => `  ${line}`)].join('\n'),
        '.',
        institutionRules,
      ),
      { coreMs: 1 },
    ).institution
  test('become those of the row, and are used for five days unless told', () => {
    expect(bank(good).rates).toEqual({
      ...{ base: 'EUR', asOf: Date.UTC(2026, 10, 26, 15), validHours: 120, perBase: { USD: '1.0840' } },
    })
    expect(bank(good.replace('T15:00:00Z', '')).rates?.asOf).toBe(Date.UTC(2026, 10, 26))
    expect(bank('step_up_over: {}').rates).toBeUndefined()
  })
  test('are of all that banks keep accounts in, gold and units of account too', () => {
    const codes = 'USD GBP JPY CHF SEK KWD XDR XAU CLF UYW CHE'.split(' ')
    const per = codes.map((code) => `${code}: "1"`).join(', ')
    expect(Object.keys(bank(good.replace('USD: "1.0840"', per)).rates?.perBase ?? {})).toEqual(codes)
  })
  test('let a limit convert, which need not name the currencies of step_up_over then', () => {
    const { policy, stepUpOverIn } = bank(
      ...['step_up_over: { EUR: "5.00", GBP: "4.00" }', 'step_up_over_in: EUR', good],
      'policy: { limits: [{ id: a, over: { EUR: "1.00" }, in: EUR, per: day }] }',
    )
    expect(stepUpOverIn).toBe('EUR')
    expect(policy?.limits[0]?.threshold).toEqual({
      ...{ kind: 'amount', per: 'day', over: { EUR: '1.00' }, in: 'EUR' },
    })
  })
  const limit = (change: string) => `policy: { limits: [{ id: a, ${change} }] }`
  const rule = (when: string) => `policy: { rules: [{ id: a, when: '${when}' }] }`
  test.each<[string, string[], RegExp]>([
    ['a rate as a number', [good.replace('"1.0840"', '1.0840')], /per_base\.USD.*write rates in quotes/],
    ['no rate', [good.replace('1.0840', '0.00')], /"0\.00" is no rate/],
    ['no currency', [good.replace('USD', 'usd')], /a currency of ISO 4217/],
    ['a currency that there is not', [good.replace('USD', 'QQQ')], /per_base\.QQQ.*a currency of ISO 4217/],
    ['a base that there is not', [good.replace('EUR', 'QQQ')], /rates\.base.*a currency of ISO 4217/],
    ['the code for no currency', [good.replace('USD', 'XXX')], /per_base\.XXX.*a currency of ISO 4217/],
    ['an amount of none', ['step_up_over: { QQQ: "5.00" }'], /step_up_over\.QQQ.*a currency of ISO 4217/],
    ['the base itself', [good.replace('USD', 'EUR')], /one of the base is one of the base/],
    ['no day', [good.replace('2026-11-26T15:00:00Z', 'today')], /as_of.*a date or a time/],
    ['a day that there is not', [good.replace('2026-11-26T15', '2026-02-30T15')], /as_of.*a date or a time/],
    [
      'a day that there is not',
      [good.replace('2026-11-26T15:00:00Z', '2026-13-26')],
      /as_of.*a date or a time/,
    ],
    [
      'an amount of another currency',
      [good, limit('over: { USD: "1.00" }, in: EUR')],
      /over has no amount of EUR/,
    ],
    ['no amount to convert to', [good, limit('first_payment: true, in: EUR')], /over has no amount of EUR/],
    ['no rates', [limit('over: { EUR: "1.00" }, in: EUR')], /limits\[0\]\.in.*no EUR to convert to/],
    ['no such rate', [good, limit('over: { CHF: "1.00" }, in: CHF')], /no CHF to convert to/],
    [
      'a condition without its rate',
      [good, rule('transaction.amountIn("CHF") > 1')],
      /rules\[0\]\.when.*no CHF/,
    ],
    [
      'no amount for step_up_over_in',
      [good, 'step_up_over: { USD: "1.00" }', 'step_up_over_in: EUR'],
      /step_up_over_in.*no amount of EUR/,
    ],
    [
      'no rate for step_up_over_in',
      ['step_up_over: { EUR: "1.00" }', 'step_up_over_in: EUR'],
      /step_up_over_in.*no EUR/,
    ],
  ])('with %s are refused, with their place', (_name, lines, message) =>
    expect(() => bank(...lines)).toThrow(message),
  )
})

describe('retention', () => {
  const bank = (entry: string) =>
    institutionSet(parseInstitution(`institution: { id: oak, name: Oak${entry} }`, '.', institutionRules), {
      coreMs: 1,
    }).institution.retention
  test('is for ever unless told', () => {
    expect(bank('')).toBeUndefined()
    expect(bank(', retention: { risk_days: never }')).toBeUndefined()
    expect(bank(', retention: { risk_days: 400, evidence_days: 3650 }')).toEqual({
      risk: 400,
      evidence: 3650,
    })
  })
  test.each(['99', '0', '36501', 'soon', '100.5'])('is never %s', (days) =>
    expect(() => bank(`, retention: { transactions_days: ${days} }`)).toThrow(/days from 100 to 36500/),
  )
})
