// Attacks on levels, devices and other people's tokens; real HTTP throughout.
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import {
  agreed,
  atIdp,
  type Customer,
  call,
  customer,
  deviceProof,
  enrolled,
  introspect,
  openDevice,
  pin,
  signIn,
  token,
  withCode,
} from '../journeys/customer.ts'
import { later } from '../journeys/later.ts'

let bridge: TestBridge
beforeAll(async () => {
  bridge = await startBridge()
})
afterAll(() => bridge.stop())

describe('levels', () => {
  test('#241 prompt=none when too weak, without a session, and for a level nobody can give', async () => {
    const who = await customer(bridge)
    const silent = async (extra: Record<string, string>) =>
      new URL((await withCode(who, { prompt: 'none', ...extra })).returned).searchParams.get('error')
    expect(await silent({})).toBe('login_required')
    await signIn(who)
    expect(await silent({ acr_values: 'urn:drawbridge:acr:device-pin' })).toBe(
      'unmet_authentication_requirements',
    )
    expect(await silent({ acr_values: 'urn:nobody' })).toBe('unmet_authentication_requirements')
  })
  test('#241 a weak token stays weak after another was stepped up, and a refresh raises nothing', async () => {
    const who = await enrolled(bridge, 'bob')
    const weak = await signIn(who)
    expect(weak.claims.acr).toBe('urn:drawbridge:acr:device')
    const strong = await signIn(who, { acr_values: 'urn:drawbridge:acr:device-pin' })
    expect(strong.claims.acr).toBe('urn:drawbridge:acr:device-pin')
    expect(strong.claims.amr).toEqual(['fed', 'pop', 'pin'])
    expect((await introspect(bridge, weak.accessToken)).acr).toBe('urn:drawbridge:acr:device')
    const refreshed = await who.app.refresh(weak.refreshToken as string)
    expect((await introspect(bridge, refreshed.accessToken)).acr).toBe('urn:drawbridge:acr:device')
    // Ending the device ends what rests on its key.
    const gone = await call(who, { method: 'DELETE', path: `/devices/${who.device.id}`, tokens: refreshed })
    expect(gone.status).toBe(204)
    expect((await introspect(bridge, strong.accessToken)).active).toBe(false)
    expect(
      (await token(who, { grant_type: 'refresh_token', refresh_token: strong.refreshToken as string }))
        .status,
    ).toBe(400)
  })
  test('a key that is merely named by dpop_jkt, without a proof, is no device', async () => {
    const who = await enrolled(bridge, 'alice')
    const body = new URLSearchParams({
      client_id: 'alder-phone',
      response_type: 'code',
      redirect_uri: who.app.redirectUri,
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
      dpop_jkt: who.app.thumbprint,
      acr_values: 'urn:drawbridge:acr:device-pin',
    })
    const par = (await (await fetch(`${bridge.issuer}/par`, { method: 'POST', body })).json()) as {
      request_uri: string
    }
    const url = `${bridge.issuer}/authorize?${new URLSearchParams({ client_id: 'alder-phone', request_uri: par.request_uri })}`
    const page = await who.browser.follow(url, { until: who.app.redirectUri })
    expect(page.returned).toContain('unmet_authentication_requirements')
  })
})

describe('a fresh sign-in (OIDC Core 3.1.2.1)', () => {
  /** The request that goes to the IdP; undefined where the browser's session is enough. */
  const askedUpstream = async ({ app, browser }: Customer, extra: Record<string, string>) => {
    let answer = await browser.go((await app.begin(extra)).url)
    while (answer.location !== undefined && !answer.location.includes('/idp/sso'))
      answer = await browser.go(answer.location)
    if (answer.location === undefined) return undefined
    const message = new URL(answer.location).searchParams.get('SAMLRequest') as string
    return inflateRawSync(Buffer.from(message, 'base64')).toString()
  }
  test('prompt=login and max_age ask the IdP to ask its customer again; otherwise the session is enough', async () => {
    const who = await customer(bridge)
    expect(await askedUpstream(who, {})).not.toContain('ForceAuthn="true"')
    await signIn(who)
    expect(await askedUpstream(who, {})).toBeUndefined()
    expect(await askedUpstream(who, { prompt: 'login' })).toContain('ForceAuthn="true"')
    expect(await askedUpstream(who, { max_age: '600' })).toBeUndefined()
    await later(700, async () =>
      expect(await askedUpstream(who, { max_age: '600' })).toContain('ForceAuthn="true"'),
    )
  })
  test('the IdP did ask: a password again, and a new auth_time', async () => {
    const who = await customer(bridge)
    const first = await signIn(who)
    await later(60, async () => {
      const { started, answer } = await atIdp(who, { prompt: 'login' })
      expect(answer).toBeDefined()
      const { action, fields } = answer as NonNullable<typeof answer>
      const page = await who.browser.follow(action, { until: who.app.redirectUri, form: fields })
      const second = await who.app.redeem(await agreed(who, page), started)
      expect(Number(second.claims.auth_time)).toBeGreaterThan(Number(first.claims.auth_time) + 59)
    })
  })
})

describe('devices', () => {
  test('#144 #156 a further device must know the PIN, within its own budget', async () => {
    const who = await customer(bridge, 'alice')
    const tokens = await signIn(who)
    const wrong = await openDevice(who, tokens, '918273')
    expect([wrong.status, wrong.json.code]).toEqual([400, 'pin.wrong'])
    expect((await openDevice(who, tokens)).status).toBe(201)
  })
  test('#164 weak PINs, #162 long PINs, other people’s keys', async () => {
    const who = await customer(bridge, 'alice')
    const tokens = await signIn(who)
    expect((await openDevice(who, tokens, 'x'.repeat(5000))).status).toBe(400)
    const { kty, crv } = who.app.jwk
    const foreign = await call(who, {
      method: 'POST',
      path: '/devices',
      tokens,
      body: { name: 'x', jwk: { kty, crv, x: 'A'.repeat(43), y: 'A'.repeat(43) }, pin },
    })
    expect([foreign.status, foreign.json.code]).toEqual([400, 'device.key'])
    const withPrivate = await call(who, {
      method: 'POST',
      path: '/devices',
      tokens,
      body: { name: 'x', jwk: { ...who.app.jwk, d: 'x' }, pin },
    })
    expect(withPrivate.json.code).toBe('request.malformed')
  })
  test.each([
    ['typ of a DPoP proof', { typ: 'dpop+jwt' }],
    ['other audience', { aud: 'https://evil.example' }],
    ['other device', { sub: 'other' }],
    ['other nonce', { nonce: 'A'.repeat(32) }],
  ])('#142 #240 an enrolment proof with the %s', async (_, change) => {
    const who = await customer(bridge, 'alice')
    const tokens = await signIn(who)
    const opened = await openDevice(who, tokens)
    const proven = async (proof: string) =>
      call(who, { method: 'POST', path: `/devices/${opened.json.id}/proof`, tokens, body: { proof } })
    const refused = await proven(await deviceProof(who, opened.json, change))
    expect([refused.status, refused.json.code]).toEqual([400, 'device.proof'])
    expect((await proven(await deviceProof(who, opened.json))).status).toBe(200)
  })
  test('another customer’s device is not there', async () => {
    const [bob, alice] = [await enrolled(bridge, 'bob'), await customer(bridge, 'alice')]
    const tokens = await signIn(alice)
    for (const method of ['GET', 'DELETE']) {
      expect((await call(alice, { method, path: `/devices/${bob.device.id}`, tokens })).json.code).toBe(
        'device.unknown',
      )
    }
  })
})

test('#153 PINs on one page are counted beside the lock: 429 with Retry-After, and the page says so', async () => {
  const who = await enrolled(bridge, 'bob')
  const started = await who.app.begin({ acr_values: 'urn:drawbridge:acr:device-pin' })
  const page = await who.browser.follow(started.url, { until: who.app.redirectUri })
  const { action, fields } = formIn(page)
  const cookie = await who.browser.cookies(action)
  const tries: Response[] = []
  for (let i = 0; i < 11; i++) {
    const body = new URLSearchParams({ ...fields, pin: String(910_283 + i), do: 'approve' })
    tries.push(await fetch(action, { method: 'POST', headers: { cookie, accept: 'text/html' }, body }))
  }
  const locked = Array(6).fill(423)
  expect(tries.map(({ status }) => status)).toEqual([400, 400, 400, 400, ...locked, 429])
  const last = tries.at(-1) as Response
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await last.text()).toContain('<code>rate.exceeded</code>')
})

describe('tokens of others', () => {
  test('#121 an app cannot introspect; an ID token is no access token; revocation takes only one’s own', async () => {
    const [who, other] = [await customer(bridge), await customer(bridge, 'bob')]
    const [tokens, theirs] = [await signIn(who), await signIn(other)]
    const body = (value: string) => new URLSearchParams({ client_id: 'alder-phone', token: value })
    const asked = await fetch(`${bridge.issuer}/introspect`, {
      method: 'POST',
      body: body(theirs.accessToken),
    })
    expect(await asked.json()).not.toMatchObject({ active: true })
    expect(await introspect(bridge, tokens.idToken as string)).not.toMatchObject({ active: true })
    expect(await introspect(bridge, tokens.refreshToken as string)).not.toMatchObject({ active: true })
    const idToken = await fetch(`${bridge.issuer}/devices`, {
      headers: { authorization: `Bearer ${tokens.idToken}` },
    })
    expect(idToken.status).toBe(401)
    expect(
      (await fetch(`${bridge.issuer}/revoke`, { method: 'POST', body: body(tokens.refreshToken as string) }))
        .status,
    ).toBe(200)
    expect(
      (await token(who, { grant_type: 'refresh_token', refresh_token: tokens.refreshToken as string }))
        .status,
    ).toBe(400)
    expect((await introspect(bridge, theirs.accessToken)).active).toBe(true)
  })
})
