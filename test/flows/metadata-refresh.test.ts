// IdP metadata read again over a real database and real HTTP: what takes over, what waits, what is refused, and who reads.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/domain/connection.ts'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { contentOfRecord } from '../../src/flows/connections.ts'
import { type MetadataServer, startMetadataServer } from '../journeys/metadata-server.ts'
import { alder, idpEntityId, type Parts, startParts } from '../journeys/parts.ts'
import { makeKey, type TestKey } from '../xml/hostile/idp.ts'

let parts: Parts
let idp: MetadataServer
let [key, next, federation, stranger] = [] as unknown as TestKey[]
let id = ''
const institution = 'alder'
const actor = { by: 'administrator:ann', why: 'a test' }

beforeAll(async () => {
  ;[parts, key, next, federation, stranger] = await Promise.all([
    startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } }),
    ...Array.from({ length: 4 }, () => makeKey()),
  ])
})
afterAll(() => parts.stop())
let count = 0
beforeEach(async () => {
  count += 1
  id = `idp-${count}`
  idp = await startMetadataServer({ keys: [key] })
})
afterEach(async () => {
  await parts.stores.metadataStates.forget(institution, id)
  const record = await parts.stores.connectionStore.get(institution, id)
  if (record !== undefined && record.state !== 'disabled') await flows().disable(record, actor)
  await idp.stop()
})

const flows = () => parts.flows.connections
const present = () => flows().get(institution, id)
const pemOf = (one: TestKey) => one.pem
const content = (settings: object = {}): ConnectionContent => ({
  name: 'IdP',
  type: 'saml',
  settings: {
    ...{ idpEntityId, ssoUrl: 'https://idp.example/sso', certificates: [key.pem], metadataUrl: idp.url },
    ...settings,
  },
  claims: {},
})
const pinned = () => ({ metadataSigners: [federation.pem] })

async function active(settings: object = {}) {
  await flows().create({ institution, id, content: content(settings) }, actor)
  const digest = digestOf(content(settings))
  await parts.inUnit(() => flows().testPassed(institution, id, { digest, actor }))
  return flows().activate(await present(), actor)
}
const refresh = () => parts.flows.metadataRefresh.now(institution, id, actor)
const certificates = async () =>
  ((await present()).settings.certificates as string[]).map((pem) => pem.replace(/\s/g, ''))
const bare = (...keys: TestKey[]) => keys.map(({ pem }) => pem.replace(/\s/g, ''))
const events = async () =>
  (await parts.stores.auditLog?.pending(institution))
    .map(({ body }: { body: string }) => JSON.parse(body))
    .filter((event: { type: string; connection: string }) => event.connection === id)

describe('a new key', () => {
  test('takes over by itself when a pinned key signed the document', async () => {
    const before = await active(pinned())
    Object.assign(idp.published, { keys: [key, next], signer: federation })
    expect(await refresh()).toEqual({ error: '', applied: ['settings.certificates[]'], waits: [] })
    expect(await certificates()).toEqual(bare(key, next))
    const after = await present()
    expect(after).toMatchObject({ state: 'active', version: before.version + 1, proposal: undefined })
    const [newest] = await flows().history(institution, id)
    expect(newest).toMatchObject({ change: 'refreshed', by: actor.by })
    expect(newest?.changes.map(({ path }) => path)).toEqual(['settings.certificates[]'])
  })
})
