// Every step of a case in every state, and who may not take it.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Role, SessionKind } from '../../src/domain/administrator.ts'
import { caseNoticeText } from '../../src/domain/case-notice.ts'
import {
  afterStep,
  type CaseState,
  type CaseStep,
  caseHindrance,
  caseStates,
  caseSteps,
  shownCaseState,
} from '../../src/domain/held-case.ts'
import { type Outcome, outcomes } from '../../src/domain/outcome.ts'
import { decide, type PolicyInputs } from '../../src/domain/policy.ts'
import { unasked } from '../../src/domain/policy-facts.ts'

const now = Date.parse('2026-11-24T12:00:00Z')
const minute = 60_000

const someone = (change: { id?: string; kind?: SessionKind; roles?: readonly Role[]; age?: number } = {}) => {
  const { id = 'bob', kind = 'workforce', roles = ['fraud-analyst'], age = 0 } = change
  return { id, kind, roles, authenticatedAt: now - age * 1000 }
}
const aCase = (state: CaseState, proposedBy?: string) => ({ state, proposedBy, deadline: now + minute })

describe('where a step leads', () => {
  const table: Readonly<Record<CaseState, Readonly<Record<CaseStep, CaseState | undefined>>>> = {
    open: { propose: 'proposed', confirm: undefined, 'send-back': undefined, stop: 'stopped' },
    proposed: { propose: undefined, confirm: 'released', 'send-back': 'open', stop: 'stopped' },
    released: { propose: undefined, confirm: undefined, 'send-back': undefined, stop: undefined },
    stopped: { propose: undefined, confirm: undefined, 'send-back': undefined, stop: undefined },
    expired: { propose: undefined, confirm: undefined, 'send-back': undefined, stop: undefined },
  }
  test.each(caseStates.flatMap((state) => caseSteps.map((step) => [state, step] as const)))(
    '%s: %s',
    (state, step) => {
      expect(afterStep(step, state)).toBe(table[state][step])
      const hindered = caseHindrance(
        aCase(state, 'administrator:ann'),
        { visitor: someone(), step, why: 'w' },
        now,
      )
      expect(hindered).toBe(table[state][step] === undefined ? 'case.state' : undefined)
    },
  )
  test.each(caseSteps)('once its time is over, nothing: %s', (step) => {
    for (const state of ['open', 'proposed'] as const) {
      const late = { ...aCase(state, 'administrator:ann'), deadline: now }
      expect(shownCaseState(late, now)).toBe('expired')
      expect(caseHindrance(late, { visitor: someone(), step, why: 'w' }, now)).toBe('case.state')
    }
  })
})

describe('#249 whoever proposed does not agree', () => {
  const proposed = aCase('proposed', 'administrator:ann')
  const agreeing = (change: Parameters<typeof someone>[0], why = '') =>
    caseHindrance(proposed, { visitor: someone(change), step: 'confirm', why }, now)
  test.each<[string, Parameters<typeof someone>[0], string | undefined]>([
    ['another one', {}, undefined],
    ['the same', { id: 'ann' }, 'case.own'],
    ['the same, as owner', { id: 'ann', roles: ['owner'] }, 'case.own'],
    ['the same, signed in long ago', { id: 'ann', age: 4000 }, 'case.own'],
    ['a key from the safe, whoever holds it', { kind: 'break-glass', roles: ['owner'] }, 'console.forbidden'],
    ['the first link', { kind: 'set-up', roles: ['owner'] }, 'console.forbidden'],
    ['another one, signed in long ago', { age: 301 }, 'console.recent'],
    ['a viewer', { roles: ['viewer'] }, 'console.forbidden'],
    ['who works on connections', { roles: ['federation-admin'] }, 'console.forbidden'],
    ['a security administrator', { roles: ['security-admin'] }, undefined],
    ['an owner', { roles: ['owner'] }, undefined],
  ])('%s', (_who, change, expected) => {
    expect(agreeing(change)).toBe(expected)
  })
  test.each<[CaseStep, SessionKind, string | undefined]>([
    ['propose', 'break-glass', 'console.forbidden'],
    ['stop', 'break-glass', undefined],
    ['send-back', 'break-glass', undefined],
    ['propose', 'set-up', 'console.forbidden'],
    ['stop', 'set-up', 'console.forbidden'],
    ['send-back', 'set-up', 'console.forbidden'],
  ])('%s by %s', (step, kind, expected) => {
    const one = step === 'propose' ? aCase('open') : proposed
    const visitor = someone({ kind, roles: ['owner'] })
    expect(caseHindrance(one, { visitor, step, why: 'w' }, now)).toBe(expected)
  })
  test.each<[CaseStep, string | undefined]>([
    ['propose', 'case.reason'],
    ['send-back', 'case.reason'],
    ['stop', 'case.reason'],
    ['confirm', undefined],
  ])('%s without a reason', (step, expected) => {
    const one = step === 'propose' ? aCase('open') : proposed
    expect(caseHindrance(one, { visitor: someone(), step, why: '' }, now)).toBe(expected)
  })
})

describe('what a release sets aside', () => {
  const facts = {
    transaction: {
      ...{ type: 'payment_initiation', kind: 'payment', hasAmount: true, amount: 100n, currency: 'EUR' },
      ...{ debtorAccount: '', creditorAccount: '', creditorName: '' },
    },
    ...{ subject: { id: 's' }, app: { id: 'a' }, device: { present: true } },
    session: { level: 0n, ageSeconds: 0n },
    history: { knownPayee: false, countDay: 0n, sumDay: 0n },
    ...{ risk: unasked, time: { hour: 1n, weekday: 1n } },
  }
  const release = { case: 'c', proposedBy: 'administrator:ann', releasedBy: 'administrator:bob' }
  const decided = (all: readonly Outcome[], more: Partial<PolicyInputs> = {}) => {
    const rules = all.map((outcome, n) => ({ id: `r${n}`, when: 'true', outcome }))
    return decide({ rules, limits: [] }, { facts, measures: {}, own: [], ...more })
  }
  const pin = { kind: 'step-up', acr: withDeviceAndPin } as const
  const phone = { ...pin, by: ['approval'] } as const
  test.each<[string, readonly Outcome[], Outcome, string]>([
    ['review alone: the PIN is asked', [{ kind: 'review' }], pin, 'case.released'],
    ['nothing any more: the PIN all the same', [], pin, 'case.released'],
    ['deny stays', [{ kind: 'review' }, { kind: 'deny' }], { kind: 'deny' }, 'rule.r1'],
    ['a stronger step-up stays', [{ kind: 'review' }, phone], phone, 'rule.r1'],
    [
      'a weaker one gives way',
      [{ kind: 'review' }, { kind: 'step-up', acr: withDevice, by: ['sms'] }],
      pin,
      'case.released',
    ],
  ])('%s', (_what, all, outcome, reason) => {
    expect(decided(all, { release })).toEqual({ outcome, reason })
  })
  test('what a risk engine holds, and nothing else of it', () => {
    const said = { id: 'e', action: 'hold', reason: 'risk.own', score: 800, providers: [] } as const
    const risk = (kind: 'review' | 'deny') => ({ said, voice: { outcome: { kind }, reason: 'risk.own' } })
    expect(decided([], { release, risk: risk('review') }).outcome).toEqual(pin)
    expect(decided([], { release, risk: risk('deny') }).outcome).toEqual({ kind: 'deny' })
  })
  test('never asks less than without what was held, and never lets it pass unasked', () => {
    const any = fc.oneof(
      fc.constantFrom<Outcome>({ kind: 'allow' }, { kind: 'review' }, { kind: 'deny' }, pin, phone),
      fc.constant<Outcome>({ kind: 'step-up', acr: withDevice, by: ['sms'] }),
    )
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (all) => {
        const { outcome } = decided(all, { release })
        expect(outcome.kind).not.toBe('review')
        expect(outcomes.indexOf(outcome.kind)).toBeGreaterThanOrEqual(outcomes.indexOf('step-up'))
        if (all.some(({ kind }) => kind === 'deny')) expect(outcome.kind).toBe('deny')
        if (outcome.kind === 'step-up') expect(outcome.acr).toBe(withDeviceAndPin)
      }),
    )
  })
})

test('what the customer is told names neither amount nor account, and until when', () => {
  const sendUntil = Date.parse('2026-11-28T04:10:59Z')
  expect(caseNoticeText({ sendUntil, byApp: true }, 'Alder Bank', 'en')).toBe(
    'Alder Bank: We have looked at what we held. You can send it again in your app until 2026-11-28 04:10 UTC. Not you? Call your bank.',
  )
  // What a back end asked for cannot be sent by the customer.
  expect(caseNoticeText({ sendUntil, byApp: false }, 'Alder Bank', 'en')).toBe(
    'Alder Bank: We have looked at what we held. Whoever asked you for it can ask again until 2026-11-28 04:10 UTC. Not you? Call your bank.',
  )
  expect(caseNoticeText({ sendUntil: undefined, byApp: true }, 'Alder Bank', 'es')).toMatch(
    /no se llevará a cabo/,
  )
})
