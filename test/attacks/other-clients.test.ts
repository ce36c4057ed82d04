// Codes and tokens in the hands of another client, too late, or in the wrong place: 103, 104, 106 and 121.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tokens } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { call, codeIn, customer, introspect, signIn, token, withCode } from '../journeys/customer.ts'
import { startHostileWorld } from '../journeys/hostile-world.ts'
import { applyTwo, personal } from '../journeys/two-connections.ts'

const staff = 'alder-staff'
let bridge: TestBridge
let who: Awaited<ReturnType<typeof customer>>
beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, {
    app: { connections: [personal] },
    apps: [{ id: staff, name: 'Alder Staff', connections: [personal] }],
  })
  who = await customer(bridge)
})
afterAll(() => bridge.stop())

const invalid = { status: 400, json: { error: 'invalid_grant' } }

interface Change extends Readonly<Record<string, string>> {}
async function codeFields(change: Change = {}) {
  const got = await withCode(who)
  return {
    grant_type: 'authorization_code',
    code: codeIn(got.returned),
    redirect_uri: who.app.redirectUri,
    code_verifier: got.started.verifier,
    ...change,
  }
}

describe('#103 a code', () => {
  test('to another public client, which knows verifier, redirect and key', async () => {
    const fields = await codeFields()
    expect(await token(who, { ...fields, client_id: staff })).toMatchObject(invalid)
    // Control: the other client is one that redeems its own codes, in this very way.
    const theirs = await customer(bridge, 'bob', staff)
    const got = await withCode(theirs)
    const own = { code: codeIn(got.returned), code_verifier: got.started.verifier }
    expect((await token(theirs, { ...fields, ...own, client_id: staff })).status).toBe(200)
  })
  test('with another redirect_uri, also one of the same client’s kind', async () => {
    for (const redirect_uri of ['https://evil.example/cb', `${who.app.redirectUri}/`]) {
      expect((await token(who, await codeFields({ redirect_uri }))).json.error).toMatch(
        /^invalid_(grant|request)$/,
      )
    }
    expect((await token(who, await codeFields())).status).toBe(200)
  })
  test('after its time', async () => {
    const world = await startHostileWorld()
    try {
      const [late, early] = [await world.begin(), await world.begin()]
      const returned = await late.agreed(await late.deliver(late.answer()))
      // A minute passes for the rows: on a busy machine waiting would end other codes too.
      const aged = await world.parts.base.database
        .knex('oidc_payload')
        .where({ model: 'AuthorizationCode' })
        .update({ expires_at: new Date(Date.now() - 1000) })
      expect(aged).toBe(1)
      await expect(late.app.redeem(returned, late.started)).rejects.toMatchObject({ error: 'invalid_grant' })
      const tokens = await early.finish(await early.deliver(early.answer()))
      expect(tokens.accessToken).toBeTruthy()
    } finally {
      await world.stop()
    }
  }, 90_000)
})

describe('#104 a verifier', () => {
  const error = async (change: Change) => (await token(who, await codeFields(change))).json.error
  test('of another sign-in, wrong, too short, too long, with letters that it may not have', async () => {
    const other = await who.app.begin()
    expect(await error({ code_verifier: other.verifier })).toBe('invalid_grant')
    expect(await error({ code_verifier: 'x'.repeat(43) })).toBe('invalid_grant')
    for (const code_verifier of ['x'.repeat(42), 'x'.repeat(129), `${'x'.repeat(42)}!`, ''])
      expect(await error({ code_verifier })).toMatch(/^invalid_(grant|request)$/)
    expect(await error({})).toBeUndefined()
  })
  test('of one sign-in for the code of another: each opens its own', async () => {
    const [one, two] = [await codeFields(), await codeFields()]
    expect(await token(who, { ...one, code_verifier: two.code_verifier })).toMatchObject(invalid)
    expect(await token(who, { ...two, code_verifier: one.code_verifier })).toMatchObject(invalid)
    expect([(await token(who, one)).status, (await token(who, two)).status]).toEqual([200, 200])
  })
})

describe('#106 a refresh token', () => {
  const refresh = (value: Tokens, change: Change = {}) =>
    token(who, { grant_type: 'refresh_token', refresh_token: value.refreshToken as string, ...change })
  test('to another client, which has the key as well', async () => {
    const tokens = await signIn(who)
    expect(await refresh(tokens, { client_id: staff })).toMatchObject(invalid)
    expect((await refresh(tokens)).status).toBe(200)
  })
  test('with a scope that it never had', async () => {
    const tokens = await signIn(who, { scope: 'openid offline_access' })
    expect((await refresh(tokens, { scope: 'openid core:payments' })).json.error).toMatch(
      /^invalid_(scope|grant)$/,
    )
    expect((await refresh(tokens)).status).toBe(200)
  })
})

describe('#121 a token in the wrong place', () => {
  let tokens: Tokens
  beforeAll(async () => {
    tokens = await signIn(who)
  })
  const devices = (accessToken: string) =>
    call(who, { method: 'GET', path: '/devices', tokens: { ...tokens, accessToken } })
  test('an ID token, with a proof that is good for it', async () => {
    expect(await devices(tokens.idToken as string)).toMatchObject({
      status: 401,
      json: { code: 'token.invalid' },
    })
    expect((await devices(tokens.accessToken)).status).toBe(200)
  })
  test('a refresh token, with a proof that is good for it', async () => {
    expect(await devices(tokens.refreshToken as string)).toMatchObject({
      status: 401,
      json: { code: 'token.invalid' },
    })
  })
  test('an access token for userinfo, at our API', async () => {
    const narrow = await who.app.refresh(tokens.refreshToken as string, { scope: 'openid profile' })
    tokens = { ...tokens, refreshToken: narrow.refreshToken }
    const info = await call(who, { method: 'GET', path: '/userinfo', tokens: narrow })
    expect([info.status, info.json.name]).toEqual([200, 'Alice Alder'])
    expect(await devices(narrow.accessToken)).toMatchObject({ status: 401, json: { code: 'token.invalid' } })
  })
  const revoke = async (client_id: string, value: string) => {
    const body = new URLSearchParams({ client_id, token: value })
    const response = await fetch(`${bridge.issuer}/revoke`, { method: 'POST', body })
    return {
      status: response.status,
      error: ((await response.json().catch(() => ({}))) as { error?: string }).error,
    }
  }
  test('another client may not end it', async () => {
    const mine = await signIn(who)
    for (const value of [mine.accessToken, mine.refreshToken as string])
      expect((await revoke(staff, value)).status).toBeLessThan(500)
    expect((await introspect(bridge, mine.accessToken)).active).toBe(true)
    const renewed = await token(who, {
      grant_type: 'refresh_token',
      refresh_token: mine.refreshToken as string,
    })
    expect(renewed.status).toBe(200)
    expect((await revoke('alder-phone', renewed.json.refresh_token as string)).status).toBe(200)
    expect(
      await token(who, {
        grant_type: 'refresh_token',
        refresh_token: renewed.json.refresh_token as string,
      }),
    ).toMatchObject(invalid)
  })
  test('no app may look into one, its own or another’s', async () => {
    for (const client_id of ['alder-phone', staff]) {
      const body = new URLSearchParams({ client_id, token: tokens.accessToken })
      const response = await fetch(`${bridge.issuer}/introspect`, { method: 'POST', body })
      expect(JSON.stringify(await response.json())).not.toMatch(/"active":true|"sub"/)
    }
  })
})
