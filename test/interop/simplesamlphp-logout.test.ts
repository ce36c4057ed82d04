// Single logout with a real SimpleSAMLphp: it judges our signatures, and we judge its own, in both directions.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { demoRows, phoneId } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { agreed, type Customer, customer, introspect } from '../journeys/customer.ts'
import { type BackEnd, startBackEnd } from '../journeys/relying-party.ts'

const script = join(import.meta.dirname, '../peers/simplesamlphp.sh')
const home = mkdtempSync(join(tmpdir(), 'drawbridge-ssp-logout-'))
let bridge: TestBridge
let phone: BackEnd
let env: NodeJS.ProcessEnv
let up: Record<string, string>

function peer(action: string): Record<string, string> {
  const done = spawnSync(script, [action], { encoding: 'utf8', env, timeout: 60_000 })
  if (done.status !== 0) throw new Error(`simplesamlphp.sh ${action}: ${done.status} ${done.stderr}`)
  const lines = done.stdout.trim().split('\n')
  return Object.fromEntries(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]))
}

async function connect(sloBinding: 'redirect' | 'post'): Promise<void> {
  const { d: _, ...apiKey } = bridge.world.apiKey
  const rows = demoRows({ world: bridge.world.url, idpCertificate: bridge.world.idpCertificate, apiKey })
  const settings = {
    idpEntityId: up.idp_metadata,
    ssoUrl: up.sso,
    sloUrl: up.slo,
    sloBinding,
    certificates: [readFileSync(up.idp_cert as string, 'utf8')],
    signed: 'both',
  }
  const connections = rows.connections.slice(0, 1).map((row) => ({ ...row, settings, claims: {} }))
  const relyingParties = rows.relyingParties.map((party) =>
    party.id === phoneId ? { ...party, backchannelLogoutUri: phone.url } : party,
  )
  await bridge.application.apply([{ ...rows, connections, relyingParties }], { dryRun: false })
}

beforeAll(async () => {
  spawnSync('chmod', ['755', home])
  bridge = await startBridge()
  phone = await startBackEnd(bridge.issuer, phoneId)
  const metadata = join(home, 'sp.xml')
  const own = await (await fetch(`${bridge.issuer}/saml/alder-idp/metadata`)).text()
  writeFileSync(metadata, own, { mode: 0o644 })
  env = {
    ...process.env,
    PEER_HOME: home,
    SSP_PORT: '21301',
    SP_METADATA_FILE: metadata,
    SP_REQUIRE_SIGNED: '1',
  }
  up = peer('up')
  await connect('redirect')
})
afterAll(async () => {
  peer('down')
  await Promise.all([phone.stop(), bridge.stop()])
  rmSync(home, { recursive: true, force: true })
})

/** Posts the form that a page of SimpleSAMLphp would send by itself. */
async function passedOn(who: Customer, body: string) {
  const field = (name: string) =>
    new RegExp(`name="${name}" value="([^"]*)"`).exec(body)?.[1]?.replaceAll('&amp;', '&')
  const action = /<form[^>]*action="([^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') as string
  const names = ['SAMLResponse', 'SAMLRequest', 'RelayState'].filter((name) => field(name) !== undefined)
  const form = Object.fromEntries(names.map((name) => [name, field(name) as string]))
  return who.browser.follow(action, { until: who.app.redirectUri, form })
}

async function signedIn() {
  const who = await customer(bridge)
  const started = await who.app.begin()
  let page = await who.browser.follow(started.url, { until: who.app.redirectUri })
  const state = /name="AuthState" value="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const form = { AuthState: state, username: 'alice', password: 'alice-pw' }
  const at = page.url.split('?')[0] as string
  page = await who.browser.follow(at, { until: who.app.redirectUri, form })
  const consent = await passedOn(who, page.body)
  const tokens = await who.app.redeem(await agreed(who, consent), started)
  return { ...who, tokens }
}

/** Does SimpleSAMLphp ask this browser for a password again? */
async function asksAgain(who: Customer): Promise<boolean> {
  const page = await who.browser.follow((await who.app.begin()).url, { until: who.app.redirectUri })
  return page.body.includes('name="AuthState"')
}

async function leave(who: Awaited<ReturnType<typeof signedIn>>) {
  const back = `${bridge.world.url}/phone/`
  const query = { id_token_hint: who.tokens.idToken as string, post_logout_redirect_uri: back }
  const asked = await who.browser.go(`${bridge.issuer}/sign-out?${new URLSearchParams(query)}`)
  const form = formIn(asked)
  return { back, left: await who.browser.go(form.action, { ...form.fields, logout: 'yes' }) }
}

const active = async (who: Awaited<ReturnType<typeof signedIn>>) =>
  (await introspect(bridge, who.tokens.accessToken)).active

test('signing out at the app ends the session at SimpleSAMLphp, which takes our signed request', async () => {
  const who = await signedIn()
  const { back, left } = await leave(who)
  expect(left.location).toContain('SingleLogoutService.php?SAMLRequest=')
  const end = await who.browser.follow(left.location as string, { until: back })
  expect(end.returned).toBe(back)
  expect([await active(who), await asksAgain(who)]).toEqual([false, true])
})

test('control: with one octet of our signature changed it refuses, and its session stays; ours is over all the same', async () => {
  const who = await signedIn()
  const { back, left } = await leave(who)
  const url = new URL(left.location as string)
  const signature = Buffer.from(url.searchParams.get('Signature') as string, 'base64')
  signature[10] = (signature[10] as number) ^ 1
  const bent = left.location?.replace(
    /Signature=.*$/,
    `Signature=${encodeURIComponent(signature.toString('base64'))}`,
  )
  const end = await who.browser.follow(bent as string, { until: back })
  expect(end.returned).toBeUndefined()
  expect([await active(who), await asksAgain(who)]).toEqual([false, false])
})

test('signing out at SimpleSAMLphp ends our session, the app hears, and it takes our signed answer', async () => {
  const who = await signedIn()
  const done = `${bridge.world.url}/phone/done`
  const start = new URL('initSLO.php', up.slo)
  start.searchParams.set('RelayState', done)
  const end = await who.browser.follow(start.href, { until: done })
  expect(end.returned).toBe(done)
  expect(await active(who)).toBe(false)
  await phone.about(who.tokens.claims.sid)
  expect(await asksAgain(who)).toBe(true)
})

test('by POST it takes our enveloped signature', async () => {
  await connect('post')
  const who = await signedIn()
  const { back, left } = await leave(who)
  expect([left.status, left.body]).toEqual([200, expect.stringContaining('name="SAMLRequest"')])
  const form = formIn(left)
  const end = await who.browser.follow(form.action, { until: back, form: form.fields })
  expect(end.returned ?? (await passedOn(who, end.body)).location).toBe(back)
  expect(await asksAgain(who)).toBe(true)
})
