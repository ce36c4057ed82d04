// What an IdP may still say of logout when not all is as it was: by a new key, by an old one, of a connection that is off.
import { createSign } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { digestOf } from '../../src/domain/connection.ts'
import { deliverLogout, logoutRequest } from '../../src/xml/saml/logout-message.ts'
import { makeKey, type TestKey } from '../xml/hostile/idp.ts'
import { testSigner } from '../xml/signers.ts'
import { type MetadataServer, startMetadataServer } from './metadata-server.ts'
import { idpEntityId, type Parts, startParts } from './parts.ts'

let parts: Parts
let idp: MetadataServer
let [key, next, over, federation]: TestKey[] = []
let id = ''
let count = 0
const institution = 'alder'
const actor = { by: 'administrator:ann', why: 'a test' }
const nameId = { format: 'f', value: 'alice', nameQualifier: undefined, spNameQualifier: undefined }

beforeAll(async () => {
  parts = await startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } })
  const dates = { notBefore: new Date(0), notAfter: new Date(1e12) }
  ;[key, next, federation] = await Promise.all([makeKey(), makeKey(), makeKey()])
  over = await makeKey('rsa', 2048, dates)
})
afterAll(() => parts.stop())
beforeEach(async () => {
  count += 1
  id = `idp-${count}`
  idp = await startMetadataServer({ keys: [key as TestKey], slo: 'https://idp.example/slo' })
  idp.published.signer = federation
})
afterEach(() => idp.stop())

async function connected(settings: object = {}) {
  const saml = {
    ...{ idpEntityId, ssoUrl: 'https://idp.example/sso', certificates: [key?.pem, over?.pem] },
    ...{ sloUrl: 'https://idp.example/slo', ...settings },
  }
  const content = { name: 'IdP', type: 'saml', settings: saml, claims: {} }
  const flows = parts.flows.connections
  await flows.create({ institution, id, content }, actor)
  await parts.inUnit(() => flows.testPassed(institution, id, { digest: digestOf(content), actor }))
  return flows.activate(await flows.get(institution, id), actor)
}
const rolling = () => ({
  certificates: [key?.pem],
  metadataUrl: idp.url,
  metadataSigners: [federation?.pem],
})

/** A session that this connection's customer has, as a sign-in leaves it. */
async function session() {
  const [uid, login] = [`browser-${count}`, `login-${count}`]
  const row = { institution, model: 'Session', id: uid }
  await parts.stores.tokens.upsert(row, { uid, accountId: 's', jti: uid }, 600)
  const upstream = { institution, connection: id, nameId, sessionIndex: '', subject: 's', login }
  await parts.stores.upstreamSessions.put({ ...upstream, expiresAt: Date.now() + 60_000 })
  await parts.stores.upstreamSessions.link(institution, login, uid)
  return async () => (await parts.stores.tokens.find(row)) !== undefined
}

/** What the IdP's request comes to, by redirect. */
async function logout(by: TestKey | undefined) {
  const destination = `${parts.issuer}/saml/${id}/slo`
  const request = { id: `_r${Math.random()}`, issuer: idpEntityId, destination, now: Date.now(), nameId }
  const signer = await testSigner('RS256', 'idp')
  const sign = async (text: string | Uint8Array) =>
    createSign('sha256')
      .update(text)
      .sign((by as TestKey).privateKey)
  const how = { to: destination, binding: 'redirect', name: 'SAMLRequest', relayState: '' } as const
  const { url } = await deliverLogout(logoutRequest({ ...request, sessionIndex: '' }), how, {
    ...signer,
    sign,
  })
  const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })
  const location = response.headers.get('location')
  return { status: response.status, to: location === null ? '' : location.split('?')[0] }
}
const answered = { status: 303, to: 'https://idp.example/slo' }

test('control: a request by a listed key ends the session; one by another key does not', async () => {
  await connected()
  const lives = await session()
  expect((await logout(next)).status).toBe(400)
  expect(await lives()).toBe(true)
  expect(await logout(key)).toEqual(answered)
  expect(await lives()).toBe(false)
})
test('a key that the IdP has just begun to use is looked for in its metadata', async () => {
  await connected(rolling())
  const lives = await session()
  idp.published.keys = [key as TestKey, next as TestKey]
  expect(await logout(next)).toEqual(answered)
  expect([await lives(), idp.asked.length]).toEqual([false, 1])
})
test('strangers’ messages make us look once in five minutes, end nothing, and take no look from a sign-in', async () => {
  await connected(rolling())
  const lives = await session()
  for (let i = 0; i < 5; i += 1) expect((await logout(next)).status).toBe(400)
  expect([await lives(), idp.asked.length]).toEqual([true, 1])
  await parts.flows.metadataRefresh.forUnknownKey(institution, id)
  expect(idp.asked.length).toBe(2)
})
test('a certificate whose time is over counts only where the connection does not mind', async () => {
  await connected({ expiredCertificates: 'refuse' })
  const lives = await session()
  expect((await logout(over)).status).toBe(400)
  expect(await lives()).toBe(true)
  count += 1
  id = `idp-${count}`
  await connected()
  const others = await session()
  expect(await logout(over)).toEqual(answered)
  expect(await others()).toBe(false)
})
test('a disabled connection still hears it; a draft does not', async () => {
  const lives = await session()
  await parts.flows.connections.disable(await connected(), actor)
  expect(await logout(key)).toEqual(answered)
  expect(await lives()).toBe(false)
  count += 1
  id = `idp-${count}`
  const content = { name: 'IdP', type: 'saml', claims: {} }
  const settings = { idpEntityId, ssoUrl: 'https://idp.example/sso', certificates: [key?.pem] }
  await parts.flows.connections.create({ institution, id, content: { ...content, settings } }, actor)
  expect((await logout(key)).status).toBe(404)
})
test('our answer goes where the IdP wants answers, as its metadata says', async () => {
  idp.published.slo = 'https://idp.example/slo" ResponseLocation="https://idp.example/slo/answers'
  const preview = await parts.flows.connectionImport.preview({
    institution,
    type: 'saml',
    source: { url: idp.url },
    name: 'IdP',
  })
  const { settings } = preview.kind === 'one' ? preview.content : { settings: {} }
  expect(settings).toMatchObject({
    sloUrl: 'https://idp.example/slo',
    sloResponseUrl: 'https://idp.example/slo/answers',
  })
  await connected(settings)
  expect(await logout(key)).toEqual({ status: 303, to: 'https://idp.example/slo/answers' })
})
