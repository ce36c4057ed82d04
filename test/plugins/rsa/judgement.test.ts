// What the engine says and what becomes of it, through a SOAP stack that is not ours.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RsaOperation } from '../../../src/xml/rsa/shapes.ts'
import { caller, type NodeSoapEngine, risk, startNodeSoapEngine } from './node-soap-engine.ts'
import { eventOf, everyFact, inTime, openRsa } from './rig.ts'

let engine: NodeSoapEngine
beforeAll(async () => {
  engine = await startNodeSoapEngine('site-to-user')
})
afterAll(() => engine.close())
beforeEach(() => {
  engine.asked.length = 0
  for (const name of Object.keys(engine.handlers)) delete engine.handlers[name as RsaOperation]
  engine.handlers.analyze = () => risk('ALLOW', 12)
})
const open = (more: Readonly<Record<string, unknown>> = {}) =>
  openRsa({ url: engine.url, callerId: caller.id, callerCredential: caller.credential, ...more })

describe('the judgement', () => {
  const actions = {
    ...{ ALLOW: 'allow', REVIEW: 'review', CHALLENGE: 'step-up', ELEVATE_SECURITY: 'step-up' },
    ...{
      REDIRECT_CHALLENGE: 'step-up',
      COLLECT: 'enrol',
      REDIRECT_COLLECT: 'enrol',
      DELAY_AND_REVIEW: 'hold',
    },
    ...{ STOP_AND_REVIEW: 'deny', DENY: 'deny', BLOCK: 'deny', LOCKED: 'locked' },
  }
  test.each(Object.entries(actions))('%s means %s', async (code, action) => {
    engine.handlers.analyze = () => ({
      deviceResult: {
        callStatus: { statusCode: 'SUCCESS' },
        deviceData: { bindingType: 'NONE', deviceTokenCookie: 'rotated-token' },
      },
      ...risk(code),
    })
    expect(await open().assess(eventOf('sign-in'), inTime())).toEqual({
      ...{ event: 'event-1', action, score: 742, band: '700-800' },
      reasons: [{ code: 'rule-17', text: 'High value wire' }],
      reference: { sessionId: 'aa-session-1', transactionId: 'aa-tx-1' },
      deviceToken: 'rotated-token',
    })
  })
  test.each(['NONE', 'SOMETHING', 'allow', 'constructor'])('%s is no judgement', async (code) => {
    engine.handlers.analyze = () => risk(code)
    await expect(open().assess(eventOf('sign-in'), inTime())).rejects.toThrow(/action/)
  })
  test('nor is an answer without a rule, or with a score that is none', async () => {
    engine.handlers.analyze = () => ({ riskResult: { riskScore: 1 } })
    await expect(open().assess(eventOf('sign-in'), inTime())).rejects.toThrow(/action/)
    for (const score of ['1001', '-1', '1.5', 'NaN', '1e3']) {
      engine.handlers.analyze = () => risk('ALLOW', score)
      await expect(open().assess(eventOf('sign-in'), inTime())).rejects.toThrow(/score/)
    }
  })

  test.each([
    ['LOCKOUT', 'locked'],
    ['DELETE', 'deny'],
  ])('a customer whose status is %s is %s, whatever the rule says', async (userStatus, action) => {
    engine.handlers.analyze = () => ({ ...risk('ALLOW'), identificationData: { userStatus } })
    const said = await open().assess(eventOf('payment'), inTime())
    expect(said).toMatchObject({ action, reasons: [{ code: 'rule-17' }, { code: `user.${userStatus}` }] })
    engine.handlers.analyze = () => ({ identificationData: { userStatus } })
    expect(await open().assess(eventOf('payment'), inTime())).toMatchObject({ action })
  })

  test('one who is not verified becomes so, and the judgement is that of the update', async () => {
    engine.handlers.analyze = () => ({
      ...risk('ALLOW', 1),
      identificationData: { userStatus: 'UNVERIFIED' },
    })
    engine.handlers.updateUser = () => risk('CHALLENGE', 601)
    const said = await open().assess(eventOf('sign-in'), inTime())
    expect(said).toMatchObject({ action: 'step-up', score: 601 })
    expect(engine.asked.map(({ operation }) => operation)).toEqual(['analyze', 'updateUser'])
    expect(engine.asked[1]!.request).toMatchObject({
      identificationData: { userStatus: 'VERIFIED', sessionId: 'aa-session-1', transactionId: 'aa-tx-1' },
      runRiskType: 'ALL',
    })
    // An update that judges nothing leaves no judgement.
    delete engine.handlers.updateUser
    await expect(open().assess(eventOf('sign-in'), inTime())).rejects.toThrow(/action/)
  })

  test('one that the engine does not know is made only where the settings say so', async () => {
    const identificationData = { userStatus: 'NOTENROLLED' }
    engine.handlers.analyze = () => ({ ...risk('CHALLENGE'), identificationData })
    expect(await open().assess(eventOf('sign-in'), inTime())).toMatchObject({
      action: 'step-up',
      reasons: [{ code: 'rule-17' }, { code: 'user.NOTENROLLED' }],
    })
    expect(engine.asked).toHaveLength(1)
    await open({ createUsers: true }).assess(eventOf('sign-in'), inTime())
    const operations = engine.asked.slice(1).map(({ operation }) => operation)
    expect(operations).toEqual(['analyze', 'createUser', 'analyze'])
  })
})

describe('what is said of an event', () => {
  test('a session goes on, its earlier transaction does not', async () => {
    const reference = { sessionId: 'earlier', transactionId: 'other' }
    await open().assess(eventOf('payment', everyFact, { reference }), inTime())
    const { identificationData } = engine.asked[0]!.request
    expect(identificationData.sessionId).toBe('earlier')
    expect(identificationData.transactionId).toBeUndefined()
  })

  test.each([
    [
      { 'subject.id': 'a', 'transaction.type': 'change_contact' },
      'contact-change',
      {},
      'CONTACT_CHANGE',
      true,
    ],
    [{ 'subject.id': 'a' }, 'contact-change', { 'contact-change': 'CHANGE_PHONE' }, 'CHANGE_PHONE', false],
    [
      { 'subject.id': 'a', 'transaction.type': 'change_contact' },
      'contact-change',
      { 'contact-change': 'CHANGE_PHONE', change_contact: 'CHANGE_EMAIL' },
      ...(['CHANGE_EMAIL', false] as const),
    ],
    [{ 'subject.id': 'a' }, 'sign-in', {}, 'SESSION_SIGNIN', false],
    [{ 'subject.id': 'a' }, 'enrolment', {}, 'ENROLL', false],
    [{ 'subject.id': 'a' }, 'payee', {}, 'ADD_PAYEE', false],
    [{ 'subject.id': 'a' }, 'device-change', {}, 'DEVICE_CHANGE', true],
    [{ 'subject.id': 'a' }, 'limit-change', {}, 'LIMIT_CHANGE', true],
    [{ 'subject.id': 'a' }, 'access', {}, 'ACCOUNT_ACCESS', true],
    [{ 'subject.id': 'a' }, 'access', { access: 'MY_OWN' }, 'MY_OWN', true],
  ] as const)('event types: %#', async (facts, kind, eventTypes, word, own) => {
    await open({ eventTypes }).assess(eventOf(kind, facts), inTime())
    const [eventData] = [engine.asked[0]!.request.eventDataList.eventData].flat()
    expect(eventData.eventType).toBe(own ? 'CLIENT_DEFINED' : word)
    expect(eventData.clientDefinedEventType).toBe(own ? word : undefined)
  })

  test.each([
    ['EUR', '250001', 'minor', '250001'],
    ['EUR', '250001', 'major', '2501'],
    ['EUR', '250000', 'major', '2500'],
    ['JPY', '2500', 'major', '2500'],
    ['BHD', '2500001', 'major', '2501'],
  ])('amounts: %s %s in %s units is %s', async (currency, minor, amountUnits, amount) => {
    const facts = { 'subject.id': 'a', 'transaction.minor': minor, 'transaction.currency': currency }
    await open({ amountUnits }).assess(eventOf('payment', facts), inTime())
    const [{ transactionData }] = [engine.asked[0]!.request.eventDataList.eventData].flat()
    expect(transactionData.amount).toEqual({ amount: Number(amount), currency })
  })

  test('the name that the engine has for a customer, and no call where nobody has it', async () => {
    await open({ userName: 'subject.username' }).assess(eventOf('sign-in', everyFact), inTime())
    expect(engine.asked[0]!.request.identificationData.userName).toBe('ann')
    await expect(open({ userName: 'subject.username' }).assess(eventOf('sign-in'), inTime())).rejects.toThrow(
      'subject.username is not among the facts',
    )
    expect(engine.asked).toHaveLength(1)
  })

  test('what is told: a step-up, a failed sign-in, an outcome', async () => {
    const provider = open()
    const reference = { sessionId: 's-1', transactionId: 't-1' }
    await provider.report?.(eventOf('step-up-result', everyFact, { reference }), inTime())
    await provider.report?.(eventOf('failed-sign-in'), inTime())
    await provider.report?.(eventOf('failed-sign-in', { 'network.address': '198.51.100.7' }), inTime())
    const fraud = { 'subject.id': 'a', 'result.of': 'event-0', 'result.outcome': 'fraud' }
    await provider.report?.(eventOf('outcome', fraud), inTime())
    await provider.report?.(eventOf('step-up-result', fraud), inTime())
    expect(engine.asked.map(({ operation }) => operation)).toEqual(Array(4).fill('notify'))
    const [stepUp, failed, outcome, lost] = engine.asked.map(
      ({ request }) => [request.eventDataList.eventData].flat()[0],
    )
    expect(engine.asked[0]!.request.identificationData).toMatchObject(reference)
    expect(stepUp).toMatchObject({
      eventType: 'EXTRA_AUTH',
      eventReferenceId: 'event-0',
      authenticationLevel: { attemptsTryCount: 2, successful: true },
    })
    expect(stepUp.clientDefinedAttributeList.fact[0]).toMatchObject({ name: 'STEP_UP_METHOD', value: 'pin' })
    expect(failed.eventType).toBe('FAILED_LOGIN_ATTEMPT')
    expect(outcome).toMatchObject({ eventType: 'CLIENT_DEFINED', clientDefinedEventType: 'OUTCOME' })
    expect([outcome.clientDefinedAttributeList.fact].flat()).toEqual([
      { name: 'OUTCOME', value: 'fraud', dataType: 'STRING' },
    ])
    expect(lost.authenticationLevel.successful).toBe(false)
  })
})
