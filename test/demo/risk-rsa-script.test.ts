// The demo's AA-compatible engine does what its script and the dial say: verdicts, delays, faults, mixed-up and hostile answers.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createRiskDial, type RiskDialState } from '../../src/demo/risk-dial.ts'
import { hostileAnswers } from '../../src/demo/risk-rsa-hostile.ts'
import {
  checkAnswer,
  event,
  type RsaPeer,
  type RsaRig,
  rsaPeer,
  type Said,
  startRsa,
} from './risk-rsa-rig.ts'

const dial = createRiskDial()
let rig: RsaRig
let peer: RsaPeer

beforeAll(async () => {
  rig = await startRsa({ dial, users: [{ name: 'alice' }, { name: 'bob' }] })
  peer = await rsaPeer('site-to-user', rig.url)
})
afterEach(() => {
  rig.simulator.unscript()
  dial.set({ level: 'low', fault: 'none' })
})
afterAll(() => rig.stop())

const ask = (user = 'alice', eventType = 'SESSION_SIGNIN') => peer.call('analyze', { user }, event(eventType))
const action = (said: Said) => said('riskResult.triggeredRule.actionCode')
const requiredCredentials = 'requiredCredentialList.requiredCredential'

describe('verdicts', () => {
  test.each([
    ['low', 'ALLOW', '0-100'],
    ['raised', 'CHALLENGE', '600-700'],
    ['high', 'DELAY_AND_REVIEW', '800-900'],
    ['block', 'DENY', '900-1000'],
  ] as const)('the dial at %s is %s', async (level, due, band) => {
    dial.set({ level })
    const said = await ask()
    expect([action(said), said('riskResult.riskScoreBand')]).toEqual([due, band])
    expect(said(`${requiredCredentials}.0.genericCredentialType`)).toBe(
      level === 'raised' ? 'OTP' : undefined,
    )
  })

  test('a script is for a customer, an event, an operation, and as often as it says; the newest wins', async () => {
    const { script } = rig.simulator
    script({ verdict: { action: 'REVIEW', score: 300 } })
    script({ for: { user: 'bob' }, verdict: { action: 'DENY' } })
    script({ for: { user: 'bob', event: 'PAYMENT' }, times: 1, verdict: { action: 'LOCKED' } })
    script({ for: { operation: 'createUser' }, verdict: { action: 'BLOCK' } })
    const said = await ask('bob', 'PAYMENT')
    expect([action(said), said('riskResult.riskScore')]).toEqual(['LOCKED', 300])
    expect(action(await ask('bob', 'PAYMENT'))).toBe('DENY')
    expect(action(await ask('alice'))).toBe('REVIEW')
    expect(action(await peer.call('createUser', { user: 'eve' }, { runRiskType: 'ALL' }))).toBe('BLOCK')
  })

  test('a rule by its name, and a status that is not 200', async () => {
    rig.simulator.script({ times: 1, verdict: { rule: { id: 'rule-5', name: 'A & B' } } })
    expect((await ask())('riskResult.triggeredRule.ruleName')).toBe('A & B')
    rig.simulator.script({ status: { code: 300, reason: 1006, description: 'not now' } })
    const said = await ask()
    expect([said('statusHeader.statusCode'), said('riskResult')]).toEqual([300, undefined])
  })
})

const raw = (patienceMs = 5000) =>
  fetch(rig.url, {
    method: 'POST',
    headers: { 'content-type': 'text/xml', soapaction: 'rsa:analyze:Analyze' },
    body: String(peer.client.lastRequest),
    signal: AbortSignal.timeout(patienceMs),
  })

describe('trouble', () => {
  beforeAll(async () => void (await ask()))

  test('latency', async () => {
    rig.simulator.script({ latencyMs: 60 })
    const began = performance.now()
    await raw()
    expect(performance.now() - began).toBeGreaterThan(55)
  })

  test('a hang is for ever, and changes nothing', async () => {
    const before = rig.simulator.calls.length
    rig.simulator.script({ trouble: 'hang' })
    await expect(raw(150)).rejects.toThrow('timeout')
    expect(rig.simulator.calls).toHaveLength(before)
  })

  test('a connection that is reset', async () => {
    rig.simulator.script({ trouble: 'reset' })
    await expect(raw()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
  })

  test.each([
    ['soap-fault', 500, '<ws:code>INTERNAL_ERROR</ws:code>'],
    ['http-500', 500, '<h1>Internal Server Error</h1>'],
    ['garbage', 200, 'actionCode=ALLOW'],
    ['empty', 200, ''],
    ['truncated', 200, '<soapenv:Body><ws:analyzeResponse>'],
  ] as const)('%s', async (trouble, status, words) => {
    rig.simulator.script({ trouble })
    const answer = await raw()
    const text = await answer.text()
    expect(answer.status).toBe(status)
    expect(text).toContain(words)
    expect(() => checkAnswer('site-to-user', text)).toThrow()
  })

  test.each([
    ['error', /INTERNAL_ERROR/],
    ['garbage', /actionCode=ALLOW/],
  ] as const satisfies readonly (readonly [RiskDialState['fault'], RegExp])[])(
    'the dial at %s',
    async (fault, words) => {
      dial.set({ fault })
      expect(await (await raw()).text()).toMatch(words)
    },
  )

  test('the dial at hang and at slow', async () => {
    dial.set({ fault: 'hang' })
    await expect(raw(150)).rejects.toThrow('timeout')
    dial.set({ fault: 'slow' })
    await expect(raw(150)).rejects.toThrow('timeout')
  })
})

describe('lies', () => {
  test('answers of something else', async () => {
    rig.simulator.script({ times: 1, mix: 'request-id' })
    const second = await ask()
    expect(second('messageHeader.requestId')).toMatch(/^not-/)
    rig.simulator.script({ times: 1, mix: 'transaction' })
    const third = await ask()
    expect(third('identificationData.userName')).toBe('alice')
    expect(third.ids.transactionId).toBe('aa-tx-of-another')
    rig.simulator.script({ times: 1, mix: 'user' })
    expect((await ask())('identificationData.userName')).toBe('another-customer')
    await ask('bob')
    rig.simulator.script({ times: 1, mix: 'earlier' })
    const fourth = await ask('alice')
    expect(fourth('identificationData.userName')).toBe('bob')
    rig.simulator.script({ times: 1, mix: 'order' })
    await expect(ask()).rejects.toThrow('schema')
  })

  test.each(hostileAnswers)(
    '%s: says ALLOW though the engine says DENY, and is refused by whoever is strict',
    async (hostile) => {
      await ask()
      rig.simulator.script({ verdict: { action: 'DENY', score: 980 }, hostile })
      const text = await (await raw()).text()
      expect(text).toContain('ALLOW')
      expect(text.length > 1_000_000).toBe(hostile === 'huge')
      // Its size is all that is wrong with it.
      if (hostile === 'huge') return
      // What hides in the header is no part of the schema: there the Body is the truth.
      if (hostile === 'wrapped-in-header') {
        checkAnswer('site-to-user', text)
        expect(text).toContain('DENY')
      } else expect(() => checkAnswer('site-to-user', text)).toThrow()
    },
  )
})
