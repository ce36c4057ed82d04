// Transactions of customers: what limits count in columns, the transaction itself and what was decided on it sealed.
import type { Knex } from 'knex'
import { withDeviceAndPin } from '../domain/acr.ts'
import type { CustomerTransaction, ShownState } from '../domain/customer-transaction.ts'
import type { Past } from '../domain/limit.ts'
import type { OutcomeCount } from '../domain/outcome-days.ts'
import type { PolicyInputs } from '../domain/policy.ts'
import type { RiskKind } from '../domain/transaction-type.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { GrantedTransaction, History, TransactionFilter, Transactions } from '../ports/transactions.ts'
import { frozen, held, heldPayees } from './frozen.ts'
import type { Queries } from './transaction.ts'
import { parsed, restored, written } from './transaction-json.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly id: string
  readonly subject: string
  readonly relying_party: string
  readonly reference: string
  readonly kind: RiskKind
  readonly from_account: string | null
  readonly to_account: string | null
  readonly state: CustomerTransaction['state']
  readonly reason: string
  readonly policy: string
  readonly record: string
  readonly created_at: Date
  readonly expires_at: Date
  readonly ended_at: Date | null
  readonly used_at: Date | null
  readonly signing_at: Date | null
}

interface Sealed {
  readonly transaction: CustomerTransaction['transaction']
  readonly outcome: CustomerTransaction['decision']['outcome']
  readonly inputs: PolicyInputs
}

interface PastRow {
  readonly type: string
  readonly kind: RiskKind
  readonly currency: string | null
  readonly minor: string
  readonly from_account: string | null
  readonly to_account: string | null
  readonly created_at: Date
  /** Of the payee, where it is frozen, there is a row of its own. */
  readonly says: 'counts' | 'known' | 'frozen'
}

// One answer for all questions: what counts within the time, the one payment by which the payee is known, and is it frozen?
const historyQuery = `
select type, kind, currency, minor, from_account, to_account, created_at, 'counts' as says
  from customer_transaction
  where institution = :institution and subject = :subject and created_at > :since
  and (state in ('approved', 'used') or (state = 'open' and expires_at > :now))
union all
(select type, kind, currency, minor, from_account, to_account, created_at, 'known'
  from customer_transaction
  where institution = :institution and subject = :subject and to_account = :to
  and state in ('approved', 'used') and step_up = :pin limit 1)
union all
select '', 'payment', null, 0, null, null, now(), 'frozen'
  where ${frozen('payee', { institution: ':institution', key: ':to' })}`

// All that is read is in the index of migration 0038; what is dear to work out is so once a group, and not once a row.
const outcomesQuery = `
select (extract(epoch from day) * 1000)::bigint as day, outcome,
  case when lapsed then 'lapsed' else state end as state, count
  from (
    select (created_at at time zone 'UTC')::date as day, outcome, state,
      state = 'open' and expires_at <= :now as lapsed, count(*) as count
      from customer_transaction where institution = :institution and created_at >= :since
      group by 1, 2, 3, 4
  ) counted`

type CountRow = Readonly<Record<'day' | 'count', string>> & Pick<OutcomeCount, 'outcome' | 'state'>

async function outcomesOf(
  db: Queries,
  institution: string,
  { since, now }: { since: number; now: number },
): Promise<readonly OutcomeCount[]> {
  const asked = { institution, since: new Date(since), now: new Date(now) }
  const { rows }: { rows: CountRow[] } = await db.raw(outcomesQuery, asked)
  return rows.map(({ day, count, ...row }) => ({ ...row, day: Number(day), count: Number(count) }))
}

const payeeFrozen = frozen('payee', {
  institution: 'customer_transaction.institution',
  key: 'customer_transaction.to_account',
})

export function createTransactions(connections: Connections, seal: FieldSeal): Transactions {
  const { reader, writer, send } = connections
  return {
    async hold({ institution, subject }) {
      await send((db) => db('subject').where({ institution, sub: subject }).forUpdate().select('sub'))
      return { institution, subject, held: true }
    },
    async history({ institution, subject }, { since, now, to }) {
      if (to !== undefined) await send((db) => held(db, institution, { kind: 'payee', key: to }))
      const db = await writer()
      const { rows }: { rows: PastRow[] } = await db.raw(historyQuery, {
        ...{ institution, subject, to: to ?? null, pin: withDeviceAndPin },
        since: new Date(since),
        now: new Date(now),
      })
      return historyIn(rows)
    },
    create: (one) => send((db) => db('customer_transaction').insert(rowOf(one, seal))),
    async get(institution, id) {
      const db = await reader()
      const row: Row | undefined = await db('customer_transaction').where({ institution, id }).first()
      return row && fromRow(row, seal)
    },
    several: async (institution, ids) =>
      (await severalOf(await reader(), institution, ids)).map((row) => fromRow(row, seal)),
    async list(institution, filter) {
      const rows = await listed(await reader(), institution, filter)
      return rows.map((row) => fromRow(row, seal))
    },
    outcomes: async (institution, asked) => outcomesOf(await reader(), institution, asked),
    async end(institution, id, { state, now }) {
      const db = await writer()
      const open = db('customer_transaction').where({ institution, id, state: 'open' })
      if (state !== 'released') open.where('expires_at', '>', new Date(now))
      const at = new Date(now)
      return (await open.update({ state, ended_at: at, ...(state === 'used' && { used_at: at }) })) === 1
    },
    sign: async (institution, id, until) => signing(await writer(), { institution, id }, until),
    async bind(institution, id, grant) {
      const unbound = { institution, id, state: 'approved', grant_id: null }
      await send((db) => db('customer_transaction').where(unbound).update({ grant_id: grant }))
    },
    use: (institution, by) => use(connections, approvedBy(institution, by)),
    async isFrozen(institution, by) {
      const db = await writer()
      const stopped = db('customer_transaction').where(approvedBy(institution, by)).whereRaw(payeeFrozen)
      return (await stopped.first('id')) !== undefined
    },
  }
}

async function signing(
  db: Queries,
  { institution, id }: Pick<CustomerTransaction, 'institution' | 'id'>,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): Promise<boolean> {
  const open = db('customer_transaction').where({ institution, id, state: 'open', signing_at: null })
  const since = { signing_at: new Date(now), expires_at: new Date(expiresAt) }
  return (await open.where('expires_at', '>', new Date(now)).update(since)) === 1
}

const approvedBy = (institution: string, { grant, hash }: GrantedTransaction) => ({
  ...{ institution, grant_id: grant, hash, state: 'approved' },
})

async function use(
  { send, writer }: Connections,
  approved: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  await send((db) => heldPayees(db, approved))
  const db = await writer()
  const [row]: { id: string }[] = await db('customer_transaction')
    .where(approved)
    .whereRaw(`not ${payeeFrozen}`)
    .update({ state: 'used', used_at: db.fn.now() })
    .returning('id')
  return row?.id
}

async function severalOf(db: Queries, institution: string, ids: readonly string[]): Promise<Row[]> {
  return db('customer_transaction')
    .where({ institution })
    .whereIn('id', [...ids])
}

const most = 201

function listed(db: Queries, institution: string, filter: TransactionFilter): Promise<Row[]> {
  const { state, outcome, reason, type, relyingParty, reference, subject, from, until, behind } = filter
  const query = db('customer_transaction').where({ institution })
  query.orderBy('created_at', 'desc').orderBy('id', 'desc')
  const wanted = { outcome, reason, type, relying_party: relyingParty, reference, subject }
  query.where(Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)))
  if (state !== undefined) inState(query, state, new Date(filter.now))
  if (from !== undefined) query.where('created_at', '>=', new Date(from))
  if (until !== undefined) query.where('created_at', '<', new Date(until))
  if (behind !== undefined)
    query.whereRaw('(created_at, id) < (?, ?)', [new Date(behind.createdAt), behind.id])
  return query.limit(Math.min(filter.limit, most)) as unknown as Promise<Row[]>
}

/** What is open in its row may have lapsed, or wait for others to sign. */
function inState(query: Knex.QueryBuilder, state: ShownState, now: Date): void {
  if (state !== 'open' && state !== 'signing' && state !== 'lapsed') return void query.where({ state })
  query.where({ state: 'open' }).where('expires_at', state === 'lapsed' ? '<=' : '>', now)
  if (state === 'open') query.whereNull('signing_at')
  if (state === 'signing') query.whereNotNull('signing_at')
}

const historyIn = (rows: readonly PastRow[]): History => ({
  past: rows.filter(({ says }) => says === 'counts').map(pastOf),
  knownPayee: rows.some(({ says }) => says === 'known'),
  payeeFrozen: rows.some(({ says }) => says === 'frozen'),
})

const pastOf = (row: PastRow): Past => ({
  type: row.type,
  kind: row.kind,
  currency: row.currency ?? undefined,
  minor: BigInt(row.minor),
  from: row.from_account ?? undefined,
  to: row.to_account ?? undefined,
  at: row.created_at.getTime(),
})

function rowOf(one: CustomerTransaction, seal: FieldSeal) {
  const { institution, transaction, decision, inputs } = one
  const sealed: Sealed = { transaction, outcome: decision.outcome, inputs }
  return {
    institution,
    id: one.id,
    subject: one.subject,
    relying_party: one.relyingParty,
    reference: one.reference,
    type: transaction.type,
    kind: one.kind,
    hash: transaction.hash,
    currency: transaction.amount?.currency ?? null,
    minor: (transaction.amount?.minor ?? 0n).toString(),
    from_account: one.from ?? null,
    to_account: one.to ?? null,
    state: one.state,
    outcome: decision.outcome.kind,
    step_up: decision.outcome.kind === 'step-up' ? decision.outcome.acr : null,
    reason: decision.reason,
    policy: one.policy,
    record: seal.seal(institution, written(sealed)),
    created_at: new Date(one.createdAt),
    expires_at: new Date(one.expiresAt),
    ended_at: one.endedAt === undefined ? null : new Date(one.endedAt),
  }
}

function fromRow(row: Row, seal: FieldSeal): CustomerTransaction {
  const { transaction, outcome, inputs } = parsed<Sealed>(seal.open(row.institution, row.record))
  return {
    institution: row.institution,
    id: row.id,
    subject: row.subject,
    relyingParty: row.relying_party,
    reference: row.reference,
    transaction: restored(transaction),
    kind: row.kind,
    from: row.from_account ?? undefined,
    to: row.to_account ?? undefined,
    decision: { outcome, reason: row.reason },
    policy: row.policy,
    inputs,
    state: row.state,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    endedAt: row.ended_at?.getTime(),
    usedAt: row.used_at?.getTime(),
    signingAt: row.signing_at?.getTime(),
  }
}
