// Sign-ins in progress, one row each; only an open record changes.
import type { LoginTransaction } from '../domain/login.ts'
import type { BegunChallenge, LoginChallenge } from '../domain/login-challenge.ts'
import { keptTransaction, type Transaction } from '../domain/transaction.ts'
import { builtInTypes } from '../domain/transaction-types/known.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Logins } from '../ports/stores.ts'
import { parsed, restored, written } from './transaction-json.ts'
import type { Connections } from './unit-of-work.ts'

// What the customer is about to pay, and to whom, stands sealed, and what a risk engine gave us for its challenge, and what tells one
// device from another; the rest names nobody.
type StoredTransaction = { readonly sealed: string } | Earlier
/** A sign-in that began under an earlier version. */
interface Earlier {
  readonly detail: unknown
}

interface StoredChallenge extends Omit<LoginChallenge, 'begun'> {
  readonly begun: string | undefined
}

interface Stored extends Omit<LoginTransaction, 'transaction' | 'challenge' | 'signals'> {
  readonly transaction: StoredTransaction | undefined
  readonly challenge: StoredChallenge | undefined
  readonly signals: string | undefined
}

function toRow(login: LoginTransaction, seal: FieldSeal) {
  const { transaction, challenge, signals, institution } = login
  const sealed = transaction && { sealed: seal.seal(institution, written(transaction)) }
  const begun = challenge?.begun && seal.seal(institution, JSON.stringify(challenge.begun))
  return {
    record: JSON.stringify({
      ...login,
      transaction: sealed,
      challenge: challenge && { ...challenge, begun },
      signals: signals && seal.seal(institution, JSON.stringify(signals)),
    }),
    outcome: login.outcome,
    upstream_request: login.upstreamRequest ?? null,
    expires_at: new Date(login.expiresAt),
  }
}

// JSON has no undefined: absent members come back absent, so they are put back.
function fromRow(
  row: { record: Stored; outcome: LoginTransaction['outcome'] } | undefined,
  seal: FieldSeal,
): LoginTransaction | undefined {
  if (row === undefined) return undefined
  const { transaction, challenge, signals, ...record } = row.record
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
    transaction: transaction && opened(transaction, record.institution, seal),
    ...(challenge && { challenge: openedChallenge(challenge, record.institution, seal) }),
    ...(signals !== undefined && { signals: JSON.parse(seal.open(record.institution, signals)) }),
  } as LoginTransaction
}

const opened = (stored: StoredTransaction, institution: string, seal: FieldSeal): Transaction | undefined =>
  'sealed' in stored
    ? restored(parsed<Transaction>(seal.open(institution, stored.sealed)))
    : keptTransaction([stored.detail], builtInTypes)

function openedChallenge(
  { begun, ...rest }: StoredChallenge,
  institution: string,
  seal: FieldSeal,
): LoginChallenge {
  if (begun === undefined) return rest
  return { ...rest, begun: JSON.parse(seal.open(institution, begun)) as BegunChallenge }
}

export function createLogins({ reader, writer, send }: Connections, seal: FieldSeal): Logins {
  return {
    async create(login) {
      const { institution, uid } = login
      await send((db) => db('login_transaction').insert({ institution, uid, ...toRow(login, seal) }))
    },
    async get(institution, uid) {
      const db = await reader()
      return fromRow(
        await db('login_transaction').where({ institution, uid }).first('record', 'outcome'),
        seal,
      )
    },
    async update(login) {
      const db = await writer()
      const { institution, uid } = login
      return (
        (await db('login_transaction')
          .where({ institution, uid, outcome: 'open' })
          .update(toRow(login, seal))) === 1
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
      return (await db('login_transaction').where(waiting).update(toRow(login, seal))) === 1
    },
  }
}
