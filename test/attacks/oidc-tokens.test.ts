// Attacks 101 to 109 on codes, refresh tokens and proofs; on the embedded database, and on two nodes over PostgreSQL.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tokens } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import {
  call,
  codeIn,
  customer,
  introspect,
  signIn,
  token,
  tokenProof,
  withCode,
} from '../journeys/customer.ts'
import { serverUrl } from '../storage/scratch.ts'
import { onNodes, twenty } from './nodes-rig.ts'

function suite(kind: 'embedded' | 'server'): void {
  let bridge: TestBridge
  const at = onNodes(kind, (started) => {
    bridge = started
  })
  const redeem = (
    who: Awaited<ReturnType<typeof customer>>,
    got: Awaited<ReturnType<typeof withCode>>,
    i = 0,
  ) =>
    token(
      who,
      {
        grant_type: 'authorization_code',
        code: codeIn(got.returned),
        redirect_uri: who.app.redirectUri,
        code_verifier: got.started.verifier,
      },
      { at: at(i) },
    )
  const refresh = (who: Awaited<ReturnType<typeof customer>>, value: string, i = 0) =>
    token(who, { grant_type: 'refresh_token', refresh_token: value }, { at: at(i) })

  test('#101 code replay, one after the other: refused, and all tokens of the grant end', async () => {
    const who = await customer(bridge)
    const got = await withCode(who)
    const first = await redeem(who, got)
    expect(first.status).toBe(200)
    expect((await introspect(bridge, first.json.access_token as string)).active).toBe(true)
    expect(await redeem(who, got)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
    expect((await introspect(bridge, first.json.access_token as string)).active).toBe(false)
    expect(await refresh(who, first.json.refresh_token as string)).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant' },
    })
  })
  test('#102 twenty uses of one code at once: exactly one succeeds', async () => {
    const who = await customer(bridge)
    const got = await withCode(who)
    const results = await twenty((i) => redeem(who, got, i))
    expect(results.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(results.filter(({ status }) => status === 400)).toHaveLength(19)
  })
  test('#105 twenty refreshes at once: one new token, and it still works; a lost race ends nothing', async () => {
    const who = await customer(bridge)
    const tokens = await signIn(who)
    const results = await twenty((i) => refresh(who, tokens.refreshToken as string, i))
    const won = results.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    const next = await refresh(who, won[0]?.json.refresh_token as string)
    expect(next.status).toBe(200)
    // Reuse by the same key within ten seconds is a lost race: refused without harm.
    expect((await refresh(who, tokens.refreshToken as string)).status).toBe(400)
    const last = await refresh(who, next.json.refresh_token as string)
    expect(last.status).toBe(200)
  })
  test('#105 #106 reuse with another key is theft: the family ends', async () => {
    const [who, thief] = [await customer(bridge), await customer(bridge)]
    const tokens = await signIn(who)
    const next = await refresh(who, tokens.refreshToken as string)
    expect(next.status).toBe(200)
    expect((await refresh(thief, tokens.refreshToken as string)).status).toBe(400)
    expect((await refresh(who, next.json.refresh_token as string)).status).toBe(400)
  })
  test('#106 a refresh token with another DPoP key, or none', async () => {
    const [who, thief] = [await customer(bridge), await customer(bridge)]
    const tokens = await signIn(who)
    expect(await refresh(thief, tokens.refreshToken as string)).toMatchObject({ status: 400 })
    expect(
      await token(
        who,
        { grant_type: 'refresh_token', refresh_token: tokens.refreshToken as string },
        { proof: '' },
      ),
    ).toMatchObject({ status: 400 })
    expect((await refresh(who, tokens.refreshToken as string)).status).toBe(200)
  })
  test('#107 one proof twenty times: one success, and nothing but 400 besides', async () => {
    const who = await customer(bridge)
    const tokens = await signIn(who)
    const proof = await tokenProof(who)
    const results = await twenty((i) =>
      token(
        who,
        { grant_type: 'refresh_token', refresh_token: tokens.refreshToken as string },
        { at: at(i), proof },
      ),
    )
    expect(results.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200, 400]))
  })
}

describe('embedded database', () => suite('embedded'))
if (serverUrl !== undefined) describe('two nodes over PostgreSQL', () => suite('server'))

describe('what a request may not say', () => {
  let bridge: TestBridge
  let who: Awaited<ReturnType<typeof customer>>
  let tokens: Tokens
  beforeAll(async () => {
    bridge = await startBridge()
    who = await customer(bridge)
    tokens = await signIn(who)
  })
  afterAll(() => bridge.stop())
  const invalid = { status: 400, json: { error: 'invalid_grant' } }
  const redeemWith = async (change: Record<string, string>) => {
    const got = await withCode(who)
    const fields = {
      grant_type: 'authorization_code',
      code: codeIn(got.returned),
      redirect_uri: who.app.redirectUri,
      code_verifier: got.started.verifier,
    }
    return token(who, { ...fields, ...change })
  }
  test('control', async () => expect((await redeemWith({})).status).toBe(200))
  test('#103 code with another redirect_uri, to another client, or made up', async () => {
    expect(await redeemWith({ redirect_uri: 'https://evil.example/cb' })).toMatchObject(invalid)
    expect((await redeemWith({ client_id: 'alder-api' })).status).toBeGreaterThanOrEqual(400)
    expect(await redeemWith({ code: 'A'.repeat(43) })).toMatchObject(invalid)
    expect(await redeemWith({ code: tokens.refreshToken as string })).toMatchObject(invalid)
  })
  test('#104 PKCE: none, plain, wrong, too short, too long', async () => {
    expect((await redeemWith({ code_verifier: 'x'.repeat(43) })).status).toBe(400)
    expect((await redeemWith({ code_verifier: 'x'.repeat(42) })).status).toBe(400)
    expect((await redeemWith({ code_verifier: 'x'.repeat(129) })).status).toBe(400)
    expect((await redeemWith({ code_verifier: '' })).status).toBe(400)
    const par = async (change: Record<string, string>) => {
      const fields = {
        client_id: 'alder-phone',
        response_type: 'code',
        redirect_uri: who.app.redirectUri,
        scope: 'openid',
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
        ...change,
      }
      const body = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== '-'))
      return (await fetch(`${bridge.issuer}/par`, { method: 'POST', body })).status
    }
    expect(await par({})).toBe(201)
    expect(await par({ code_challenge: '-', code_challenge_method: '-' })).toBe(400)
    expect(await par({ code_challenge_method: 'plain' })).toBe(400)
    expect(await par({ code_challenge_method: '-' })).toBe(400)
    expect(await par({ code_challenge: 'x'.repeat(42) })).toBe(400)
    expect(await par({ code_challenge: 'x'.repeat(129) })).toBe(400)
  })
  test.each<[string, Parameters<typeof tokenProof>[1]]>([
    ['htm', { claims: { htm: 'GET' } }],
    ['htu', { claims: { htu: 'https://evil.example/token' } }],
    ['old', { claims: { iat: Math.floor(Date.now() / 1000) - 3600 } }],
    ['no jti', { claims: { jti: undefined } }],
    ['no iat', { claims: { iat: undefined } }],
    ['unknown nonce', { claims: { nonce: 'x' } }],
    ['typ', { header: { typ: 'JWT' } }],
    ['no jwk', { header: { jwk: undefined } }],
  ])('#108 a proof with a wrong %s at the token endpoint', async (_, change) => {
    const result = await token(
      who,
      { grant_type: 'refresh_token', refresh_token: tokens.refreshToken as string },
      { proof: await tokenProof(who, change) },
    )
    expect(result.status).toBe(400)
  })
  const url = () => `${bridge.issuer}/devices`
  const claims = () => ({ htm: 'GET', htu: url(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) })
  test.each<[string, (ath: string) => [Record<string, unknown>, Record<string, unknown>]]>([
    ['no ath', () => [{}, {}]],
    ['wrong ath', () => [{ ath: 'x'.repeat(43) }, {}]],
    ['htm', (ath) => [{ ath, htm: 'POST' }, {}]],
    ['htu', (ath) => [{ ath, htu: `${url()}/x` }, {}]],
    ['iat', (ath) => [{ ath, iat: 1 }, {}]],
    ['exp set', (ath) => [{ ath, exp: 9_999_999_999 }, {}]],
    ['nbf set', (ath) => [{ ath, nbf: 1 }, {}]],
    ['typ', (ath) => [{ ath }, { typ: 'drawbridge-device-proof+jwt' }]],
  ])('#108 #240 a proof with a wrong %s at our own API', async (_, make) => {
    const ath = (await import('node:crypto'))
      .createHash('sha256')
      .update(tokens.accessToken)
      .digest('base64url')
    const good = await who.app.sign({ ...claims(), ath }, { typ: 'dpop+jwt', jwk: who.app.jwk })
    expect((await call(who, { method: 'GET', path: '/devices', tokens, proof: good })).status).toBe(200)
    const [changed, header] = make(ath)
    const proof = await who.app.sign(
      { ...claims(), ...changed },
      { typ: 'dpop+jwt', jwk: who.app.jwk, ...header },
    )
    const refused = await call(who, { method: 'GET', path: '/devices', tokens, proof })
    expect(refused).toMatchObject({ status: 401, json: { code: 'dpop.invalid' } })
    expect(refused.challenge).toContain('invalid_dpop_proof')
  })
  test('#108 two DPoP headers', async () => {
    const proof = async () => who.app.proof({ method: 'GET', url: url(), accessToken: tokens.accessToken })
    const headers = new Headers({ authorization: `DPoP ${tokens.accessToken}` })
    headers.append('dpop', await proof())
    headers.append('dpop', await proof())
    expect((await fetch(url(), { headers })).status).toBe(401)
  })
  test('#109 a bound token without its key, with another key, or as a bearer token', async () => {
    const thief = await customer(bridge)
    expect((await fetch(url(), { headers: { authorization: `DPoP ${tokens.accessToken}` } })).status).toBe(
      401,
    )
    expect((await fetch(url(), { headers: { authorization: `Bearer ${tokens.accessToken}` } })).status).toBe(
      401,
    )
    expect((await call(thief, { method: 'GET', path: '/devices', tokens })).status).toBe(401)
    expect((await fetch(url())).status).toBe(401)
    const narrow = await who.app.refresh(tokens.refreshToken as string, { scope: 'openid profile' })
    const info = `${bridge.issuer}/userinfo`
    expect((await fetch(info, { headers: { authorization: `Bearer ${narrow.accessToken}` } })).status).toBe(
      401,
    )
  })
})
