// A login at a real SimpleSAMLphp: its metadata, its login page, its signed answer, our tokens.
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import { createPeerKey } from '../../src/demo/keys.ts'
import { readIdpMetadata } from '../../src/xml/saml/idp-metadata.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { customer } from '../journeys/customer.ts'

const script = join(import.meta.dirname, '../peers/simplesamlphp.sh')
const home = mkdtempSync(join(tmpdir(), 'drawbridge-ssp-'))
let bridge: TestBridge
let env: NodeJS.ProcessEnv

function peer(action: string): Record<string, string> {
  const done = spawnSync(script, [action], { encoding: 'utf8', env, timeout: 60_000 })
  if (done.status !== 0) throw new Error(`simplesamlphp.sh ${action}: ${done.status} ${done.stderr}`)
  return Object.fromEntries(
    done.stdout
      .trim()
      .split('\n')
      .map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
  )
}

let up: Record<string, string>

/** The connection as these settings change it; SimpleSAMLphp's side comes from its own metadata. */
async function connect(change: object = {}, beside: object = {}): Promise<void> {
  const { idp } = await metadata()
  const binding = 'binding' in change ? change.binding : 'redirect'
  const settings = {
    idpEntityId: idp?.entityId,
    ssoUrl: idp?.sso.find((endpoint) => endpoint.binding === binding)?.url,
    certificates: idp?.signing.map(({ pem }) => pem),
    signed: 'both',
    ...change,
  }
  const rows = demoRows({
    world: bridge.world.url,
    idpCertificate: (await createPeerKey('unused')).pem,
    apiKey: bridge.world.apiKey,
  })
  const connections = rows.connections.slice(0, 1).map((row) => ({
    ...row,
    ...beside,
    settings,
    claims: { name: 'displayName', email: 'mail' },
  }))
  await bridge.application.apply([{ ...rows, connections }], { dryRun: false })
}

async function metadata() {
  const document = Buffer.from(await (await fetch(up.idp_metadata as string)).arrayBuffer())
  return readIdpMetadata(document, { entityId: undefined, signers: [], now: Date.now() })
}

const clock = { ahead: 0, now: () => Date.now() + clock.ahead }

const audited: { type: string; code?: string; detail: { checks?: string[]; granted_acr?: string } }[] = []

beforeAll(async () => {
  spawnSync('chmod', ['755', home])
  bridge = await startBridge(undefined, clock)
  bridge.application.observe((_, body) => void audited.push(JSON.parse(body)))
  const metadata = join(home, 'sp.xml')
  writeFileSync(metadata, await (await fetch(`${bridge.issuer}/saml/alder-idp/metadata`)).text(), {
    mode: 0o644,
  })
  env = {
    ...process.env,
    PEER_HOME: home,
    SSP_PORT: '18089',
    SP_METADATA_FILE: metadata,
    SP_REQUIRE_SIGNED: '1',
  }
  up = peer('up')
  await connect()
})
afterAll(async () => {
  peer('down')
  await bridge.stop()
  rmSync(home, { recursive: true, force: true })
})

/** Through SimpleSAMLphp's login page, and its answer to our ACS. */
async function signIn(extra: Readonly<Record<string, string>> = {}) {
  const who = await customer(bridge)
  const { redirectUri: until } = who.app
  const started = await who.app.begin(extra)
  let page = await who.browser.follow(started.url, { until })
  // By the POST binding our own page stands in between; its form sends itself where scripts run.
  if (page.body.includes('id="pass-on"')) {
    const form = formIn(page)
    page = await who.browser.follow(form.action, { until, form: form.fields })
  }
  expect(page.url).toContain('/simplesamlphp/')
  const state = /name="AuthState" value="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  page = await who.browser.follow(page.url.split('?')[0] as string, {
    until,
    form: { AuthState: state, username: 'alice', password: 'alice-pw' },
  })
  const SAMLResponse = /name="SAMLResponse" value="([^"]*)"/.exec(page.body)?.[1] as string
  const RelayState = /name="RelayState" value="([^"]*)"/.exec(page.body)?.[1] as string
  const form = { SAMLResponse, RelayState }
  page = await who.browser.follow(`${bridge.issuer}/saml/alder-idp/acs`, { until, form })
  return { who, started, page, form }
}

const answered = () => audited.filter(({ type }) => type === 'login.upstream_answered').at(-1)

test('its metadata says what its own script says', async () => {
  const { idp, entityIds } = await metadata()
  expect(entityIds).toEqual([up.idp_metadata])
  expect(idp).toMatchObject({ entityId: up.idp_metadata, ignored: [], wantAuthnRequestsSigned: true })
  expect(idp?.sso).toEqual(
    ['redirect', 'post'].map((binding) => ({ binding, url: up.sso, responseUrl: undefined })),
  )
  const { fingerprint256 } = new X509Certificate(readFileSync(up.idp_cert as string))
  expect(idp?.signing.map(({ fingerprint }) => fingerprint)).toEqual([fingerprint256])
})

test('Alice signs in at SimpleSAMLphp, and userinfo knows her by what it said', async () => {
  const { who, started, page: asked, form } = await signIn()
  let page = asked
  const consent = formIn(page)
  page = await who.browser.follow(consent.action, {
    until: who.app.redirectUri,
    form: { ...consent.fields, do: 'allow' },
  })
  const tokens = await who.app.redeem(page.returned as string, started)
  const narrow = await who.app.refresh(tokens.refreshToken as string, { scope: 'openid profile email' })
  const url = `${bridge.issuer}/userinfo`
  const dpop = await who.app.proof({ method: 'GET', url, accessToken: narrow.accessToken })
  const claims = await (
    await fetch(url, { headers: { authorization: `DPoP ${narrow.accessToken}`, dpop } })
  ).json()
  expect(claims).toMatchObject({ name: 'Alice Ünïcode <&>', email: 'alice@bank.test' })
  // The same answer again, from the same browser: used once.
  const replay = await who.browser.follow(`${bridge.issuer}/saml/alder-idp/acs`, {
    until: who.app.redirectUri,
    form,
  })
  expect(replay.status).toBe(400)
})

test('our request by a form: SimpleSAMLphp demands its signature, and takes it', async () => {
  await connect({ binding: 'post' })
  const { page } = await signIn()
  expect(page.status).toBe(200)
  expect(answered()).toMatchObject({ outcome: 'ok' })
  await connect()
})

test('our clock is 90 seconds behind its: refused at 60, taken at 120', async () => {
  clock.ahead = -90_000
  await connect({ skewSeconds: 60 })
  expect((await signIn()).page.status).toBe(400)
  expect(answered()).toMatchObject({ outcome: 'refused', code: 'saml.not_yet_valid' })
  await connect({ skewSeconds: 120 })
  expect((await signIn()).page.status).toBe(200)
  expect(answered()).toMatchObject({ outcome: 'ok' })
  clock.ahead = 0
  await connect()
})

test('the class that it asked by is a level where the table says so, and none where it does not', async () => {
  const device = 'urn:drawbridge:acr:device'
  const byClass = async (one: string) => {
    await connect({}, { levels: { device: [one] } })
    const { who, page } = await signIn({ acr_values: device })
    const { redirectUri: until } = who.app
    if (page.returned !== undefined) return new URL(page.returned).searchParams.get('error')
    const consent = formIn(page)
    await who.browser.follow(consent.action, { until, form: { ...consent.fields, do: 'allow' } })
    return answered()?.detail.granted_acr
  }
  expect(await byClass('urn:oasis:names:tc:SAML:2.0:ac:classes:Password')).toBe(device)
  // This one heeds no RequestedAuthnContext: its answer is weaker than what was asked for.
  expect(await byClass('https://refeds.org/profile/mfa')).toBe('unmet_authentication_requirements')
  await connect()
})

test('it encrypts by AES-CBC: refused, and forgiven under compat inside its signed Response', async () => {
  env = { ...env, SP_ENCRYPT: '1' }
  peer('up')
  const strict = await signIn()
  expect(strict.page.status).toBe(400)
  expect(answered()).toMatchObject({ outcome: 'refused', code: 'saml.encrypted' })
  const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)
  await connect({ encrypted: 'required', compat: { until, allow: ['aes-cbc'] } })
  const lenient = await signIn()
  expect(lenient.page.status).toBe(200)
  expect(answered()).toMatchObject({ outcome: 'ok' })
  expect(answered()?.detail.checks).toContain('compat: aes-cbc')
})
