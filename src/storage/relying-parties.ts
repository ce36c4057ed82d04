// Relying parties one by one, for the console; files write them as a set (storage/directory).
import type { ManagedBy, RelyingParty } from '../domain/institution.ts'
import type { RelyingPartyRecord, RelyingPartyStore } from '../ports/relying-parties.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly settings: RelyingParty
  readonly managed_by: ManagedBy
  readonly version: number
}

const recordOf = ({ settings, managed_by, version }: Row): RelyingPartyRecord => ({
  // JSON drops members that are undefined; they are put back so that the types stay true.
  party: { ...settings, acrFloor: settings.acrFloor },
  managedBy: managed_by,
  version,
})

const columns = ['settings', 'managed_by', 'version']

/** `written` is told of each write: whoever caches the rows forgets them. */
export function createRelyingPartyStore(
  { reader, writer }: Connections,
  written: () => void,
): RelyingPartyStore {
  const ours = ({ institution, id }: Pick<RelyingParty, 'institution' | 'id'>, version: number) => ({
    ...{ institution, id, version, managed_by: 'console' },
  })
  return {
    async list(institution) {
      const db = await reader()
      const rows = await db('relying_party').where({ institution }).select(columns).orderBy('id')
      return (rows as Row[]).map(recordOf)
    },
    async get(institution, id) {
      const db = await reader()
      const row = await db('relying_party').where({ institution, id }).first(columns)
      return row && recordOf(row as Row)
    },
    async create(party) {
      const db = await writer()
      const { institution, id } = party
      const rows = await db('relying_party')
        .insert({ institution, id, settings: JSON.stringify(party), managed_by: 'console' })
        .onConflict(['institution', 'id'])
        .ignore()
        .returning('id')
      written()
      return rows.length === 1
    },
    async change(party, version) {
      const db = await writer()
      const changed = await db('relying_party')
        .where(ours(party, version))
        .update({ settings: JSON.stringify(party), version: version + 1, updated_at: db.fn.now() })
      written()
      return changed === 1
    },
    async remove(institution, id, version) {
      const db = await writer()
      const removed = await db('relying_party').where(ours({ institution, id }, version)).del()
      written()
      return removed === 1
    },
  }
}
