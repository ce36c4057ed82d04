// Using up what is not there, not theirs, or ended meanwhile; and using it up without being asked to.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiId } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { apiToken, call, enrolled, introspect, signIn, token } from '../journeys/customer.ts'
import { approve, consume, introspectToUse, payingApi, withUses } from '../journeys/uses-rig.ts'

let bridge: TestBridge
let bearer: string
let birch: string
beforeAll(async () => {
  bridge = await startBridge()
  await withUses(bridge)
  birch = `${new URL(bridge.issuer).origin}/birch`
  bearer = await apiToken(bridge)
})
afterAll(() => bridge.stop())

const shown = ({ status, json }: Awaited<ReturnType<typeof consume>>) => ({
  status,
  code: json.code,
  words: [json.error, json.error_description],
})

describe('a token that is not there', () => {
  test('whatever is the matter with it, the answer is the same', async () => {
    const who = await enrolled(bridge)
    const unknown = await consume(bridge, { bearer, token: randomUUID() })
    expect([unknown.status, unknown.json.code]).toEqual([400, 'transaction.unknown'])
    const revoked = await approve(who)
    const body = new URLSearchParams({ token: revoked.accessToken, client_id: 'alder-phone' })
    expect((await fetch(`${bridge.issuer}/revoke`, { method: 'POST', body })).status).toBe(200)
    const fromAlder = await approve(who)
    const inBirch = await apiToken(bridge, { issuer: birch })
    const narrow = await token(who, {
      grant_type: 'refresh_token',
      refresh_token: (await signIn(who)).refreshToken as string,
      scope: 'openid profile',
    })
    const answers = [
      await consume(bridge, { bearer, token: revoked.accessToken }),
      await consume(bridge, { bearer: inBirch, token: fromAlder.accessToken, issuer: birch }),
      await consume(bridge, { bearer, token: fromAlder.refreshToken as string }),
      await consume(bridge, { bearer, token: bearer }),
      // For userinfo, not for our API.
      await consume(bridge, { bearer, token: narrow.json.access_token as string }),
      await consume(bridge, { bearer, token: `${fromAlder.accessToken}'` }),
    ]
    for (const answer of answers) expect(shown(answer)).toEqual(shown(unknown))
    // Nobody has used it up by asking elsewhere.
    expect((await consume(bridge, { bearer, token: fromAlder.accessToken })).status).toBe(200)
  })
  test('its device was ended, its customer disabled', async () => {
    const who = await enrolled(bridge, 'bob')
    const tokens = await approve(who)
    const path = `/devices/${who.device.id}`
    expect((await call(who, { method: 'DELETE', path, tokens: who.tokens })).status).toBe(204)
    expect((await consume(bridge, { bearer, token: tokens.accessToken })).json.code).toBe(
      'transaction.unknown',
    )
    expect(await introspectToUse(bridge, tokens.accessToken)).toEqual({ active: false })
    const later = await enrolled(bridge)
    const approved = await approve(later)
    const manager = await apiToken(bridge, { scope: 'subjects' })
    const disabled = await fetch(`${bridge.issuer}/subjects/${later.tokens.claims.sub}/disable`, {
      method: 'POST',
      headers: { authorization: `Bearer ${manager}` },
    })
    expect(disabled.status).toBe(200)
    expect((await consume(bridge, { bearer, token: approved.accessToken })).json.code).toBe(
      'transaction.unknown',
    )
    expect(await introspectToUse(bridge, approved.accessToken)).toEqual({ active: false })
    await fetch(`${bridge.issuer}/subjects/${later.tokens.claims.sub}/enable`, {
      method: 'POST',
      headers: { authorization: `Bearer ${manager}` },
    })
    expect((await consume(bridge, { bearer, token: approved.accessToken })).status).toBe(400)
  })
  test('a token without a transaction is told apart', async () => {
    const tokens = await signIn(await enrolled(bridge))
    const answer = await consume(bridge, { bearer, token: tokens.accessToken })
    expect([answer.status, answer.json.code]).toEqual([403, 'transaction.missing'])
  })
})

describe('who may', () => {
  let who: Awaited<ReturnType<typeof enrolled>>
  beforeAll(async () => {
    who = await enrolled(bridge)
  })
  test('not without a token, by a customer’s, or by an API that only introspects', async () => {
    const { accessToken } = await approve(who)
    const none = await fetch(`${bridge.issuer}/transactions/consume`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: accessToken }),
    })
    expect(none.status).toBe(401)
    const own = await consume(bridge, { bearer: accessToken, token: accessToken })
    expect([own.status, own.json.code, own.challenge]).toEqual([
      401,
      'token.invalid',
      expect.stringContaining('scope="transactions"'),
    ])
    const asApp = await call(who, {
      method: 'POST',
      path: '/transactions/consume',
      tokens: await signIn(who),
      body: { token: accessToken },
    })
    expect(asApp.status).toBe(401)
    // It has no scope of its own, and so gets no token at all.
    expect(await apiToken(bridge, { id: payingApi })).toBe('')
    const unscoped = await apiToken(bridge, { scope: 'device' })
    const refused = await consume(bridge, { bearer: unscoped, token: accessToken })
    expect([refused.status, refused.json.code]).toEqual([403, 'token.scope'])
    expect((await consume(bridge, { bearer, token: accessToken })).status).toBe(200)
  })
  test('an app gets the scope neither by asking nor by client credentials', async () => {
    const tokens = await signIn(who, { scope: 'openid device transactions' }).catch(() => undefined)
    if (tokens !== undefined)
      expect((await introspect(bridge, tokens.accessToken)).scope).not.toContain('transactions')
    const own = await token(who, { grant_type: 'client_credentials', scope: 'transactions' })
    expect(own.status).toBe(400)
  })
  test.each([
    ['no token', {}],
    ['an empty one', { token: '' }],
    ['a number', { token: 1 }],
    ['two things', { token: 'x', sub: 'y' }],
    ['a list', []],
  ])('refuses a body of %s', async (_name, body) => {
    const response = await fetch(`${bridge.issuer}/transactions/consume`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect([response.status, (await response.json()).code]).toEqual([400, 'request.malformed'])
  })
  test('an introspection that only looks takes nothing away, and an app’s is no use', async () => {
    const { accessToken } = await approve(who)
    expect((await introspect(bridge, accessToken)).active).toBe(true)
    const body = new URLSearchParams({ token: accessToken, client_id: 'alder-phone' })
    const app = await fetch(`${bridge.issuer}/introspect`, { method: 'POST', body })
    expect(await app.json()).not.toMatchObject({ active: true })
    expect((await introspectToUse(bridge, accessToken)).active).toBe(true)
    expect(apiId).not.toBe(payingApi)
  })
})
