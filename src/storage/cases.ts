// Cases of held transactions: each changes by one conditional update, and what people wrote of customers is sealed.
import type { CaseState, HeldCase } from '../domain/held-case.ts'
import { waitingStates } from '../domain/held-case.ts'
import type { CaseEntry, CaseFilter, CaseMove, Cases } from '../ports/cases.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly id: string
  readonly subject: string
  readonly relying_party: string
  readonly reference: string
  readonly hash: string
  readonly reason: string
  readonly state: CaseState
  readonly version: number
  readonly proposed_by: string | null
  readonly ended_by: string | null
  readonly fraud: boolean
  readonly created_at: Date
  readonly deadline: Date
  readonly ended_at: Date | null
  readonly send_until: Date | null
  readonly used_by: string | null
}

interface Further {
  readonly held_case: string
}

interface StepRow {
  readonly step: CaseEntry['step']
  readonly done_by: string
  readonly why: string
  readonly at: Date
}

interface Waiting {
  readonly institution: string
  readonly count: number
  readonly deadline: Date
}

const most = 201
const mostFurther = 100

export function createCases(connections: Connections, seal: FieldSeal): Cases {
  const { reader, send } = connections
  return {
    create: (one) => send((db) => db('held_case').insert(rowOf(one))),
    async get(institution, id) {
      const db = await reader()
      const row: Row | undefined = await db('held_case').where({ institution, id }).first()
      return row && fromRow(row)
    },
    async list(institution, filter) {
      const rows = await listed(await reader(), institution, filter)
      return rows.map(fromRow)
    },
    async history(institution, id) {
      const db = await reader()
      const rows: StepRow[] = await db('held_case_step').where({ institution, id }).orderBy('version')
      return rows.map(({ step, done_by: by, why, at }) => ({
        ...{ step, by, why: seal.open(institution, why), at: at.getTime() },
      }))
    },
    ...changesOf(connections, seal),
    ...furtherOf(connections),
    ...releasesOf(connections),
    async waiting(institution) {
      const db = await reader()
      const rows: Waiting[] = await waitingIn(db)
        .where(institution === undefined ? {} : { institution })
        .groupBy('institution')
        .select('institution', db.raw('count(*)::int as count'), db.raw('min(deadline) as deadline'))
      return rows.map((row) => ({ ...row, deadline: row.deadline.getTime() }))
    },
  }
}

/** What was held while the very same waited. */
function furtherOf({
  reader,
  writer,
  send,
}: Connections): Pick<Cases, 'of' | 'waitingOf' | 'join' | 'further'> {
  const joined = (db: Queries, institution: string) => db('held_case_further').where({ institution })
  return {
    async of(institution, transaction) {
      const db = await reader()
      const found: Further | undefined = await joined(db, institution)
        .where({ id: transaction })
        .first('held_case')
      const id = found?.held_case ?? transaction
      const row: Row | undefined = await db('held_case').where({ institution, id }).first()
      return row && fromRow(row)
    },
    async waitingOf({ institution, subject }, { relyingParty, hash, now }) {
      const db = await writer()
      const waits = () => waitingIn(db).where({ institution, subject }).where('deadline', '>', new Date(now))
      // Who ends it waits for us; where they were first it does not wait any more, and is not found.
      const same = await waits()
        .where({ hash, relying_party: relyingParty })
        .orderBy('deadline')
        .forShare()
        .first('id')
      const [{ count = 0 } = {}] = await waits().select(db.raw('count(*)::int as count'))
      return { same: same?.id, count }
    },
    join: (institution, id, { transaction, now }) =>
      send((db) =>
        db('held_case_further').insert({
          ...{ institution, id: transaction, held_case: id, at: new Date(now) },
        }),
      ),
    async further(institution, id) {
      const rows: { id: string }[] = await joined(await reader(), institution)
        .where({ held_case: id })
        .orderBy('at', 'desc')
        .orderBy('id')
        .limit(mostFurther)
        .select('id')
      return rows.map((row) => row.id)
    },
  }
}

/** What moves a case, or ends it. */
function changesOf(
  { reader, writer, send }: Connections,
  seal: FieldSeal,
): Pick<Cases, 'move' | 'expire' | 'overdue'> {
  const note = (institution: string, id: string, { version, step, by, why, at }: Noted) =>
    send((db) =>
      db('held_case_step').insert({
        ...{ institution, id, version, step, done_by: by },
        ...{ why: seal.seal(institution, why), at: new Date(at) },
      }),
    )
  return {
    async move(institution, id, move) {
      const db = await writer()
      const { to, by, version, at } = move
      const seen = waitingIn(db).where({ institution, id, version }).where('deadline', '>', new Date(at))
      if (to === 'released') seen.where({ state: 'proposed' }).whereNot({ proposed_by: by })
      if (to === 'proposed') seen.where({ state: 'open' })
      if (to === 'open') seen.where({ state: 'proposed' })
      if ((await seen.update({ version: version + 1, ...changeOf(move) })) !== 1) return false
      await note(institution, id, { ...move, version: version + 1 })
      return true
    },
    async expire(institution, id, now) {
      const db = await writer()
      const at = new Date(now)
      const [row]: Row[] = await waitingIn(db)
        .where({ institution, id })
        .where('deadline', '<=', at)
        .update({ state: 'expired', ended_at: at, version: db.raw('version + 1') })
        .returning('*')
      if (row === undefined) return undefined
      const { version } = row
      await note(institution, id, { step: 'expire', by: 'schedule', why: '', at: now, version })
      return fromRow(row)
    },
    async overdue(now, limit) {
      const db = await reader()
      return waitingIn(db)
        .where('deadline', '<=', new Date(now))
        .orderBy('deadline')
        .limit(limit)
        .select('institution', 'id')
    },
  }
}

interface Noted extends CaseEntry {
  readonly version: number
}

const waitingIn = (db: Queries) => db('held_case').whereIn('state', [...waitingStates])

function changeOf({ to, by, at, fraud, sendUntil }: CaseMove) {
  if (to === 'proposed') return { state: to, proposed_by: by }
  if (to === 'open') return { state: to, proposed_by: null }
  return {
    ...{ state: to, ended_by: by, ended_at: new Date(at), fraud: fraud ?? false },
    send_until: sendUntil === undefined ? null : new Date(sendUntil),
  }
}

/** What uses a release. */
function releasesOf({ reader, writer }: Connections): Pick<Cases, 'releasedFor' | 'use' | 'giveBack'> {
  return {
    async releasedFor({ institution, subject }, { relyingParty, hash, now }) {
      const db = await reader()
      const row: Row | undefined = await db('held_case')
        .where({ institution, subject, hash, relying_party: relyingParty, state: 'released', used_by: null })
        .where('send_until', '>', new Date(now))
        .orderBy('send_until')
        .first()
      return row && fromRow(row)
    },
    async use(institution, id, { by, now }) {
      const db = await writer()
      const unused = db('held_case').where({ institution, id, state: 'released', used_by: null })
      return (await unused.where('send_until', '>', new Date(now)).update({ used_by: by })) === 1
    },
    async giveBack({ institution, subject }, by) {
      const db = await writer()
      const [row]: { id: string }[] = await db('held_case')
        .where({ institution, subject, used_by: by })
        .update({ used_by: null })
        .returning('id')
      return row?.id
    },
  }
}

function listed(db: Queries, institution: string, filter: CaseFilter): Promise<Row[]> {
  const { states, subject, behind, nearestFirst, limit } = filter
  const query = db('held_case')
    .where({ institution })
    .whereIn('state', [...states])
  const order = nearestFirst ? 'asc' : 'desc'
  query.orderBy('deadline', order).orderBy('id', order)
  if (subject !== undefined) query.where({ subject })
  if (behind !== undefined)
    query.whereRaw(`(deadline, id) ${nearestFirst ? '>' : '<'} (?, ?)`, [
      new Date(behind.deadline),
      behind.id,
    ])
  return query.limit(Math.min(limit, most)) as unknown as Promise<Row[]>
}

const rowOf = (one: HeldCase) => ({
  ...{ institution: one.institution, id: one.id, subject: one.subject, relying_party: one.relyingParty },
  ...{ reference: one.reference, hash: one.hash, reason: one.reason, state: one.state },
  ...{ version: one.version, created_at: new Date(one.createdAt), deadline: new Date(one.deadline) },
})

const fromRow = (row: Row): HeldCase => ({
  institution: row.institution,
  id: row.id,
  subject: row.subject,
  relyingParty: row.relying_party,
  reference: row.reference,
  hash: row.hash,
  reason: row.reason,
  state: row.state,
  version: row.version,
  proposedBy: row.proposed_by ?? undefined,
  endedBy: row.ended_by ?? undefined,
  fraud: row.fraud,
  createdAt: row.created_at.getTime(),
  deadline: row.deadline.getTime(),
  endedAt: row.ended_at?.getTime(),
  sendUntil: row.send_until?.getTime(),
  usedBy: row.used_by ?? undefined,
})
