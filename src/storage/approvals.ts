// Approvals out of band: what decides in columns, who asks what sealed; they end by one conditional update.
import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import type { Approval } from '../domain/approval.ts'
import type { PastApproval } from '../domain/approval-damping.ts'
import type { ApprovalFilter, Approvals } from '../ports/approvals.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Queries } from './transaction.ts'
import { parsed, restored, written } from './transaction-json.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly id: string
  readonly subject: string
  readonly relying_party: string
  readonly origin: Approval['origin']
  readonly reference: string
  readonly hash: string
  readonly transaction_id: string | null
  readonly uid: string | null
  readonly state: Approval['state']
  readonly device: string | null
  readonly record: string
  readonly created_at: Date
  readonly expires_at: Date
  readonly ended_at: Date | null
}

type Sealed = Pick<
  Approval,
  'transaction' | 'acr' | 'number' | 'nonce' | 'bindingMessage' | 'place' | 'request' | 'role'
>

// What is in column `request_hash`: who reads the database cannot poll.
const hashOfRequest = (request: string): string => createHash('sha256').update(request).digest('base64url')

// One statement: of two polls at once the second has waited for the first, and came too soon.
const polling = `
with was as (
  select institution, id, polled_at, poll_seconds from approval
  where institution = :institution and request_hash = :request for update
), judged as (
  select *, coalesce(polled_at > :now::timestamptz - make_interval(secs => poll_seconds), false) as soon from was
)
update approval a set polled_at = :now, poll_seconds = a.poll_seconds + case when judged.soon then 5 else 0 end
from judged where a.institution = judged.institution and a.id = judged.id
returning judged.soon`

export function createApprovals({ reader, writer, send }: Connections, seal: FieldSeal): Approvals {
  const opened = (rows: readonly Row[]) => rows.map((row) => fromRow(row, seal))
  return {
    create: (approval) => send((db) => db('approval').insert(rowOf(approval, seal))),
    async get(institution, id) {
      const db = await reader()
      const row: Row | undefined = await db('approval').where({ institution, id }).first()
      return row && fromRow(row, seal)
    },
    async pending(customer, now) {
      const db = await reader()
      const open = db('approval').where({ ...customerOf(customer), state: 'pending' })
      return opened(await open.where('expires_at', '>', new Date(now)).orderBy('created_at'))
    },
    async past(customer, since) {
      // Inside the unit: the customer's row is held, and what was asked before is seen.
      const db = await writer()
      const rows: Row[] = await db('approval')
        .where(customerOf(customer))
        .where('created_at', '>', new Date(since))
        .whereNot({ origin: 'signatory' })
        .orderBy('created_at', 'desc')
        .select('relying_party', 'state', 'created_at', 'expires_at')
      return rows.map(pastOf)
    },
    list: async (institution, filter) => opened(await listed(await reader(), institution, filter)),
    async end(institution, id, { state, now, device }) {
      const db = await writer()
      const open = db('approval').where({ institution, id, state: 'pending' })
      if (state !== 'withdrawn') open.where('expires_at', '>', new Date(now))
      return (await open.update({ state, device: device ?? null, ended_at: new Date(now) })) === 1
    },
    withdrawAll: async (asked, now) => opened(await withdrawn(await writer(), asked, now)),
    signing: async (asked, now) => opened(await signing(await writer(), asked, now)),
    async withdrawSignatories(institution, transactionId, now) {
      const open = { institution, transaction_id: transactionId, state: 'pending', origin: 'signatory' }
      return opened(await endWithdrawn((await writer())('approval').where(open), now))
    },
    async polledTooSoon(institution, request, now) {
      const db = await writer()
      const asked = { institution, request: hashOfRequest(request), now: new Date(now) }
      const { rows }: { rows: { soon: boolean }[] } = await db.raw(polling, asked)
      return rows[0]?.soon ?? false
    },
  }
}

/** Only what is open: what lapsed has ended. */
function withdrawn(
  db: Queries,
  { relyingParty, ...customer }: Parameters<Approvals['withdrawAll']>[0],
  now: number,
): Promise<Row[]> {
  const open = db('approval').where({ ...customerOf(customer), state: 'pending' })
  if (relyingParty !== undefined) open.where({ relying_party: relyingParty })
  return endWithdrawn(open, now)
}

/** By the index of the customer's transactions; few are open at once. */
async function signing(
  db: Queries,
  { institution, subject, relyingParty }: Parameters<Approvals['signing']>[0],
  now: number,
): Promise<Row[]> {
  const open = db('customer_transaction')
    .where({ institution, subject, state: 'open' })
    .whereNotNull('signing_at')
    .where('expires_at', '>', new Date(now))
    .select('id')
  const asked = { institution, subject, state: 'approved', origin: 'backchannel' }
  const given = db('approval').where(asked).whereIn('transaction_id', open)
  if (relyingParty !== undefined) given.where({ relying_party: relyingParty })
  return (await given.orderBy('created_at')) as unknown as Row[]
}

function endWithdrawn(open: Knex.QueryBuilder, now: number): Promise<Row[]> {
  const ended = { state: 'withdrawn', ended_at: new Date(now) }
  const rows = open.where('expires_at', '>', new Date(now)).update(ended).returning('*')
  return rows as unknown as Promise<Row[]>
}

const customerOf = ({ institution, subject }: { institution: string; subject: string }) => ({
  ...{ institution, subject },
})

const most = 201

function listed(db: Queries, institution: string, filter: ApprovalFilter): Promise<Row[]> {
  const { state, relyingParty, subject, reference, transactionId, from, until, behind } = filter
  const query = db('approval').where({ institution }).orderBy('created_at', 'desc').orderBy('id', 'desc')
  const wanted = { relying_party: relyingParty, subject, reference, transaction_id: transactionId }
  query.where(Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)))
  if (state !== undefined) query.where('state', state === 'expired' ? 'pending' : state)
  if (state === 'pending' || state === 'expired')
    query.where('expires_at', state === 'pending' ? '>' : '<=', new Date(filter.now))
  if (from !== undefined) query.where('created_at', '>=', new Date(from))
  if (until !== undefined) query.where('created_at', '<', new Date(until))
  if (behind !== undefined)
    query.whereRaw('(created_at, id) < (?, ?)', [new Date(behind.createdAt), behind.id])
  return query.limit(Math.min(filter.limit, most)) as unknown as Promise<Row[]>
}

const pastOf = (row: Row): PastApproval => ({
  relyingParty: row.relying_party,
  state: row.state,
  createdAt: row.created_at.getTime(),
  expiresAt: row.expires_at.getTime(),
})

function rowOf(one: Approval, seal: FieldSeal) {
  const { institution, transaction, acr, number, nonce, bindingMessage, place, request, role } = one
  const sealed: Sealed = { transaction, acr, number, nonce, bindingMessage, place, request, role }
  return {
    ...{ institution, id: one.id, subject: one.subject, relying_party: one.relyingParty },
    ...{ origin: one.origin, reference: one.reference, hash: one.hash, state: one.state },
    transaction_id: one.transactionId ?? null,
    uid: one.uid ?? null,
    request_hash: request === undefined ? null : hashOfRequest(request),
    record: seal.seal(institution, written(sealed)),
    created_at: new Date(one.createdAt),
    expires_at: new Date(one.expiresAt),
  }
}

function fromRow(row: Row, seal: FieldSeal): Approval {
  const { transaction, ...sealed } = parsed<Sealed>(seal.open(row.institution, row.record))
  return {
    institution: row.institution,
    id: row.id,
    subject: row.subject,
    relyingParty: row.relying_party,
    origin: row.origin,
    reference: row.reference,
    transaction: transaction && restored(transaction),
    transactionId: row.transaction_id ?? undefined,
    hash: row.hash,
    acr: sealed.acr,
    number: sealed.number,
    nonce: sealed.nonce,
    bindingMessage: sealed.bindingMessage,
    place: sealed.place,
    request: sealed.request,
    uid: row.uid ?? undefined,
    ...(sealed.role !== undefined && { role: sealed.role }),
    state: row.state,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    endedAt: row.ended_at?.getTime(),
    device: row.device ?? undefined,
  }
}
