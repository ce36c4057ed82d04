// Sign-ins in progress, one row each; only an open record changes.
import type { LoginTransaction } from '../domain/login.ts'
import { keptTransaction, type Transaction } from '../domain/transaction.ts'
import { builtInTypes } from '../domain/transaction-types/known.ts'
import type { Logins } from '../ports/stores.ts'
import type { Connections } from './unit-of-work.ts'

// A record of before other types than payments has the detail alone.
type StoredTransaction =
  | { readonly detail: unknown }
  | (Omit<Transaction, 'amount'> & { amount?: StoredMoney })
interface StoredMoney {
  readonly minor: string
  readonly currency: string
}

type Stored = Omit<LoginTransaction, 'transaction'> & { transaction: StoredTransaction | undefined }

function toRow(login: LoginTransaction) {
  const { transaction } = login
  const amount = transaction?.amount && { ...transaction.amount, minor: transaction.amount.minor.toString() }
  return {
    record: JSON.stringify({ ...login, transaction: transaction && { ...transaction, amount } }),
    outcome: login.outcome,
    upstream_request: login.upstreamRequest ?? null,
    expires_at: new Date(login.expiresAt),
  }
}

// JSON has neither undefined nor bigint: absent members come back absent, and the amount is kept as digits.
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

function restored(transaction: StoredTransaction): Transaction | undefined {
  if (!('hash' in transaction && 'type' in transaction))
    return keptTransaction([transaction.detail], builtInTypes)
  const { amount, debtorAccount, creditorAccount, creditorName, ...kept } = transaction
  const facts = { debtorAccount, creditorAccount, creditorName }
  return { ...kept, ...facts, amount: amount && { ...amount, minor: BigInt(amount.minor) } }
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
