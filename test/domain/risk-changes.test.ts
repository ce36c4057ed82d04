// What a change of an institution's risk engines may loosen.
import { describe, expect, test } from 'vitest'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { RiskEventPolicy, RiskSettings } from '../../src/domain/risk.ts'
import { riskLoosened } from '../../src/domain/risk-changes.ts'

const event: RiskEventPolicy = {
  ask: [{ provider: 'own', weight: 1, optional: false }],
  ...{ combine: 'strictest', onFailure: 'step-up', bands: {} },
}
const settings = (change: Partial<RiskSettings> = {}): RiskSettings => ({
  ...{ budgetMs: 800, stepUp: withDeviceAndPin, events: { payment: event } },
  providers: [{ id: 'own', type: 'signals', settings: {} }],
  ...change,
})

describe('what may let pass what was stopped', () => {
  test.each<[string, RiskSettings | undefined, readonly string[]]>([
    ['nothing changes', settings(), []],
    ['another provider', settings({ providers: [...settings().providers, { ...named('vendor') }] }), []],
    ['a provider changes', settings({ providers: [named('own', { youngDays: 1 })] }), ['provider own']],
    ['an event changes', settings({ events: { payment: { ...event, onFailure: 'allow' } } }), ['payment']],
    ['less time', settings({ budgetMs: 100 }), ['budget']],
    ['all goes', undefined, ['provider own', 'payment', 'budget', 'step-up']],
  ])('%s', (_what, after, loosened) => expect(riskLoosened(settings(), after, false)).toEqual(loosened))

  test('an event that is new only where a rule looks at risk, to which silence was the worst score', () => {
    const after = settings({ events: { payment: event, payee: event } })
    expect(riskLoosened(settings(), after, false)).toEqual([])
    expect(riskLoosened(settings(), after, true)).toEqual(['payee'])
    expect(riskLoosened(undefined, settings(), false)).toEqual([])
    expect(riskLoosened(undefined, settings(), true)).toEqual(['payment'])
  })
})

function named(id: string, given: RiskSettings['providers'][number]['settings'] = {}) {
  return { id, type: 'signals', settings: given }
}
