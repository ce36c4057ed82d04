// A customer whose bank has an OpenID provider instead of a SAML IdP: the same app, the same walk.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp, createBrowser } from '../../src/demo/app-client.ts'
import { phoneId } from '../../src/demo/institution.ts'
import type { InstitutionSet } from '../../src/ports/stores.ts'
import { type Op, startOp } from '../plugins/hostile-op.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { type Customer, withCode } from './customer.ts'
import { alder } from './parts.ts'

const redirectUri = 'https://app.example/callback'
let bridge: TestBridge
let op: Op

beforeAll(async () => {
  ;[bridge, op] = await Promise.all([startBridge(), startOp()])
  const institution = { ...alder, id: 'birch', name: 'Birch Bank' }
  const settings = {
    issuer: op.issuer,
    clientId: 'bridge',
    clientAuth: 'private_key_jwt',
    scopes: ['profile', 'email'],
    userinfo: true,
  }
  const set: InstitutionSet = {
    institution,
    connections: [
      {
        institution: 'birch',
        id: 'op',
        name: 'Birch sign-in',
        type: 'oidc',
        state: 'active',
        version: 0,
        settings,
        claims: { name: 'name', email: 'email' },
      } as never,
    ],
    relyingParties: [
      {
        institution: 'birch',
        id: phoneId,
        name: 'Birch app',
        kind: 'app',
        redirectUris: [redirectUri],
        postLogoutRedirectUris: [],
        scopes: ['openid', 'profile', 'email'],
        connection: 'op',
        connections: ['op'],
        acrFloor: undefined,
        requirePar: true,
        requireDpop: true,
        transactionTypes: [],
        webOrigins: [],
        keys: [],
      } as never,
    ],
    cores: [],
  }
  await bridge.application.apply([set], { dryRun: false })
})
afterAll(async () => {
  op.stop()
  await bridge.stop()
})

const issuer = () => `${new URL(bridge.issuer).origin}/birch`

async function somebody(): Promise<Customer> {
  return { app: await createApp({ issuer: issuer(), redirectUri }), browser: createBrowser(), user: 'carol' }
}

describe('sign-in by an OpenID provider', () => {
  test('the app gets tokens, and what the provider said by the connection’s table', async () => {
    op.behaviour.userinfo = {
      sub: 'customer-1',
      name: 'Carol Birch',
      email: 'carol@birch.example',
      email_verified: true,
    }
    const who = await somebody()
    const { returned, started } = await withCode(who, { scope: 'openid profile email' })
    const tokens = await who.app.redeem(returned, started)
    const proof = await who.app.proof({
      method: 'GET',
      url: `${issuer()}/userinfo`,
      accessToken: tokens.accessToken,
    })
    const me = await fetch(`${issuer()}/userinfo`, {
      headers: { authorization: `DPoP ${tokens.accessToken}`, dpop: proof },
    })
    expect(await me.json()).toMatchObject({ name: 'Carol Birch', email: 'carol@birch.example' })
  })
  test('our key is published where the provider looks for it', async () => {
    const { keys } = await (await fetch(`${issuer()}/oidc/op/jwks.json`)).json()
    expect(keys).toMatchObject([{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' }])
    expect(JSON.stringify(keys)).not.toContain('"d"')
  })
  test('#85, #101 the callback opens the door once', async () => {
    const who = await somebody()
    let callback = ''
    op.behaviour.instead = (req, res) => {
      if (!req.url?.startsWith('/auth?')) return false
      const asked = new URL(req.url, op.issuer)
      callback = `${asked.searchParams.get('redirect_uri')}?${op.authorize(asked.href)}`
      return !!res.writeHead(302, { location: callback }).end()
    }
    await withCode(who)
    op.good()
    const again = await who.browser.follow(callback, { until: redirectUri })
    expect([again.status, again.returned]).toEqual([400, undefined])
    expect(again.body).toContain('upstream.unsolicited')
  })
  test('#85, #242 another browser brings the callback', async () => {
    const who = await somebody()
    const started = await who.app.begin({})
    op.behaviour.instead = (req, res) => !!req.url?.startsWith('/auth?') && !!res.writeHead(200).end('asking')
    const asked = await who.browser.follow(started.url, { until: redirectUri })
    op.good()
    const callback = `${issuer()}/oidc/op/callback?${op.authorize(asked.url)}`
    const thief = await createBrowser().follow(callback, { until: redirectUri })
    expect([thief.status, thief.returned]).toEqual([400, undefined])
    expect(thief.body).toContain('upstream.foreign_browser')
    const owner = await who.browser.follow(callback, { until: redirectUri })
    expect(owner.returned ?? owner.body).toMatch(/code=|form_token/)
  })
  test('a no at the provider reaches the app', async () => {
    const who = await somebody()
    op.behaviour.instead = (req, res) => {
      if (!req.url?.startsWith('/auth?')) return false
      const asked = new URL(req.url, op.issuer).searchParams
      const query = new URLSearchParams({
        error: 'access_denied',
        state: asked.get('state') ?? '',
        iss: op.issuer,
      })
      return !!res.writeHead(302, { location: `${asked.get('redirect_uri')}?${query}` }).end()
    }
    const started = await who.app.begin({})
    const page = await who.browser.follow(started.url, { until: redirectUri })
    op.good()
    expect(new URL(page.returned ?? '').searchParams.get('error')).toBe('access_denied')
  })
  test('a provider that is not there: a page, and the process stays', async () => {
    op.behaviour.instead = (req, res) => req.url === '/token' && !!res.writeHead(500).end()
    const who = await somebody()
    const started = await who.app.begin({})
    const page = await who.browser.follow(started.url, { until: redirectUri })
    op.good()
    expect(page.status).toBe(400)
    expect(page.body).toContain('oidc.exchange')
    expect((await fetch(`${bridge.managementUrl}/healthz`)).status).toBe(200)
  })
})
