// Apps of different kinds at one bank: where they are led back to, when they are asked, what a token without a key opens.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp, createBrowser, formIn, type Tokens } from '../../src/demo/app-client.ts'
import { demoRows, paymentsNamespace } from '../../src/demo/institution.ts'
import { delegated } from '../../src/domain/acr.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import {
  agreed,
  type Customer,
  call,
  codeIn,
  customer,
  deviceProof,
  introspect,
  openDevice,
  signIn,
  withCode,
} from './customer.ts'

const claimed = 'https://pay.alder.example/back'
const privateScheme = 'example.alder.pay:/back'
const loopback = 'http://127.0.0.1/back'

let bridge: TestBridge
beforeAll(async () => {
  bridge = await startBridge()
  const { d: _private, ...apiKey } = bridge.world.apiKey
  const rows = demoRows({ world: bridge.world.url, idpCertificate: bridge.world.idpCertificate, apiKey })
  const [phone, api] = rows.relyingParties as [(typeof rows.relyingParties)[number], never]
  const app = (id: string, redirectUris: string[]) => ({ ...phone, id, name: id, redirectUris })
  const relyingParties = [
    phone,
    api,
    app('claimed', [claimed]),
    app('private', [privateScheme]),
    app('desktop', [loopback]),
    { ...app('bearer', [claimed]), requireDpop: false, requirePar: false },
  ]
  const cores = rows.cores.map((core) => ({
    ...core,
    operations: core.operations.map((operation) => ({ ...operation, acr: delegated })),
  }))
  const institution = { ...rows.institution, devicesPerSubject: 2 }
  await bridge.application.apply([{ ...rows, institution, relyingParties, cores }], { dryRun: false })
})
afterAll(() => bridge.stop())

const withApp = async (clientId: string, redirectUri: string, user = 'alice'): Promise<Customer> => ({
  app: await createApp({ issuer: bridge.issuer, redirectUri, clientId }),
  browser: createBrowser(),
  user,
})

/** Another sign-in in the same browser, which has a session: is the customer asked anything? */
async function isAsked({ app, browser }: Customer): Promise<boolean> {
  const started = await app.begin()
  const page = await browser.follow(started.url, { until: app.redirectUri })
  return page.returned === undefined
}

describe('the ways back to an app (RFC 8252 7)', () => {
  test.each([
    ['a claimed https address: consent is remembered', 'claimed', claimed, false],
    ['a private scheme, which another app could claim: asked each time', 'private', privateScheme, true],
    ['loopback, on whatever port: asked each time', 'desktop', 'http://127.0.0.1:49152/back', true],
  ])('%s (R-22)', async (_, clientId, redirectUri, asked) => {
    const who = await withApp(clientId, redirectUri)
    const { returned, started } = await withCode(who)
    expect(returned.startsWith(redirectUri)).toBe(true)
    expect((await who.app.redeem(returned, started)).claims.sub).toEqual(expect.any(String))
    expect(await isAsked(who)).toBe(asked)
    expect(await isAsked(who)).toBe(asked)
  })
  test('remembered is what was agreed to: more is asked for', async () => {
    const who = await withApp('claimed', claimed, 'bob')
    await signIn(who, { scope: 'openid profile' })
    expect(await isAsked(who)).toBe(true)
  })
  test.each([
    ['claimed', 'https://pay.alder.example:8443/back'],
    ['claimed', 'https://pay.alder.example/back/'],
    ['claimed', 'http://pay.alder.example/back'],
    ['private', 'example.alder.pay:/other'],
    ['private', 'example.evil.pay:/back'],
    ['desktop', 'http://127.0.0.1:49152/other'],
    ['desktop', 'http://localhost:49152/back'],
    ['desktop', 'http://127.0.0.1.evil.example/back'],
  ])('%s may not be led to %s', async (clientId, redirectUri) => {
    const who = await withApp(clientId, redirectUri)
    const refused = { error: 'invalid_request', error_description: expect.stringContaining('redirect_uri') }
    await expect(who.app.begin()).rejects.toMatchObject(refused)
  })
})

const balance = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:GetBalance xmlns:p="${paymentsNamespace}"/></s:Body></s:Envelope>`

/** An app that knows no DPoP: no proof at /authorize, none at /token. */
async function bearerTokens(): Promise<Tokens> {
  const who = await withApp('bearer', claimed)
  const { challenge, verifier } = await pkce()
  const query = new URLSearchParams({
    client_id: 'bearer',
    response_type: 'code',
    redirect_uri: claimed,
    scope: 'openid device core:payments',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
  const { returned } = await signedIn(who, `${bridge.issuer}/authorize?${query}`)
  const body = new URLSearchParams({
    client_id: 'bearer',
    grant_type: 'authorization_code',
    code: codeIn(returned),
    redirect_uri: claimed,
    code_verifier: verifier,
  })
  const response = await fetch(`${bridge.issuer}/token`, { method: 'POST', body })
  const { access_token } = (await response.json()) as { access_token: string }
  return { accessToken: access_token, refreshToken: undefined, idToken: undefined, claims: {} }
}

async function pkce() {
  const verifier = 'v'.repeat(43)
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return { verifier, challenge: Buffer.from(digest).toString('base64url') }
}

/** From an authorization request of one's own to the way back, by way of the IdP. */
async function signedIn(who: Customer, url: string): Promise<{ returned: string }> {
  const login = formIn(await who.browser.follow(url, { until: who.app.redirectUri }))
  const form = { ...login.fields, username: who.user, password: `${who.user}-pw` }
  const answer = formIn(await who.browser.follow(login.action, { until: who.app.redirectUri, form }))
  const page = await who.browser.follow(answer.action, { until: who.app.redirectUri, form: answer.fields })
  return { returned: await agreed(who, page) }
}

describe('a token without a key', () => {
  test('control: the same request with a bound token, at the same level', async () => {
    const who = await customer(bridge)
    const tokens = await signIn(who)
    expect((await introspect(bridge, tokens.accessToken)).acr).toBe(delegated)
    const answer = await call(who, { method: 'POST', path: '/soap/payments', tokens, body: balance })
    // The gateway lets it through; that the demo's core wants more than `delegated` is the core's own answer.
    expect(answer.text).toContain('The core refused this message: level')
    expect(answer.text).not.toContain('dpop.')
  })
  test('#109 opens neither the gateway nor the device API, as Bearer or as DPoP', async () => {
    const tokens = await bearerTokens()
    expect(await introspect(bridge, tokens.accessToken)).toMatchObject({ active: true, acr: delegated })
    const authorization = `Bearer ${tokens.accessToken}`
    const headers = { authorization, 'content-type': 'text/xml' }
    const url = `${bridge.issuer}/soap/payments`
    const refused = await fetch(url, { method: 'POST', headers, body: balance })
    expect(refused.status).toBe(401)
    expect(await refused.text()).toContain('<db:code>dpop.missing</db:code>')
    expect(refused.headers.get('www-authenticate')).toMatch(/^DPoP .*algs="ES256"/)
    const devices = await fetch(`${bridge.issuer}/devices`, { headers })
    expect([devices.status, ((await devices.json()) as { code: string }).code]).toEqual([401, 'dpop.missing'])
    const thief = await customer(bridge)
    const asDpop = await call(thief, { method: 'POST', path: '/soap/payments', tokens, body: balance })
    expect(asDpop.status).toBe(401)
  })
})

test('four devices are opened for one customer and proven at once: as many as the bank allows are active', async () => {
  const opened = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const who = await customer(bridge, 'bob')
      const tokens = await signIn(who)
      return { who, tokens, device: (await openDevice(who, tokens)).json as { id: string; nonce: string } }
    }),
  )
  const prove = async ({ who, tokens, device }: (typeof opened)[number]) => {
    const body = { proof: await deviceProof(who, device) }
    return call(who, { method: 'POST', path: `/devices/${device.id}/proof`, tokens, body })
  }
  const answers = await Promise.all(opened.map(prove))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 409, 409])
  const refused = answers.filter(({ status }) => status === 409)
  expect(refused.map(({ json }) => json.code)).toEqual(['device.limit', 'device.limit'])
  const [{ who, tokens }] = opened as [(typeof opened)[number]]
  const list = await call(who, { method: 'GET', path: '/devices', tokens })
  const active = list.json.devices.filter(({ state }: { state: string }) => state === 'active')
  expect(active).toHaveLength(2)
  // One is given up, and another takes its place with the proof that was refused before.
  await call(who, { method: 'DELETE', path: `/devices/${active[0].id}`, tokens: await signIn(who) })
  const waiting = opened.find((_, i) => answers[i]?.status === 409) as (typeof opened)[number]
  expect((await prove({ ...waiting, tokens: await signIn(waiting.who) })).status).toBe(200)
})

test('metadata names every scope, those of the cores of today too (RFC 8414, RFC 9728)', async () => {
  const { origin } = new URL(bridge.issuer)
  const ours = ['device', 'approvals', 'limits', 'subjects', 'transactions', 'mandates', 'core:payments']
  for (const url of [
    `${bridge.issuer}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server/alder`,
  ]) {
    const { scopes_supported } = (await (await fetch(url)).json()) as { scopes_supported: string[] }
    expect(scopes_supported).toEqual(['openid', 'offline_access', 'profile', 'email', 'phone', ...ours])
  }
  const api = await fetch(`${origin}/.well-known/oauth-protected-resource/alder/api`)
  expect(((await api.json()) as { scopes_supported: string[] }).scopes_supported).toEqual(ours)
})
