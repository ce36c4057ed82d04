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
