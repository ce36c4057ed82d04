// Attack 108 and its neighbours: every rule of RFC 9449 4.3 alone, at the token endpoint, at our APIs, and at PAR.
import { createHash, randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tokens } from '../../src/demo/app-client.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { checkProof } from '../../src/http/dpop.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { agreed, call, codeIn, customer, signIn, token, tokenProof, withCode } from '../journeys/customer.ts'

let bridge: TestBridge
let who: Awaited<ReturnType<typeof customer>>
let tokens: Tokens
beforeAll(async () => {
  bridge = await startBridge()
  who = await customer(bridge)
  tokens = await signIn(who)
})
afterAll(() => bridge.stop())

const now = () => Math.floor(Date.now() / 1000)
const thumb = (value: string) => createHash('sha256').update(value).digest('base64url')

/** A request with every header line as it is given: fetch would join two of one name. */
function raw(url: string, headers: [string, string][], body?: string) {
  return new Promise<{ status: number; json: Record<string, string> }>((resolve, reject) => {
    const { hostname, port, pathname } = new URL(url)
    const method = body === undefined ? 'GET' : 'POST'
    const lines = [
      ['host', `${hostname}:${port}`],
      ['accept', 'application/json'],
      ...(body === undefined
        ? []
        : [
            ['content-type', 'application/x-www-form-urlencoded'],
            ['content-length', String(Buffer.byteLength(body))],
          ]),
      ...headers,
    ].flat() as string[]
    const sent = httpRequest({ hostname, port, path: pathname, method, headers: lines }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, json: JSON.parse(Buffer.concat(chunks).toString()) }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A proof signed by a key of another kind, which it carries; in form it is as good as any. */
async function byKey(alg: string, claims: JWTPayload): Promise<string> {
  const pair = await generateKeyPair(alg, { extractable: true })
  const header = { alg, typ: 'dpop+jwt', jwk: await exportJWK(pair.publicKey) }
  return new SignJWT(claims).setProtectedHeader(header).sign(pair.privateKey)
}

const unsigned = (claims: JWTPayload, jwk: object): string => {
  const [, payload] = new UnsecuredJWT(claims).encode().split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk })).toString('base64url')
  return `${header}.${payload}.`
}

describe('#108 at the token endpoint', () => {
  const refresh = (proof: string) =>
    token(who, { grant_type: 'refresh_token', refresh_token: tokens.refreshToken as string }, { proof })
  const claims = (): JWTPayload => ({
    htm: 'POST',
    htu: `${bridge.issuer}/token`,
    jti: randomUUID(),
    iat: now(),
  })
  /** The token is good all the while: refused proofs use nothing up. */
  async function stillGood() {
    const { status, json } = await refresh(await tokenProof(who))
    expect(status).toBe(200)
    tokens = { ...tokens, refreshToken: json.refresh_token, accessToken: json.access_token as string }
  }
  type Change = () => NonNullable<Parameters<typeof tokenProof>[1]>
  test.each<[string, string, Change]>([
    ['htm of another method', 'invalid_dpop_proof', () => ({ claims: { htm: 'GET' } })],
    ['no htm', 'invalid_dpop_proof', () => ({ claims: { htm: undefined } })],
    ['htu elsewhere', 'invalid_dpop_proof', () => ({ claims: { htu: 'https://evil.example/token' } })],
    ['htu of another endpoint', 'invalid_dpop_proof', () => ({ claims: { htu: `${bridge.issuer}/par` } })],
    ['no htu', 'invalid_dpop_proof', () => ({ claims: { htu: undefined } })],
    ['no jti', 'invalid_dpop_proof', () => ({ claims: { jti: undefined } })],
    ['no iat', 'invalid_dpop_proof', () => ({ claims: { iat: undefined } })],
    ['exp in the past', 'invalid_dpop_proof', () => ({ claims: { exp: now() - 60 } })],
    ['nbf in the future', 'invalid_dpop_proof', () => ({ claims: { nbf: now() + 60 } })],
    ['typ JWT', 'invalid_dpop_proof', () => ({ header: { typ: 'JWT' } })],
    ['no typ', 'invalid_dpop_proof', () => ({ header: { typ: undefined } })],
    ['no jwk', 'invalid_dpop_proof', () => ({ header: { jwk: undefined } })],
    // Out of the window the library wants a nonce of ours, which it offers (RFC 9449 8).
    ['iat of an hour ago', 'use_dpop_nonce', () => ({ claims: { iat: now() - 3600 } })],
    ['iat in an hour', 'use_dpop_nonce', () => ({ claims: { iat: now() + 3600 } })],
    ['a made-up nonce', 'use_dpop_nonce', () => ({ claims: { nonce: 'x' } })],
  ])('%s', async (_, error, change) => {
    expect(await refresh(await tokenProof(who, change()))).toMatchObject({ status: 400, json: { error } })
    await stillGood()
  })
  const invalid = { status: 400, json: { error: 'invalid_dpop_proof' } }
  test.each(['RS256', 'PS256', 'ES384'])('an algorithm that is not on our list: %s', async (alg) => {
    expect(await refresh(await byKey(alg, claims()))).toMatchObject(invalid)
    await stillGood()
  })
  test('alg none; an HMAC keyed by what the header carries', async () => {
    expect(await refresh(unsigned(claims(), who.app.jwk))).toMatchObject(invalid)
    const k = Buffer.alloc(32, 'k')
    const header = { alg: 'HS256', typ: 'dpop+jwt', jwk: { kty: 'oct', k: k.toString('base64url') } }
    expect(await refresh(await new SignJWT(claims()).setProtectedHeader(header).sign(k))).toMatchObject(
      invalid,
    )
    await stillGood()
  })
  test('the private key in the header; the key of another in the header', async () => {
    const { d } = await exportJWK(who.app.keys.privateKey)
    expect(await refresh(await tokenProof(who, { header: { jwk: { ...who.app.jwk, d } } }))).toMatchObject(
      invalid,
    )
    const other = await customer(bridge)
    expect(await refresh(await tokenProof(who, { header: { jwk: other.app.jwk } }))).toMatchObject(invalid)
    await stillGood()
  })
  test('two header lines, each of them good', async () => {
    const fields = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken as string }
    const body = new URLSearchParams({ client_id: 'alder-phone', ...fields }).toString()
    const url = `${bridge.issuer}/token`
    const lines: [string, string][] = [
      ['DPoP', await tokenProof(who)],
      ['DPoP', await tokenProof(who)],
    ]
    expect(await raw(url, lines, body)).toMatchObject(invalid)
    // Control: one of the lines alone is taken, and neither was used up.
    const good = await raw(url, lines.slice(0, 1), body)
    expect(good.status).toBe(200)
    tokens = { ...tokens, refreshToken: good.json.refresh_token as string }
    await stillGood()
  })
})

describe('#108 at our own API', () => {
  const url = () => `${bridge.issuer}/devices`
  test('two header lines, each of them good', async () => {
    const proof = () => who.app.proof({ method: 'GET', url: url(), accessToken: tokens.accessToken })
    const bearer: [string, string] = ['Authorization', `DPoP ${tokens.accessToken}`]
    const lines: [string, string][] = [
      ['DPoP', await proof()],
      ['DPoP', await proof()],
    ]
    expect(await raw(url(), [bearer, ...lines])).toMatchObject({
      status: 401,
      json: { code: 'dpop.invalid' },
    })
    expect((await raw(url(), [bearer, lines[0] as [string, string]])).status).toBe(200)
    expect(await raw(url(), [bearer, bearer, lines[1] as [string, string]])).toMatchObject({
      status: 401,
      json: { code: 'token.invalid' },
    })
    expect((await raw(url(), [bearer, lines[1] as [string, string]])).status).toBe(200)
  })
})

describe('#108 the check itself, rule by rule', () => {
  const accessToken = 'an-access-token'
  const url = 'https://bank.example/alder/devices'
  const base = () => ({ htm: 'GET', htu: url, jti: 'one', iat: 1_800_000_000, ath: thumb(accessToken) })
  const at = 1_800_000_000_000
  /** What the check says; `good` when nothing is wrong. */
  async function verdict(...proofs: (string | Promise<string>)[]): Promise<string> {
    try {
      const given = await Promise.all(proofs)
      await checkProof({ proofs: given, method: 'GET', url, accessToken, now: at })
      return 'good'
    } catch (error) {
      if (error instanceof Refusal) return `${error.code} ${error.detail.check ?? ''}`.trim()
      throw error
    }
  }
  const made = (claims: object = {}, header: object = {}) =>
    who.app.sign({ ...base(), ...claims }, { typ: 'dpop+jwt', jwk: who.app.jwk, ...header })
  test('control', async () => {
    expect(await verdict(made())).toBe('good')
    expect(await verdict(made({ htu: `${url}?a=b#c` }))).toBe('good')
    expect(await verdict(made({ iat: 1_800_000_060 }))).toBe('good')
    expect(await verdict(made({ iat: 1_799_999_940 }))).toBe('good')
  })
  test.each<[string, object, string]>([
    ['a minute and a second ago', { iat: 1_799_999_939 }, 'iat'],
    ['in a minute and a second', { iat: 1_800_000_061 }, 'iat'],
    ['iat as text', { iat: '1800000000' }, 'signature'],
    ['no iat', { iat: undefined }, 'iat'],
    ['exp set, however far', { exp: 9_999_999_999 }, 'exp'],
    ['nbf set, however long ago', { nbf: 1 }, 'exp'],
    ['htm', { htm: 'POST' }, 'htm'],
    ['htm in small letters', { htm: 'get' }, 'htm'],
    ['htu with a slash', { htu: `${url}/` }, 'htu'],
    ['htu that is no address', { htu: 'x' }, 'htu'],
    ['ath of another token', { ath: thumb('another') }, 'ath'],
    ['no ath', { ath: undefined }, 'ath'],
    ['jti empty', { jti: '' }, 'jti'],
    ['jti of any length', { jti: 'x'.repeat(257) }, 'jti'],
  ])('%s', async (_, claims, check) => expect(await verdict(made(claims))).toBe(`dpop.invalid ${check}`))
  test.each(['RS256', 'PS256', 'ES384', 'ES512', 'EdDSA'])('%s is not on the list', async (alg) => {
    expect(await verdict(byKey(alg, base()))).toBe('dpop.invalid signature')
  })
  test('none, an HMAC, another typ, no key, a private key', async () => {
    expect(await verdict(unsigned(base(), who.app.jwk))).toBe('dpop.invalid signature')
    const k = Buffer.alloc(32, 'k')
    const header = { alg: 'HS256', typ: 'dpop+jwt', jwk: { kty: 'oct', k: k.toString('base64url') } }
    expect(await verdict(new SignJWT(base()).setProtectedHeader(header).sign(k))).toBe(
      'dpop.invalid signature',
    )
    expect(await verdict(made({}, { typ: 'drawbridge-device-proof+jwt' }))).toBe('dpop.invalid signature')
    expect(await verdict(made({}, { jwk: undefined }))).toBe('dpop.invalid signature')
    const { d } = await exportJWK(who.app.keys.privateKey)
    for (const secret of [d, '', 'AA', null, 0, false])
      expect(await verdict(made({}, { jwk: { ...who.app.jwk, d: secret } }))).toMatch(/^dpop\.invalid /)
  })
  test('two of them, none of them', async () => {
    expect(await verdict(made(), made())).toBe('dpop.invalid one')
    expect(await verdict(made(), '')).toBe('dpop.invalid one')
    expect(await verdict()).toBe('dpop.missing')
    expect(await verdict('')).toBe('dpop.missing')
  })
})

describe('#108 dpop_jkt', () => {
  test('that is not of the proof’s key is refused at PAR', async () => {
    const other = await customer(bridge)
    await expect(who.app.begin({ dpop_jkt: other.app.thumbprint })).rejects.toMatchObject({
      error: 'invalid_request',
    })
    expect((await who.app.begin({ dpop_jkt: who.app.thumbprint })).url).toContain('request_uri')
  })
  const invalid = { status: 400, json: { error: 'invalid_grant' } }
  /** A new code each time: the wrong key uses it up. */
  async function codeByPar(): Promise<Record<string, string>> {
    const got = await withCode(who)
    return fieldsFor(codeIn(got.returned), got.started.verifier)
  }
  const fieldsFor = (code: string, code_verifier: string) => ({
    grant_type: 'authorization_code',
    code,
    redirect_uri: who.app.redirectUri,
    code_verifier,
  })
  /** The parameter alone at PAR, and no proof. */
  async function codeByName(): Promise<Record<string, string>> {
    const verifier = 'v'.repeat(43)
    const body = new URLSearchParams({
      client_id: 'alder-phone',
      response_type: 'code',
      redirect_uri: who.app.redirectUri,
      scope: 'openid',
      code_challenge: thumb(verifier),
      code_challenge_method: 'S256',
      dpop_jkt: who.app.thumbprint,
    })
    const pushed = await fetch(`${bridge.issuer}/par`, { method: 'POST', body })
    expect(pushed.status).toBe(201)
    const { request_uri } = (await pushed.json()) as { request_uri: string }
    const query = new URLSearchParams({ client_id: 'alder-phone', request_uri })
    const page = await who.browser.follow(`${bridge.issuer}/authorize?${query}`, {
      until: who.app.redirectUri,
    })
    return fieldsFor(codeIn(page.returned ?? (await agreed(who, page))), verifier)
  }
  test.each([
    ['proven at PAR', codeByPar],
    ['named at PAR', codeByName],
  ])('%s binds the code to its key', async (_, make) => {
    const thief = await customer(bridge)
    expect(await token(thief, await make())).toMatchObject(invalid)
    expect((await token(thief, await make(), { proof: '' })).status).toBe(400)
    expect((await token(who, await make())).status).toBe(200)
  })
})

test('#109 control: the token with its key is taken', async () => {
  expect((await call(who, { method: 'GET', path: '/devices', tokens })).status).toBe(200)
})
