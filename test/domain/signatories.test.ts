// Who must sign: what of several answers holds, what a file may say, and what is next in a sign-in, as tables.
import { describe, expect, test } from 'vitest'
import { policyText } from '../../src/compose/policy-text.ts'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import { shownState, stopOf } from '../../src/domain/customer-transaction.ts'
import { nextStep } from '../../src/domain/login.ts'
import { isAsStrong, type Outcome, strongest } from '../../src/domain/outcome.ts'
import { decide, type Policy, type PolicyInputs } from '../../src/domain/policy.ts'
import { isRole, joined, lacking, type NeededSignatories } from '../../src/domain/signatories.ts'
import { login } from '../storage/rig.ts'

const pin = (signatories?: NeededSignatories): Outcome => ({
  ...{ kind: 'step-up', acr: withDeviceAndPin },
  ...(signatories && { signatories }),
})
const device = (signatories?: NeededSignatories): Outcome => ({
  ...{ kind: 'step-up', acr: withDevice },
  ...(signatories && { signatories }),
})
const allow: Outcome = { kind: 'allow' }

describe('of several answers', () => {
  test.each<[string, Outcome[], Outcome, string]>([
    ['one with signatories before a plain one', [pin(), pin({ holder: 1 })], pin({ holder: 1 }), '1'],
    ['whichever comes first', [pin({ holder: 1 }), pin()], pin({ holder: 1 }), '0'],
    [
      'two roles are both met',
      [pin({ holder: 1 }), pin({ director: 2 })],
      pin({ director: 2, holder: 1 }),
      '0',
    ],
    ['of one role the higher count', [pin({ holder: 1 }), pin({ holder: 3 })], pin({ holder: 3 }), '0'],
    ['the higher level, with who must sign', [device({ holder: 1 }), pin()], pin({ holder: 1 }), '1'],
    [
      'the fewer ways, with who must sign',
      [pin({ holder: 1 }), { ...pin(), by: ['approval'] } as Outcome],
      { ...pin({ holder: 1 }), by: ['approval'] } as Outcome,
      '1',
    ],
    ['what stops, without', [pin({ holder: 1 }), { kind: 'review' }], { kind: 'review' }, '1'],
    ['what stops before it', [{ kind: 'deny' }, pin({ holder: 1 })], { kind: 'deny' }, '0'],
    ['who must sign, beside what passes', [allow, device({ holder: 2 })], device({ holder: 2 }), '1'],
    ['nobody where nobody was named', [device(), pin()], pin(), '1'],
  ])('%s', (_what, outcomes, expected, reason) => {
    const voices = outcomes.map((outcome, n) => ({ outcome, reason: String(n) }))
    expect(strongest(voices, { outcome: allow, reason: 'allowed' })).toEqual({ outcome: expected, reason })
    // Whatever comes out asks at least what each of them asked.
    for (const outcome of outcomes) expect(isAsStrong(expected, outcome)).toBe(true)
  })
  test('what two people released is signed all the same', () => {
    const rules = [
      { id: 'huge', when: 'true', outcome: { kind: 'review' } as Outcome },
      { id: 'signed', when: 'true', outcome: device({ holder: 1 }) },
    ]
    const facts = { transaction: { amount: 0n, currency: 'EUR' } }
    const release = { case: 'c', proposedBy: 'anna', releasedBy: 'ben' }
    const inputs = { facts, measures: {}, own: [], release } as never as PolicyInputs
    expect(decide({ rules, limits: [] }, inputs)).toEqual({
      ...{ outcome: pin({ holder: 1 }), reason: 'case.released' },
    })
  })
  test('a rule that cannot be worked out says who must sign by any rule', () => {
    const rules = [
      { id: 'broken', when: '1 / transaction.amount > 0', outcome: allow },
      { id: 'never', when: 'transaction.amount > 5', outcome: pin({ holder: 1 }) },
    ]
    const inputs = { facts: { transaction: { amount: 0n, currency: 'EUR' } }, measures: {}, own: [] }
    expect(decide({ rules, limits: [] }, inputs as never as PolicyInputs)).toEqual({
      outcome: pin({ holder: 1 }),
      reason: 'rule_failed.broken',
    })
  })
})

test.each<[string, NeededSignatories, string[], string[]]>([
  ['as many as are wanted', { holder: 2 }, ['a holder', 'b holder'], []],
  ['one who is named twice', { holder: 2 }, ['a holder', 'a holder'], ['holder']],
  ['people of another role', { holder: 1, director: 1 }, ['a director'], ['holder']],
  // What every object has is no role that anybody was given.
  ['a role that every object has', { constructor: 1 }, [], ['constructor']],
])('%s', (_what, needed, people, expected) => {
  const signatories = people.map((text) => text.split(' ') as [string, string])
  const all = signatories.map(([subject, role]) => ({ subject, role }))
  expect(lacking(needed, all)).toEqual(expected)
  expect(joined([{}, needed])).toEqual(needed)
})

test.each([
  ['joint-holder', true],
  ['a1', true],
  ['a', false],
  ['Joint', false],
  ['joint holder', false],
  ['x'.repeat(33), false],
  ['__proto__', false],
])('%s is a role: %s', (text, is) => expect(isRole(text)).toBe(is))

describe('a policy as it is written', () => {
  const read = (text: string): Policy => {
    const found = policyText.read(text, { stepUpOver: {} })
    if ('policy' in found) return found.policy
    throw new Error(found.faults.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  }
  const rule = (more: string) => `rules:\n  - id: a\n    when: "true"\n${more.replace(/^/gm, '    ')}\n`
  test('comes back as it was said', () => {
    const policy = read(rule('signatories: { joint-holder: 1, director: 2 }'))
    expect(policy.rules[0]?.outcome).toEqual(pin({ director: 2, 'joint-holder': 1 }))
    expect(read(policyText.write(policy))).toEqual(policy)
    const limits = read('limits:\n  - { id: l, first_payment: true, signatories: { holder: 1 } }\n')
    expect(limits.limits[0]?.outcome).toEqual(pin({ holder: 1 }))
    expect(read(policyText.write(limits))).toEqual(limits)
  })
  test.each([
    ['nobody', 'signatories: {}', /one role at least/],
    ['none of a role', 'signatories: { holder: 0 }', /holder/],
    ['too many of a role', 'signatories: { holder: 11 }', /holder/],
    ['a role in capitals', 'signatories: { Holder: 1 }', /lower-case/],
    ['for what passes', 'outcome: allow\nsignatories: { holder: 1 }', /only a step-up/],
    ['six roles', 'signatories: { aa: 1, bb: 1, cc: 1, dd: 1, ee: 1, ff: 1 }', /five roles/],
  ])('%s is no need: a fault with its line', (_what, more, message) => {
    expect(() => read(rule(more))).toThrow(message)
  })
})

describe('where it stands', () => {
  const one = {
    state: 'open',
    expiresAt: 10,
    decision: { outcome: pin({ holder: 1 }), reason: 'r' },
  } as const
  test.each([
    ['open', {}, 5],
    ['signing', { signingAt: 4 }, 5],
    ['lapsed', { signingAt: 4 }, 10],
    ['approved', { signingAt: 4, state: 'approved' as const }, 20],
  ])('%s', (shown, change, now) => expect(shownState({ ...one, ...change }, now)).toBe(shown))
  test('refused where too few could sign; what the policy refused says so', () => {
    expect(stopOf({ ...one, state: 'refused' })).toBe('transaction.signatories')
    expect(stopOf(one)).toBeUndefined()
    expect(stopOf({ state: 'refused', decision: { outcome: { kind: 'deny' }, reason: 'r' } })).toBe(
      'transaction.denied',
    )
  })
})

describe('what is next in a sign-in', () => {
  const base = login('u', {
    ...{ subject: 's', consent: 'given', amr: ['fed', 'pop', 'pin'], device: 'd' },
    ...{ neededAcr: withDeviceAndPin, approvalAcr: withDeviceAndPin },
    decision: { id: 't', outcome: pin({ holder: 1 }), reason: 'r' },
  })
  test.each<[string, object, string]>([
    ['the customer first', { amr: ['fed', 'pop'], hasPin: true }, 'step-up'],
    ['what they agree to', { consent: 'confirm' }, 'consent'],
    ['then the others', {}, 'sign'],
    ['then it is done', { signed: true }, 'finish'],
    ['nothing where nobody must', { decision: { id: 't', outcome: pin(), reason: 'r' } }, 'finish'],
    [
      'nothing at all where too few could',
      { decision: { ...base.decision, stopped: 'transaction.signatories' }, amr: ['fed'] },
      'refuse',
    ],
  ])('%s', (_what, change, step) => expect(nextStep({ ...base, ...change }).step).toBe(step))
})
