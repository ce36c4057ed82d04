// A login at a real SimpleSAMLphp: its metadata, its login page, its signed answer, our tokens.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import { createPeerKey } from '../../src/demo/keys.ts'
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

beforeAll(async () => {
  spawnSync('chmod', ['755', home])
  bridge = await startBridge()
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
  const up = peer('up')
  const idp = {
    idpEntityId: up.idp_metadata,
    ssoUrl: up.sso,
    certificates: [readFileSync(up.idp_cert as string, 'utf8')],
    signed: 'both',
  }
  const rows = demoRows({
    world: bridge.world.url,
    idpCertificate: (await createPeerKey('unused')).pem,
    apiKey: bridge.world.apiKey,
  })
  const connections = rows.connections.map((row) => ({
    ...row,
    settings: idp,
    claims: { name: 'displayName', email: 'mail' },
  }))
  await bridge.application.apply([{ ...rows, connections }], { dryRun: false })
})
afterAll(async () => {
  peer('down')
  await bridge.stop()
  rmSync(home, { recursive: true, force: true })
})

test('Alice signs in at SimpleSAMLphp, and userinfo knows her by what it said', async () => {
  const who = await customer(bridge)
  const started = await who.app.begin()
  let page = await who.browser.follow(started.url, { until: who.app.redirectUri })
  expect(page.url).toContain('/simplesamlphp/')
  const state = /name="AuthState" value="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  page = await who.browser.follow(page.url.split('?')[0] as string, {
    until: who.app.redirectUri,
    form: { AuthState: state, username: 'alice', password: 'alice-pw' },
  })
  const SAMLResponse = /name="SAMLResponse" value="([^"]*)"/.exec(page.body)?.[1] as string
  const RelayState = /name="RelayState" value="([^"]*)"/.exec(page.body)?.[1] as string
  page = await who.browser.follow(`${bridge.issuer}/saml/alder-idp/acs`, {
    until: who.app.redirectUri,
    form: { SAMLResponse, RelayState },
  })
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
    form: { SAMLResponse, RelayState },
  })
  expect(replay.status).toBe(400)
})
