// The engine's own challenges, and its pictures and phrases, through a SOAP stack that is not ours.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RiskChallengeKind } from '../../../src/domain/risk.ts'
import type { RiskChallenge } from '../../../src/ports/risk.ts'
import { NS } from '../../../src/xml/names.ts'
import type { RsaOperation } from '../../../src/xml/rsa/shapes.ts'
import { caller, type NodeSoapEngine, type Plain, startNodeSoapEngine } from './node-soap-engine.ts'
import { eventOf, inTime, openRsa } from './rig.ts'

let engine: NodeSoapEngine
beforeAll(async () => {
  engine = await startNodeSoapEngine('site-to-user')
})
afterAll(() => engine.close())
beforeEach(() => {
  engine.asked.length = 0
  for (const name of Object.keys(engine.handlers)) delete engine.handlers[name as RsaOperation]
})
const open = (more: Readonly<Record<string, unknown>> = {}) =>
  openRsa({ url: engine.url, callerId: caller.id, callerCredential: caller.credential, ...more })

const event = eventOf('payment', undefined, { reference: { sessionId: 's-0', transactionId: 't-0' } })
const ids = { sessionId: 's-0', transactionId: 't-0' }
const callStatus = { statusCode: 'SUCCESS' }
const typed = (type: string, content: Plain, of: string = NS.rsa) => ({
  attributes: { 'xmlns:xsi': NS.xsi, 'xmlns:of': of, 'xsi:type': `of:${type}` },
  ...content,
})

const begins: Readonly<Record<RiskChallengeKind, Plain>> = {
  code: {
    acspChallengeResponseData: {
      ...{ acspAccountId: 'acct-1', callStatus },
      payload: typed('OTPChallengeResponse', { otp: '483920' }),
    },
  },
  'out-of-band': { oobPhoneChallenge: { payload: { callStatus, token: '7781' } } },
  questions: {
    challengeQuestionChallenge: {
      payload: {
        callStatus,
        challengeQuestions: {
          challengeQuestion: [
            { actualAnswer: 'rex', questionId: 'q1', questionText: 'Your first pet?' },
            { questionId: 'q2', questionText: 'Your first street?' },
          ],
        },
      },
    },
  },
}

const begin = (kind: RiskChallengeKind, list: Plain = begins[kind]) => {
  engine.handlers.challenge = () => ({ credentialChallengeList: list })
  return open().challenge!(event, kind, inTime())
}

describe('begins', () => {
  test.each<[RiskChallengeKind, Plain]>([
    ['code', { kind: 'code', code: '483920' }],
    ['out-of-band', { kind: 'out-of-band', token: '7781' }],
    [
      'questions',
      {
        kind: 'questions',
        questions: [
          { id: 'q1', text: 'Your first pet?' },
          { id: 'q2', text: 'Your first street?' },
        ],
      },
    ],
  ])('%s', async (kind, due) => {
    const reference = { ...ids, kind, ...(kind === 'out-of-band' && { token: '7781' }) }
    expect(await begin(kind)).toEqual({ ...due, reference })
    const { request } = engine.asked[0]!
    expect(request.identificationData).toMatchObject(ids)
    expect(request.messageHeader.requestType).toBe('CHALLENGE')
  })
  test('the engine calls the number that it has', async () => {
    await begin('out-of-band')
    const { oobPhoneChallengeRequest } = engine.asked[0]!.request.credentialChallengeRequestList
    expect([oobPhoneChallengeRequest].flat()[0].payload.phoneInfo).toEqual({ defaultFlag: true })
  })
  test.each<[string, RiskChallengeKind, Plain]>([
    ['nothing', 'code', {}],
    [
      'two codes',
      'code',
      { acspChallengeResponseData: Array(2).fill(begins.code.acspChallengeResponseData) },
    ],
    [
      'a payload of another type',
      'code',
      { acspChallengeResponseData: { payload: typed('KBAChallengeResponse', { otp: '1' }) } },
    ],
    [
      'a payload of the type of somebody else',
      'code',
      { acspChallengeResponseData: { payload: typed('OTPChallengeResponse', { otp: '1' }, 'urn:other') } },
    ],
    ['a payload of no type', 'code', { acspChallengeResponseData: { payload: { otp: '1' } } }],
    ['no token', 'out-of-band', { oobPhoneChallenge: { payload: { callStatus } } }],
    [
      'a call that failed',
      'out-of-band',
      { oobPhoneChallenge: { payload: { callStatus: { statusCode: 'FAIL' }, token: '1' } } },
    ],
    ['no question', 'questions', { challengeQuestionChallenge: { payload: { challengeQuestions: {} } } }],
  ])('not by %s', async (_, kind, list) => {
    await expect(begin(kind, list)).rejects.toThrow(/due|there is no|call\.FAIL/)
  })
  test('nor for a customer who is locked out, or whom no call reaches: that is theirs, and no failure of the engine (#169)', async () => {
    engine.handlers.challenge = () => ({
      identificationData: { userStatus: 'LOCKOUT' },
      credentialChallengeList: begins.code,
    })
    await expect(open().challenge!(event, 'code', inTime())).rejects.toMatchObject({
      ...{ name: 'CustomerFailure', code: 'user.LOCKOUT' },
    })
    const called = (statusCode: string) =>
      begin('out-of-band', { oobPhoneChallenge: { payload: { callStatus: { statusCode }, token: '1' } } })
    await expect(called('FAIL')).rejects.toMatchObject({ name: 'CustomerFailure', code: 'call.FAIL' })
    await expect(called('ERROR')).rejects.toMatchObject({ name: 'RsaFailed', code: 'call.ERROR' })
  })
})

const answer = (challenge: RiskChallenge, answers?: Readonly<Record<string, string>>) =>
  open().authenticate!(event, { reference: challenge.reference, answers }, inTime())

const ends = (list: Plain, more: Plain = {}) => {
  engine.handlers.authenticate = () => ({ credentialAuthResultList: list, ...more })
}
const status = (statusCode: string, authStatusCode?: string): Plain => ({
  ...(authStatusCode && { authenticationResult: { authStatusCode } }),
  callStatus: { statusCode },
})

describe('a code', () => {
  test.each([
    ['SUCCESS', 'VERIFIED', 'passed'],
    ['FAIL', 'VERIFIED', 'failed'],
    ['ERROR', 'VERIFIED', 'failed'],
    ['FAIL', 'LOCKOUT', 'locked'],
    ['SUCCESS', 'LOCKOUT', 'locked'],
  ])('%s with status %s is %s', async (said, userStatus, state) => {
    const challenge = await begin('code')
    ends(
      { acspAuthenticationResponseData: { acspAccountId: 'acct-1', ...status(said) } },
      {
        deviceResult: { deviceData: { deviceTokenCookie: 'rotated' } },
        identificationData: { userStatus },
      },
    )
    expect(await answer(challenge, { code: '483920' })).toEqual({ state, deviceToken: 'rotated' })
    const { request } = engine.asked[1]!
    expect(request.identificationData).toMatchObject(ids)
    const [data] = [request.credentialDataList.acspAuthenticationRequestData].flat()
    expect(data.payload.otp).toBe('483920')
    expect(data.payload.attributes['xsi:type']).toBe('ws:OTPAuthenticationRequest')
  })
  test.each(['sessionId', 'transactionId'])('of another %s is no answer (attack 170)', async (name) => {
    const challenge = await begin('code')
    ends({ acspAuthenticationResponseData: status('SUCCESS') }, { identificationData: { [name]: 'other' } })
    await expect(answer(challenge, { code: '483920' })).rejects.toThrow('another transaction')
  })
  test('no result, or two, is no answer', async () => {
    const challenge = await begin('code')
    ends({})
    await expect(answer(challenge, { code: '1' })).rejects.toThrow('is due')
    ends({ acspAuthenticationResponseData: [status('FAIL'), status('SUCCESS')] })
    await expect(answer(challenge, { code: '1' })).rejects.toThrow('is due')
  })
  test('a result that says nothing is none that passes', async () => {
    const challenge = await begin('code')
    ends({ acspAuthenticationResponseData: { acspAccountId: 'acct-1' } })
    expect(await answer(challenge, { code: '1' })).toEqual({ state: 'failed' })
  })
})

describe('a call', () => {
  const hears = (payload: Plain) => {
    engine.handlers.queryAuthStatus = () => ({
      credentialAuthStatusResponse: { oobPhoneAuthStatusResponse: { payload } },
    })
  }
  test.each<[string, Plain]>([
    ['pending', { channelStatus: 'PENDING', token: '7781' }],
    ['pending', { channelStatus: 'CALL_ANSWERED', token: '7781' }],
    ['pending', status('SUCCESS', 'PENDING')],
    ['pending', status('SUCCESS', 'WHAT_NOBODY_KNOWS')],
    ['pending', {}],
    ['failed', { ...status('SUCCESS', 'SUCCESS'), channelStatus: 'CALL_FAILED' }],
    ['failed', status('SUCCESS', 'FAIL')],
    ['failed', status('FAIL', 'SUCCESS')],
  ])('is %s: %j', async (state, payload) => {
    const challenge = await begin('out-of-band')
    hears(payload)
    expect(await answer(challenge)).toEqual({ state })
    expect(engine.asked.map(({ operation }) => operation)).toEqual(['challenge', 'queryAuthStatus'])
  })
  test.each([
    ['passed', status('SUCCESS', 'SUCCESS')],
    ['failed', status('SUCCESS', 'FAIL')],
    ['failed', status('FAIL', 'SUCCESS')],
  ])('is settled by authenticate: %s', async (state, payload) => {
    const challenge = await begin('out-of-band')
    hears(status('SUCCESS', 'SUCCESS'))
    ends({ oobPhoneAuthResult: { payload } })
    expect(await answer(challenge)).toEqual({ state })
    const [data] = [engine.asked[2]!.request.credentialDataList.oobPhoneData].flat()
    expect(data).toEqual({ payload: { token: '7781' } })
  })
})

describe('questions', () => {
  test.each([
    ['passed', status('SUCCESS', 'SUCCESS'), 'false'],
    ['failed', status('SUCCESS', 'FAIL'), 'false'],
    ['locked', status('SUCCESS', 'FAIL'), 'true'],
    ['locked', status('SUCCESS', 'SUCCESS'), 'true'],
  ])('%s', async (state, said, shouldBlock) => {
    const challenge = await begin('questions')
    const challengeQuestionMatchResult = { failCount: 0, matchCount: 2, authFailCount: 0, shouldBlock }
    ends({ challengeQuestionAuthResult: { payload: { ...said, challengeQuestionMatchResult } } })
    expect(await answer(challenge, { q1: 'Rex', q2: 'Elm' })).toEqual({ state })
    const [data] = [engine.asked[1]!.request.credentialDataList.challengeQuestionData].flat()
    expect(data.payload.challengeQuestion).toEqual([
      { questionId: 'q1', userAnswer: 'Rex' },
      { questionId: 'q2', userAnswer: 'Elm' },
    ])
  })
})

describe('picture and phrase', () => {
  const image = {
    altText: 'kite',
    data: 'aGVsbG8=',
    height: 100,
    imageId: 'img-42',
    path: '/k.jpg',
    width: 100,
  }
  test('are read', async () => {
    engine.handlers.query = () => ({ siteToUserData: { phrase: 'my blue kite', userImage: image } })
    expect(await open().siteToUser!.get(event, inTime())).toEqual({
      phrase: 'my blue kite',
      picture: { id: 'img-42', text: 'kite', data: new Uint8Array(Buffer.from('hello')) },
    })
    const { genericActionTypes } = engine.asked[0]!.request.actionTypeList
    expect(genericActionTypes).toEqual(['GET_IMAGE', 'GET_PHRASE'])
    delete engine.handlers.query
    expect(await open().siteToUser!.get(event, inTime())).toEqual({})
  })
  test('are kept', async () => {
    await open().siteToUser!.set(event, { phrase: 'kite', picture: { id: 'img-7', text: '' } }, inTime())
    await open().siteToUser!.set(event, { phrase: 'kite' }, inTime())
    const [both, phrase] = engine.asked.map(({ request }) => request)
    expect(both).toMatchObject({
      actionTypeList: { genericActionTypes: ['SET_IMAGE', 'SET_PHRASE'] },
      siteToUserData: { phrase: 'kite', userImage: { imageId: 'img-7' } },
    })
    expect([phrase.actionTypeList.genericActionTypes].flat()).toEqual(['SET_PHRASE'])
    await expect(open().siteToUser!.set(event, {}, inTime())).rejects.toThrow('neither')
  })
  test('are chosen from categories, then from pictures', async () => {
    engine.handlers.query = () => ({
      siteToUserBrowseResponse: {
        browseableImageCategories: [
          { categoryDisplayName: 'Birds', categoryKey: 'birds' },
          { categoryDisplayName: 'Boats', categoryKey: 'boats' },
          { categoryDisplayName: 'Nameless' },
        ],
      },
    })
    expect(await open().siteToUser!.browse(event, undefined, inTime())).toEqual([
      { id: 'birds', text: 'Birds', kind: 'category' },
      { id: 'boats', text: 'Boats', kind: 'category' },
    ])
    engine.handlers.query = () => ({ siteToUserBrowseResponse: { browsableImages: { image: [image] } } })
    expect(await open().siteToUser!.browse(event, 'birds', inTime())).toEqual([
      { id: 'img-42', text: 'kite', kind: 'picture' },
    ])
    expect(engine.asked[1]!.request.siteToUserBrowseRequest).toEqual({
      browseImageCategory: { categoryKey: 'birds' },
    })
  })
  test('are not in the 7.x dialect', () => {
    expect(open({ dialect: '7.x' }).siteToUser).toBeUndefined()
  })
})
