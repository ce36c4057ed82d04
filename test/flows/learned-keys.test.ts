// Connections that a file rules: keys that trusted metadata named later count beside the file's, whatever is applied again.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Connection } from '../../src/domain/institution.ts'
import { effectiveContent, fingerprintOf } from '../../src/domain/learned-keys.ts'
import { createApply } from '../../src/flows/apply.ts'
import { createAuditLog } from '../../src/storage/audit-log.ts'
import { type MetadataServer, startMetadataServer } from '../journeys/metadata-server.ts'
import { idpEntityId, type Parts, startParts } from '../journeys/parts.ts'
import { makeKey, type TestKey } from '../xml/hostile/idp.ts'

let parts: Parts
let idp: MetadataServer
let key: TestKey
let next: TestKey
let federation: TestKey
const institution = 'alder'
const id = 'ruled'

beforeAll(async () => {
  parts = await startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } })
  ;[key, next, federation] = await Promise.all([makeKey(), makeKey(), makeKey()])
})
afterAll(() => parts.stop())
beforeEach(async () => {
  idp = await startMetadataServer({ keys: [key] })
  idp.published.signer = federation
})
afterEach(async () => {
  await apply([])
  await idp.stop()
})

const fromFile = (settings: object = {}, change: Partial<Connection> = {}): Connection => ({
  ...{ institution, id, name: 'IdP', type: 'saml', state: 'active', version: 0, claims: {} },
  settings: {
    ...{ idpEntityId, ssoUrl: 'https://idp.example/sso', certificates: [key.pem] },
    ...{ metadataUrl: idp.url, metadataSigners: [federation.pem] },
    ...settings,
  },
  ...change,
})
const apply = async (connections: readonly Connection[]) => {
  const { base, stores, services } = parts
  const { directory } = stores
  const run = createApply({ ...base, ...stores, ...services, writer: directory })
  return (await run([{ ...parts.rows, connections }], { dryRun: false })).changes
}
const refresh = () =>
  parts.flows.metadataRefresh.now(institution, id, { by: 'administrator:ann', why: 'a test' })
const record = () => parts.flows.connections.get(institution, id)
const signsInBy = async () => {
  const connection = await parts.stores.directory.connection(institution, id)
  const { certificates } = effectiveContent(connection as Connection).settings
  return (certificates as string[]).map(fingerprintOf)
}
const prints = (...keys: TestKey[]) => keys.map(({ pem }) => fingerprintOf(pem))
async function learned() {
  await apply([fromFile()])
  idp.published.keys = [key, next]
  expect((await refresh()).applied).toEqual(['settings.certificates[]'])
}

describe('a key that was learned', () => {
  test('counts, stands in the history, and leaves the file’s words alone', async () => {
    await learned()
    expect(await signsInBy()).toEqual(prints(key, next))
    const { settings, learned: beside } = await record()
    expect(settings.certificates).toEqual([key.pem])
    expect(beside?.map(fingerprintOf)).toEqual(prints(next))
    const [newest, first] = await parts.flows.connections.history(institution, id)
    expect([newest?.change, first?.change]).toEqual(['refreshed', 'applied'])
    expect(newest?.changes).toMatchObject([{ path: 'settings.certificates[]', before: undefined }])
  })
  test('survives the same file, and is no difference to it', async () => {
    await learned()
    expect(await apply([fromFile()])).toEqual([])
    expect(await signsInBy()).toEqual(prints(key, next))
  })
  test('survives a file that changes something else', async () => {
    await learned()
    expect(await apply([fromFile({}, { name: 'Renamed' })])).toMatchObject([{ fields: ['name'] }])
    expect(await signsInBy()).toEqual(prints(key, next))
    expect(
      (await parts.flows.connections.history(institution, id))[0]?.changes.map(({ path }) => path),
    ).toEqual(['name'])
  })
  test.each([
    ['reads another address', { metadataUrl: 'https://other.example/metadata' }],
    ['pins nobody any more', { metadataSigners: undefined }],
    ['names another IdP', { idpEntityId: 'https://other.example' }],
  ])('goes with a file that %s', async (_, settings) => {
    await learned()
    await apply([fromFile(settings)])
    expect(await signsInBy()).toEqual(prints(key))
  })
  test('goes when the IdP takes it back; the file’s own key never does', async () => {
    await learned()
    idp.published.keys = [key]
    await refresh()
    expect((await refresh()).applied).toEqual(['settings.certificates[]'])
    expect(await signsInBy()).toEqual(prints(key))
    idp.published.keys = [next]
    await refresh()
    expect(await refresh()).toEqual({ error: '', applied: [], waits: ['settings.certificates[]'] })
    expect(await signsInBy()).toEqual(prints(key, next))
  })
  test('is sealed: what is written into the row by hand does not count', async () => {
    await learned()
    const { knex } = parts.base.database
    const rows = await knex('connection').where({ institution, id }).select('learned')
    expect(JSON.stringify(rows)).not.toContain('CERTIFICATE')
    await knex('connection')
      .where({ institution, id })
      .update({ learned: JSON.stringify([next.pem]) })
    parts.stores.directory.forget()
    expect(await signsInBy()).toEqual(prints(key))
  })
})

test('a connection that a file no longer names takes its keys along: another of its name gets its own', async () => {
  const kids = async () => {
    // This very process may have read them a moment ago.
    parts.base.ownKeys.changed(institution)
    await parts.flows.keyFlows.ready(institution)
    return (await parts.flows.keyFlows.list(institution, id)).map(({ kid }) => kid)
  }
  await apply([fromFile()])
  const before = await kids()
  expect(before).toHaveLength(2)
  await apply([fromFile({}, { name: 'Renamed' })])
  expect(await kids()).toEqual(before)
  await apply([])
  const { knex } = parts.base.database
  const rows = await knex('connection_key').where({ institution, connection: id }).whereIn('kid', before)
  expect(rows.map(({ state, sealed }) => [state, sealed])).toEqual([
    ['dropped', ''],
    ['dropped', ''],
  ])
  const told = (await createAuditLog(parts.base.database).pending(institution))
    .map(({ body }) => JSON.parse(body))
    .filter(({ type, connection }) => type === 'key.dropped' && connection === id)
  expect(told.map(({ detail }) => detail.kid).toSorted()).toEqual(before.toSorted())
  await apply([fromFile()])
  const after = await kids()
  expect([after.length, after.filter((kid) => before.includes(kid))]).toEqual([2, []])
})

test('what was read before a file named another address says nothing of that one', async () => {
  const until = async () => (await parts.stores.directory.connection(institution, id))?.metadataUntil
  await apply([fromFile()])
  idp.published.attributes = ' validUntil="2030-01-01T00:00:00Z"'
  await refresh()
  await apply([fromFile({}, { name: 'Renamed' })])
  expect(await until()).toBe(Date.parse('2030-01-01T00:00:00Z'))
  await apply([fromFile({ metadataUrl: 'https://other.example/metadata' })])
  expect(await until()).toBeUndefined()
})

test('what a file must say itself waits for the file, and is told', async () => {
  await apply([fromFile()])
  idp.published.sso = 'https://new.example/sso'
  expect(await refresh()).toEqual({ error: '', applied: [], waits: ['settings.ssoUrl'] })
  expect(await record()).toMatchObject({
    proposal: undefined,
    settings: { ssoUrl: 'https://idp.example/sso' },
  })
  const told = (await createAuditLog(parts.base.database).pending(institution)).map(({ body }) =>
    JSON.parse(body),
  )
  expect(told.findLast(({ type }) => type === 'connection.metadata_refreshed')).toMatchObject({
    code: 'metadata.untrusted',
    detail: { waits: ['settings.ssoUrl'], waits_as: 'file' },
  })
})

test('#194 unsigned, nothing is learned', async () => {
  await apply([fromFile({ metadataSigners: undefined })])
  Object.assign(idp.published, { keys: [key, next], signer: undefined })
  expect(await refresh()).toEqual({ error: '', applied: [], waits: ['settings.certificates[]'] })
  expect(await signsInBy()).toEqual(prints(key))
})
