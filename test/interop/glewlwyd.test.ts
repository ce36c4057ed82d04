// A real Glewlwyd: discovery, code with PKCE, client_secret_basic, its ID token, its userinfo, and signing out both ways.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp, createBrowser, formIn, type Tokens } from '../../src/demo/app-client.ts'
import { demoRows, phoneId } from '../../src/demo/institution.ts'
import { createPeerKey } from '../../src/demo/keys.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { agreed, type Customer, introspect } from '../journeys/customer.ts'
import { type BackEnd, startBackEnd } from '../journeys/relying-party.ts'

const script = join(import.meta.dirname, '../peers/glewlwyd.sh')
const home = mkdtempSync(join(tmpdir(), 'drawbridge-glewlwyd-'))
const port = '18096'
let bridge: TestBridge
let env: NodeJS.ProcessEnv
let op = ''
let phone: BackEnd

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
  const { d: _private, ...apiKey } = bridge.world.apiKey
  const rows = demoRows({
    world: bridge.world.url,
    idpCertificate: (await createPeerKey('unused')).pem,
    apiKey,
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
  const relyingParties = rows.relyingParties.map((row) =>
    row.id === phoneId ? { ...row, backchannelLogoutUri: phone.url } : row,
  )
  await bridge.application.apply([{ ...rows, connections, relyingParties }], { dryRun: false })
}

beforeAll(async () => {
  spawnSync('chmod', ['755', home])
  bridge = await startBridge()
  phone = await startBackEnd(bridge.issuer, phoneId)
  const base = `${bridge.issuer}/oidc/alder-idp`
  env = {
    ...process.env,
    ...{ PEER_HOME: home, GW_PORT: port, RP_CLIENT_SECRET: secret },
    ...{ RP_REDIRECT_URIS: `${base}/callback`, RP_POST_LOGOUT: `${base}/signed-out` },
    RP_BACKCHANNEL_LOGOUT: `${base}/backchannel-logout`,
    RP_FRONTCHANNEL_LOGOUT: `${base}/frontchannel-logout`,
  }
  op = peer('up').issuer as string
  await connected()
})
afterAll(async () => {
  peer('down')
  await Promise.all([phone.stop(), bridge.stop()])
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

/** A later value of a cookie takes the place of the earlier one, as in browsers. */
function withCookies(cookie: string, answer: Response): string {
  const pairs = [
    ...cookie.split('; '),
    ...answer.headers.getSetCookie().map((set) => set.split(';')[0] ?? ''),
  ]
  return [...new Map(pairs.map((pair) => [pair.split('=')[0], pair])).values()].join('; ')
}

/** From the app's request to where Glewlwyd sends the browser back to, and the cookies that it has set. */
async function atCallback(who: Customer, scope = 'openid profile email') {
  const started = await who.app.begin({ scope })
  const asked = await who.browser.follow(started.url, { until: `${op}/auth` })
  let cookie = await cookieOfAlice()
  let url = asked.returned ?? ''
  for (let i = 0; i < 4 && !url.startsWith(bridge.issuer); i++) {
    const answer = await fetch(url, { headers: { cookie }, redirect: 'manual' })
    cookie = withCookies(cookie, answer)
    const next = new URL(answer.headers.get('location') ?? '', url)
    // Its login page, a script, goes on from here once the customer is known.
    url = next.pathname.endsWith('login.html')
      ? `${next.searchParams.get('callback_url')}&g_continue`
      : next.href
  }
  return { started, callback: url, cookie }
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

interface AtBank extends Customer {
  readonly tokens: Tokens
  /** Her cookies at Glewlwyd. */
  readonly cookie: string
}

async function signedIn(): Promise<AtBank> {
  const who = await customer()
  const { started, callback, cookie } = await atCallback(who, 'openid offline_access device')
  const page = await who.browser.follow(callback, { until: who.app.redirectUri })
  const returned = page.returned ?? (await agreed(who, page))
  return { ...who, tokens: await who.app.redeem(returned, started), cookie }
}

const active = async ({ tokens }: AtBank) => (await introspect(bridge, tokens.accessToken)).active

/** What Glewlwyd's login page, a script, asks its server when somebody signs out there. */
const asPage = (who: AtBank, path: string, method = 'GET') =>
  fetch(`${op}${path}`, { method, headers: { cookie: who.cookie } })

/** Its cookie is the name of the session, which its ID tokens have too. */
const sessionAt = ({ cookie }: AtBank): string => /GWOIDC=([^;]+)/.exec(cookie)?.[1] ?? ''

/** Where Glewlwyd's page comes to by the address that ends sessions: which session, and where to go afterwards. */
async function atEndSession(who: AtBank, query: string) {
  const answer = await fetch(`${op}/end_session${query}`, {
    headers: { cookie: who.cookie },
    redirect: 'manual',
  })
  const { searchParams } = new URL(answer.headers.get('location') ?? '', op)
  return { sid: searchParams.get('sid') ?? '', next: searchParams.get('callback_url') ?? '' }
}

test('signing out at the app leads to Glewlwyd, which takes our hint, ends its session and sends the browser back', async () => {
  const who = await signedIn()
  expect(await active(who)).toBe(true)
  const query = new URLSearchParams({ id_token_hint: who.tokens.idToken as string })
  const asked = formIn(await who.browser.go(`${bridge.issuer}/sign-out?${query}`))
  const left = await who.browser.go(asked.action, { ...asked.fields, logout: 'yes' })
  expect(await active(who)).toBe(false)
  const there = new URL(left.location as string)
  expect(`${there.origin}${there.pathname}`).toBe(`${op}/end_session`)
  const { sid, next } = await atEndSession(who, there.search)
  // Only a client that it knows by the hint, and an address registered there, lead back.
  expect(next).toBe(`${bridge.issuer}/oidc/alder-idp/signed-out?state=${there.searchParams.get('state')}`)
  expect((await asPage(who, `/session/${sid}`, 'DELETE')).status).toBe(200)
  const back = await who.browser.go(next)
  expect([back.status, back.location]).toEqual([303, expect.stringContaining('/sign-out/success')])
})

test('signing out at Glewlwyd ends our session by its logout token, and the apps hear; others stay', async () => {
  const [who, kept] = [await signedIn(), await signedIn()]
  const sid = sessionAt(who)
  expect((await asPage(who, `/session/${sid}`, 'DELETE')).status).toBe(200)
  // It answers its page before we have answered it.
  const late = Date.now() + 10_000
  while ((await active(who)) && Date.now() < late) await new Promise((resolve) => setTimeout(resolve, 50))
  expect([await active(who), await active(kept)]).toEqual([false, true])
  expect((await phone.about(who.tokens.claims.sid)).claims.sub).toBe(who.tokens.claims.sub)
})

test('the frame that its page would show ends our session in this browser alone', async () => {
  await connected({ frontchannelLogout: true })
  const [who, kept] = [await signedIn(), await signedIn()]
  const sid = sessionAt(who)
  const { iss, client } = await (await asPage(who, `/session/${sid}/rp1`)).json()
  // As its script puts it together.
  const frame = `${client[0].frontchannel_logout_uri}?iss=${iss}&sid=${sid}`
  const load = async ({ browser }: AtBank) => (await browser.go(frame)).status
  expect([await load(kept), await active(who), await active(kept)]).toEqual([400, true, true])
  expect([await load(who), await active(who), await active(kept)]).toEqual([200, false, true])
  await connected()
})
