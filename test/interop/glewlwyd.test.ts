// A login at a real Glewlwyd: discovery, code with PKCE, client_secret_basic, its signed ID token, its userinfo, our tokens.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp, createBrowser } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import { createPeerKey } from '../../src/demo/keys.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import type { Customer } from '../journeys/customer.ts'

const script = join(import.meta.dirname, '../peers/glewlwyd.sh')
const home = mkdtempSync(join(tmpdir(), 'drawbridge-glewlwyd-'))
const port = '18096'
let bridge: TestBridge
let env: NodeJS.ProcessEnv
let op = ''

function peer(action: string): Record<string, string> {
  const done = spawnSync(script, [action], { encoding: 'utf8', env, timeout: 60_000 })
  if (done.status !== 0) throw new Error(`glewlwyd.sh ${action}: ${done.status} ${done.stderr}`)
  const lines = done.stdout.trim().split('\n')
  return Object.fromEntries(
    lines.map((line) => [line.split('=')[0] as string, line.slice(line.indexOf('=') + 1)]),
  )
}

const secret = 'a-secret-of-the-bridge'

async function connected(change: object = {}): Promise<void> {
  const rows = demoRows({
    world: bridge.world.url,
    idpCertificate: (await createPeerKey('unused')).pem,
    apiKey: bridge.world.apiKey,
  })
  const settings = {
    ...{ issuer: op, clientId: 'rp1', clientAuth: 'client_secret_basic', clientSecret: secret },
    ...{ scopes: ['profile', 'email'], userinfo: true },
    ...change,
  }
  const connections = rows.connections.slice(0, 1).map((row) => ({
    ...row,
    type: 'oidc',
    settings,
    claims: { name: 'name', email: 'unverified_email' },
  }))
  await bridge.application.apply([{ ...rows, connections }], { dryRun: false })
}

beforeAll(async () => {
  spawnSync('chmod', ['755', home])
  bridge = await startBridge()
  const callback = `${bridge.issuer}/oidc/alder-idp/callback`
  env = {
    ...process.env,
    ...{ PEER_HOME: home, GW_PORT: port, RP_REDIRECT_URIS: callback, RP_CLIENT_SECRET: secret },
  }
  op = peer('up').issuer as string
  await connected()
})
afterAll(async () => {
  peer('down')
  await bridge.stop()
  rmSync(home, { recursive: true, force: true })
})

/** Signs Alice in at Glewlwyd by its own API, as its login page does, and resolves with her cookie there. */
async function cookieOfAlice(): Promise<string> {
  const answer = await fetch(`${new URL(op).origin}/api/auth/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'alice', password: 'alice-pw' }),
  })
  expect(answer.status).toBe(200)
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

/** From the app's request to where Glewlwyd sends the browser back to. */
async function atCallback(who: Customer) {
  const started = await who.app.begin({ scope: 'openid profile email' })
  const asked = await who.browser.follow(started.url, { until: `${op}/auth` })
  const cookie = await cookieOfAlice()
  let url = asked.returned ?? ''
  for (let i = 0; i < 4 && !url.startsWith(bridge.issuer); i++) {
    const answer = await fetch(url, { headers: { cookie }, redirect: 'manual' })
    const next = new URL(answer.headers.get('location') ?? '', url)
    // Its login page, a script, goes on from here once the customer is known.
    url = next.pathname.endsWith('login.html')
      ? `${next.searchParams.get('callback_url')}&g_continue`
      : next.href
  }
  return { started, callback: url }
}

async function customer(): Promise<Customer> {
  const app = await createApp({ issuer: bridge.issuer, redirectUri: `${bridge.world.url}/phone/callback` })
  return { app, browser: createBrowser(), user: 'alice' }
}

test('Alice signs in at Glewlwyd, and userinfo knows her by what it said', async () => {
  const who = await customer()
  const { started, callback } = await atCallback(who)
  expect(callback).toContain('/oidc/alder-idp/callback?')
  const page = await who.browser.follow(callback, { until: who.app.redirectUri })
  expect(page.status).toBe(200)
  const form = /action="([^"]*)"/.exec(page.body)?.[1] ?? ''
  const token = /name="form_token" value="([^"]*)"/.exec(page.body)?.[1] ?? ''
  const back = await who.browser.follow(new URL(form, page.url).href, {
    until: who.app.redirectUri,
    form: { form_token: token, do: 'allow' },
  })
  const tokens = await who.app.redeem(back.returned ?? '', started)
  const url = `${bridge.issuer}/userinfo`
  const dpop = await who.app.proof({ method: 'GET', url, accessToken: tokens.accessToken })
  const me = await fetch(url, { headers: { authorization: `DPoP ${tokens.accessToken}`, dpop } })
  expect(await me.json()).toMatchObject({ name: 'Alice' })
})

test('control: a code that somebody spoils on the way is refused by Glewlwyd, and nothing is granted', async () => {
  const who = await customer()
  const { callback } = await atCallback(who)
  const spoiled = callback.replace(/code=[^&]+/, 'code=spoiled')
  const page = await who.browser.follow(spoiled, { until: who.app.redirectUri })
  expect([page.status, page.returned]).toEqual([400, undefined])
  expect(page.body).toContain('oidc.exchange')
})

test('a wrong client secret, and a wrong algorithm, are told apart', async () => {
  await connected({ clientSecret: 'wrong' })
  const first = await customer()
  const one = await first.browser.follow((await atCallback(first)).callback, { until: first.app.redirectUri })
  expect(one.body).toContain('oidc.exchange')
  await connected({ idTokenAlgorithm: 'ES256' })
  const second = await customer()
  const two = await second.browser.follow((await atCallback(second)).callback, {
    until: second.app.redirectUri,
  })
  expect(two.body).toContain('oidc.id_token')
  await connected()
  expect((await withSession(await customer())).length).toBeGreaterThan(0)
})

/** The control of the test above: right again, the same walk ends at the consent page. */
async function withSession(who: Customer): Promise<string> {
  const page = await who.browser.follow((await atCallback(who)).callback, { until: who.app.redirectUri })
  expect(page.status).toBe(200)
  return /name="form_token" value="([^"]*)"/.exec(page.body)?.[1] ?? ''
}
