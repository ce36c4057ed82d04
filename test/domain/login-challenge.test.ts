// When a sign-in goes to a challenge of the engine's own, and what passing one changes: nothing but that the engine's wish is met.
import { expect, test } from 'vitest'
import { delegated, withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import { type LoginRisk, type LoginTransaction, nextStep } from '../../src/domain/login.ts'
import type { RiskSettings } from '../../src/domain/risk.ts'
import { riskLoosened } from '../../src/domain/risk-changes.ts'

const risk: LoginRisk = {
  ...{ id: 'r', action: 'step-up', reason: 'risk.engine' },
  needs: { acr: withDeviceAndPin, ours: false },
  challenge: { provider: 'engine', kinds: ['code', 'questions'] },
}

const login = {
  ...{ institution: 'alder', uid: 'u', subject: 's', connection: 'c', asksRisk: true, risk },
  ...{ amr: ['fed'], hasPin: false, consent: 'not-needed', outcome: 'open', upstreamSpent: true },
} as unknown as LoginTransaction

const challenge = { step: 'challenge', kind: 'code' }
const finish = (acr: string) => ({ step: 'finish', acr })
const refuse = (code: string) => ({ step: 'refuse', code })
const paying = (change: object) => ({
  ...{ transaction: {}, decision: { id: 'd', outcome: { kind: 'step-up', ...change }, reason: 'r' } },
})
const device = { device: 'd', amr: ['fed', 'pop'] }
const cleared = { risk: { ...risk, cleared: true } }

test.each<[string, object, object]>([
  ['nothing reaches the level', {}, challenge],
  ['the level was there already', { amr: ['fed', 'pop', 'pin'], device: 'd' }, finish(withDeviceAndPin)],
  ['a PIN does', { ...device, hasPin: true }, { step: 'step-up', acr: withDeviceAndPin }],
  ['a phone does', { hasApprover: true }, { step: 'approve', acr: withDeviceAndPin }],
  [
    'the IdP may',
    { upstreamSpent: false, upstreamGives: withDeviceAndPin },
    { step: 'raise', acr: withDeviceAndPin },
  ],
  [
    'the IdP would, of a session that was there before',
    {
      upstreamSpent: false,
      upstreamGives: withDeviceAndPin,
      risk: { ...risk, needs: { acr: withDeviceAndPin, ours: true } },
    },
    challenge,
  ],
  ['a device without a PIN does not', device, challenge],
  [
    'the next kind',
    { risk: { ...risk, challenge: { provider: 'engine', kinds: ['questions'] } } },
    { ...challenge, kind: 'questions' },
  ],
  [
    'no kind is left',
    { risk: { ...risk, challenge: { provider: 'engine', kinds: [] } } },
    refuse('upstream.too_weak'),
  ],
  ['the engine runs none', { risk: { ...risk, challenge: undefined } }, refuse('upstream.too_weak')],
  ['passed', cleared, finish(delegated)],
  ['passed with a device', { ...cleared, ...device }, finish(withDevice)],
  ['passed, and not agreed yet', { ...cleared, consent: 'needed' }, { step: 'consent' }],
  ['the app needs the level', { neededAcr: withDeviceAndPin }, refuse('upstream.too_weak')],
  [
    'the app needs it, and it was passed',
    { ...cleared, neededAcr: withDeviceAndPin },
    refuse('upstream.too_weak'),
  ],
  ['the app needs less, which is there', { ...device, neededAcr: withDevice }, challenge],
  [
    'a payment needs a factor that there is not',
    { ...paying({ acr: withDeviceAndPin }), neededAcr: withDeviceAndPin, approvalAcr: withDeviceAndPin },
    refuse('upstream.too_weak'),
  ],
  [
    'a payment needs a text message first',
    {
      ...device,
      ...paying({ acr: withDevice, by: ['sms'] }),
      neededAcr: withDevice,
      approvalAcr: withDevice,
      hasNumber: true,
    },
    { step: 'code', acr: withDeviceAndPin },
  ],
  [
    'which it has had',
    {
      ...{
        ...device,
        ...paying({ acr: withDevice, by: ['sms'] }),
        neededAcr: withDevice,
        approvalAcr: withDevice,
      },
      ...{ hasNumber: true, amr: ['fed', 'pop', 'sms'] },
    },
    challenge,
  ],
  ['it ended the sign-in', { risk: { ...risk, ends: 'challenge.failed' } }, refuse('challenge.failed')],
  ['the engine stops it', { risk: { ...risk, action: 'deny' } }, refuse('risk.denied')],
])('%s', (_what, change, step) => expect(nextStep({ ...login, ...change } as LoginTransaction)).toEqual(step))

test('a challenge that a file allows, or another order of them, is told as loosening', () => {
  const settings = (challenge?: readonly string[]): RiskSettings =>
    ({
      providers: [{ id: 'a', type: 'x', settings: {}, ...(challenge && { challenge }) }],
      events: {},
      budgetMs: 1,
      stepUp: withDeviceAndPin,
    }) as unknown as RiskSettings
  expect(riskLoosened(settings(), settings(['code']))).toEqual(['provider a'])
  expect(riskLoosened(settings(['code', 'questions']), settings(['questions', 'code']))).toEqual([
    'provider a',
  ])
  expect(riskLoosened(settings(['code']), settings(['code']))).toEqual([])
})
