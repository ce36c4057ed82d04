// The connector of the project-defined contract, against a small engine over real HTTP.
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Institution } from '../../../src/domain/institution.ts'
import type { RiskEvent, RiskEventKind, RiskFacts } from '../../../src/domain/risk-event.ts'
import { derive } from '../../../src/plugins/keys/seal.ts'
import { createGuardedFetch } from '../../../src/plugins/net/guarded-fetch.ts'
import { voyagerRemote } from '../../../src/plugins/risk/voyager-remote.ts'
import type { RiskDeadline } from '../../../src/ports/risk.ts'
import { memoryInMemory } from './memory.ts'

interface Heard {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: Record<string, never>
}
const heard: Heard[] = []
let answers: Record<string, unknown> = {}
let server: Server
let url = ''

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const path = request.url ?? ''
    heard.push({
      ...{ path, authorization: request.headers.authorization },
      body: JSON.parse(await text(request)),
    })
    const answer = answers[path.split('/').at(-1) as string]
    // Nothing to say: it hangs.
    if (answer === undefined) return
    response.statusCode = answer === 500 ? 500 : 200
    response.setHeader('content-type', 'application/json')
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/voyager/`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  heard.length = 0
})

const master = randomBytes(32)
const fetch = createGuardedFetch({ allowedNetworks: ['127.0.0.0/8'], timeoutMs: 20_000, maxBytes: 65_536 })
const plugin = voyagerRemote({ fetch, keys: { secret: (id, purpose) => derive(master, id, purpose) } })
const open = (settings: Readonly<Record<string, unknown>> = {}) =>
  plugin.open({
    institution: { id: 'alder' } as Institution,
    ...{ provider: 'bank', settings: { url, authentication: 'bearer', token: 's3cret', ...settings } },
    ...{ memory: memoryInMemory(Date.now), now: Date.now },
  })

const facts: RiskFacts = {
  ...{ 'subject.id': 's1', 'network.address': '198.51.100.7', 'network.country': 'US' },
  ...{ 'network.asn': 64_500, 'client.language': 'en-US', 'network.located': true },
  'client.userAgent': 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36',
}
const event = <K extends RiskEventKind>(kind: K, more: Partial<RiskEvent<K>> = {}): RiskEvent<K> => ({
  ...{ id: 'e1', kind, institution: 'alder', at: Date.UTC(2026, 0, 13, 20), facts },
  ...more,
})
const within = (ms: number): RiskDeadline => ({ signal: AbortSignal.timeout(ms), ms })

const good = { ref: 'e1', match: 0.9, decision: 'ALLOW', reasons: [{ code: 'seen' }] }

test('evaluateAccess: the signature goes, the decision comes', async () => {
  answers = { evaluateAccess: { ...good, vendor: 'more' } }
  expect(await open().assess(event('sign-in'), within(20_000))).toEqual({
    ...{ event: 'e1', action: 'allow', band: 'ALLOW', score: 100, reasons: [{ code: 'seen' }] },
    reference: { access: 'e1' },
  })
  expect(heard).toEqual([
    {
      path: '/voyager/evaluateAccess',
      authorization: 'Bearer s3cret',
      body: {
        ...{ ref: 'e1', userRef: 's1', event: 'sign-in' },
        accessSignature: {
          ...{ os: 'windows', browser: 'chrome', language: 'en-us', ip: '198.51.100.7', asn: 64_500 },
          ...{ geo: { country: 'US' }, utcHour: 20, weekday: 2 },
        },
        policy: { questionEvery: 20, minMatch: 0.62, questionsToAsk: 2 },
      },
    },
  ])
})

test('screen and time zone go where the bank collects them', async () => {
  answers = { evaluateAccess: good }
  const screen = { 'client.screenWidth': 390, 'client.screenHeight': 844, 'client.colorDepth': 24 }
  const said = { 'client.collected': 'app', ...screen, 'client.timeZone': 'Europe/Tallinn' }
  await open().assess(event('sign-in', { facts: { ...facts, ...said } }), within(800))
  expect(heard.at(-1)?.body).toMatchObject({
    accessSignature: { screen: '844x390x24', timeZone: 'Europe/Tallinn' },
  })
})

test.each([
  ['QUESTION', 'step-up'],
  ['DENY', 'deny'],
])('%s is %s', async (decision, action) => {
  answers = { evaluateAccess: { ...good, decision } }
  expect(await open().assess(event('sign-in'), within(20_000))).toMatchObject({ action, band: decision })
})

test.each<[string, unknown]>([
  ['another event', { ...good, ref: 'e2' }],
  ['no match', { ...good, match: undefined }],
  ['a match above 1', { ...good, match: 1.01 }],
  ['an endless one', '{"ref":"e1","match":1e999,"decision":"ALLOW","reasons":[]}'],
  ['a match in words', { ...good, match: '0.9' }],
  ['a decision that there is not', { ...good, decision: 'PERMIT' }],
  ['no reasons', { ...good, reasons: 'none' }],
  ['a question of its own', { ...good, questionSetRef: 'q', questions: ['mothers-name'] }],
  ['no JSON', '<html>'],
  ['nothing', ''],
  ['a name that is said twice', '{"ref":"e1","match":0,"match":1,"decision":"ALLOW","reasons":[]}'],
  ['an error', 500],
])('an answer that is none is a failure: %s', async (_what, answer) => {
  answers = { evaluateAccess: answer }
  await expect(open().assess(event('sign-in'), within(20_000))).rejects.toThrow()
})

test('an engine that hangs is given up at the deadline', async () => {
  answers = {}
  const began = performance.now()
  await expect(open().assess(event('sign-in'), within(100))).rejects.toThrow()
  expect(performance.now() - began).toBeLessThan(10_000)
})

test.each([
  ['approved', [{ ref: 'e1', success: true }]],
  ['genuine', [{ ref: 'e1', success: true }]],
  ['fraud', [{ ref: 'e1', success: false }]],
  ['failed', [{ ref: 'e1', success: false }]],
  ['something', []],
])('recordOutcome: %s', async (outcome, bodies) => {
  answers = { recordOutcome: {} }
  const told = event('outcome', { reference: { access: 'e1' }, facts: { 'result.outcome': outcome } })
  await open().report?.(told, within(20_000))
  expect(heard.map(({ body }) => body)).toEqual(bodies)
})

test('an outcome that did not arrive is told again: it rejects', async () => {
  answers = { recordOutcome: 500 }
  const told = event('outcome', { reference: { access: 'e1' }, facts: { 'result.outcome': 'approved' } })
  await expect(open().report?.(told, within(20_000))).rejects.toThrow('fetch.failed')
})

describe('questions', () => {
  const own = {
    ...{ 'first-pet': 'Señor Patas', 'first-dish': 'Empanadas', 'first-film': 'Toy Story' },
    ...{ 'secret-word': 'xyzzy', 'dream-job': 'Astronauta' },
  }
  test('are off unless told', () => {
    const provider = open()
    expect([provider.challenge, provider.authenticate, provider.questions]).toEqual(Array(3).fill(undefined))
  })

  test('enrolled, asked and verified by hashes that only we can make', async () => {
    const provider = open({ questions: true })
    const questionSet = { questionSetRef: 'set-7', questions: ['first-pet', 'secret-word'] }
    answers = {
      ...{ enrolQuestions: '', evaluateAccess: { ...good, decision: 'QUESTION', ...questionSet } },
      verifyAnswers: { ref: 'set-7', result: 'passed' },
    }
    expect(await provider.questions?.enrol(event('enrolment'), own, within(20_000))).toEqual({ taken: true })
    const { reference } = await provider.assess(event('sign-in'), within(20_000))
    const challenge = await provider.challenge?.(event('sign-in', { reference }), 'questions', within(20_000))
    if (challenge?.kind !== 'questions') throw new Error('questions are asked')
    expect(challenge.questions.map(({ id }) => id).toSorted()).toEqual(['first-pet', 'secret-word'])
    const given = { 'first-pet': 'SENOR  PATAS', 'secret-word': 'xyzzy', 'dream-job': 'not asked' }
    const challenged = { reference: challenge.reference, answers: given }
    expect(await provider.authenticate?.(event('sign-in'), challenged, within(20_000))).toEqual({
      state: 'passed',
    })

    const enrolled = heard[0]?.body as unknown as { questions: { id: string; answerHash: string }[] }
    const verified = heard[2]?.body as unknown as { answers: { id: string; answerHash: string }[] }
    expect(enrolled.questions).toHaveLength(5)
    for (const { answerHash } of enrolled.questions)
      expect(answerHash).toMatch(/^\$hmac-argon2id\$v=1\$m=19456/)
    expect(new Set(enrolled.questions.map(({ answerHash }) => answerHash.split('$')[4])).size).toBe(5)
    // The engine compares texts.
    expect(enrolled.questions).toEqual(expect.arrayContaining(verified.answers))
    expect(verified.answers).toHaveLength(2)
    expect(JSON.stringify(heard)).not.toMatch(/patas|xyzzy/i)
  })

  test.each([
    [{ ref: 'set-7', result: 'locked' }, { state: 'locked' }],
    [{ ref: 'set-7', result: 'failed' }, { state: 'failed' }],
    [{ ref: 'set-8', result: 'passed' }, undefined],
    [{ ref: 'set-7', result: true }, undefined],
  ])('verifyAnswers: %j', async (answer, expected) => {
    answers = { verifyAnswers: answer }
    const reference = { access: 'e1', questionSetRef: 'set-7', questions: 'first-pet' }
    const challenged = { reference, answers: { 'first-pet': 'Rex' } }
    const verified = open({ questions: true }).authenticate?.(event('sign-in'), challenged, within(20_000))
    if (expected === undefined) await expect(verified).rejects.toThrow()
    else expect(await verified).toEqual(expected)
  })

  test('where the engine asked none, there is no challenge', async () => {
    const asked = open({ questions: true }).challenge?.(event('sign-in'), 'questions', within(20_000))
    await expect(asked).rejects.toThrow('the engine asked no questions')
  })
})

test.each<[Readonly<Record<string, unknown>>, RegExp]>([
  [{}, /url/],
  [{ url: 'ftp://x.example' }, /an http or https address is needed/],
  [{ url: 'http://x.example' }, /http only on loopback/],
  [{ url: 'https://me:secret@x.example' }, /no user name or password in the address/],
  [{ url: 'https://x.example', tokens: 'x' }, /tokens/],
  [{ url: 'https://x.example', authentication: 'bearer' }, /bearer needs it/],
])('settings that do not hold: %j', (settings, words) => expect(() => plugin.check(settings)).toThrow(words))

test('the token is a secret on the form', () => {
  expect(plugin.fields.find(({ path }) => path === 'token')).toMatchObject({ kind: 'secret' })
})
