// A real SimpleSAMLphp, connected by the address of its metadata alone: imported, tried, activated, signed in through.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp, createBrowser } from '../../src/demo/app-client.ts'
import { phoneId } from '../../src/demo/institution.ts'
import type { ConnectionContent, RelyingParty } from '../../src/domain/institution.ts'
import { agreed } from '../journeys/customer.ts'
import { alder, bareBrowser, type Parts, startParts } from '../journeys/parts.ts'
import { answerOf, type Simplesamlphp, startSimplesamlphp } from './simplesamlphp-peer.ts'

const institution = 'alder'
const id = 'ssp'
const redirectUri = 'https://app.example/callback'
const actor = { by: 'administrator:ann', why: 'a test' }
let parts: Parts
let idp: Simplesamlphp
let content: ConnectionContent

beforeAll(async () => {
  parts = await startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } })
  idp = await startSimplesamlphp(18_301, { SP_REQUIRE_SIGNED: '1' })
})
afterAll(async () => {
  await idp?.stop()
  await parts?.stop()
})

test('its address is all that is typed: the facts are those of its own script', async () => {
  const { up } = idp
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
  await idp.set({ SP_METADATA_URL: `${parts.issuer}/saml/${id}/metadata` })
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
  const answer = await answerOf(createBrowser(), { url: departure.url, until: redirectUri })
  expect((await tester.post(answer.action, answer.fields)).status).toBe(303)
  const { outcome, result } = await parts.flows.testLogin.result(institution, tried)
  expect({ outcome, code: result?.code, counts: result?.counts }).toEqual({
    outcome: 'passed',
    code: '',
    counts: true,
  })
  expect(result?.claims).toEqual({ name: 'Alice Ünïcode <&>', email: 'alice@bank.test' })
  expect(result?.checks.find(({ name }) => name.startsWith('certificate of the '))).toMatchObject({
    ok: true,
  })
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
  const browser = createBrowser()
  const answer = await answerOf(browser, { url: started.url, until: redirectUri })
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
