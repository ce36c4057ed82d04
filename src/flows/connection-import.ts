// A connection from what its IdP publishes of itself: looked at first, with what would be saved and what that changes.

import type { IdpFacts } from '../domain/idp-facts.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { labelFault } from '../domain/label.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ConnectionRecord, ConnectionStore } from '../ports/connections.ts'
import type { ConnectorPlugin, Connectors } from '../ports/connector.ts'
import { type SettingsFault, SettingsRefused } from '../ports/connector-settings.ts'
import type { Discovered, DiscoverySource } from '../ports/discovery.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { type ChangePreview, contentOfRecord, previewOf } from './connections.ts'

export interface ConnectionImportPorts {
  readonly connectionStore: Pick<ConnectionStore, 'get' | 'list'>
  readonly connectors: Pick<Connectors, 'plugins'>
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
}

export interface ImportRequest {
  readonly institution: string
  /** `saml` or `oidc`: the type of a plugin. */
  readonly type: string
  /** A SAML metadata document or its address; the issuer of an OpenID provider. */
  readonly source: DiscoverySource
  /** Which entity of several. */
  readonly identifier?: string | undefined
  /** What people have typed so far, as settings (`metadataSigners`, `clientId`); goes over what is saved. */
  readonly settings?: ConnectionContent['settings']
  readonly name?: string | undefined
  /** The connection that would change; without it a new one is looked at. */
  readonly connection?: string | undefined
}

export type ImportPreview =
  | { readonly kind: 'several'; readonly identifiers: readonly string[] }
  | {
      readonly kind: 'one'
      readonly facts: IdpFacts
      /** For `connections.create`, or `connections.save`; not yet complete where there are faults. */
      readonly content: ConnectionContent
      /** What only people know and have not said yet (an OpenID client id), and what does not hold. */
      readonly faults: readonly SettingsFault[]
      /** Against the connection that was named. */
      readonly change: ChangePreview | undefined
      /** The version that was compared with, for `connections.save`. */
      readonly version: number | undefined
      /** Other connections of this institution to the same IdP. Each has an ACS of its own, so this is no fault. */
      readonly twins: readonly string[]
    }

export type ConnectionImport = ReturnType<typeof createConnectionImport>

export function createConnectionImport(ports: ConnectionImportPorts) {
  return {
    /**
     * Reads and saves nothing. Refuses with `connection.unknown`, `connection.settings` where the type cannot be imported, and what
     * `Discovery.discover` refuses with.
     */
    preview: (request: ImportRequest): Promise<ImportPreview> => preview(ports, request),
  }
}

async function preview(ports: ConnectionImportPorts, request: ImportRequest): Promise<ImportPreview> {
  const { institution, type, source, identifier, connection } = request
  const plugin = pluginOf(ports, type)
  const record = connection === undefined ? undefined : await recordOf(ports, institution, connection)
  const settings = defined({ ...record?.settings, ...request.settings })
  // The IdP is asked: nothing of the unit around the caller may be open meanwhile.
  await ports.unit.checkpoint()
  const found = await plugin.discovery.discover({ source, identifier, settings })
  if (found.kind === 'several') return found
  const content = contentFrom(found, request, record)
  const before = record && contentOfRecord(record)
  return {
    kind: 'one',
    facts: found.facts,
    content,
    faults: faultsIn(plugin, content),
    change: before && previewOf(ports, before, content),
    version: record?.version,
    twins: await twinsOf(ports, request, found.facts),
  }
}

type Discoverer = ConnectorPlugin & Required<Pick<ConnectorPlugin, 'discovery'>>

function pluginOf({ connectors }: ConnectionImportPorts, type: string): Discoverer {
  const plugin = connectors.plugins().find((one) => one.type === type)
  if (plugin?.discovery !== undefined) return { ...plugin, discovery: plugin.discovery }
  const faults = [{ path: 'type', message: `no import for ${type}` }]
  throw new Refusal('connection.settings', { faults })
}

async function recordOf(ports: ConnectionImportPorts, institution: string, id: string) {
  const record = await ports.connectionStore.get(institution, id)
  if (record === undefined) throw new Refusal('connection.unknown', { connection: id })
  return record
}

const defined = (settings: ConnectionContent['settings']) =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))

type One = Extract<Discovered, { kind: 'one' }>

function contentFrom(
  { facts, settings, claims }: One,
  request: ImportRequest,
  record: ConnectionRecord | undefined,
): ConnectionContent {
  const name = request.name ?? record?.name ?? nameFrom(facts)
  const rest = record === undefined ? { claims } : contentOfRecord(record)
  return { ...rest, name, type: request.type, settings: defined(settings) }
}

/** As the IdP calls itself, where people may be shown that: what metadata says is nobody's word but its author's (attack 201). */
const nameFrom = ({ name, identifier }: IdpFacts): string =>
  [name, hostOf(identifier)].find((one) => one !== undefined && labelFault(one) === undefined) ?? 'IdP'

const hostOf = (identifier: string): string => URL.parse(identifier)?.hostname || identifier.slice(0, 100)

function faultsIn(plugin: ConnectorPlugin, content: ConnectionContent): readonly SettingsFault[] {
  try {
    plugin.check(content.settings)
    return []
  } catch (error) {
    if (error instanceof SettingsRefused) return error.faults
    throw error
  }
}

async function twinsOf(
  { connectionStore }: ConnectionImportPorts,
  { institution, connection }: ImportRequest,
  { identifier }: IdpFacts,
): Promise<readonly string[]> {
  const others = (await connectionStore.list(institution)).filter(({ id }) => id !== connection)
  return others
    .filter(({ settings }) => [settings.idpEntityId, settings.issuer].includes(identifier))
    .map(({ id }) => id)
}
