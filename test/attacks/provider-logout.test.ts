// #99: logout tokens that the provider did not send, or not for this, or not now. Every session is kept.
import { exportJWK, exportSPKI, generateKeyPair, importJWK, importSPKI, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { logoutEvent } from '../../src/domain/oidc-logout.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { agreed, introspect } from '../journeys/customer.ts'
import {
  answeredAs,
  backChannel,
  type Claims,
  logoutClaims,
  type Signing,
  signedBy,
  signedInAs,
  tell,
  withProvider,
} from '../journeys/hostile-provider.ts'
import type { Colleague } from '../journeys/staff.ts'
import { type Op, startOp } from '../plugins/hostile-op.ts'
import { openConnection } from '../plugins/oidc-walk.ts'
import { testSigner } from '../xml/signers.ts'

let bridge: TestBridge
let op: Op
let marta: Colleague
const who = { sub: 'marta', sid: 'session-1' }
const active = async ({ tokens }: Colleague) => (await introspect(bridge, tokens.accessToken)).active

beforeAll(async () => {
  ;[bridge, op] = await Promise.all([startBridge(), startOp()])
  await withProvider(bridge, op)
  marta = await signedInAs(bridge, op, who)
})
afterAll(async () => {
  op.stop()
  await bridge.stop()
})

const token = (change: Claims = {}, signing: Signing = {}) =>
  signedBy(op, logoutClaims(op, { ...who, ...change }), signing)
const withHeader = (header: Claims) => token({}, { header })
const later = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

/** What the connector alone says of it: strangers are told one code for all. */
async function checkOf(logoutToken: string): Promise<string> {
  const connector = openConnection({ op, signer: await testSigner('RS256', 'unused') })
  try {
    await connector.logout?.backChannel?.read(logoutToken, Date.now())
    return 'held'
  } catch (error) {
    return error instanceof Refusal ? String(error.detail.check) : String(error)
  }
}

const cases: Record<string, readonly [check: string, make: () => Promise<string> | string]> = {
  'signed by a stranger under the name of the provider’s key': [
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    async () => token({}, { key: (await generateKeyPair('RS256')).privateKey }),
  ],
  'by a key that it brings along': [
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    async () => {
      const { privateKey, publicKey } = await generateKeyPair('RS256')
      return token({}, { key: privateKey, header: { jwk: await exportJWK(publicKey) } })
    },
  ],
  'by a key that the provider does not publish': [
    'ERR_JWKS_NO_MATCHING_KEY',
    async () => token({}, { key: (await generateKeyPair('RS256')).privateKey, header: { kid: 'k9' } }),
  ],
  'by nobody: alg none': [
    'ERR_JOSE_ALG_NOT_ALLOWED',
    () => new UnsecuredJWT({ ...logoutClaims(op, who) }).encode(),
  ],
  'by nobody: the signature cut off': [
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    async () => (await token()).replace(/\.[^.]*$/, '.'),
  ],
  'by HS256 with the public key as the secret': [
    'ERR_JOSE_ALG_NOT_ALLOWED',
    async () => token({}, { header: { alg: 'HS256' }, key: new TextEncoder().encode(await publicPem()) }),
  ],
  'by the right key and another algorithm': [
    'ERR_JOSE_ALG_NOT_ALLOWED',
    async () => {
      const jwk = await exportJWK(op.privateKey)
      return token({}, { header: { alg: 'PS256' }, key: (await importJWK(jwk, 'PS256')) as CryptoKey })
    },
  ],
  'changed after it was signed': [
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    async () => {
      const [head, , signature] = (await token({ sub: 'jaan' })).split('.')
      const body = Buffer.from(JSON.stringify(logoutClaims(op, who))).toString('base64url')
      return [head, body, signature].join('.')
    },
  ],
  'with an extension that must be understood': [
    'ERR_JOSE_NOT_SUPPORTED',
    async () => forged({ crit: ['x-y'], 'x-y': 1 }),
  ],
  'no token at all': ['ERR_JWS_INVALID', () => 'x'],
  'a token in five parts': ['ERR_JWS_INVALID', () => 'a.b.c.d.e'],
  'of another issuer': ['iss', () => token({ iss: 'https://evil.example' })],
  'of an issuer that only looks the same': ['iss', () => token({ iss: `${op.issuer}/` })],
  'of no issuer': ['iss', () => token({ iss: undefined })],
  'for another client': ['aud', () => token({ aud: 'somebody' })],
  'for us and another client': ['aud', () => token({ aud: ['bridge', 'somebody'] })],
  'for nobody': ['aud', () => token({ aud: undefined })],
  'of an hour ago': ['exp', () => token({ iat: later(-3600), exp: later(-3480) })],
  'of tomorrow': ['iat', () => token({ iat: later(86_400), exp: later(86_500) })],
  'of last week, and still not over': ['iat', () => token({ iat: later(-7 * 86_400), exp: later(3600) })],
  'of no time': ['iat', () => token({ iat: undefined })],
  'of five minutes ago, without an end': ['exp', () => token({ iat: later(-300), exp: undefined })],
  'with an end in a year': ['exp', () => token({ exp: later(365 * 86_400) })],
  'without an id': ['jti', () => token({ jti: undefined })],
  'with an empty id': ['jti', () => token({ jti: ' ' })],
  'without the event': ['events', () => token({ events: undefined })],
  'with another event': ['events', () => token({ events: { 'https://evil.example/event': {} } })],
  'with the event as a list': ['events', () => token({ events: [logoutEvent] })],
  'with the event that says nothing': ['events', () => token({ events: { [logoutEvent]: true } })],
  'with a nonce': ['nonce', () => token({ nonce: 'n' })],
  'with a nonce that is null': ['nonce', () => token({ nonce: null })],
  'that names neither session nor customer': ['sub or sid', () => token({ sub: undefined, sid: undefined })],
  'whose session is a number': ['sid', () => token({ sid: 1 })],
  'whose customer is a list': ['sub', () => token({ sub: ['marta'] })],
  'of the type of an access token': ['typ', () => withHeader({ typ: 'at+jwt' })],
  'of the type of a proof': ['typ', () => withHeader({ typ: 'dpop+jwt' })],
  'an ID token, as it came at the sign-in': [
    'events',
    () => token({ events: undefined, jti: undefined, nonce: 'n', auth_time: 1 }, { header: { typ: 'JWT' } }),
  ],
  'an ID token of a provider that gives it an event': ['nonce', () => token({ nonce: 'n' })],
  'an ID token without a nonce': ['events', () => token({ events: undefined }, { header: { typ: 'JWT' } })],
}

async function publicPem(): Promise<string> {
  const { d: _, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...jwk } = await exportJWK(op.privateKey)
  const pem = await exportSPKI((await importJWK(jwk, 'RS256')) as CryptoKey)
  await importSPKI(pem, 'RS256')
  return pem
}

/** A genuine signature under a header that the signing library would not write. */
async function forged(header: Claims): Promise<string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'RS256', kid: 'k1', typ: 'logout+jwt', ...header })}.${part(logoutClaims(op, who))}`
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', op.privateKey, Buffer.from(text))
  return `${text}.${Buffer.from(signature).toString('base64url')}`
}

describe('#99 a logout token that does not hold ends nothing', () => {
  test.each(Object.entries(cases))('%s', async (_name, [check, make]) => {
    const sent = await make()
    expect(await checkOf(sent)).toBe(check)
    const { status, cache, text } = await tell(bridge, sent)
    expect([status, cache]).toEqual([400, 'no-store'])
    expect(JSON.parse(text)).toMatchObject({ error: 'invalid_request', code: 'logout.refused' })
    expect(await active(marta)).toBe(true)
  })
  test('her session with somebody else’s name is refused; an unknown session or name ends nothing', async () => {
    expect((await tell(bridge, await token({ sub: 'jaan' }))).status).toBe(400)
    expect((await tell(bridge, await token({ sid: 'session-9' }))).status).toBe(200)
    expect((await tell(bridge, await token({ sub: 'jaan', sid: undefined }))).status).toBe(200)
    expect((await tell(bridge, await token({ sub: undefined, sid: '' }))).status).toBe(400)
    expect(await active(marta)).toBe(true)
  })
  test('a token that comes again is refused, also when twenty bring it at once', async () => {
    const once = await token({ sid: 'session-9' })
    const all = await Promise.all(Array.from({ length: 20 }, () => tell(bridge, once)))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(all.filter(({ status }) => status === 400)).toHaveLength(19)
  })
  test('only a form of this one parameter, once, at the address of a connection that has a provider', async () => {
    const [address, good] = [backChannel(bridge), await token()]
    const post = async (url: string, body: string, type = 'application/x-www-form-urlencoded') =>
      (await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })).status
    const form = `logout_token=${good}`
    expect(await post(address, '')).toBe(400)
    expect(await post(`${address}?${form}`, '')).toBe(400)
    expect(await post(address, `${form}&${form}`)).toBe(400)
    expect(await post(address, JSON.stringify({ logout_token: good }), 'application/json')).toBe(415)
    expect((await fetch(`${address}?${form}`)).status).toBe(404)
    expect(await post(backChannel(bridge, 'alder-idp'), form)).toBe(404)
    expect(await post(backChannel(bridge, 'nobody'), form)).toBe(404)
    expect(await active(marta)).toBe(true)
  })
})

describe('control: what the provider did send', () => {
  test('ends the session that it names, answers as it must, and is not taken again', async () => {
    const other = await signedInAs(bridge, op, { sub: 'marta', sid: 'session-2' })
    const good = await token()
    expect(await checkOf(good)).toBe('held')
    expect(await tell(bridge, good)).toEqual({ status: 200, cache: 'no-store', text: '' })
    expect([await active(marta), await active(other)]).toEqual([false, true])
    expect((await tell(bridge, good)).status).toBe(400)
  })
  test.each(['logout+jwt', 'application/logout+jwt', 'LOGOUT+JWT', 'JWT', undefined])(
    'of the type %s',
    async (typ) => {
      const sid = `typ-${typ}`
      const one = await signedInAs(bridge, op, { sub: 'marta', sid })
      expect((await tell(bridge, await token({ sid }, { header: { typ } }))).status).toBe(200)
      expect(await active(one)).toBe(false)
    },
  )
  test('a session alone, a customer alone, and a customer whose sessions never had a name', async () => {
    const [one, two, jaan] = [
      await signedInAs(bridge, op, { sub: 'marta', sid: 'a' }),
      await signedInAs(bridge, op, { sub: 'marta', sid: 'b' }),
      await signedInAs(bridge, op, { sub: 'jaan', sid: 'c' }),
    ]
    await tell(bridge, await token({ sub: undefined, sid: 'a' }))
    expect([await active(one), await active(two), await active(jaan)]).toEqual([false, true, true])
    await tell(bridge, await token({ sub: 'marta', sid: undefined }))
    expect([await active(two), await active(jaan)]).toEqual([false, true])
    const nameless = await signedInAs(bridge, op, { sub: 'liis' })
    await tell(bridge, await token({ sub: 'liis', sid: 'd' }))
    expect([await active(nameless), await active(jaan)]).toEqual([false, true])
  })
  test('without an end, as Glewlwyd sends them, for two minutes', async () => {
    const one = await signedInAs(bridge, op, { sub: 'marta', sid: 'endless' })
    const good = await token({ sid: 'endless', iat: later(-100), exp: undefined })
    expect((await tell(bridge, good)).status).toBe(200)
    expect(await active(one)).toBe(false)
    expect((await tell(bridge, good)).status).toBe(400)
  })
  test('a session that ends while the customer still reads our page becomes none', async () => {
    const walk = await answeredAs(bridge, op, { sub: 'oskar', sid: 'early' })
    expect(walk.page.returned).toBeUndefined()
    await tell(bridge, await token({ sub: 'oskar', sid: 'early' }))
    const returned = await agreed({ ...walk, user: 'oskar' }, walk.page)
    expect(new URL(returned).searchParams.get('error')).toBe('access_denied')
    const again = await walk.app.begin({ scope: 'openid', prompt: 'none' })
    const silent = await walk.browser.follow(again.url, { until: walk.app.redirectUri })
    expect(new URL(silent.returned as string).searchParams.get('error')).toBe('login_required')
  })
})
