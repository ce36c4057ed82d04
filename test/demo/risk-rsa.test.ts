// The demo's AA-compatible engine, driven by node-soap from a WSDL: what it answers is of the schema, whoever asks in whatever dialect.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RsaUserSeed } from '../../src/demo/risk-rsa-state.ts'
import {
  type Dialect,
  event,
  otpAnswer,
  otpChallenge,
  otpIn,
  type RsaPeer,
  type RsaRig,
  rsaPeer,
  startRsa,
} from './risk-rsa-rig.ts'

const questions = [
  { id: 'q1', text: 'Your first school?', answer: 'Elm Street' },
  { id: 'q2', text: 'Your first pet?', answer: 'Rex' },
  { id: 'q3', text: 'Your first street?', answer: 'Oak Lane' },
]
const names = ['alice', 'locked', 'phone', 'asked', 'turning', 'pictured', 'edited', 'told', 'scripted']
const users: readonly RsaUserSeed[] = names.map((name) => ({ name, questions }))

let rig: RsaRig
const peers = new Map<Dialect, RsaPeer>()

beforeAll(async () => {
  rig = await startRsa({ users: [...users, ...users.map((user) => ({ ...user, name: `${user.name}-7.x` }))] })
  for (const dialect of ['site-to-user', '7.x'] as const) peers.set(dialect, await rsaPeer(dialect, rig.url))
})
afterAll(() => rig.stop())

describe.each(['site-to-user', '7.x'] as const)('%s', (dialect) => {
  const call: RsaPeer['call'] = (...given) => peers.get(dialect)!.call(...given)
  const own = (name: string): string => (dialect === '7.x' ? `${name}-7.x` : name)
  const signIn = (user: string, device?: string) => call('analyze', { user, device }, event('SESSION_SIGNIN'))

  test('analyze: a verdict, session, transaction and device', async () => {
    const said = await signIn(own('alice'))
    expect(said('riskResult.triggeredRule.actionCode')).toBe('ALLOW')
    expect(said('riskResult.riskScore')).toBe(42)
    expect(said('statusHeader.statusCode')).toBe(200)
    expect(said('identificationData.userName')).toBe(own('alice'))
    expect(said('requiredCredentialList')).toBeUndefined()
    expect(said('riskResult.deviceAssuranceLevel')).toBe(dialect === '7.x' ? 'HIGH' : undefined)
    expect(said.ids.sessionId).toMatch(/^aa-session-/)
    const quiet = await call('analyze', {}, { ...event('PAYMENT'), runRiskType: 'NONE' })
    expect(quiet('riskResult')).toBeUndefined()
  })

  test('device tokens turn with each answer; one that was overtaken is the same device, an older one nobody', async () => {
    const user = own('turning')
    const first = await signIn(user)
    const second = await signIn(user, first.device)
    const third = await signIn(user, second.device)
    const late = await signIn(user, second.device)
    expect(late.device).toBe(third.device)
    const stranger = await signIn(user, first.device)
    expect(new Set([first, second, third, stranger].map(({ device }) => device)).size).toBe(4)
    const standings = rig.simulator.calls.filter((one) => one.user === user).map(({ token }) => token)
    expect(standings).toEqual(['none', 'current', 'current', 'previous', 'unknown'])
  })

  test('challenge and authenticate: a code is good once, and binds the device', async () => {
    const user = own('alice')
    const { ids, device } = await signIn(user)
    const challenge = await call('challenge', { user, ids, device }, otpChallenge)
    const otp = otpIn(challenge)
    expect(otp).toMatch(/^\d{6}$/)
    const status = 'credentialAuthResultList.acspAuthenticationResponseData.0.callStatus.statusCode'
    const right = await call('authenticate', { user, ids, device: challenge.device }, otpAnswer(otp))
    expect(right(status)).toBe('SUCCESS')
    const again = await call('authenticate', { user, ids, device: right.device }, otpAnswer(otp))
    expect(again(status)).toBe('FAIL')
    expect(again('deviceResult.deviceData.bindingType')).toBe('HARD_BIND')
  })

  test('a session is of one customer: nobody goes on with that of another', async () => {
    const { ids } = await signIn(own('alice'))
    const stolen = await call('challenge', { user: own('told'), ids }, otpChallenge)
    expect(stolen('statusHeader.statusCode')).toBe(300)
    expect(stolen('deviceResult.callStatus.statusCode')).toBe('FAIL')
    expect(stolen('credentialChallengeList')).toBeUndefined()
  })

  test('the third wrong code locks the customer out, and the right one does not help them then', async () => {
    const user = own('locked')
    const { ids } = await signIn(user)
    const otp = otpIn(await call('challenge', { user, ids }, otpChallenge))
    const statuses: unknown[] = []
    for (const given of ['wrong', 'wrong', 'wrong', otp]) {
      const said = await call('authenticate', { user, ids }, otpAnswer(given))
      statuses.push(said('identificationData.userStatus'))
      expect(said('credentialAuthResultList.acspAuthenticationResponseData.0.callStatus.statusCode')).toBe(
        'FAIL',
      )
    }
    expect(statuses).toEqual(['VERIFIED', 'VERIFIED', 'LOCKOUT', 'LOCKOUT'])
    expect((await signIn(user))('identificationData.userStatus')).toBe('LOCKOUT')
    const freed = await call('updateUser', { user, actions: ['SET_USER_STATUS'], status: 'UNLOCKED' })
    expect(freed('identificationData.userStatus')).toBe('UNLOCKED')
    const code = otpIn(await call('challenge', { user, ids }, otpChallenge))
    const right = await call('authenticate', { user, ids }, otpAnswer(code))
    expect(right('credentialAuthResultList.acspAuthenticationResponseData.0.callStatus.statusCode')).toBe(
      'SUCCESS',
    )
  })

  test.each([
    ['CALL_ANSWERED', 'SUCCESS'],
    ['CALL_FAILED', 'FAIL'],
  ] as const)('queryAuthStatus: a phone call is pending until it is %s', async (ends, result) => {
    const user = own('phone')
    const { ids } = await signIn(user)
    rig.simulator.script({ for: { operation: 'challenge', user }, times: 1, call: { pending: 2, ends } })
    const phoneInfo = { label: 'mobile', countryCode: '1', phoneNumber: '2025550123' }
    const placed = await call(
      'challenge',
      { user, ids },
      { credentialChallengeRequestList: { oobPhoneChallengeRequest: { payload: { phoneInfo } } } },
    )
    const token = placed('credentialChallengeList.oobPhoneChallenge.0.payload.token')
    expect(token).toMatch(/^\d{4}$/)
    const statuses: unknown[] = []
    for (let polls = 0; polls < 3; polls += 1) {
      const polled = await call(
        'queryAuthStatus',
        { user, ids },
        { credentialAuthStatusRequest: { oobPhoneAuthStatusRequest: { payload: { token } } } },
      )
      statuses.push(polled('credentialAuthStatusResponse.oobPhoneAuthStatusResponse.payload.channelStatus'))
    }
    expect(statuses).toEqual(['PENDING', 'PENDING', ends])
    const over = await call(
      'authenticate',
      { user, ids },
      { credentialDataList: { oobPhoneData: { payload: { token } } } },
    )
    expect(over('credentialAuthResultList.oobPhoneAuthResult.0.payload.callStatus.statusCode')).toBe(result)
  })

  test('questions: those that are not excluded are asked, all must be right', async () => {
    const user = own('asked')
    const { ids } = await signIn(user)
    const ask = () =>
      call(
        'challenge',
        { user, ids },
        {
          credentialChallengeRequestList: {
            challengeQuestionChallengeRequest: {
              payload: { excludeQuestions: { questionId: ['q1'] }, numberOfQuestion: 2 },
            },
          },
        },
      )
    const asked = await ask()
    const listed =
      'credentialChallengeList.challengeQuestionChallenge.0.payload.challengeQuestions.challengeQuestion'
    expect(asked(`${listed}.0.questionText`)).toBe('Your first pet?')
    const answer = (second: string) =>
      call(
        'authenticate',
        { user, ids },
        {
          credentialDataList: {
            challengeQuestionData: {
              payload: {
                challengeQuestion: [
                  { questionId: 'q2', userAnswer: ' REX ' },
                  { questionId: 'q3', userAnswer: second },
                ],
              },
            },
          },
        },
      )
    const result =
      'credentialAuthResultList.challengeQuestionAuthResult.0.payload.challengeQuestionMatchResult'
    const wrong = await answer('Elm Street')
    expect([wrong(`${result}.matchCount`), wrong(`${result}.failCount`)]).toEqual([1, 1])
    await ask()
    expect((await answer('oak lane'))(`${result}.matchCount`)).toBe(2)
  })

  test('createUser once; a stranger is not enrolled unless the caller wants it', async () => {
    const user = own('new')
    expect((await signIn(user))('identificationData.userStatus')).toBe('NOTENROLLED')
    const made = await call('createUser', { user }, { runRiskType: 'ALL' })
    expect(made('identificationData.userStatus')).toBe('UNVERIFIED')
    expect(made('riskResult.triggeredRule.actionCode')).toBe('ALLOW')
    expect((await call('createUser', { user }))('statusHeader.statusCode')).toBe(300)
    const auto = await call(
      'analyze',
      { user: own('newer') },
      { autoCreateUserFlag: true, ...event('SESSION_SIGNIN') },
    )
    expect(auto('identificationData.userStatus')).toBe('UNVERIFIED')
  })

  test('updateUser and query: status and preference', async () => {
    const user = own('edited')
    await call(
      'updateUser',
      { user, actions: ['SET_USER_PREFERENCE'] },
      { userPreference: { milterOption: 'PHRASE_ENABLED' } },
    )
    // A status that comes along changes nothing unless it is to be set.
    await call('updateUser', { user, actions: ['GET_USER_STATUS'], status: 'LOCKOUT' })
    const said = await call('query', { user, actions: ['GET_USER_PREFERENCE', 'BROWSE_USER_GROUP'] })
    expect(said('userPreference.milterOption')).toBe('PHRASE_ENABLED')
    expect(said('browsableGroupNames')).toEqual(['default', 'staff'])
    expect(said('identificationData.userStatus')).toBe('VERIFIED')
  })

  test('notify is written down', async () => {
    const user = own('told')
    const { ids } = await signIn(user)
    await call(
      'notify',
      { user, ids },
      {
        eventDataList: {
          eventData: [
            {
              authenticationLevel: { attemptsTryCount: 2, successful: true },
              clientDefinedAttributeList: { fact: [{ name: 'METHOD', value: 'pin', dataType: 'STRING' }] },
              eventType: 'EXTRA_AUTH',
            },
          ],
        },
      },
    )
    expect(rig.simulator.outcomes.findLast((one) => one.user === user)).toMatchObject({
      ...ids,
      event: 'EXTRA_AUTH',
      successful: true,
      attempts: 2,
      facts: { METHOD: 'pin' },
    })
  })
})

describe('picture and phrase, in the site-to-user dialect', () => {
  const user = 'pictured'
  const call: RsaPeer['call'] = (operation, given, own) =>
    peers.get('site-to-user')!.call(operation, { user, ...given }, own)
  const choose = { siteToUserData: { phrase: 'my blue kite', userImage: { imageId: 'img-0051' } } }

  test('are browsed by category, chosen, and shown again', async () => {
    const all = await call('query', { actions: ['BROWSE_CATEGORIES'] })
    expect(all('siteToUserBrowseResponse.browseableImageCategories.1.categoryKey')).toBe('sea')
    const sea = await call(
      'query',
      { actions: ['BROWSE_IMAGES'] },
      { siteToUserBrowseRequest: { browseImageCategory: { categoryKey: 'sea' } } },
    )
    expect(sea('siteToUserBrowseResponse.browsableImages.image')).toHaveLength(2)
    await call('updateUser', { actions: ['SET_IMAGE', 'SET_PHRASE'] }, choose)
    const shown = await call('analyze', { actions: ['GET_IMAGE', 'GET_PHRASE'] }, event('SESSION_SIGNIN'))
    expect(shown('siteToUserData.phrase')).toBe('my blue kite')
    expect(
      Buffer.from(String(shown('siteToUserData.userImage.data')), 'base64')
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG')
    expect((await call('query', { actions: ['GET_USER_STATUS'] }))('siteToUserData')).toBeUndefined()
  })

  test('a picture that there is not cannot be chosen, and nothing is changed then', async () => {
    const wrong = { siteToUserData: { phrase: 'another', userImage: { imageId: 'img-9' } } }
    const said = await call('updateUser', { actions: ['SET_PHRASE', 'SET_IMAGE'] }, wrong)
    expect(said('statusHeader.statusCode')).toBe(300)
    expect((await call('query', { actions: ['GET_PHRASE'] }))('siteToUserData.phrase')).not.toBe('another')
  })

  test('edits of an open session wait for COMMIT, and CANCEL forgets them', async () => {
    const phrase = async () => (await call('query', { actions: ['GET_PHRASE'] }))('siteToUserData.phrase')
    const edit = async (end: string) => {
      const { ids } = await call('updateUser', { actions: ['OPEN_SESSION'] })
      await call(
        'updateUser',
        { ids, actions: ['SET_PHRASE'] },
        { siteToUserData: { phrase: `after ${end}` } },
      )
      const before = await phrase()
      await call('updateUser', { ids, actions: [end] })
      return [before, await phrase()]
    }
    const [before, after] = await edit('COMMIT')
    expect(before).not.toBe(after)
    expect(after).toBe('after COMMIT')
    expect(await edit('CANCEL')).toEqual(['after COMMIT', 'after COMMIT'])
  })

  test('favourites', async () => {
    const favourite = (action: string) =>
      call('updateUser', { actions: [action] }, { siteToUserData: { userImage: { imageId: 'img-0043' } } })
    const listed = async () =>
      (await call('query', { actions: ['GET_FAVORITES'] }))(
        'siteToUserBrowseResponse.favoriteImages.image.length',
      )
    await favourite('ADD_FAVORITE')
    expect(await listed()).toBe(1)
    await favourite('DEL_FAVORITE')
    expect(await listed()).toBeUndefined()
  })
})
