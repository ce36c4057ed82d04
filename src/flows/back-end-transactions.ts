// Transactions that the bank's own back end decides on by us, looks after, and carries out once.
import { type Approval, shownApprovalState } from '../domain/approval.ts'
import {
  type CustomerTransaction,
  type ShownState,
  shownState,
  stopOf,
} from '../domain/customer-transaction.ts'
import type { HeldCase } from '../domain/held-case.ts'
import type { Institution } from '../domain/institution.ts'
import { signatoriesOf } from '../domain/outcome.ts'
import { Refusal } from '../domain/refusal.ts'
import { rolesOf } from '../domain/signatories.ts'
import { type Transaction, transactionOf } from '../domain/transaction.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Approvals } from '../ports/approvals.ts'
import type { Cases } from '../ports/cases.ts'
import type { Clock } from '../ports/clock.ts'
import type { Freezes } from '../ports/freezes.ts'
import type { SubjectNames, SubjectStates } from '../ports/subjects.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { type BackEndRequest, grantOfApi, type TransactionRequests } from './transaction-request.ts'
import { tellUse, usedBy } from './use-transaction.ts'

/** How long what others have signed may be carried out by the back end that asked for it. */
const signedMs = 60 * 60_000

export interface BackEndPorts {
  readonly requests: TransactionRequests
  readonly transactions: Transactions
  readonly approvals: Approvals
  readonly cases: Pick<Cases, 'of'>
  readonly subjectNames: SubjectNames
  readonly subjectStates: Pick<SubjectStates, 'isDisabled'>
  readonly freezes: Pick<Freezes, 'hold'>
  readonly audit: Audit
  readonly clock: Clock
  /** How long what was approved may be carried out; what others signed as well, longer. */
  readonly transactionMs: number
}

/** As the back end words it: `sub` is the customer's name at this API, `detail` one RFC 9396 authorization detail. */
export type Wanted = Omit<BackEndRequest, 'subject' | 'origin' | 'transaction' | 'request'> & {
  readonly sub: string
  readonly detail: unknown
}

/** Where a transaction stands, with the question to the customer if there is one. */
export interface Standing {
  readonly transaction: CustomerTransaction
  readonly approval: Approval | undefined
  /** What the bank's people make of it; only of what is held. */
  readonly case: HeldCase | undefined
  /** Epoch milliseconds: by which what is open is told from what has lapsed. */
  readonly now: number
  /** As the back end is told of it: what was approved lapses as well, where nobody carries it out in time. */
  readonly state: ShownState
  /** Epoch milliseconds: when that state ends by itself, or, lapsed, ended; undefined where time changes nothing any more. */
  readonly endsAt: number | undefined
  /** Why it was stopped before anybody was asked. */
  readonly code: ReturnType<typeof stopOf>
  /** Who must sign beside the customer, and how many of them have. */
  readonly signatories: readonly { readonly role: string; readonly needed: number; readonly signed: number }[]
}

export type BackEndTransactions = ReturnType<typeof createBackEndTransactions>

export function createBackEndTransactions(ports: BackEndPorts) {
  return {
    /**
     * Decides, and asks the customer where the policy wants it approved; inside a unit. Refuses with `subject.unknown`,
     * `subject.disabled`, `transaction.malformed`, and as `ask` does.
     */
    async decide(institution: Institution, wanted: Wanted): Promise<Standing> {
      const { sub, detail, ...rest } = wanted
      const transaction = allowed(institution, wanted, detail)
      const subject = await ports.subjectNames.meant(institution.id, sub)
      if (subject === undefined) throw new Refusal('subject.unknown')
      if (await ports.subjectStates.isDisabled(institution.id, subject)) throw new Refusal('subject.disabled')
      const decided = await ports.requests.decided(institution, {
        ...rest,
        ...{ subject, origin: 'api', transaction },
      })
      return standingOf(ports, decided)
    },
    /** Refuses with `transaction.unknown` for what another API asked for. */
    of: (institution: string, id: string, api: string) => standing(ports, { institution, id, api }),
    /**
     * approved -> used, for exactly one caller; inside a unit. Refuses with `transaction.unknown`, `transaction.used`,
     * `transaction.missing` (not approved, or too long ago), `subject.disabled` and `payee.frozen`.
     */
    consume: (institution: string, id: string, api: string) => consume(ports, { institution, id, api }),
  }
}

/** A type that this API is registered for. */
function allowed(institution: Institution, { relyingParty }: Wanted, detail: unknown): Transaction {
  const transaction = transactionOf(detail, typesOf(institution))
  if (!relyingParty.transactionTypes.includes(transaction.type))
    throw new Refusal('transaction.malformed', { field: 'type' })
  return transaction
}

interface Named {
  readonly institution: string
  readonly id: string
  readonly api: string
}

async function standing(ports: BackEndPorts, { institution, id, api }: Named): Promise<Standing> {
  const { transactions, approvals, clock } = ports
  const transaction = await transactions.get(institution, id)
  if (transaction === undefined || transaction.relyingParty !== api) throw new Refusal('transaction.unknown')
  const now = clock.now()
  const asked = await approvals.list(institution, { transactionId: id, now, limit: 201 })
  const approval = asked.find(({ origin }) => origin !== 'signatory')
  return standingOf(ports, { transaction, approval, asked })
}

async function standingOf(
  { clock, transactionMs, cases }: BackEndPorts,
  { transaction, approval, asked = [] }: Omit<Found, 'asked'> & Partial<Found>,
): Promise<Standing> {
  const now = clock.now()
  const { state, decision } = transaction
  // What the policy allowed at once was approved after it was kept.
  const present = state === 'open' && decision.outcome.kind === 'allow' ? 'approved' : state
  const told = shownState({ ...transaction, state: present }, now)
  const useBy = (transaction.endedAt ?? now) + usableMs(transaction, approval, transactionMs)
  const endsAt = present === 'approved' ? useBy : present === 'open' ? transaction.expiresAt : undefined
  const late = told === 'approved' && useBy <= now
  const needed = rolesOf(signatoriesOf(decision.outcome))
  const signatories = needed.map(([role, count]) => ({ role, needed: count, signed: signedAs(asked, role) }))
  const held = state === 'held' ? await cases.of(transaction.institution, transaction.id) : undefined
  const code = stopOf(transaction)
  return { transaction, approval, case: held, now, state: late ? 'lapsed' : told, endsAt, code, signatories }
}

/** The last of the others may sign in the evening, and nobody sits and waits for it: a back end looks now and then. */
const usableMs = (
  { signingAt }: CustomerTransaction,
  approval: Approval | undefined,
  transactionMs: number,
): number => (signingAt !== undefined && approval?.origin === 'api' ? signedMs : transactionMs)

interface Found extends Pick<Standing, 'transaction' | 'approval'> {
  /** Every question about it. */
  readonly asked: readonly Approval[]
}

const signedAs = (asked: readonly Approval[], role: string): number =>
  asked.filter((one) => one.origin === 'signatory' && one.role === role && one.state === 'approved').length

async function consume(ports: BackEndPorts, named: Named): Promise<CustomerTransaction> {
  const { transaction, approval, now, state } = await standing(ports, named)
  // What was asked for by CIBA is carried out by the token that the poll gives.
  if (approval?.origin === 'backchannel')
    throw new Refusal('transaction.missing', { origin: approval.origin })
  const { institution, id, subject, relyingParty } = transaction
  const { hash } = transaction.transaction
  // Held: who is frozen at this moment is frozen before it is used, or after it was.
  await ports.freezes.hold(institution, { kind: 'customer', key: subject })
  if (await ports.subjectStates.isDisabled(institution, subject)) throw new Refusal('subject.disabled')
  if (state === 'used') throw new Refusal('transaction.used', { transaction: hash })
  if (state !== 'approved') throw new Refusal('transaction.missing', { state })
  // What a sign-in got approved is carried out by its token, and by nothing else: its grant has another name.
  const used = await usedBy(ports.transactions, institution, { grant: grantOfApi(id), hash })
  if (used === undefined) throw new Refusal('transaction.used', { transaction: hash })
  const of = { relyingParty, subject, device: undefined, hash, id }
  tellUse(ports.audit, of, { by: 'consume', api: named.api })
  return { ...transaction, state: 'used', usedAt: now }
}

/** The state of the question as people are told of it. */
export const approvalStateOf = ({ approval, now }: Standing) => approval && shownApprovalState(approval, now)
