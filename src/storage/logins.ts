// Sign-ins in progress, one row each; only an open record changes.
import type { LoginTransaction } from '../domain/login.ts'
import { type Money, transactionOf } from '../domain/transaction.ts'
import type { Logins } from '../ports/stores.ts'
import type { Connections } from './unit-of-work.ts'

type Stored = Omit<LoginTransaction, 'transaction'> & { transaction: { detail: unknown } | undefined }

function toRow(login: LoginTransaction) {
  const transaction = login.transaction && { detail: login.transaction.detail, hash: login.transaction.hash }
  return {
    record: JSON.stringify({ ...login, transaction }),
    outcome: login.outcome,
    upstream_request: login.upstreamRequest ?? null,
    expires_at: new Date(login.expiresAt),
  }
}

// JSON has neither undefined nor bigint: absent members come back absent, and the amount is read from the detail anew.
function fromRow(
  row: { record: Stored; outcome: LoginTransaction['outcome'] } | undefined,
): LoginTransaction | undefined {
  if (row === undefined) return undefined
  const { transaction, ...record } = row.record
  const empty = {
    connection: undefined,
    neededAcr: undefined,
    dpopJkt: undefined,
    browserHash: undefined,
    upstreamRequest: undefined,
    upstreamMemory: undefined,
    upstreamSent: undefined,
  }
  return {
    ...empty,
    ...record,
    outcome: row.outcome,
    transaction: transaction === undefined ? undefined : restored(transaction),
  } as LoginTransaction
}

function restored(transaction: { detail: unknown }): { amount: Money; detail: never; hash: string } {
  return transactionOf(transaction.detail) as never
}

export function createLogins({ reader, writer, send }: Connections): Logins {
  return {
    async create(login) {
      const { institution, uid } = login
      await send((db) => db('login_transaction').insert({ institution, uid, ...toRow(login) }))
    },
    async get(institution, uid) {
      const db = await reader()
      return fromRow(await db('login_transaction').where({ institution, uid }).first('record', 'outcome'))
    },
    async update(login) {
      const db = await writer()
      const { institution, uid } = login
      return (
        (await db('login_transaction').where({ institution, uid, outcome: 'open' }).update(toRow(login))) ===
        1
      )
    },
    async answered(login, requestId) {
      const db = await writer()
      const waiting = {
        institution: login.institution,
        uid: login.uid,
        outcome: 'open',
        upstream_request: requestId,
      }
      return (await db('login_transaction').where(waiting).update(toRow(login))) === 1
    },
  }
}
