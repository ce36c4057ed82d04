// What callers hear when the database is busy, when nothing can be committed, and when they come too often.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RelyingParty } from '../../src/domain/institution.ts'
import { type Parts, startIdp, startParts } from './parts.ts'

let parts: Parts
const redirectUri = 'https://app.example/cb'

const app: RelyingParty = {
  institution: 'alder',
  id: 'app',
  name: 'App',
  kind: 'app',
  redirectUris: [redirectUri],
  postLogoutRedirectUris: [],
  scopes: ['openid'],
  connections: ['main'],
  acrFloor: undefined,
  requirePar: false,
  requireDpop: false,
  transactionTypes: [],
  webOrigins: [],
  keys: [],
}

async function withApp(change: Parameters<typeof startParts>[0] = {}): Promise<Parts> {
  const [started, { content }] = await Promise.all([startParts(change), startIdp()])
  const main = { ...content, institution: 'alder', id: 'main', state: 'active', version: 1 } as const
  const rows = { ...started.rows, relyingParties: [app], connections: [main] }
  await started.stores.directory.put(rows, 'file')
  return started
}

const query = new URLSearchParams({
  client_id: 'app',
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: 'openid',
  code_challenge: 'x'.repeat(43),
  code_challenge_method: 'S256',
})
const post = ({ issuer }: Parts, path: string, body: URLSearchParams) =>
  fetch(`${issuer}${path}`, { method: 'POST', redirect: 'manual', body })
const page = ({ issuer }: Parts, path: string) =>
  fetch(`${issuer}${path}`, { redirect: 'manual', headers: { accept: 'text/html' } })
const pushed = (at: Parts) => post(at, '/par', query)
const redeemed = (at: Parts) =>
  post(at, '/token', new URLSearchParams({ client_id: 'app', grant_type: 'authorization_code', code: 'x' }))
const authorized = (at: Parts) => page(at, `/authorize?${query}`)

beforeAll(async () => {
  parts = await withApp()
})
afterAll(() => parts.stop())
afterEach(() => vi.restoreAllMocks())

test('control: in good times all three are answered, and an error carries code and reference', async () => {
  expect((await pushed(parts)).status).toBe(201)
  expect((await authorized(parts)).status).toBe(303)
  const refused = await redeemed(parts)
  const reference = refused.headers.get('x-request-reference')
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({ error: 'invalid_grant', code: 'invalid_grant', reference })
})

describe('a busy database is 503 with Retry-After', () => {
  async function whileHeld<T>(work: () => Promise<T>): Promise<T> {
    const held = await parts.base.database.begin()
    await held.queries.raw('select 1')
    return work().finally(() => held.rollback())
  }
  const rows = async (answers: readonly Response[]) =>
    Promise.all(
      answers.map(async (answer) => ({
        status: answer.status,
        retry: answer.headers.get('retry-after'),
        location: answer.headers.get('location'),
        body: await answer.text(),
      })),
    )
  const busy = { status: 503, retry: '1', location: null, body: expect.stringMatching(/"?busy"?/) }

  test('with the institution at hand, and without', async () => {
    await pushed(parts)
    const warm = await whileHeld(() => Promise.all([pushed(parts), redeemed(parts), authorized(parts)]))
    const told = await rows(warm)
    expect(told).toEqual([busy, busy, busy])
    expect(JSON.parse(told[0]?.body ?? '')).toMatchObject({
      error: 'temporarily_unavailable',
      code: 'busy',
      reference: warm[0]?.headers.get('x-request-reference'),
    })
    parts.stores.directory.forget()
    const devices = () => fetch(`${parts.issuer}/devices`)
    const cold = await whileHeld(() =>
      Promise.all([pushed(parts), redeemed(parts), page(parts, '/x'), devices()]),
    )
    const untold = await rows(cold)
    expect(untold).toEqual([busy, busy, busy, busy])
    expect(JSON.parse(untold[1]?.body ?? '')).toMatchObject({
      error: 'temporarily_unavailable',
      code: 'busy',
    })
    expect((await pushed(parts)).status).toBe(201)
  })
})

test('what cannot be committed is not given: 500 with a reference, and the log has the reason under it', async () => {
  const errors = vi.spyOn(parts.base.log, 'error').mockImplementation(() => undefined)
  const { knex } = parts.base.database
  await knex.raw(
    `alter table audit_event add constraint full_disk check (type not like 'par.%' and type not like 'login.%') not valid`,
  )
  const answers = [await pushed(parts), await authorized(parts)]
  await knex.raw('alter table audit_event drop constraint full_disk')
  for (const answer of answers) {
    const reference = answer.headers.get('x-request-reference')
    const text = await answer.text()
    expect([answer.status, answer.headers.get('location'), text.includes('request_uri')]).toEqual([
      500,
      null,
      false,
    ])
    expect(text).toContain(reference)
    expect(answer.headers.getSetCookie()).toEqual([])
    const told = errors.mock.calls.filter(([, fields]) => fields?.reference === reference)
    expect(told).toEqual([
      ['failed', expect.objectContaining({ error: expect.stringContaining('full_disk') })],
    ])
  }
  expect(JSON.parse(await (await pushed(parts)).text())).toHaveProperty('request_uri')
})

describe('who comes too often', () => {
  let narrow: Parts
  const budget = { points: 3, seconds: 60 }
  beforeAll(async () => {
    narrow = await withApp({ limits: { rates: { token: budget, interaction: budget } } })
  })
  afterAll(() => narrow.stop())
  const events = async () => Number((await narrow.base.database.knex('audit_event').count('* as n'))[0]?.n)

  test('at the token endpoint and at PAR, in our words, and in no audit', async () => {
    for (let i = 0; i < 3; i++) expect((await redeemed(narrow)).status).toBe(400)
    const before = await events()
    for (const answer of [await redeemed(narrow), await pushed(narrow)]) {
      expect([answer.status, Number(answer.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await answer.json()).toMatchObject({
        error: 'temporarily_unavailable',
        code: 'rate.exceeded',
        reference: answer.headers.get('x-request-reference'),
      })
    }
    expect(await events()).toBe(before)
  })
  test('at sign-ins: the authorization endpoint, the pages and their forms share one budget', async () => {
    for (let i = 0; i < 3; i++) expect((await authorized(narrow)).status).toBe(303)
    const [before, form] = [await events(), new URLSearchParams({ do: 'allow' })]
    const tooMany = [
      await authorized(narrow),
      await page(narrow, '/interaction/any'),
      await post(narrow, '/interaction/any/consent', form),
      await post(narrow, '/interaction/any/pin', form),
      await post(narrow, '/interaction/any/choose', form),
      await page(narrow, '/sign-out'),
    ]
    for (const answer of tooMany) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, expect.any(String)])
      expect(await answer.text()).toContain('rate.exceeded')
    }
    expect(await events()).toBe(before)
    expect((await page(narrow, '/jwks')).status).toBe(200)
  })
})
