// Removing a draft that nobody was ever let in by, with everything that was kept for it alone.
import { wasLive } from '../domain/connection.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Actor, ConnectionRecord, ConnectionStore } from '../ports/connections.ts'
import type { OwnKeys } from '../ports/own-keys.ts'
import type { RelyingPartyStore } from '../ports/relying-parties.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import type { ConnectionAt } from './connections.ts'

export interface ConnectionRemovalPorts {
  readonly connectionStore: Pick<ConnectionStore, 'get' | 'versions' | 'remove'>
  readonly relyingPartyStore: Pick<RelyingPartyStore, 'list'>
  readonly ownKeys: Pick<OwnKeys, 'changed'>
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** Apps that name a connection: by their ids, with what else they offer. */
export interface NamingApp {
  readonly id: string
  readonly name: string
  /** The other connections that it names, whatever their state. */
  readonly others: readonly string[]
}

export type ConnectionRemoval = ReturnType<typeof createConnectionRemoval>

export function createConnectionRemoval(ports: ConnectionRemovalPorts) {
  return {
    /** The apps whose customers may sign in by this connection once it is live. */
    namedBy: (institution: string, id: string) => namedBy(ports, institution, id),
    /** Is it a draft of the console that was never live? Apps may still stand in the way of its removal. */
    removable: async (record: ConnectionRecord): Promise<boolean> =>
      record.state === 'draft' && record.managedBy === 'console' && !(await livedOnce(ports, record)),
    /**
     * One unit of work. Refuses with `connection.unknown`, `connection.managed`, `connection.stale`, with `connection.state`
     * whatever is no draft or was live once, for people have signed in by it and its history is theirs; and with
     * `connection.in_use` (detail `apps`) while an app names it: another connection of this id would be theirs unseen.
     */
    remove: (at: ConnectionAt, actor: Actor): Promise<void> => remove(ports, at, actor),
  }
}

const livedOnce = async (
  { connectionStore }: ConnectionRemovalPorts,
  { institution, id }: ConnectionRecord,
) => wasLive(await connectionStore.versions(institution, id))

async function namedBy(
  { relyingPartyStore }: ConnectionRemovalPorts,
  institution: string,
  id: string,
): Promise<NamingApp[]> {
  const all = await relyingPartyStore.list(institution)
  return all
    .filter(({ party }) => party.connections.includes(id))
    .map(({ party }) => ({
      id: party.id,
      name: party.name,
      others: party.connections.filter((other) => other !== id),
    }))
}

async function remove(ports: ConnectionRemovalPorts, at: ConnectionAt, actor: Actor): Promise<void> {
  const { institution } = at
  try {
    const scope = { institution, reference: ports.chance.reference() }
    await ports.unit.run(scope, () => removed(ports, at, actor))
  } finally {
    ports.ownKeys.changed(institution)
  }
}

async function removed(
  ports: ConnectionRemovalPorts,
  { institution, id, version }: ConnectionAt,
  actor: Actor,
): Promise<void> {
  const record = await ports.connectionStore.get(institution, id)
  if (record === undefined) throw new Refusal('connection.unknown', { connection: id })
  if (record.managedBy === 'file') throw new Refusal('connection.managed', { connection: id })
  const stale = new Refusal('connection.stale', { connection: id, version, present: record.version })
  if (record.version !== version) throw stale
  if (record.state !== 'draft' || (await livedOnce(ports, record)))
    throw new Refusal('connection.state', { connection: id, state: record.state, step: 'remove' })
  const apps = await namedBy(ports, institution, id)
  if (apps.length > 0)
    throw new Refusal('connection.in_use', { connection: id, apps: apps.map((app) => app.id) })
  const dropped = await ports.connectionStore.remove({ record, actor, at: ports.clock.now() })
  if (dropped === undefined) throw stale
  const { by, why } = actor
  for (const { purpose, kid } of dropped) {
    const detail = { by, why: 'the connection was removed', purpose, kid }
    ports.audit.record({ type: 'key.dropped', outcome: 'ok', connection: id, detail })
  }
  const detail = { change: 'removed', by, version: version + 1, fields: [], ...(why !== '' && { why }) }
  ports.audit.record({ type: 'connection.changed', outcome: 'ok', connection: id, detail })
}
