// Attack 197 and test logins under new keys: one IdP for two institutions, and what an answer for the one is worth to the other.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { fingerprintOf } from '../../src/domain/learned-keys.ts'
import { type MetadataServer, startMetadataServer } from '../journeys/metadata-server.ts'
import { alder, answerTo, bareBrowser, idpEntityId, type Parts, startParts } from '../journeys/parts.ts'
import { login as loginRecord } from '../storage/rig.ts'
import { makeKey, type TestKey } from '../xml/hostile/idp.ts'

let parts: Parts
let idp: MetadataServer
let [key, next, other, stranger]: TestKey[] = []
const birch = { ...alder, id: 'birch', name: 'Birch Bank' }
const actor = { by: 'administrator:ann', why: 'a test' }
let id = ''
let count = 0

beforeAll(async () => {
  parts = await startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } })
  await parts.stores.directory.put({ ...parts.rows, institution: birch }, 'file')
  ;[key, next, other, stranger] = await Promise.all([makeKey(), makeKey(), makeKey(), makeKey()])
})
afterAll(() => parts.stop())
beforeEach(async () => {
  count += 1
  id = `idp-${count}`
  idp = await startMetadataServer({ keys: [key as TestKey] })
})
afterEach(() => idp.stop())

const content = (settings: object = {}): ConnectionContent => ({
  name: 'IdP',
  type: 'saml',
  settings: {
    ...{ idpEntityId, ssoUrl: 'https://idp.example/sso', certificates: [key?.pem], metadataUrl: idp.url },
    ...settings,
  },
  claims: {},
})
const create = (institution: string, settings: object = {}) =>
  parts.flows.connections.create({ institution, id, content: content(settings) }, actor)
const issuerOf = (institution: string) => parts.issuer.replace(/alder$/, institution)

interface Tried {
  readonly by: TestKey | undefined
  readonly what?: 'present' | 'proposal'
  /** Whose answer it is; the institution's own unless told. */
  readonly madeFor?: string
  readonly changed?: (xml: string) => string
}

/** A test login of the connection with an answer signed by `by`: its result. */
async function tried(
  institution: typeof alder,
  { by, what = 'present', madeFor = institution.id, changed = (xml) => xml }: Tried,
) {
  const browser = bareBrowser()
  const { id: test, departure } = await parts.inUnit(() =>
    parts.flows.testLogin.start(institution, {
      connection: id,
      what,
      by: actor.by,
      browserHash: browser.hash,
    }),
  )
  const to = { issuer: issuerOf(madeFor), connection: id, requestId: departure.requestId }
  const genuine = Buffer.from(answerTo(to, { key: by as TestKey, sides: 'both' }), 'base64').toString()
  const SAMLResponse = Buffer.from(changed(genuine)).toString('base64')
  await browser.post(`${issuerOf(institution.id)}/saml/${id}/acs`, { SAMLResponse, RelayState: test })
  return (await parts.flows.testLogin.result(institution.id, test)).result
}

describe('#197 one IdP, two institutions', () => {
  beforeEach(() => Promise.all([create('alder'), create('birch')]))
  test('each has its own ACS and its own name at the IdP', async () => {
    const [a, b] = await Promise.all(
      ['alder', 'birch'].map(async (institution) => {
        const xml = await (await fetch(`${issuerOf(institution)}/saml/${id}/metadata`)).text()
        return [
          /entityID="([^"]*)"/.exec(xml)?.[1],
          /AssertionConsumerService[^>]* Location="([^"]*)"/.exec(xml)?.[1],
        ]
      }),
    )
    expect(a?.every(Boolean)).toBe(true)
    expect(a?.filter((one) => b?.includes(one))).toEqual([])
  })
  test('an answer made for the one is refused at the other, though the same key signed it', async () => {
    expect(await tried(alder, { by: key, madeFor: 'birch' })).toMatchObject({
      code: 'saml.destination',
      counts: false,
    })
  })
  test('control: its own answer passes', async () => {
    expect(await tried(alder, { by: key })).toMatchObject({ code: '', counts: true })
    expect(await tried(birch as typeof alder, { by: key })).toMatchObject({ code: '', counts: true })
  })
  test('what one institution learns of the IdP, the other does not', async () => {
    idp.published.keys = [key, next] as TestKey[]
    const record = await parts.flows.connections.get('alder', id)
    await parts.flows.connections.save(record, content({ trustNewKeys: true }), actor)
    await parts.flows.metadataRefresh.now('alder', id, actor)
    expect((await parts.flows.connections.get('alder', id)).settings.certificates).toHaveLength(2)
    expect((await parts.flows.connections.get('birch', id)).settings.certificates).toHaveLength(1)
    expect(await parts.stores.metadataStates.get('birch', id)).toBeUndefined()
  })
})

describe('a test login by a key that nobody knew', () => {
  test('passes and counts where the new key is trusted: for what is saved now', async () => {
    await create('alder', { trustNewKeys: true })
    idp.published.keys = [key, next] as TestKey[]
    expect(await tried(alder, { by: next })).toMatchObject({ code: '', counts: true })
    const record = await parts.flows.connections.get('alder', id)
    expect(record.state).toBe('tested')
    expect((record.settings.certificates as string[]).map(fingerprintOf)).toEqual(
      [key, next].map((one) => fingerprintOf(one?.pem ?? '')),
    )
    expect(idp.asked).toHaveLength(1)
  })
  test('#194 fails where it is not, and asking changes nothing', async () => {
    await create('alder')
    const before = await parts.flows.connections.get('alder', id)
    idp.published.keys = [key, next] as TestKey[]
    expect(await tried(alder, { by: next })).toMatchObject({ code: 'saml.signature_invalid', counts: false })
    expect(await parts.flows.connections.get('alder', id)).toEqual(before)
    expect(idp.asked).toHaveLength(1)
  })
  test('#194 of an active connection what it says waits as a proposal, and customers go on by the old key', async () => {
    await create('alder')
    await tried(alder, { by: key })
    const active = await parts.flows.connections.activate(
      await parts.flows.connections.get('alder', id),
      actor,
    )
    idp.published.keys = [key, next] as TestKey[]
    expect(await tried(alder, { by: next })).toMatchObject({ code: 'saml.signature_invalid' })
    const record = await parts.flows.connections.get('alder', id)
    expect(record.settings).toEqual(active.settings)
    expect(record.proposal).toMatchObject({ by: 'schedule', tested: false })
    expect(record.proposal?.content.settings.certificates).toHaveLength(2)
    expect(await tried(alder, { by: key })).toMatchObject({ code: '' })
  })
  test('a message that was changed asks nobody', async () => {
    await create('alder', { trustNewKeys: true })
    const result = await tried(alder, { by: key, changed: (xml) => xml.replace('alice', 'mallo') })
    expect(result?.code).toBe('saml.signature_invalid')
    expect(idp.asked).toEqual([])
  })
  test.each(['present', 'proposal'] as const)(
    'a wrong key in a test of the %s takes no look from a sign-in',
    async (what) => {
      await create('alder', { trustNewKeys: true })
      await tried(alder, { by: key })
      const { connections } = parts.flows
      const active = await connections.activate(await connections.get('alder', id), actor)
      if (what === 'proposal')
        await connections.save(active, content({ trustNewKeys: true, certificates: [other?.pem] }), actor)
      for (let i = 0; i < 3; i += 1)
        expect(await tried(alder, { by: stranger, what })).toMatchObject({ code: 'saml.signature_invalid' })
      // What was just read is not read again for the next ones.
      expect(idp.asked).toHaveLength(1)
      idp.published.keys = [key, next] as TestKey[]
      expect(await signedIn(next)).toBe(303)
      expect(idp.asked).toHaveLength(2)
    },
  )
})

/** A customer's answer by this key, to a sign-in that is open: the status of what it gets. */
async function signedIn(by: TestKey | undefined): Promise<number> {
  const browser = bareBrowser()
  const uid = `uid-${id}-0123456789`
  const change = { connection: id, browserHash: browser.hash, upstreamRequest: '_real' }
  await parts.inUnit(() =>
    parts.stores.logins.create({ ...loginRecord(uid, change), expiresAt: Date.now() + 60_000 }),
  )
  const to = { issuer: parts.issuer, connection: id, requestId: '_real' }
  const SAMLResponse = answerTo(to, { key: by as TestKey, sides: 'both' })
  return (await browser.post(`${parts.issuer}/saml/${id}/acs`, { SAMLResponse, RelayState: uid })).status
}
