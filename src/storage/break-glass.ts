// Keys of break-glass, their uses, and who has seen them, as rows.
import type { BreakGlassKey, BreakGlassUse } from '../domain/break-glass.ts'
import type { BreakGlassKeys, BreakGlassUses } from '../ports/break-glass.ts'
import type { Connections } from './unit-of-work.ts'

interface KeyRow {
  readonly institution: string
  readonly id: string
  readonly label: string
  readonly credential_id: string
  readonly public_key: string
  readonly counter: string | number
  readonly transports: string[]
  readonly registered_by: string
  readonly registered_at: Date
  readonly last_used_at: Date | null
}

const keyOf = (row: KeyRow): BreakGlassKey => ({
  institution: row.institution,
  id: row.id,
  label: row.label,
  credentialId: row.credential_id,
  publicKey: row.public_key,
  counter: Number(row.counter),
  transports: row.transports,
  registeredBy: row.registered_by,
  registeredAt: row.registered_at.getTime(),
  lastUsedAt: row.last_used_at?.getTime(),
})

export function createBreakGlassKeys({ reader, writer }: Connections): BreakGlassKeys {
  return {
    async list(institution) {
      const db = await reader()
      const rows = await db('break_glass_key').where({ institution }).orderBy(['registered_at', 'id'])
      return rows.map(keyOf)
    },
    async add(key, limit) {
      const db = await writer()
      const { institution } = key
      // The institution's row is what two who add at once both have to wait for.
      await db('institution').where({ institution }).forUpdate().first('institution')
      const present = await db('break_glass_key').where({ institution })
      if (present.length >= limit) return false
      const added = await db('break_glass_key')
        .insert({
          ...{ institution, id: key.id, label: key.label, counter: key.counter },
          credential_id: key.credentialId,
          public_key: key.publicKey,
          transports: [...key.transports],
          registered_by: key.registeredBy,
          registered_at: new Date(key.registeredAt),
        })
        .onConflict(['institution', 'credential_id'])
        .ignore()
        .returning('id')
      return added.length === 1
    },
    async remove(institution, id) {
      const db = await writer()
      const [row] = await db('break_glass_key').where({ institution, id }).del().returning('*')
      return row && keyOf(row)
    },
    async used(institution, { id, counter, at }) {
      const db = await writer()
      const moved = await db('break_glass_key')
        .where({ institution, id })
        .whereRaw('(counter < ?::bigint or (counter = 0 and ?::bigint = 0))', [counter, counter])
        .update({ counter, last_used_at: new Date(at) })
      return moved === 1
    },
  }
}

interface UseRow {
  readonly institution: string
  readonly id: string
  readonly key: string
  readonly label: string
  readonly used_at: Date
  readonly until: Date
}

const useOf = (row: UseRow): BreakGlassUse => ({
  institution: row.institution,
  id: row.id,
  key: row.key,
  label: row.label,
  at: row.used_at.getTime(),
  until: row.until.getTime(),
})

export function createBreakGlassUses({ reader, writer }: Connections): BreakGlassUses {
  return {
    async add({ at, until, ...use }) {
      const db = await writer()
      await db('break_glass_use').insert({ ...use, used_at: new Date(at), until: new Date(until) })
    },
    async unseen(institution, administrator) {
      const db = await reader()
      const rows = await db('break_glass_use')
        .where({ institution })
        .whereRaw(
          `not exists (select 1 from break_glass_seen seen where seen.institution = break_glass_use.institution
          and seen.use = break_glass_use.id and seen.administrator = ?)`,
          [administrator],
        )
        .orderBy('used_at', 'desc')
      return rows.map(useOf)
    },
    async see(institution, { administrator, uses, at }) {
      const db = await writer()
      const known: UseRow[] = await db('break_glass_use').where({ institution }).whereIn('id', uses)
      if (known.length === 0) return []
      await db('break_glass_seen')
        .insert(known.map(({ id }) => ({ institution, use: id, administrator, seen_at: new Date(at) })))
        .onConflict(['institution', 'use', 'administrator'])
        .ignore()
      return known.map(({ id }) => id)
    },
  }
}
