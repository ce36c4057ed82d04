// Our provider for AA-compatible engines against the demo's engine, which judges each request by the schema before it answers.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RsaUserSeed } from '../../src/demo/risk-rsa-state.ts'
import type { Assessment } from '../../src/domain/risk.ts'
import { RiskAnswerMalformed, type RiskProvider } from '../../src/ports/risk.ts'
import { type RsaRig, startRsa } from '../demo/risk-rsa-rig.ts'
import { eventOf, openRsa, within } from './rsa-engine-rig.ts'

const questions = [
  { id: 'q1', text: 'Your first school?', answer: 'Elm Street' },
  { id: 'q2', text: 'Your first pet?', answer: 'Rex' },
]
const users: readonly RsaUserSeed[] = [
  ...['alice', 'turning', 'coded', 'locked', 'phoned', 'asked', 'told', 'pictured'].map((name) => ({
    name,
    questions,
  })),
  { name: 'fresh', status: 'UNVERIFIED' },
  { name: 'gone', status: 'DELETE' },
]

let rig: RsaRig
beforeAll(async () => {
  rig = await startRsa({ users })
})
afterEach(() => rig.simulator.unscript())
afterAll(() => rig.stop())

const kept = ({ reference, deviceToken }: Assessment) => ({ reference, deviceToken })

describe.each([
  ['site-to-user', 'body'],
  ['site-to-user', 'ws-security'],
  ['7.x', 'body'],
  ['7.x', 'ws-security'],
] as const)('%s, callers by %s', (dialect, callerStyle) => {
  let provider: RiskProvider
  beforeAll(() => {
    provider = openRsa(rig.url, { dialect, callerStyle })
  })
  const signIn = (user: string, more: Parameters<typeof eventOf>[2] = {}) =>
    provider.assess(eventOf('sign-in', user, more), within())

  test('a sign-in that the engine allows', async () => {
    const event = eventOf('sign-in', 'alice')
    const assessment = await provider.assess(event, within())
    expect(assessment).toMatchObject({ event: event.id, action: 'allow', score: 42, band: '0-100' })
    expect(assessment.reasons).toEqual([{ code: 'rule-0', text: 'Nothing unusual' }])
    expect(rig.simulator.calls.at(-1)).toMatchObject({
      ...{ operation: 'analyze', dialect, style: callerStyle === 'body' ? 'body' : 'username-token' },
      given: { device: assessment.deviceToken, session: assessment.reference?.sessionId },
    })
  })

  test('a wrong credential is no answer', async () => {
    const wrong = openRsa(rig.url, { dialect, callerStyle, callerCredential: 'wrong' })
    await expect(wrong.assess(eventOf('sign-in', 'alice'), within())).rejects.toThrow(
      'soap.AUTHENTICATION_FAILED',
    )
  })

  test('the token of the device turns with every answer, and the engine gets the newest back', async () => {
    const before = rig.simulator.calls.length
    let held = kept(await signIn('turning'))
    for (const kind of ['payment', 'payee', 'contact-change'] as const) {
      const facts = { 'transaction.minor': '25000', 'transaction.currency': 'EUR' }
      held = kept(await provider.assess(eventOf(kind, 'turning', { ...held, facts }), within()))
    }
    const calls = rig.simulator.calls.slice(before)
    expect(calls.map(({ token }) => token)).toEqual(['none', 'current', 'current', 'current'])
    expect(new Set(calls.map(({ given }) => given.session)).size).toBe(1)
    expect(calls.map(({ events: [one] }) => one?.defined ?? one?.type)).toEqual([
      ...['SESSION_SIGNIN', 'PAYMENT', 'ADD_PAYEE', 'CONTACT_CHANGE'],
    ])
    expect(calls[1]?.events[0]).toMatchObject({ amount: '25000', currency: 'EUR' })
  })

  test('challenge, code, authenticate: the right one passes once', async () => {
    rig.simulator.script({ times: 1, verdict: { action: 'CHALLENGE', score: 742 } })
    const assessed = await signIn('coded')
    expect(assessed).toMatchObject({ action: 'step-up', score: 742 })
    const event = eventOf('sign-in', 'coded', kept(assessed))
    const challenge = await provider.challenge?.(event, 'code', within())
    if (challenge?.kind !== 'code') throw new Error('no code')
    expect(challenge.code).toMatch(/^\d{6}$/)
    const { reference } = challenge
    const type = (code: string) => provider.authenticate?.(event, { reference, answers: { code } }, within())
    expect(await type('wrong')).toMatchObject({ state: 'failed' })
    const passed = await type(challenge.code)
    expect(passed?.state).toBe('passed')
    expect(passed?.deviceToken).toBe(rig.simulator.calls.at(-1)?.given.device)
    expect(await type(challenge.code)).toMatchObject({ state: 'failed' })
  })

  test('an outcome is told, and the engine knows of what', async () => {
    const assessed = await signIn('told')
    const facts = { 'result.outcome': 'approved', 'result.method': 'pin', 'result.attempts': 2 } as const
    const event = eventOf('step-up-result', 'told', {
      ...kept(assessed),
      facts: { ...facts, 'result.of': assessed.event },
    })
    await provider.report?.(event, within())
    expect(rig.simulator.outcomes.at(-1)).toMatchObject({
      ...{ user: 'told', event: 'EXTRA_AUTH', successful: true, attempts: 2, referenceId: assessed.event },
      ...assessed.reference,
      facts: { STEP_UP_METHOD: 'pin' },
    })
    const fraud = { 'result.outcome': 'fraud', 'result.of': assessed.event } as const
    await provider.report?.(eventOf('outcome', 'told', { facts: fraud }), within())
    expect(rig.simulator.outcomes.at(-1)).toMatchObject({
      ...{ event: 'CLIENT_DEFINED', defined: 'OUTCOME', facts: { OUTCOME: 'fraud' } },
    })
  })
})

describe('what the engine says', () => {
  const provider = () => openRsa(rig.url)
  const assess = (user = 'alice') => provider().assess(eventOf('sign-in', user), within())

  test.each([
    ['ALLOW', 'allow'],
    ['REVIEW', 'review'],
    ['CHALLENGE', 'step-up'],
    ['ELEVATE_SECURITY', 'step-up'],
    ['REDIRECT_CHALLENGE', 'step-up'],
    ['COLLECT', 'enrol'],
    ['REDIRECT_COLLECT', 'enrol'],
    ['DELAY_AND_REVIEW', 'hold'],
    ['STOP_AND_REVIEW', 'deny'],
    ['DENY', 'deny'],
    ['BLOCK', 'deny'],
    ['LOCKED', 'locked'],
  ])('%s is %s', async (code, action) => {
    rig.simulator.script({ verdict: { action: code } })
    expect((await assess()).action).toBe(action)
  })

  test.each([
    ['no word that we know', { verdict: { action: 'PERHAPS' } }],
    ['NONE', { verdict: { action: 'NONE' } }],
    ['a score that is no number', { verdict: { score: 'NaN' } }],
    ['a score below 0', { verdict: { score: -1 } }],
    ['a score without end', { verdict: { score: 99_999_999 } }],
    ['status 300', { status: { code: 300, reason: 1006, description: 'bad request' } }],
    ['a fault', { trouble: 'soap-fault' }],
    ['HTTP 500', { trouble: 'http-500' }],
    ['nothing, and hangs up', { trouble: 'reset' }],
    ['garbage', { trouble: 'garbage' }],
    ['nothing', { trouble: 'empty' }],
    ['half of it', { trouble: 'truncated' }],
  ] as const)('%s: there is no assessment', async (_name, script) => {
    rig.simulator.script(script)
    await expect(assess()).rejects.toThrow(Error)
    rig.simulator.unscript()
    expect((await assess()).action).toBe('allow')
  })

  test('parts in another order than our tables have are read all the same, each of them once', async () => {
    rig.simulator.script({ mix: 'order', verdict: { action: 'REVIEW' } })
    expect((await assess()).action).toBe('review')
  })

  test('a hang ends by the deadline', async () => {
    rig.simulator.script({ trouble: 'hang' })
    const began = performance.now()
    await expect(provider().assess(eventOf('sign-in', 'alice'), within(80))).rejects.toThrow(Error)
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test('who is locked or gone is not let in, whatever the verdict', async () => {
    rig.simulator.state.add({ name: 'barred', status: 'LOCKOUT' })
    expect((await assess('barred')).action).toBe('locked')
    expect((await assess('gone')).action).toBe('deny')
  })

  test('who is not verified is made so, and the engine judges again', async () => {
    const before = rig.simulator.calls.length
    expect((await assess('fresh')).action).toBe('allow')
    expect(rig.simulator.state.find('fresh')?.status).toBe('VERIFIED')
    const calls = rig.simulator.calls.slice(before)
    expect(calls.map(({ operation, token }) => `${operation} ${token}`)).toEqual([
      'analyze none',
      'updateUser current',
    ])
  })

  test('who is unknown is made where the institution wants that', async () => {
    const makes = openRsa(rig.url, { createUsers: true })
    expect((await makes.assess(eventOf('sign-in', 'newcomer'), within())).action).toBe('allow')
    expect(rig.simulator.state.find('newcomer')?.status).toBe('VERIFIED')
    const lets = openRsa(rig.url, { autoCreateUserFlag: true })
    expect((await lets.assess(eventOf('sign-in', 'newcomer-2'), within())).action).toBe('allow')
    expect(rig.simulator.state.find('newcomer-2')?.status).toBe('VERIFIED')
  })
})

describe('challenges', () => {
  const provider = () => openRsa(rig.url)
  const begun = async (user: string) => {
    const assessed = await provider().assess(eventOf('sign-in', user), within())
    return eventOf('sign-in', user, kept(assessed))
  }

  test('the third wrong code locks the customer out, at the engine and here', async () => {
    const event = await begun('locked')
    const challenge = await provider().challenge?.(event, 'code', within())
    if (challenge?.kind !== 'code') throw new Error('no code')
    const { reference } = challenge
    const states: unknown[] = []
    for (const code of ['wrong', 'wrong', 'wrong', challenge.code])
      states.push((await provider().authenticate?.(event, { reference, answers: { code } }, within()))?.state)
    expect(states).toEqual(['failed', 'failed', 'locked', 'locked'])
    expect((await provider().assess(eventOf('sign-in', 'locked'), within())).action).toBe('locked')
    await expect(provider().challenge?.(event, 'code', within())).rejects.toThrow(Error)
  })

  test.each([
    ['CALL_ANSWERED', 'passed'],
    ['CALL_FAILED', 'failed'],
  ] as const)('a phone call of the engine is asked for until it is %s', async (ends, state) => {
    const event = await begun('phoned')
    rig.simulator.script({ for: { operation: 'challenge' }, call: { pending: 2, ends } })
    const challenge = await provider().challenge?.(event, 'out-of-band', within())
    if (challenge?.kind !== 'out-of-band') throw new Error('no token')
    expect(challenge.token).toMatch(/^\d{4}$/)
    const { reference } = challenge
    const states: unknown[] = []
    for (let polls = 0; polls < 3; polls += 1)
      states.push((await provider().authenticate?.(event, { reference }, within()))?.state)
    expect(states).toEqual(['pending', 'pending', state])
  })

  test('a call that nobody answers stays pending, and one of another sign-in is none', async () => {
    const event = await begun('phoned')
    rig.simulator.script({ call: { pending: 0, ends: 'PENDING' } })
    const { reference } = (await provider().challenge?.(event, 'out-of-band', within())) ?? {}
    expect(await provider().authenticate?.(event, { reference: reference! }, within())).toMatchObject({
      state: 'pending',
    })
    const other = await begun('phoned')
    const mixed = { ...reference, ...other.reference }
    await expect(provider().authenticate?.(other, { reference: mixed }, within())).rejects.toThrow(
      'status.300',
    )
  })

  test('questions are asked by the engine, and all must be right', async () => {
    const event = await begun('asked')
    const answer = async (pet: string) => {
      const challenge = await provider().challenge?.(event, 'questions', within())
      if (challenge?.kind !== 'questions') throw new Error('no questions')
      expect(challenge.questions).toEqual(questions.map(({ id, text }) => ({ id, text })))
      const { reference } = challenge
      const answers = { q1: 'elm street', q2: pet }
      return (await provider().authenticate?.(event, { reference, answers }, within()))?.state
    }
    expect(await answer('Fido')).toBe('failed')
    expect(await answer('Rex')).toBe('passed')
  })
})

describe('picture and phrase', () => {
  test('are browsed, chosen and shown', async () => {
    const event = eventOf('sign-in', 'pictured')
    const { siteToUser } = openRsa(rig.url)
    const categories = await siteToUser?.browse(event, undefined, within())
    expect(categories).toContainEqual({ id: 'sea', text: 'By the sea', kind: 'category' })
    const [picture] = (await siteToUser?.browse(event, 'sea', within())) ?? []
    expect(picture).toEqual({ id: 'img-0051', text: 'a green ball on sand', kind: 'picture' })
    expect(await siteToUser?.get(event, within())).toEqual({})
    const chosen = { phrase: 'my <blue> kite & more', picture: { id: picture!.id, text: '' } }
    await siteToUser?.set(event, chosen, within())
    const shown = await siteToUser?.get(event, within())
    expect(shown).toMatchObject({ phrase: chosen.phrase, picture: { id: 'img-0051', text: picture!.text } })
    expect(Buffer.from(shown!.picture!.data!).subarray(1, 4).toString()).toBe('PNG')
    const strange = { picture: { id: 'img-9', text: '' } }
    await expect(siteToUser?.set(event, strange, within())).rejects.toThrow('status.300')
  })

  test('the 7.x dialect has none', () => {
    expect(openRsa(rig.url, { dialect: '7.x' }).siteToUser).toBeUndefined()
  })
})

test('an answer that is none is told apart from an engine that fails', async () => {
  const assess = () => openRsa(rig.url).assess(eventOf('sign-in', 'alice'), within())
  rig.simulator.script({ trouble: 'garbage' })
  await expect(assess()).rejects.toBeInstanceOf(RiskAnswerMalformed)
  rig.simulator.script({ trouble: 'soap-fault' })
  await expect(assess()).rejects.not.toBeInstanceOf(RiskAnswerMalformed)
})
