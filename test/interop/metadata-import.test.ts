// A real SimpleSAMLphp, connected by the address of its metadata alone: imported, tried, activated, signed in through.
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp, createBrowser, formIn } from '../../src/demo/app-client.ts'
import { phoneId } from '../../src/demo/institution.ts'
import type { ConnectionContent, RelyingParty } from '../../src/domain/institution.ts'
import { agreed } from '../journeys/customer.ts'
import { alder, bareBrowser, type Parts, startParts } from '../journeys/parts.ts'

const script = join(import.meta.dirname, '../peers/simplesamlphp.sh')
const home = mkdtempSync(join(tmpdir(), 'drawbridge-import-'))
const metadataFile = join(home, 'sp.xml')
const env: NodeJS.ProcessEnv = { ...process.env, PEER_HOME: home, SSP_PORT: '18301', SP_REQUIRE_SIGNED: '1' }
const institution = 'alder'
const id = 'ssp'
const redirectUri = 'https://app.example/callback'
const actor = { by: 'administrator:ann', why: 'a test' }
let parts: Parts
let up: Record<string, string>
let content: ConnectionContent

function peer(action: string): Record<string, string> {
  const done = spawnSync(script, [action], { encoding: 'utf8', env, timeout: 60_000 })
  if (done.status !== 0) throw new Error(`simplesamlphp.sh ${action}: ${done.status} ${done.stderr}`)
  const lines = done.stdout.trim().split('\n')
  return Object.fromEntries(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]))
}

beforeAll(async () => {
  spawnSync('chmod', ['755', home])
  parts = await startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } })
  up = peer('up')
})
afterAll(async () => {
  peer('down')
  await parts.stop()
  rmSync(home, { recursive: true, force: true })
})

/** From SimpleSAMLphp's login page to the form with its answer. */
async function answered(url: string, browser = createBrowser()) {
  const asked = await browser.follow(url, { until: redirectUri })
  const state = /name="AuthState" value="([^"]*)"/.exec(asked.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const form = { AuthState: state, username: 'alice', password: 'alice-pw' }
  const page = await browser.follow(asked.url.split('?')[0] as string, { until: redirectUri, form })
  return { browser, answer: formIn(page) }
}

test('its address is all that is typed: the facts are those of its own script', async () => {
  const preview = await parts.flows.connectionImport.preview({
    institution,
    type: 'saml',
    source: { url: up.idp_metadata as string },
    name: 'SimpleSAMLphp',
  })
  if (preview.kind !== 'one') throw new Error('several')
  const { facts, faults } = preview
  content = preview.content
  const { fingerprint256 } = new X509Certificate(readFileSync(up.idp_cert as string))
  expect(faults).toEqual([])
  expect(facts).toMatchObject({ identifier: up.idp_metadata, ignored: [] })
  expect(facts.certificates.map(({ fingerprint }) => fingerprint)).toEqual([fingerprint256])
  expect(content.settings).toMatchObject({
    ...{ idpEntityId: up.idp_metadata, ssoUrl: up.sso, sloUrl: up.slo, metadataUrl: up.idp_metadata },
  })
  const claims = { name: 'displayName', email: 'mail' }
  await parts.flows.connections.create({ institution, id, content: { ...content, claims } }, actor)
  writeFileSync(metadataFile, await (await fetch(`${parts.issuer}/saml/${id}/metadata`)).text(), {
    mode: 0o644,
  })
  env.SP_METADATA_FILE = metadataFile
  peer('up')
})

test('a test login at its login page passes, and the connection is activated', async () => {
  const tester = bareBrowser()
  const { id: tried, departure } = await parts.inUnit(() =>
    parts.flows.testLogin.start(alder, {
      connection: id,
      what: 'present',
      by: actor.by,
      browserHash: tester.hash,
    }),
  )
  const { answer } = await answered(departure.url)
  expect((await tester.post(answer.action, answer.fields)).status).toBe(303)
  const { outcome, result } = await parts.flows.testLogin.result(institution, tried)
  expect({ outcome, code: result?.code, counts: result?.counts }).toEqual({
    outcome: 'passed',
    code: '',
    counts: true,
  })
  expect(result?.claims).toEqual({ name: 'Alice Ünïcode <&>', email: 'alice@bank.test' })
  expect(result?.checks.find(({ name }) => name === 'certificate')).toMatchObject({ ok: true })
  const record = await parts.flows.connections.get(institution, id)
  expect((await parts.flows.connections.activate(record, actor)).state).toBe('active')
})

test('a customer signs in through it', async () => {
  const app: RelyingParty = {
    ...{ institution, id: phoneId, name: 'Alder app', kind: 'app' as const, redirectUris: [redirectUri] },
    ...{ postLogoutRedirectUris: [], scopes: ['openid'], connections: [id], acrFloor: undefined },
    ...{ requirePar: true, requireDpop: true, transactionTypes: [], webOrigins: [], keys: [] },
  }
  await parts.stores.directory.put({ ...parts.rows, relyingParties: [app] }, 'file')
  const phone = await createApp({ issuer: parts.issuer, redirectUri })
  const started = await phone.begin({ scope: 'openid' })
  const { browser, answer } = await answered(started.url)
  const page = await browser.follow(answer.action, { until: redirectUri, form: answer.fields })
  const returned = await agreed({ app: phone, browser, user: 'alice' }, page)
  expect((await phone.redeem(returned, started)).accessToken).not.toBe('')
})

test('read again, it says nothing new', async () => {
  const before = await parts.flows.connections.get(institution, id)
  const report = await parts.flows.metadataRefresh.now(institution, id, actor)
  expect(report).toEqual({ error: '', applied: [], waits: [] })
  expect(await parts.flows.connections.get(institution, id)).toEqual(before)
})
