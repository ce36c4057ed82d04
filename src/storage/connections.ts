// Connections and their versions. What a connection says is sealed: settings may hold secrets of the IdP.
import { isDeepStrictEqual } from 'node:util'
import { contentOf } from '../domain/connection.ts'
import type { Connection, ConnectionContent, ManagedBy } from '../domain/institution.ts'
import { sameSource, sameTrust, withLearned } from '../domain/learned-keys.ts'
import type {
  ConnectionRecord,
  ConnectionRemoval,
  ConnectionStore,
  ConnectionVersion,
  ConnectionWrite,
  Proposal,
} from '../ports/connections.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { DroppedKey } from '../ports/own-keys.ts'
import { dropKeysOf } from './connection-keys.ts'
import { forgetReading } from './metadata-states.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly id: string
  readonly state: Connection['state']
  readonly version: number
  readonly settings: unknown
  readonly proposal: (Omit<Proposal, 'content'> & { readonly content: unknown }) | null
  readonly learned: Sealed | null
  readonly managed_by: ManagedBy
  readonly updated_at: Date
}

const columns = [
  'institution',
  'id',
  'state',
  'version',
  'settings',
  'proposal',
  'learned',
  'managed_by',
  'updated_at',
]

type Sealed = { readonly sealed: string }
const isSealed = (value: unknown): value is Sealed => typeof (value as Partial<Sealed>)?.sealed === 'string'

/** The content of a jsonb column; rows from before it was sealed are read as they are. */
export function contentIn(seal: FieldSeal, institution: string, stored: unknown): ConnectionContent {
  const content = isSealed(stored) ? JSON.parse(seal.open(institution, stored.sealed)) : stored
  const { institution: _institution, id: _id, ...rest } = content as ConnectionContent & Partial<Connection>
  return rest
}

const sealedContent = (seal: FieldSeal, institution: string, content: ConnectionContent): Sealed => ({
  sealed: seal.seal(institution, JSON.stringify(content)),
})

/** Sealed too: whoever can write the database must not be able to add a key. */
export function learnedIn(
  seal: FieldSeal,
  institution: string,
  stored: unknown,
): readonly string[] | undefined {
  return isSealed(stored) ? JSON.parse(seal.open(institution, stored.sealed)) : undefined
}

function sealedLearned(
  seal: FieldSeal,
  { institution, learned = [] }: Pick<Connection, 'institution' | 'learned'>,
) {
  if (learned.length === 0) return null
  return JSON.stringify({ sealed: seal.seal(institution, JSON.stringify(learned)) })
}

function recordOf(seal: FieldSeal, row: Row): ConnectionRecord {
  const { institution, id, state, version, proposal } = row
  return {
    ...contentIn(seal, institution, row.settings),
    institution,
    id,
    state,
    version,
    ...(row.learned && { learned: learnedIn(seal, institution, row.learned) }),
    managedBy: row.managed_by,
    updatedAt: row.updated_at.getTime(),
    proposal: proposal ? { ...proposal, content: contentIn(seal, institution, proposal.content) } : undefined,
  }
}

/** The members of a record that are its content. */
function bare(record: Connection | Omit<ConnectionRecord, 'updatedAt'>): ConnectionContent {
  const { managedBy: _m, proposal: _p, updatedAt: _u, ...connection } = record as ConnectionRecord
  return contentOf(connection)
}

export interface ConnectionStorePorts {
  readonly connections: Connections
  readonly seal: FieldSeal
  /** Told of each write: whoever caches connections forgets them. */
  readonly written: () => void
}

export function createConnectionStore(ports: ConnectionStorePorts): ConnectionStore {
  const { connections, seal } = ports
  const { reader } = connections
  return {
    async lock(institution) {
      const db = await connections.writer()
      // The row that `apply` writes first, and that two who change administrators wait for. Rows that refer to it need not wait.
      await db('institution').where({ institution }).forNoKeyUpdate().first('institution')
    },
    async get(institution, id) {
      const db = await reader()
      const row = await db<Row>('connection').where({ institution, id }).first(columns)
      return row && recordOf(seal, row as Row)
    },
    async list(institution) {
      const db = await reader()
      const rows = await db<Row>('connection').where({ institution }).select(columns).orderBy('id')
      return (rows as Row[]).map((row) => recordOf(seal, row))
    },
    nextVersion: async (institution, id) => nextVersion(await reader(), institution, id),
    create: (write) => create(ports, write),
    change: (write) => change(ports, write),
    remove: (removal) => remove(ports, removal),
    versions: async (institution, id) => versions(await reader(), seal, { institution, id }),
  }
}

async function create({ connections, seal, written }: ConnectionStorePorts, write: ConnectionWrite) {
  const db = await connections.writer()
  const { institution, id } = write.record
  const rows = await db('connection')
    .insert({ institution, id, ...rowOf(seal, write) })
    .onConflict(['institution', 'id'])
    .ignore()
    .returning('id')
  if (rows.length !== 1) return false
  await keepVersion(db, seal, write)
  written()
  return true
}

async function change({ connections, seal, written }: ConnectionStorePorts, write: ConnectionWrite) {
  const db = await connections.writer()
  const { institution, id, version } = write.record
  const present = { institution, id, version: version - 1 }
  const before = (await db<Row>('connection').where(present).first(columns)) as Row | undefined
  if ((await db('connection').where(present).update(rowOf(seal, write))) !== 1) return false
  if (before && !sameSource(bare(recordOf(seal, before)), bare(write.record)))
    await forgetReading(db, { institution, connection: id })
  await keepVersion(db, seal, write)
  written()
  return true
}

async function remove(
  { connections, seal, written }: ConnectionStorePorts,
  { record, actor, at }: ConnectionRemoval,
): Promise<readonly DroppedKey[] | undefined> {
  const db = await connections.writer()
  const { institution, id, version } = record
  const place = { institution, connection: id }
  if ((await db('connection').where({ institution, id, version }).del()) !== 1) return undefined
  await forgetReading(db, place)
  await db('connection_test').where(place).del()
  await db('exchange').where(place).del()
  await db('expiry_warning').where(place).del()
  const content = emptied(record)
  await emptyVersions(db, sealedContent(seal, institution, content), place)
  const next = { ...record, ...content, version: version + 1, state: 'disabled' } as const
  await keepVersion(db, seal, { record: next, change: 'removed', content, actor, at })
  written()
  return dropKeysOf(db, place)
}

/** How it was called, and nothing that it said. */
const emptied = ({ type, name, audience }: ConnectionContent): ConnectionContent => ({
  ...{ type, name, settings: {}, claims: {} },
  ...(audience && { audience }),
})

/** Of this life of the connection: what a file once said under the same id stays. */
async function emptyVersions(
  db: Queries,
  sealed: Sealed,
  place: { readonly institution: string; readonly connection: string },
): Promise<void> {
  const [last] = await db('connection_version')
    .where(place)
    .whereIn('change', ['applied', 'removed'])
    .max('version as version')
  await db('connection_version')
    .where(place)
    .where('version', '>', Number(last?.version ?? 0))
    .update({ content: JSON.stringify(sealed) })
}

function rowOf(seal: FieldSeal, { record, at }: ConnectionWrite) {
  const { institution, proposal } = record
  const kept = proposal && {
    ...proposal,
    content: sealedContent(seal, institution, proposal.content),
  }
  return {
    state: record.state,
    version: record.version,
    settings: JSON.stringify(sealedContent(seal, institution, bare(record))),
    proposal: kept === undefined ? null : JSON.stringify(kept),
    learned: sealedLearned(seal, record),
    managed_by: record.managedBy,
    updated_at: new Date(at),
  }
}

async function keepVersion(
  db: Queries,
  seal: FieldSeal,
  { record, change, content, actor, at }: ConnectionWrite,
): Promise<void> {
  const { institution, id: connection, version, state } = record
  await db('connection_version').insert({
    ...{ institution, connection, version, change, state },
    content: JSON.stringify(sealedContent(seal, institution, content)),
    who: actor.by,
    why: actor.why,
    at: new Date(at),
  })
}

async function versions(
  db: Queries,
  seal: FieldSeal,
  { institution, id }: { institution: string; id: string },
): Promise<ConnectionVersion[]> {
  const rows: VersionRow[] = await db('connection_version')
    .where({ institution, connection: id })
    .select(['version', 'change', 'state', 'content', 'who', 'why', 'at'])
    .orderBy('version', 'desc')
  return rows.map(({ who, at, content, ...row }) => ({
    ...row,
    content: contentIn(seal, institution, content),
    by: who,
    at: at.getTime(),
  }))
}

type VersionRow = Omit<ConnectionVersion, 'by' | 'at' | 'content'> & {
  readonly who: string
  readonly at: Date
  readonly content: unknown
}

async function nextVersion(db: Queries, institution: string, connection: string): Promise<number> {
  const [row] = await db('connection_version').where({ institution, connection }).max('version as last')
  return Number(row?.last ?? 0) + 1
}

/** What a file says of the connections of one institution becomes rows and versions; what it no longer names goes. */
export async function putConnections(
  db: Queries,
  seal: FieldSeal,
  given: { institution: string; connections: readonly Connection[]; managedBy: ManagedBy },
): Promise<readonly DroppedKey[]> {
  const { institution, connections, managedBy } = given
  const rows = (await db<Row>('connection').where({ institution }).select(columns)) as Row[]
  const before = new Map(rows.map((row) => [row.id, recordOf(seal, row)]))
  for (const connection of connections) {
    const was = before.get(connection.id)
    const same =
      was?.state === connection.state &&
      isDeepStrictEqual(JSON.parse(JSON.stringify(bare(was))), JSON.parse(JSON.stringify(bare(connection))))
    if (same && was?.managedBy === managedBy) continue
    // Keys that were learned under the same trust stay, or a change of a label would lock customers out.
    const learned = was && sameTrust(bare(was), bare(connection)) ? was.learned : undefined
    await putOne(db, seal, { connection: { ...connection, learned }, managedBy })
    if (was && !sameSource(bare(was), bare(connection)))
      await forgetReading(db, { institution, connection: connection.id })
  }
  const named = new Set(connections.map(({ id }) => id))
  const others = [...before.values()].filter((one) => one.managedBy === managedBy && !named.has(one.id))
  const dropped: DroppedKey[] = []
  for (const gone of others) dropped.push(...(await removeOne(db, seal, { connection: gone, managedBy })))
  return dropped
}

/** With all that is kept for it alone: another connection of that name begins with nothing. */
async function removeOne(
  db: Queries,
  seal: FieldSeal,
  { connection, managedBy }: { connection: Connection; managedBy: ManagedBy },
): Promise<readonly DroppedKey[]> {
  const { institution, id } = connection
  await db('connection').where({ institution, id }).del()
  await forgetReading(db, { institution, connection: id })
  await keepFileVersion(db, seal, { connection, managedBy, change: 'removed' })
  return dropKeysOf(db, { institution, connection: id })
}

async function putOne(
  db: Queries,
  seal: FieldSeal,
  { connection, managedBy }: { connection: Connection; managedBy: ManagedBy },
): Promise<void> {
  const { institution, id, state } = connection
  const version = await keepFileVersion(db, seal, { connection, managedBy, change: 'applied' })
  await db('connection')
    .insert({
      ...{ institution, id, state, version, proposal: null, managed_by: managedBy, updated_at: db.fn.now() },
      settings: JSON.stringify(sealedContent(seal, institution, bare(connection))),
      learned: sealedLearned(seal, connection),
    })
    .onConflict(['institution', 'id'])
    .merge(['state', 'version', 'settings', 'proposal', 'learned', 'managed_by', 'updated_at'])
}

async function keepFileVersion(
  db: Queries,
  seal: FieldSeal,
  given: { connection: Connection; managedBy: ManagedBy; change: 'applied' | 'removed' },
): Promise<number> {
  const { connection, change } = given
  const { institution, id } = connection
  const version = await nextVersion(db, institution, id)
  const content = withLearned(bare(connection), connection.learned)
  await db('connection_version').insert({
    ...{ institution, connection: id, version, change, why: '', who: given.managedBy },
    state: change === 'removed' ? 'disabled' : connection.state,
    content: JSON.stringify(sealedContent(seal, institution, content)),
  })
  return version
}
