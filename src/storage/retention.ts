// Deletes records that an institution keeps no longer: a stretch of time at once, found by an index, however many are kept.
import type { RecordKind } from '../domain/retention.ts'
import type { RetentionLook, RetentionStore } from '../ports/retention.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

interface Kept {
  readonly table: string
  /** Of a row called `one`: it has ended, and nothing needs it. */
  readonly over: string
  /** Another table whose rows of the same id go with them. */
  readonly with?: string
}

const withoutEvidence = (named: string): string =>
  `not exists (select from approval_evidence e where e.institution = one.institution and ${named})`

// An approved one may be carried out for as long as there is a grant or a token of it.
const transactionOver = `
coalesce(one.used_at, one.ended_at, one.expires_at) < :before
and (one.state <> 'open' or one.expires_at < :now)
and (one.state <> 'approved' or one.grant_id is null or not exists (
  select from oidc_payload p where p.institution = one.institution and p.grant_id = one.grant_id))
and ${withoutEvidence('e.transaction_id = one.id')}
and not exists (select from approval a where a.institution = one.institution and a.transaction_id = one.id)
and not exists (select from held_case c where c.institution = one.institution and c.id = one.id)`

const kinds: Readonly<Record<RecordKind, Kept>> = {
  evidence: { table: 'approval_evidence', over: 'true' },
  approvals: {
    table: 'approval',
    over: `coalesce(one.ended_at, one.expires_at) < :before and ${withoutEvidence('(e.id = one.id or e.transaction_id = one.transaction_id)')}`,
  },
  cases: {
    table: 'held_case',
    over: `one.state not in ('open', 'proposed') and coalesce(one.ended_at, one.deadline) < :before`,
    with: 'held_case_step',
  },
  transactions: { table: 'customer_transaction', over: transactionOver },
  assessments: { table: 'risk_assessment', over: 'one.outcome is not null and one.ended_at < :before' },
  shadows: { table: 'risk_shadow', over: 'true' },
}

// To the next millisecond: a boundary that is handed on as a number must leave no row of its own moment behind.
const boundary = (table: string): string => `
select (extract(epoch from date_trunc('milliseconds', created_at) + interval '1 millisecond') * 1000)::bigint as until from ${table}
  where institution = :institution and created_at >= :from and created_at < :before
  order by created_at offset :skipped limit 1`

const deletion = ({ table, over, with: others }: Kept): string => `
with gone as (
  delete from ${table} where ctid in (
    select one.ctid from ${table} one
    where one.institution = :institution and one.created_at >= :from and one.created_at < :until and ${over}
    for update skip locked)
  returning *
)${others === undefined ? '' : `, others as (delete from ${others} o using gone where o.institution = gone.institution and o.id = gone.id)`}
select count(*)::int as removed from gone`

export const createRetention = ({ writer }: Connections): RetentionStore => ({
  async removeOld(institution, kind, asked) {
    const db = await writer()
    const look = await byDatabase(db, asked)
    const until = await untilOf(db, { institution, table: kinds[kind].table, look })
    const { rows }: { rows: { removed: number }[] } = await db.raw(deletion(kinds[kind]), {
      ...{ institution, until: new Date(until), ...timesOf(look) },
    })
    return { removed: rows[0]?.removed ?? 0, until }
  },
})

/** What is gone cannot be taken back: a node whose clock runs ahead counts by that of the database. */
async function byDatabase(db: Queries, look: RetentionLook): Promise<RetentionLook> {
  const { rows }: { rows: { at: string }[] } = await db.raw(
    'select floor(extract(epoch from now()) * 1000)::bigint as at',
  )
  const ahead = Math.max(0, look.now - Number(rows[0]?.at))
  const before = Math.max(look.from, look.before - ahead)
  return { ...look, before, now: look.now - ahead }
}

const timesOf = ({ from, before, now }: RetentionLook) => ({
  ...{ from: new Date(from), before: new Date(before), now: new Date(now) },
})

interface Stretch {
  readonly institution: string
  readonly table: string
  readonly look: RetentionLook
}

async function untilOf(db: Queries, { institution, table, look }: Stretch): Promise<number> {
  const { from, before } = timesOf(look)
  const asked = { institution, from, before, skipped: look.most - 1 }
  const { rows }: { rows: { until: string }[] } = await db.raw(boundary(table), asked)
  return rows[0] === undefined ? look.before : Math.min(Number(rows[0].until), look.before)
}
