// A test call says nothing of anybody, and what it says has the form that plugins rely on; and steps in the console change one thing.
import { describe, expect, test } from 'vitest'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import { combinedAgain, type RiskEventPolicy, type RiskSettings, verdictOf } from '../../src/domain/risk.ts'
import { changedRisk, type RiskChange, riskLoosened } from '../../src/domain/risk-changes.ts'
import { askedKinds, type RiskFact, riskFactNames, riskFacts } from '../../src/domain/risk-event.ts'
import { inventedFacts, inventedFor } from '../../src/domain/risk-trial.ts'

const types = { text: 'string', number: 'number', flag: 'boolean' } as const

test.each(askedKinds)('invented facts of %s are facts, of the right types', (kind) => {
  const facts = Object.entries(inventedFacts(kind))
  expect(facts.length).toBeGreaterThan(10)
  for (const [name, value] of facts)
    expect([name, typeof value]).toEqual([name, types[riskFacts[name as RiskFact].type]])
  expect(facts.some(([name]) => name === 'transaction.minor')).toBe(kind === 'payment')
  expect(inventedFor(kind, ['network.address', 'network.town'])).toEqual(['network.address'])
  expect(inventedFor(kind, riskFactNames).length).toBe(facts.length)
})

const asked: RiskEventPolicy = {
  ask: [{ provider: 'a', weight: 1, optional: false }],
  ...{ combine: 'strictest', onFailure: 'deny', bands: {} },
}

test('a verdict combined again is the same, or says what it would be', () => {
  const answers = [{ provider: 'a', ms: 1, failure: 'timeout' as const }]
  const kept = verdictOf(asked, { id: 'e', kind: 'payment', answers })
  expect(combinedAgain(kept, asked)).toEqual({ kind: 'same' })
  expect(combinedAgain(kept, undefined)).toEqual({ kind: 'no-policy' })
  expect(combinedAgain({ ...kept, action: 'allow' }, asked)).toEqual({ kind: 'other', verdict: kept })
})

describe('one step', () => {
  const a = { id: 'a', type: 'signals', settings: {} }
  const before: RiskSettings = {
    ...{ providers: [a], events: { payment: asked }, budgetMs: 800, stepUp: withDeviceAndPin },
  }
  const other = { ...a, id: 'b' }
  test.each<[RiskChange, Partial<RiskSettings>, readonly string[]]>([
    [{ kind: 'provider', provider: other }, { providers: [a, other] }, []],
    [
      { kind: 'provider', provider: { ...a, settings: { youngDays: 1 } } },
      { providers: [{ ...a, settings: { youngDays: 1 } }] },
      ['provider a'],
    ],
    [{ kind: 'without-provider', id: 'a' }, { providers: [] }, ['provider a']],
    [{ kind: 'event', event: 'payee', policy: asked }, { events: { payment: asked, payee: asked } }, []],
    [{ kind: 'without-event', event: 'payment' }, { events: {} }, ['payment']],
    [
      { kind: 'common', budgetMs: 500, stepUp: withDevice },
      { budgetMs: 500, stepUp: withDevice },
      ['budget', 'step-up'],
    ],
  ])('%j', (change, expected, loosened) => {
    const after = changedRisk(before, change)
    expect(after).toEqual({ ...before, ...expected })
    expect(riskLoosened(before, after)).toEqual(loosened)
  })
  test('begins where there is nothing, and ends there', () => {
    const first = changedRisk(undefined, { kind: 'provider', provider: a })
    expect(first).toEqual({ providers: [a], events: {}, budgetMs: 800, stepUp: withDeviceAndPin })
    expect(changedRisk(first, { kind: 'without-provider', id: 'a' })).toBeUndefined()
  })
})
