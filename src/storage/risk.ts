// What risk providers were asked and answered, sealed but for what is counted; and what they keep of customers.
import type { RiskEventPolicy, RiskVerdict } from '../domain/risk.ts'
import type { RiskFacts } from '../domain/risk-event.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type {
  KeptAssessment,
  RiskFilter,
  RiskHistory,
  RiskMemories,
  RiskOutcome,
  RiskRecords,
  RiskTellings,
} from '../ports/risk-records.ts'
import type { CustomerOf } from '../ports/transactions.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly id: string
  readonly subject: string
  readonly relying_party: string
  readonly reference: string
  readonly about: string | null
  readonly record: string
  readonly created_at: Date
  readonly settle_by: Date
  readonly outcome: RiskOutcome | null
  readonly ended_at: Date | null
}

interface Sealed {
  readonly verdict: RiskVerdict
  readonly policy?: RiskEventPolicy | undefined
  readonly facts: RiskFacts
  readonly shared: KeptAssessment['shared']
}

const most = 201
const dayMs = 24 * 3600_000

// One round trip: three counts, and the last sign-ins that went well.
const historyQuery = `
select
  (select count(*) from risk_assessment where institution = :institution and subject = :subject
    and kind = 'sign-in' and created_at > :hour)::int as attempts,
  (select count(*) from risk_assessment where institution = :institution and address = :address
    and kind = 'sign-in' and created_at > :hour)::int as address_attempts,
  (select count(*) from risk_assessment where institution = :institution and subject = :subject
    and kind = 'sign-in' and outcome = 'approved' and created_at > :quarter)::int as sign_ins,
  (select json_agg(json_build_object('record', record, 'at', (extract(epoch from created_at) * 1000)::bigint)
    order by created_at desc)
    from (select record, created_at from risk_assessment where institution = :institution and subject = :subject
    and kind = 'sign-in' and outcome = 'approved' order by created_at desc limit 10) newest) as lately`

interface HistoryRow {
  readonly attempts: number
  readonly address_attempts: number
  readonly sign_ins: number
  /** Newest first. */
  readonly lately: readonly { readonly record: string; readonly at: number }[] | null
}

interface Remembering {
  readonly customer: CustomerOf
  readonly address: string | undefined
  readonly now: number
}

async function historyOf(
  reader: Connections['reader'],
  seal: FieldSeal,
  { customer: { institution, subject }, address, now }: Remembering,
): Promise<RiskHistory> {
  const db = await reader()
  const asked = { institution, subject, address: address ?? null }
  const since = { hour: new Date(now - 3600_000), quarter: new Date(now - 90 * dayMs) }
  const { rows }: { rows: HistoryRow[] } = await db.raw(historyQuery, { ...asked, ...since })
  const [row] = rows
  const { attempts = 0, address_attempts: addressAttempts = 0, sign_ins: signIns = 0 } = row ?? {}
  const factsOf = (record: string) => opened(institution, record, seal).facts
  return {
    ...{ attemptsHour: attempts, addressAttemptsHour: addressAttempts, signIns },
    last: lastPlaced(row?.lately ?? [], factsOf),
  }
}

/**
 * The newest whose country is known: a sign-in from nowhere, or by a back end, must not wipe out from where the customer came
 * before. Where there is none, the newest.
 */
function lastPlaced(
  newest: NonNullable<HistoryRow['lately']>,
  factsOf: (record: string) => RiskFacts,
): RiskHistory['last'] {
  let first: RiskHistory['last']
  for (const { record, at } of newest) {
    const one = { at, facts: factsOf(record) }
    if (one.facts['network.country'] !== undefined) return one
    first ??= one
  }
  return first
}

export function createRiskRecords({ reader, writer, send }: Connections, seal: FieldSeal): RiskRecords {
  const from = (row: Row) => fromRow(row, seal)
  return {
    keep: (one, address) => send((db) => db('risk_assessment').insert(rowOf(one, { address, seal }))),
    async get(institution, id) {
      const db = await reader()
      const row: Row | undefined = await db('risk_assessment').where({ institution, id }).first()
      return row && from(row)
    },
    async ofReference(institution, reference) {
      const db = await reader()
      const rows: Row[] = await db('risk_assessment')
        .where({ institution, reference })
        .orderBy('created_at')
        .limit(most)
      return rows.map(from)
    },
    async list(institution, filter) {
      const rows = await listed(await reader(), institution, filter)
      return rows.map(from)
    },
    history: (customer, asked) => historyOf(reader, seal, { customer, ...asked }),
    settle: (institution, id, end) => settled(writer, { where: { institution, id }, ...end }, from),
    settleAbout: (institution, about, end) =>
      settled(writer, { where: { institution, about }, ...end }, from),
    postpone: (institution, about, settleBy) =>
      send((db) =>
        db('risk_assessment')
          .where({ institution, about })
          .whereNull('outcome')
          .update({ settle_by: new Date(settleBy) }),
      ),
    async overdue(now, limit) {
      const db = await reader()
      return db('risk_assessment')
        .whereNull('outcome')
        .where('settle_by', '<', new Date(now))
        .orderBy('settle_by')
        .limit(limit)
        .select('institution', 'id')
    },
  }
}

function listed(db: Queries, institution: string, filter: RiskFilter): Promise<Row[]> {
  const { kind, action, reason, failed, relyingParty, reference, subject, from, until, behind } = filter
  const query = db('risk_assessment').where({ institution })
  query.orderBy('created_at', 'desc').orderBy('id', 'desc')
  const wanted = { kind, action, reason, relying_party: relyingParty, reference, subject }
  query.where(Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)))
  if (failed !== undefined) query.whereRaw('? = any(failed)', [failed])
  if (from !== undefined) query.where('created_at', '>=', new Date(from))
  if (until !== undefined) query.where('created_at', '<', new Date(until))
  if (behind !== undefined)
    query.whereRaw('(created_at, id) < (?, ?)', [new Date(behind.createdAt), behind.id])
  return query.limit(Math.min(filter.limit, most)) as unknown as Promise<Row[]>
}

// Word for word the index of migration 0032: else every event of the institution would be read.
const told = `type in ('risk.reported', 'risk.unreported')
  and substring(body from '"assessment":"([A-Za-z0-9_-]{22})"') = ?`

export const createRiskTellings = ({ reader }: Connections): RiskTellings => ({
  async ofAssessment(institution, id) {
    const db = await reader()
    const rows: { body: string; type: string; at: Date }[] = await db('audit_event')
      .where({ institution })
      .whereRaw(told, [id])
      .orderBy('at')
      .limit(most)
      .select('body', 'type', 'at')
    return rows.map(({ body, type, at }) => {
      const { provider, outcome } = JSON.parse(body).detail
      return { provider, outcome, told: type === 'risk.reported', at: at.getTime() }
    })
  },
})

interface Settling {
  readonly where: Readonly<Record<string, string>>
  readonly outcome: RiskOutcome
  readonly now: number
}

/** Ends once; what has ended otherwise may still turn out to be fraud. */
async function settled(
  writer: Connections['writer'],
  { where, outcome, now }: Settling,
  from: (row: Row) => KeptAssessment,
): Promise<KeptAssessment | undefined> {
  const db = await writer()
  const one = db('risk_assessment').where(where)
  if (outcome === 'fraud') one.where((row) => row.whereNull('outcome').orWhereNot({ outcome }))
  else one.whereNull('outcome')
  const [row]: Row[] = await one.update({ outcome, ended_at: new Date(now) }).returning('*')
  return row && from(row)
}

interface Keeping {
  readonly address: string | undefined
  readonly seal: FieldSeal
}

function rowOf(one: KeptAssessment, { address, seal }: Keeping) {
  const { institution, verdict, policy, facts, shared } = one
  const sealed: Sealed = { verdict: withoutTokens(verdict), policy, facts, shared }
  return {
    ...{ institution, id: verdict.id, kind: verdict.kind, subject: one.subject },
    ...{ relying_party: one.relyingParty, reference: one.reference },
    ...{ about: one.about ?? null, address: address ?? null },
    ...{ action: verdict.action, reason: verdict.reason, score: verdict.score ?? null },
    failed: verdict.answers.filter(({ failure }) => failure !== undefined).map(({ provider }) => provider),
    record: seal.seal(institution, JSON.stringify(sealed)),
    created_at: new Date(one.at),
    settle_by: new Date(one.settleBy),
    outcome: one.outcome ?? null,
    ended_at: one.endedAt === undefined ? null : new Date(one.endedAt),
  }
}

/** What a provider wants back with the next event of the device is kept for it, and is nobody's to look at. */
const withoutTokens = (verdict: RiskVerdict): RiskVerdict => ({
  ...verdict,
  answers: verdict.answers.map((answer) =>
    answer.assessment === undefined
      ? answer
      : { ...answer, assessment: { ...answer.assessment, deviceToken: undefined } },
  ),
})

const opened = (institution: string, record: string, seal: FieldSeal): Sealed =>
  JSON.parse(seal.open(institution, record))

function fromRow(row: Row, seal: FieldSeal): KeptAssessment {
  const { verdict, policy, facts, shared } = opened(row.institution, row.record, seal)
  return {
    ...{ institution: row.institution, subject: row.subject },
    ...{ verdict: { ...verdict, score: verdict.score }, policy },
    ...{ relyingParty: row.relying_party, reference: row.reference },
    about: row.about ?? undefined,
    ...{ facts, shared, at: row.created_at.getTime(), settleBy: row.settle_by.getTime() },
    outcome: row.outcome ?? undefined,
    endedAt: row.ended_at?.getTime(),
  }
}

// One statement: of any number at once each is told another. A count that is over begins anew.
const countQuery = `
insert into risk_memory as kept (institution, provider, key, count, expires_at)
  values (:institution, :provider, :key, 1, :expires)
on conflict (institution, provider, key) do update set
  count = case when kept.expires_at > now() then kept.count + 1 else 1 end,
  expires_at = case when kept.expires_at > now() then kept.expires_at else excluded.expires_at end
returning count`

/** What is longer is no memory of a customer but a mistake. */
const longestMemory = 64 * 1024

/**
 * What a provider writes while it is asked stands by itself: its unit must not begin and wait for the other engines, or for a slow
 * hash, with a row of this one held; and a try that was counted stays counted, whatever becomes of the request.
 */
export function createRiskMemories({ reader, alone }: Connections, seal: FieldSeal): RiskMemories {
  return (institution, provider) => ({
    async get(key) {
      const db = await reader()
      const row: { value: string | null } | undefined = await db('risk_memory')
        .where({ institution, provider, key })
        .where('expires_at', '>', db.fn.now())
        .first('value')
      return row?.value ? seal.open(institution, row.value) : undefined
    },
    async put(key, value, expiresAt) {
      if (value.length > longestMemory) throw new Error(`more than ${longestMemory} characters to remember`)
      const db = await alone()
      const kept = { value: seal.seal(institution, value), expires_at: new Date(expiresAt) }
      await db('risk_memory')
        .insert({ institution, provider, key, ...kept })
        .onConflict(['institution', 'provider', 'key'])
        .merge(kept)
    },
    async count(key, expiresAt) {
      const db = await alone()
      const asked = { institution, provider, key, expires: new Date(expiresAt) }
      const { rows }: { rows: { count: number }[] } = await db.raw(countQuery, asked)
      return rows[0]?.count ?? 0
    },
  })
}
