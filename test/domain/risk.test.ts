// One verdict out of many answers: which action holds, what a failure does, and what it leads to.
import { describe, expect, test } from 'vitest'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import { decide, type Policy, type PolicyInputs } from '../../src/domain/policy.ts'
import { type PolicyFacts, unasked } from '../../src/domain/policy-facts.ts'
import {
  type AskedProvider,
  type Combining,
  type RiskAction,
  type RiskAnswer,
  type RiskEventPolicy,
  riskActions,
  ruledScore,
  soleDemand,
  summaryOf,
  verdictOf,
  voiceOfVerdict,
} from '../../src/domain/risk.ts'
import { sharedWith } from '../../src/domain/risk-event.ts'

const asked = (provider: string, change: Partial<AskedProvider> = {}): AskedProvider => ({
  ...{ provider, weight: 1, optional: false },
  ...change,
})

const policy = (change: Partial<RiskEventPolicy> = {}): RiskEventPolicy => ({
  ...{ ask: [asked('a'), asked('b')], combine: 'strictest', onFailure: 'step-up', bands: {} },
  ...change,
})

const said = (provider: string, action: RiskAction, score?: number): RiskAnswer => ({
  ...{ provider, ms: 1 },
  assessment: { event: 'e', action, score, reasons: [] },
})

const failed = (provider: string): RiskAnswer => ({ provider, ms: 800, failure: 'timeout' })

const verdict = (change: Partial<RiskEventPolicy>, ...answers: readonly RiskAnswer[]) => {
  const { action, reason, score } = verdictOf(policy(change), { id: 'e', kind: 'payment', answers })
  return [action, reason, score]
}

describe('the strictest', () => {
  test.each<[string, readonly RiskAnswer[], readonly unknown[]]>([
    ['both allow', [said('a', 'allow', 10), said('b', 'allow', 30)], ['allow', 'risk.allowed', 30]],
    ['one reviews', [said('a', 'allow'), said('b', 'review')], ['review', 'risk.b', undefined]],
    [
      'step-up over review',
      [said('a', 'step-up', 600), said('b', 'review', 700)],
      ['step-up', 'risk.a', 700],
    ],
    ['deny over hold', [said('a', 'hold'), said('b', 'deny')], ['deny', 'risk.b', undefined]],
    ['locked over deny', [said('a', 'deny'), said('b', 'locked')], ['locked', 'risk.b', undefined]],
    ['of equals the first', [said('a', 'deny'), said('b', 'deny')], ['deny', 'risk.a', undefined]],
    ['a failure raises', [said('a', 'allow', 5), failed('b')], ['step-up', 'risk.unanswered', 5]],
    ['a failure lowers nothing', [said('a', 'deny'), failed('b')], ['deny', 'risk.a', undefined]],
    ['none at all', [], ['step-up', 'risk.unanswered', undefined]],
    ['one that nobody asked', [said('c', 'deny'), failed('a')], ['step-up', 'risk.unanswered', undefined]],
  ])('%s', (_what, answers, expected) => expect(verdict({}, ...answers)).toEqual(expected))
})

test('a failure of an optional one counts only where nobody answered', () => {
  const ask = [asked('a'), asked('b', { optional: true })]
  expect(verdict({ ask }, said('a', 'allow'), failed('b'))).toEqual(['allow', 'risk.allowed', undefined])
  expect(verdict({ ask }, failed('a'), said('b', 'allow'))).toEqual(['step-up', 'risk.unanswered', undefined])
  expect(verdict({ ask: [asked('b', { optional: true })] }, failed('b'))[0]).toBe('step-up')
})

test('rules see the worst score where one that had to answer did not, whatever the others gave', () => {
  const seen = (change: Partial<RiskEventPolicy>, ...answers: readonly RiskAnswer[]) =>
    ruledScore(verdictOf(policy(change), { id: 'e', kind: 'payment', answers }))
  expect(seen({}, said('a', 'allow', 10), said('b', 'allow', 20))).toBe(20)
  expect(seen({ onFailure: 'allow' }, said('a', 'allow', 10), failed('b'))).toBe(1000)
  expect(seen({}, said('a', 'step-up', 150), failed('b'))).toBe(1000)
  expect(seen({}, said('a', 'allow'), said('b', 'allow'))).toBe(1000)
  const ask = [asked('a'), asked('b', { optional: true })]
  expect(seen({ ask }, said('a', 'allow', 10), failed('b'))).toBe(10)
  expect(seen({ combine: 'first' }, said('a', 'allow', 10), failed('b'))).toBe(10)
})

test('that failing is allowed is said all the same', () => {
  const answers = [said('a', 'allow', 5), failed('b')]
  expect(verdict({ onFailure: 'allow' }, ...answers)).toEqual(['allow', 'risk.unanswered', 5])
  expect(verdict({ onFailure: 'allow' }, failed('a'), failed('b'))).toEqual([
    ...['allow', 'risk.unanswered', undefined],
  ])
})

describe('weighted', () => {
  const weighted = {
    combine: 'weighted' as Combining,
    ask: [asked('a', { weight: 3 }), asked('b', { weight: 1 })],
    bands: { review: 200, 'step-up': 400, deny: 900 },
  }
  test.each<[readonly RiskAnswer[], readonly unknown[]]>([
    [
      [said('a', 'allow', 100), said('b', 'step-up', 300)],
      ['allow', 'risk.allowed', 150],
    ],
    [
      [said('a', 'allow', 200), said('b', 'allow', 200)],
      ['review', 'risk.weighted', 200],
    ],
    [
      [said('a', 'allow', 400), said('b', 'allow', 400)],
      ['step-up', 'risk.weighted', 400],
    ],
    // Without a score its action has one: step-up 600.
    [
      [said('a', 'step-up'), said('b', 'allow', 0)],
      ['step-up', 'risk.weighted', 450],
    ],
    [
      [said('a', 'allow', 0), said('b', 'deny', 10)],
      ['deny', 'risk.b', 3],
    ],
    [
      [said('a', 'allow', 0), failed('b')],
      ['step-up', 'risk.unanswered', 0],
    ],
    [
      [failed('a'), failed('b')],
      ['step-up', 'risk.unanswered', undefined],
    ],
  ])('%#', (answers, expected) => expect(verdict(weighted, ...answers)).toEqual(expected))
})

test('the first that answered decides, in the order of the policy and not of time', () => {
  const first = { combine: 'first' as Combining }
  expect(verdict(first, said('b', 'deny'), said('a', 'allow', 1))).toEqual(['allow', 'risk.allowed', 1])
  expect(verdict(first, said('b', 'deny'), said('a', 'review', 1))).toEqual(['review', 'risk.a', 1])
  expect(verdict(first, failed('a'), said('b', 'deny'))).toEqual(['deny', 'risk.b', undefined])
  expect(verdict(first, failed('a'), failed('b'))).toEqual(['step-up', 'risk.unanswered', undefined])
})

test('what each action leads to', () => {
  const kinds = riskActions.map(
    (action) => voiceOfVerdict({ action, reason: 'r' }, withDeviceAndPin)?.outcome.kind,
  )
  expect(kinds).toEqual([undefined, undefined, 'step-up', 'step-up', 'review', 'deny', 'deny'])
})

const facts = (risk: PolicyFacts['risk'] = unasked): PolicyFacts => ({
  transaction: {
    ...{ type: 'payment_initiation', kind: 'payment', hasAmount: true, amount: 100n, currency: 'EUR' },
    ...{ debtorAccount: '', creditorAccount: '', creditorName: '' },
  },
  ...{ subject: { id: 's' }, app: { id: 'a' }, device: { present: true } },
  session: { level: 1n, ageSeconds: 1n },
  history: { knownPayee: true, countDay: 0n, sumDay: 0n },
  ...{ risk, time: { hour: 1n, weekday: 1n } },
})

const inputs = (action: RiskAction, score = 0): PolicyInputs => {
  const all = verdictOf(policy({ ask: [asked('a')] }), {
    ...{ id: 'e', kind: 'payment', answers: [said('a', action, score)] },
  })
  const voice = voiceOfVerdict(all, withDeviceAndPin)
  return {
    facts: facts({ asked: true, score: BigInt(score), action }),
    ...{ measures: {}, own: [], risk: { said: summaryOf(all), voice } },
  }
}

describe('beside rules', () => {
  const rules = (when: string, kind: 'deny' | 'review'): Policy => ({
    rules: [{ id: 'r', when, outcome: { kind } }],
    limits: [],
  })
  test('the strongest holds, whoever says it', () => {
    expect(decide(rules('true', 'review'), inputs('deny'))).toMatchObject({ reason: 'risk.a' })
    expect(decide(rules('true', 'deny'), inputs('hold'))).toMatchObject({ reason: 'rule.r' })
    expect(decide(rules('false', 'deny'), inputs('step-up'))).toEqual({
      outcome: { kind: 'step-up', acr: withDeviceAndPin },
      reason: 'risk.a',
    })
  })
  test('a verdict lowers only what a rule makes depend on it', () => {
    const lenient = rules('risk.score > 300', 'review')
    expect(decide(lenient, inputs('allow', 10)).outcome.kind).toBe('allow')
    expect(decide(lenient, inputs('allow', 301)).outcome.kind).toBe('review')
    expect(decide(rules('true', 'review'), inputs('allow', 0)).outcome.kind).toBe('review')
  })
  test('silence is no good sign: who was not asked has the worst score', () => {
    const quiet = { facts: facts(), measures: {}, own: [] }
    expect(decide(rules('risk.score > 300', 'review'), quiet).outcome.kind).toBe('review')
    expect(decide(rules('risk.asked && risk.score > 300', 'review'), quiet).outcome.kind).toBe('allow')
  })
  test('what was decided before there were risk providers is decided again as it was', () => {
    const { risk: _, ...before } = facts()
    const kept = { facts: before as PolicyFacts, measures: {}, own: [] }
    expect(decide(rules('transaction.amount > 50', 'deny'), kept)).toMatchObject({ reason: 'rule.r' })
    expect(decide(rules('risk.asked', 'deny'), kept).outcome.kind).toBe('allow')
  })
})

test('a provider sees what is listed and cannot change it for the next (attacks 171 and 172)', () => {
  const event = {
    ...{ id: 'e', kind: 'sign-in' as const, institution: 'alder', at: 1 },
    facts: { 'subject.id': 's', 'network.address': '198.51.100.7', 'client.userAgent': undefined },
  }
  const shared = sharedWith(event, ['subject.id', 'client.userAgent', 'device.id'])
  expect(shared.facts).toEqual({ 'subject.id': 's' })
  expect(() => Object.assign(shared.facts, { 'subject.id': 'other' })).toThrow(TypeError)
  expect(() => Object.assign(shared, { id: 'other' })).toThrow(TypeError)
})

describe('the provider that alone wants the step-up', () => {
  const sole = (change: Partial<RiskEventPolicy>, ...answers: readonly RiskAnswer[]) => {
    const rules = policy(change)
    return soleDemand(rules, verdictOf(rules, { id: 'e', kind: 'sign-in', answers }))
  }
  test.each<[string, Partial<RiskEventPolicy>, readonly RiskAnswer[], string | undefined]>([
    ['the other allows', {}, [said('a', 'step-up'), said('b', 'allow')], 'a'],
    ['the other reviews', {}, [said('a', 'review'), said('b', 'step-up')], 'b'],
    ['both want it', {}, [said('a', 'step-up'), said('b', 'step-up')], undefined],
    ['the other wants a factor', {}, [said('a', 'step-up'), said('b', 'enrol')], undefined],
    ['the other failed', {}, [said('a', 'step-up'), failed('b')], undefined],
    ['it failed, and may', { onFailure: 'allow' }, [said('a', 'step-up'), failed('b')], 'a'],
    ['the other stops it', {}, [said('a', 'step-up'), said('b', 'deny')], undefined],
    ['nobody wants it', {}, [said('a', 'allow'), said('b', 'allow')], undefined],
    ['it was asked first', { combine: 'first' }, [said('a', 'step-up'), said('b', 'deny')], 'a'],
    [
      'all scores decide',
      { combine: 'weighted', bands: { 'step-up': 100 } },
      [said('a', 'step-up', 900), said('b', 'allow', 0)],
      undefined,
    ],
  ])('%s', (_what, change, answers, provider) => expect(sole(change, ...answers)).toBe(provider))
})
