// The text of a policy: whatever the policy, it reads as the same one, in the console and in a file.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { institutionRules, institutionSet } from '../../src/cli/institution-set.ts'
import { policyText } from '../../src/compose/policy-text.ts'
import { parseInstitution } from '../../src/config/institution-reader.ts'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Limit } from '../../src/domain/limit.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Policy, Rule } from '../../src/domain/policy.ts'

const name = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,12}$/).filter((id) => id !== 'step_up_over')
const outcome = fc.constantFrom<Outcome>(
  { kind: 'allow' },
  { kind: 'step-up', acr: withDevice },
  { kind: 'step-up', acr: withDeviceAndPin },
  { kind: 'review' },
  { kind: 'deny' },
)
// Words that YAML could take for something else.
const text = fc.constantFrom(
  'x',
  'no',
  '1e3',
  "it's",
  '# not a note',
  ': ',
  '~',
  '- a',
  '{b}',
  'é\u2028ü',
  '  ',
)
const when = fc.oneof(
  text.map((word) => `transaction.creditorName == ${JSON.stringify(word)}`),
  fc.constantFrom('true', '!device.present', '"a" in ["b",\n  "c"]', 'transaction.amount > 1 // eh'),
)
const rule: fc.Arbitrary<Rule> = fc.record(
  { id: name, when, outcome, reason: fc.constantFrom('a.b', '0', 'null', 'true') },
  { requiredKeys: ['id', 'when', 'outcome'] },
)
const iban = fc.constantFrom('DE02120300000000202051', 'ES9121000418450200051332')
const accounts = fc.uniqueArray(iban, { minLength: 1 })
const threshold: fc.Arbitrary<Limit['threshold']> = fc.oneof(
  fc.record({
    kind: fc.constant('amount' as const),
    per: fc.constantFrom('payment' as const, 'day' as const, 'week' as const, 'month' as const),
    over: fc.record({ EUR: fc.constantFrom('0.10', '5', '1000000.00') }),
  }),
  fc.record({
    kind: fc.constant('count' as const),
    minutes: fc.integer({ min: 1, max: 43_200 }),
    over: fc.integer({ min: 1, max: 1000 }),
  }),
  fc.constant({ kind: 'new-payee' as const }),
  fc.constant({ kind: 'always' as const }),
)
const limit: fc.Arbitrary<Limit> = fc.record({
  ...{ id: name, from: accounts, to: fc.oneof(accounts, fc.constant([])), threshold, outcome },
  types: fc.constantFrom(['add_payee'], ['no', '0x1'], []),
})
const distinct = { selector: ({ id }: { id: string }) => id, maxLength: 4 }
const policies: fc.Arbitrary<Policy> = fc.record({
  rules: fc.uniqueArray(rule, distinct),
  limits: fc.uniqueArray(limit, distinct),
})

// Not by a pattern: to one, U+2028 ends a line, and to YAML it does not.
const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : `  ${line}`))
    .join('\n')

test('written and read again it is the same, with the ends of lines of a browser and below `policy:` of a file', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      fc.pre(policy.rules.every((one) => institutionRules.conditionFault(one.when) === undefined))
      const written = policyText.write(policy)
      expect(policyText.read(written, { stepUpOver: { EUR: '1.00' } })).toEqual({ policy })
      expect(policyText.read(written.replaceAll('\n', '\r\n'), { stepUpOver: {} })).toEqual({ policy })
      const below = `policy:\n${indented(written)}`
      expect(policyText.read(below, { stepUpOver: {} })).toEqual({ policy })
      const file = `institution:\n  id: oak\n  name: Oak\n${indented(below)}`
      const set = institutionSet(parseInstitution(file, '.', institutionRules), { coreMs: 1 })
      expect(set.institution.policy).toEqual(policy)
    }),
    { numRuns: 40 },
  )
})

test('a limit that forgets a currency of `step_up_over` is told with its line, also below `policy:`', () => {
  const said = 'limits:\n  - id: a\n    over: { EUR: "1.00" }\n'
  const message = 'limits[0].over: GBP of step_up_over is not limited by a: say an amount'
  expect(policyText.read(said, { stepUpOver: { GBP: '1.00' } })).toEqual({ faults: [{ line: 3, message }] })
  const below = `policy:\n${indented(said)}`
  expect(policyText.read(below, { stepUpOver: { GBP: '1.00' } })).toEqual({ faults: [{ line: 4, message }] })
})

test('a limit that converts comes back as it is, and one that cannot is told with its line', () => {
  const rates = { base: 'EUR', asOf: 0, validHours: 1, perBase: { USD: '1.1' } }
  const said =
    'rules: []\nlimits:\n  - id: a\n    over: { EUR: "1.00" }\n    in: EUR\n    per: day\n    outcome: deny\n'
  const read = policyText.read(said, { stepUpOver: { GBP: '1.00' }, rates })
  expect(read).toMatchObject({
    policy: { limits: [{ threshold: { kind: 'amount', per: 'day', over: { EUR: '1.00' }, in: 'EUR' } }] },
  })
  if (!('policy' in read)) throw new Error('it was not read')
  const again = policyText.read(policyText.write(read.policy), { stepUpOver: { GBP: '1.00' }, rates })
  expect(again).toEqual(read)
  const message = 'limits[0].in: rates of the institution have no EUR to convert to'
  expect(policyText.read(said, { stepUpOver: {} })).toEqual({ faults: [{ line: 5, message }] })
  const rule = 'rules:\n  - id: a\n    when: transaction.amountIn("CHF") > 1\n    outcome: deny\n'
  expect(policyText.read(rule, { stepUpOver: {}, rates })).toEqual({
    faults: [{ line: 3, message: 'rules[0].when: rates of the institution have no CHF to convert to' }],
  })
})
