// Risk providers in the file of an institution: what they become, and what is said of a file that is wrong.
import { describe, expect, test } from 'vitest'
import { institutionRules, institutionSet } from '../../src/cli/institution-set.ts'
import { ConfigFault } from '../../src/config/faults.ts'
import { parseInstitution } from '../../src/config/institution-reader.ts'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'

const read = (risk: string) =>
  institutionSet(
    parseInstitution(`institution: { id: oak, name: Oak }\nrisk: ${risk}\n`, '.', institutionRules),
    { coreMs: 1 },
  ).institution.risk

const providers =
  'providers: [{ id: rsa, type: rsa-aa, settings: { caller_id: us } }, { id: own, type: signals }]'

test('become those of the row, with what holds unless told', () => {
  const events =
    'events: { sign-in: { ask: [rsa, { provider: own, optional: true }] }, payment: { ask: [own] } }'
  expect(read(`{ ${providers}, ${events} }`)).toEqual({
    ...{ budgetMs: 800, stepUp: withDeviceAndPin },
    providers: [
      { id: 'rsa', type: 'rsa-aa', settings: { callerId: 'us' } },
      { id: 'own', type: 'signals', settings: {} },
    ],
    events: {
      'sign-in': {
        ask: [
          { provider: 'rsa', weight: 1, optional: false },
          { provider: 'own', weight: 1, optional: true },
        ],
        ...{ combine: 'strictest', onFailure: 'step-up', bands: {} },
      },
      // What moves money is stopped where nobody can say what it is.
      payment: {
        ask: [{ provider: 'own', weight: 1, optional: false }],
        ...{ combine: 'strictest', onFailure: 'deny', bands: {} },
      },
    },
  })
})

test('everything can be told', () => {
  const event =
    '{ ask: [{ provider: own, weight: 2.5 }], combine: weighted, on_failure: allow, bands: { step-up: 400, deny: 900 } }'
  expect(
    read(`{ budget_ms: 300, step_up: device, ${providers}, events: { access: ${event} } }`),
  ).toMatchObject({
    ...{ budgetMs: 300, stepUp: withDevice },
    events: {
      access: {
        ask: [{ provider: 'own', weight: 2.5, optional: false }],
        ...{ combine: 'weighted', onFailure: 'allow', bands: { 'step-up': 400, deny: 900 } },
      },
    },
  })
})

test('without a word there are none', () => {
  const none = parseInstitution('institution: { id: oak, name: Oak }', '.', institutionRules)
  expect(institutionSet(none, { coreMs: 1 }).institution.risk).toBeUndefined()
})

test('challenges are those that the file lists, in its order; without any, a row is as it was before there were some', () => {
  const risk = read(
    '{ providers: [{ id: a, type: x, challenge: [out-of-band, code] }, { id: b, type: x }], events: {} }',
  )
  expect(risk?.providers.map(({ challenge }) => challenge)).toEqual([['out-of-band', 'code'], undefined])
  expect(Object.keys(risk?.providers[1] ?? {})).not.toContain('challenge')
})

function faultsOf(risk: string): string {
  try {
    read(risk)
  } catch (error) {
    if (error instanceof ConfigFault) return error.message
    throw error
  }
  return ''
}

describe('a file that is wrong', () => {
  const on = (event: string) => `{ ${providers}, events: { payment: ${event} } }`
  test.each([
    [
      'a kind of event that there is not',
      `{ ${providers}, events: { pay: { ask: [own] } } }`,
      /risk\.events.*pay/,
    ],
    [
      'a provider that there is not',
      on('{ ask: [owl] }'),
      /ask\[0\].*there is no provider owl; there are rsa, own/,
    ],
    ['one in shadow that is asked', on('{ ask: [own], shadow: [own] }'), /ask.*in shadow/],
    ['one in shadow that there is not', on('{ ask: [own], shadow: [owl] }'), /shadow\[0\].*no provider owl/],
    ['nobody to ask', on('{ ask: [] }'), /ask.*name one provider at least/],
    ['one asked twice', on('{ ask: [own, own] }'), /ask.*asked once/],
    ['weights without bands', on('{ ask: [own], combine: weighted }'), /bands.*least score/],
    [
      'bands that only allow',
      on('{ ask: [own], combine: weighted, bands: { allow: 0 } }'),
      /bands.*least score/,
    ],
    ['bands without weights', on('{ ask: [own], bands: { deny: 1 } }'), /bands.*only weighted/],
    [
      'bands upside down',
      on('{ ask: [own], combine: weighted, bands: { deny: 100, step-up: 400 } }'),
      /bands.*higher/,
    ],
    ['an action that there is not', on('{ ask: [own], on_failure: shrug }'), /on_failure/],
    ['a level that every sign-in reaches', `{ step_up: delegated, ${providers}, events: {} }`, /step_up/],
    [
      'two of one name',
      '{ providers: [{ id: a, type: x }, { id: a, type: y }], events: {} }',
      /providers.*same id/,
    ],
    [
      'a fact that there is not',
      '{ providers: [{ id: a, type: x, facts: [iban] }], events: {} }',
      /facts\[0\]/,
    ],
    ['a name of ours', '{ providers: [{ id: weighted, type: x }], events: {} }', /name is taken/],
    [
      'a challenge that there is not',
      '{ providers: [{ id: a, type: x, challenge: [fax] }], events: {} }',
      /challenge\[0\]/,
    ],
    [
      'a challenge twice',
      '{ providers: [{ id: a, type: x, challenge: [code, code] }], events: {} }',
      /challenge.*each kind once/,
    ],
    ['a budget of nothing', `{ budget_ms: 1, ${providers}, events: {} }`, /budget_ms/],
  ])('%s', (_what, risk, fault) => expect(faultsOf(risk)).toMatch(fault))
})
