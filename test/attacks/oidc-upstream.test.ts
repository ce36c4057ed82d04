// Attacks 84 to 92 and 95 to 98 on the OpenID Connect way upstream, each with its control, against a provider over real HTTP.
import { createPublicKey, verify } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claimsFrom } from '../../src/domain/claims.ts'
import type { Refusal } from '../../src/domain/refusal.ts'
import type { Signer } from '../../src/ports/key-store.ts'
import { type Op, startOp } from '../plugins/hostile-op.ts'
import { openConnection, verdictBy, type Walk, walkBy } from '../plugins/oidc-walk.ts'
import { testSigner } from '../xml/signers.ts'

let op: Op
let other: Op
let signer: Signer
beforeAll(async () => {
  ;[op, other, signer] = await Promise.all([startOp(), startOp(), testSigner('ES256')])
})
afterAll(() => {
  op.stop()
  other.stop()
})
beforeEach(() => {
  op.good()
  other.good()
  op.requests.length = 0
  op.seen.length = 0
})

const connector = (settings: object = {}) => openConnection({ op, signer }, settings)
const walk = (given: Walk = {}) => walkBy({ op, signer }, given)
const verdict = (given: Walk = {}) => verdictBy({ op, signer }, given)
const accepted = 'accepted customer-1'

test('control: what a good provider sends', async () => {
  const subject = await walk()
  expect(subject).toMatchObject({
    issuer: op.issuer,
    nameId: { value: 'customer-1' },
    inResponseTo: expect.stringMatching(/^uid-of-the-login\.r+$/),
  })
  expect(subject.checks.every(({ ok }) => ok)).toBe(true)
  expect(Math.abs((subject.issuedAt ?? 0) - Date.now())).toBeLessThan(30_000)
  const [request] = op.requests
  expect(request?.authorization).toBe(`Basic ${Buffer.from('bridge:hush').toString('base64')}`)
  expect(request?.form.get('code_verifier')).toMatch(/^[\w-]{43,}$/)
  expect(request?.form.get('redirect_uri')).toBe('https://bridge.example/alder/oidc/op/callback')
})

test('client_secret_basic escapes what a form escapes, and no more', async () => {
  await walk({ settings: { clientSecret: 'a-b_c.d e:f/ü' } })
  const [, pair = ''] = op.requests[0]?.authorization?.split(' ') ?? []
  expect(Buffer.from(pair, 'base64').toString()).toBe('bridge:a-b_c.d+e%3Af%2F%C3%BC')
})

describe('#84 IdP mix-up', () => {
  test.each([
    ['the issuer of another', { iss: 'https://evil.example' }],
    ['no issuer, where the provider says that it sends one', { iss: undefined }],
    ['an issuer that begins alike', { iss: 'http://127.0.0.1' }],
  ])('%s', async (_, callback) => expect(await verdict({ callback })).toBe('oidc.mixed_up'))
  test('no code was redeemed for it', async () => {
    await verdict({ callback: { iss: other.issuer } })
    expect(op.requests).toHaveLength(0)
  })
  test('control: a provider that never sends one', async () => {
    op.behaviour.discovery = ({ authorization_response_iss_parameter_supported: _, ...rest }) => rest
    expect(await verdict({ callback: { iss: undefined } })).toBe(accepted)
  })
})

test('a clock that is ahead is refused, and measured by the very token', async () => {
  const iat = Math.floor(Date.now() / 1000) + 50
  op.behaviour.claims = (claims) => ({ ...claims, iat, exp: iat + 300 })
  const refusal = (await walk({ settings: { skewSeconds: 10 } }).catch((error) => error)) as Refusal
  expect([refusal.code, refusal.detail.check, refusal.detail.issuedAt]).toEqual([
    'oidc.id_token',
    'iat',
    iat * 1000,
  ])
})

test.each([
  ['missing', (query: string) => query.replace(/&state=[^&]*/, '')],
  ['another', (query: string) => query.replace(/state=[^&]*/, 'state=uid-of-the-login.other')],
  ['of another sign-in', (query: string) => query.replace('uid-of-the-login', 'uid-of-another')],
  ['twice', (query: string) => `${query}&state=x`],
])('#85 state %s', async (_, query) =>
  expect(await verdict({ query })).toMatch(/^oidc\.(mixed_up|callback)$/),
)

test.each([
  ['missing', undefined],
  ['wrong', 'other'],
])('#86 nonce %s', async (_, nonce) => {
  op.behaviour.claims = (claims) => ({ ...claims, nonce })
  expect(await verdict()).toBe('oidc.id_token')
})

describe('#87 algorithms', () => {
  const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  test('none', async () => {
    op.behaviour.idToken = (token) => `${b64({ alg: 'none' })}.${token.split('.')[1]}.`
    expect(await verdict()).toBe('oidc.id_token')
  })
  test('HS256 keyed by the public key', async () => {
    const jwks = await (await globalThis.fetch(`${op.issuer}/jwks`)).json()
    const pem = createPublicKey({ key: jwks.keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const payload = {
      iss: op.issuer,
      aud: 'bridge',
      sub: 'mallory',
      exp: Math.floor(Date.now() / 1000) + 60,
      iat: Math.floor(Date.now() / 1000),
    }
    const forged = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(Buffer.from(pem))
    op.behaviour.idToken = () => forged
    expect(await verdict()).toBe('oidc.id_token')
  })
  test('one that the connection does not have', async () => {
    expect(await verdict({ settings: { idTokenAlgorithm: 'ES256' } })).toBe('oidc.id_token')
    expect(() => connector({ idTokenAlgorithm: 'none' })).toThrow()
    expect(() => connector({ idTokenAlgorithm: 'HS256' })).toThrow()
  })
})

describe('#88 keys', () => {
  test('no kid and many keys', async () => {
    op.behaviour.header = ({ kid: _, ...header }) => header
    op.behaviour.keys = (keys) => [...keys, { ...keys[0], kid: 'k2' }]
    expect(await verdict()).toBe('oidc.id_token')
    op.behaviour.keys = (keys) => keys
    expect(await verdict()).toBe(accepted)
  })
  test('a signature that does not verify', async () => {
    op.behaviour.idToken = (token) => `${token.slice(0, -8)}AAAAAAAA`
    expect(await verdict()).toBe('oidc.id_token')
  })
  test('an unknown kid does not make us fetch again and again', async () => {
    op.behaviour.header = (header) => ({ ...header, kid: 'k9' })
    expect(await verdict()).toBe('oidc.id_token')
    expect(op.seen.filter((url) => url === '/jwks')).toHaveLength(1)
  })
})

test('#89 keys named in the header are not looked at', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: op.issuer, aud: 'bridge', sub: 'mallory', iat: now, exp: now + 60 }
  const forged = await new SignJWT(claims)
    .setProtectedHeader({
      alg: 'RS256',
      kid: 'k1',
      jku: `${other.issuer}/jwks`,
      x5u: `${other.issuer}/x`,
      jwk,
    })
    .sign(privateKey)
  other.seen.length = 0
  op.behaviour.idToken = () => forged
  expect(await verdict()).toBe('oidc.id_token')
  expect(other.seen).toEqual([])
})

describe('#90 claims', () => {
  const soon = () => Math.floor(Date.now() / 1000)
  test.each<[string, () => Record<string, unknown>]>([
    ['another issuer', () => ({ iss: 'https://evil.example' })],
    ['no issuer', () => ({ iss: undefined })],
    ['another audience', () => ({ aud: 'other' })],
    ['no audience', () => ({ aud: undefined })],
    ['a stranger beside us', () => ({ aud: ['bridge', 'stranger'], azp: 'bridge' })],
    ['we beside a stranger', () => ({ aud: ['stranger', 'bridge'], azp: 'bridge' })],
    ['another azp', () => ({ azp: 'stranger' })],
    ['no sub', () => ({ sub: undefined })],
    ['an empty sub', () => ({ sub: ' ' })],
    ['a sub without end', () => ({ sub: 'a'.repeat(300) })],
    ['a sub that is no text', () => ({ sub: 7 })],
    ['expired', () => ({ exp: soon() - 120 })],
    ['no expiry', () => ({ exp: undefined })],
    ['an expiry in years', () => ({ exp: soon() + 10 * 365 * 86_400 })],
    ['issued in the future', () => ({ iat: soon() + 600 })],
    ['issued long before we asked', () => ({ iat: soon() - 3600 })],
    ['no iat', () => ({ iat: undefined })],
    ['not before tomorrow', () => ({ nbf: soon() + 86_400 })],
  ])('%s', async (_, change) => {
    op.behaviour.claims = (claims) => ({ ...claims, ...change() })
    expect(await verdict()).toBe('oidc.id_token')
  })
  test.each([
    ['ahead', () => ({ iat: soon() + 90 })],
    ['behind', () => ({ exp: soon() - 90 })],
  ])('a clock 90 seconds %s: refused at 60, taken at 120', async (_, change) => {
    op.behaviour.claims = (claims) => ({ ...claims, ...change() })
    expect(await verdict({ settings: { skewSeconds: 60 } })).toBe('oidc.id_token')
    expect(await verdict({ settings: { skewSeconds: 120 } })).toBe(accepted)
  })
  test('asked anew, or not', async () => {
    expect(await verdict({ fresh: true })).toBe(accepted)
    op.behaviour.claims = (claims) => ({ ...claims, auth_time: soon() - 3600 })
    expect(await verdict()).toBe(accepted)
    expect(await verdict({ fresh: true })).toBe('oidc.id_token')
    op.behaviour.claims = ({ auth_time: _, ...claims }) => claims
    expect(await verdict({ fresh: true })).toBe('oidc.id_token')
  })
  test('#70 an acr that we asked for must be there', async () => {
    const settings = { acrValues: ['urn:mfa'] }
    expect(await verdict({ settings })).toBe('oidc.id_token')
    op.behaviour.claims = (claims) => ({ ...claims, acr: 'urn:mfa' })
    expect(await verdict({ settings })).toBe(accepted)
  })
})

describe('#91 userinfo', () => {
  const settings = { userinfo: true, scopes: ['email'] }
  const email = async () => {
    const claims = claimsFrom((await walk({ settings })).attributes, { email: 'email' })
    return claims.email
  }
  test('of another customer', async () => {
    expect(await verdict({ settings })).toBe(accepted)
    op.behaviour.userinfo = { sub: 'mallory', name: 'x' }
    expect(await verdict({ settings })).toBe('oidc.id_token')
  })
  test('an address counts only by the word of the source that names it', async () => {
    op.behaviour.userinfo = { sub: 'customer-1', email: 'a@alder.example', email_verified: true }
    expect(await email()).toBe('a@alder.example')
    op.behaviour.userinfo = { sub: 'customer-1', email: 'admin@alder.example' }
    op.behaviour.claims = (claims) => ({ ...claims, email_verified: true })
    expect(await email()).toBeUndefined()
    op.behaviour.userinfo = { sub: 'customer-1', email: 'admin@alder.example', email_verified: 'true' }
    expect(await email()).toBeUndefined()
  })
})

describe('#92 discovery', () => {
  test('the issuer of another', async () => {
    op.behaviour.discovery = (document) => ({ ...document, issuer: other.issuer })
    expect(await verdict()).toBe('oidc.discovery')
  })
  test.each(['jwks_uri', 'token_endpoint', 'authorization_endpoint', 'userinfo_endpoint'])(
    '%s elsewhere',
    async (name) => {
      op.behaviour.discovery = (document) => ({ ...document, [name]: `${other.issuer}/x` })
      expect(await verdict()).toBe('oidc.discovery')
    },
  )
  test('control: elsewhere, where the administrator said so', async () => {
    op.behaviour.discovery = (document) => ({ ...document, userinfo_endpoint: `${other.issuer}/userinfo` })
    expect(await verdict({ settings: { otherOrigins: [other.issuer], userinfo: true } })).toBe(accepted)
  })
  test.each(['jwks_uri', 'token_endpoint', 'authorization_endpoint'])('without %s', async (name) => {
    op.behaviour.discovery = (document) => ({ ...document, [name]: undefined })
    expect(await verdict()).toBe('oidc.discovery')
  })
  test('no JSON, an error, or nothing', async () => {
    for (const status of [200, 404, 500]) {
      op.behaviour.instead = (_, res) =>
        !!res.writeHead(status, { 'content-type': 'text/html' }).end('<html>')
      expect(await verdict()).toBe('oidc.discovery')
    }
  })
})

test('#94 ten thousand keys', async () => {
  op.behaviour.keys = (keys) =>
    Array.from({ length: 3000 }, (_, i) => ({ kty: 'RSA', kid: `x${i}`, n: 'AQAB', e: 'AQAB' })).concat(
      keys as never,
    )
  expect(await verdict()).toMatch(/^oidc\./)
})

test('#95 the challenge is sent whether the provider announces it or not, and the verifier redeems the code', async () => {
  const opened = connector()
  const { url, memory } = await opened.begin({
    relayState: 'uid',
    fresh: false,
    neededAcr: undefined,
    now: Date.now(),
  })
  const asked = new URL(url).searchParams
  expect(asked.get('code_challenge_method')).toBe('S256')
  const hash = Buffer.from(
    await crypto.subtle.digest('SHA-256', Buffer.from(memory?.verifier ?? '')),
  ).toString('base64url')
  expect(asked.get('code_challenge')).toBe(hash)
})

test('#96 the assertion by which we prove ourselves is for this issuer alone', async () => {
  const settings = { clientAuth: 'private_key_jwt' }
  op.behaviour.discovery = (document) => ({
    ...document,
    token_endpoint_auth_signing_alg_values_supported: ['ES256'],
  })
  expect(await verdict({ settings })).toBe(accepted)
  const assertion = op.requests[0]?.form.get('client_assertion') ?? ''
  const [header = '', payload = '', signature = ''] = assertion.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  expect(claims).toMatchObject({ iss: 'bridge', sub: 'bridge', aud: op.issuer })
  expect(claims.exp - claims.iat).toBe(60)
  const key = createPublicKey(`-----BEGIN CERTIFICATE-----\n${signer.certificate}\n-----END CERTIFICATE-----`)
  const bytes = Buffer.from(`${header}.${payload}`)
  expect(
    verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')),
  ).toBe(true)
})

describe('#97 tokens that are no plain JWS', () => {
  const head = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  test.each([
    [
      'PBES2 with rounds without end',
      `${head({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31, p2s: 'AAAA' })}.AA.AA.AA.AA`,
    ],
    ['zip', `${head({ alg: 'RSA-OAEP', enc: 'A128GCM', zip: 'DEF' })}.AA.AA.AA.AA`],
    ['an unknown crit', `${head({ alg: 'RS256', kid: 'k1', crit: ['x'], x: 1 })}.${head({})}.AA`],
    ['five dots', '.....'],
    ['nothing', ''],
  ])('%s', async (_, token) => {
    op.behaviour.idToken = () => token
    const started = performance.now()
    expect(await verdict()).toMatch(/^oidc\./)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('#98 what the provider says of errors', () => {
  test('goes to the log in plain letters, and nowhere else', async () => {
    const evil = '<script>alert(1)</script>\r\n\u001b[31m'
    const query = () =>
      new URLSearchParams({
        error: evil,
        error_description: evil,
        error_uri: 'https://evil.example',
        state: 'uid-of-the-login.rrrrrrrrrrrrrrrr',
        iss: op.issuer,
      }).toString()
    const error = await walk({ query }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'oidc.callback' })
    expect((error as Refusal).detail.actual).toMatch(/^[\x20-\x7e]*$/)
  })
  test('a no is a no', async () => {
    const query = () =>
      new URLSearchParams({
        error: 'access_denied',
        state: 'uid-of-the-login.rrrrrrrrrrrrrrrr',
        iss: op.issuer,
      }).toString()
    expect(await verdict({ query })).toBe('oidc.declined')
  })
  test('an error with a foreign state is nobody’s', async () => {
    const query = () =>
      new URLSearchParams({ error: 'access_denied', state: 'other', iss: op.issuer }).toString()
    expect(await verdict({ query })).toBe('oidc.mixed_up')
  })
  test('the token endpoint refuses, or answers with what is no answer', async () => {
    op.behaviour.instead = (req, res) =>
      req.url === '/token' &&
      !!res.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
    expect(await verdict()).toBe('oidc.exchange')
    op.behaviour.instead = (req, res) =>
      req.url === '/token' && !!res.writeHead(200, { 'content-type': 'application/json' }).end('[]')
    expect(await verdict()).toBe('oidc.exchange')
    op.behaviour.instead = (req, res) =>
      req.url === '/token' && !!res.writeHead(302, { location: other.issuer }).end()
    expect(await verdict()).toBe('fetch.refused')
  })
  test('what is kept for people shows neither code nor state', () => {
    const shown = connector().readable(
      { url: `${op.issuer}/auth?state=s3cret&nonce=n0nce&client_id=bridge` },
      'code=c0de&state=s3cret&iss=x',
    )
    expect(`${shown.request}${shown.answer}`).not.toMatch(/s3cret|c0de|n0nce/)
    expect(shown.request).toContain('client_id = bridge')
  })
})
