// A bridge, and one IdP for each test whose metadata it reads again: what the tests of such readings are made with.
import { digestOf } from '../../src/domain/connection.ts'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { fingerprintOf } from '../../src/domain/learned-keys.ts'
import { createAuditLog } from '../../src/storage/audit-log.ts'
import { type MetadataServer, startMetadataServer } from '../journeys/metadata-server.ts'
import { idpEntityId, type Parts, startParts } from '../journeys/parts.ts'
import { makeKey, type TestKey } from '../xml/hostile/idp.ts'

export let parts: Parts
export let idp: MetadataServer
export let key: TestKey
export let next: TestKey
export let federation: TestKey
export let stranger: TestKey
export let id = ''
export const institution = 'alder'
export const actor = { by: 'administrator:ann', why: 'a test' }

/** A bridge that may ask its own machine, and the keys of all who sign. */
export async function start(): Promise<void> {
  parts = await startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } })
  ;[key, next, federation, stranger] = await Promise.all([makeKey(), makeKey(), makeKey(), makeKey()])
}
export const stop = () => parts.stop()

let count = 0
/** Another IdP, and the id of a connection that is not made yet. */
export async function anotherIdp(): Promise<void> {
  count += 1
  id = `idp-${count}`
  idp = await startMetadataServer({ keys: [key] })
}
/** Its connection does nothing any more, and its address is gone. */
export async function idpGone(): Promise<void> {
  const record = await parts.stores.connectionStore.get(institution, id)
  if (record !== undefined && record.state !== 'disabled') await flows().disable(record, actor)
  await idp.stop()
}

export const flows = () => parts.flows.connections
export const states = () => parts.stores.metadataStates
export const present = () => flows().get(institution, id)
export const content = (settings: object = {}): ConnectionContent => ({
  name: 'IdP',
  type: 'saml',
  settings: {
    ...{ idpEntityId, ssoUrl: 'https://idp.example/sso', certificates: [key.pem], metadataUrl: idp.url },
    ...settings,
  },
  claims: {},
})
export const pinned = () => ({ metadataSigners: [federation.pem] })
export const passed = (of: ConnectionContent) =>
  parts.inUnit(() => flows().testPassed(institution, id, { digest: digestOf(of), actor }))

export async function active(settings: object = {}) {
  await flows().create({ institution, id, content: content(settings) }, actor)
  await passed(content(settings))
  return flows().activate(await present(), actor)
}
export const refresh = () => parts.flows.metadataRefresh.now(institution, id, actor)
export const keysOf = (settings: object | undefined) =>
  ((settings as { certificates: string[] }).certificates ?? []).map(fingerprintOf)
export const certificates = async () => keysOf((await present()).settings)
export const prints = (...keys: TestKey[]) => keys.map(({ pem }) => fingerprintOf(pem))
export const events = async () =>
  (await createAuditLog(parts.base.database).pending(institution))
    .map(({ body }) => JSON.parse(body))
    .filter(({ type, connection }) => type === 'connection.metadata_refreshed' && connection === id)
export const nothing = { error: '', applied: [], waits: [] }
export const keyPath = 'settings.certificates[]'
