// Freezes: by what they are compared with in columns, what people call it and why sealed. Nothing is ever removed.
import type { Freeze, FreezeKind, FreezeTarget } from '../domain/freeze.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Freezes, SeenFreeze } from '../ports/freezes.ts'
import { frozen, held, inForce, taken } from './frozen.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly id: string
  readonly kind: FreezeKind
  readonly target: string
  readonly record: string
  readonly set_by: string
  readonly set_at: Date
  readonly ends_at: Date | null
  readonly lifted_by: string | null
  readonly lifted_at: Date | null
  readonly lift_record: string | null
  readonly in_force: boolean
}

const most = 101

export function createFreezes({ reader, writer, send }: Connections, seal: FieldSeal): Freezes {
  return {
    async set(freeze) {
      const { institution } = freeze
      await send((db) => taken(db, institution, freeze))
      const db = await writer()
      const made = await db('freeze_record')
        .insert(rowOf(freeze, seal))
        .onConflict(['institution', 'id'])
        .ignore()
        .returning('id')
      return made.length === 1
    },
    async lift(institution, id, { by, at, why }) {
      const db = await writer()
      const lifted = await db('freeze_record')
        .where({ institution, id })
        .whereRaw(inForce)
        .update({
          ...{ lifted_by: by, lifted_at: new Date(at) },
          lift_record: seal.seal(institution, JSON.stringify({ why })),
        })
      return lifted === 1
    },
    async get(institution, id) {
      const db = await reader()
      const row: Row | undefined = await rows(db).where({ institution, id }).first()
      return row && fromRow(row, seal)
    },
    async list(institution, which, behind) {
      const db = await reader()
      const asked = rows(db)
        .where({ institution })
        .whereRaw(which === 'in-force' ? inForce : `not (${inForce})`)
      if (behind !== undefined) asked.whereRaw('(set_at, id) < (?, ?)', [new Date(behind.at), behind.id])
      const found: Row[] = await asked.orderBy('set_at', 'desc').orderBy('id', 'desc').limit(most)
      return found.map((row) => fromRow(row, seal))
    },
    async hold(institution, target) {
      await send((db) => held(db, institution, target))
      return isFrozen(await writer(), institution, target)
    },
    has: async (institution, target) => isFrozen(await reader(), institution, target),
  }
}

const rows = (db: Queries) =>
  db('freeze_record').select('freeze_record.*', db.raw(`(${inForce}) as in_force`))

async function isFrozen(db: Queries, institution: string, { kind, key }: FreezeTarget): Promise<boolean> {
  const condition = frozen(kind, { institution: ':institution', key: ':key' })
  const { rows: found }: { rows: { frozen: boolean }[] } = await db.raw(`select ${condition} as frozen`, {
    institution,
    key,
  })
  return found[0]?.frozen === true
}

function rowOf(freeze: Omit<Freeze, 'lifted'>, seal: FieldSeal) {
  const { institution, id, kind, key: target, name, why, by, at, endsAt } = freeze
  return {
    ...{ institution, id, kind, target },
    record: seal.seal(institution, JSON.stringify({ name, why })),
    ...{ set_by: by, set_at: new Date(at), ends_at: endsAt === undefined ? null : new Date(endsAt) },
  }
}

function fromRow(row: Row, seal: FieldSeal): SeenFreeze {
  const { institution, id, kind, target: key, lifted_at: liftedAt, lift_record: liftRecord } = row
  const opened = (text: string): Record<string, string> => JSON.parse(seal.open(institution, text))
  const { name = '', why = '' } = opened(row.record)
  return {
    ...{ institution, id, kind, key, name, why, by: row.set_by, at: row.set_at.getTime() },
    endsAt: row.ends_at?.getTime(),
    lifted:
      liftedAt === null
        ? undefined
        : { by: row.lifted_by ?? '', at: liftedAt.getTime(), why: opened(liftRecord ?? '').why ?? '' },
    state: row.in_force ? 'in-force' : 'over',
  }
}
