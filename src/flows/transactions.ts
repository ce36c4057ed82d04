// What customers did, for those at the bank who ask why it passed, was approved, or was stopped.
import { type CustomerTransaction, type DecidedAgain, decidedAgain } from '../domain/customer-transaction.ts'
import type { Institution } from '../domain/institution.ts'
import { type OutcomeDay, outcomeDays } from '../domain/outcome-days.ts'
import type { Policy } from '../domain/policy.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { Policies, TransactionFilter, Transactions } from '../ports/transactions.ts'
import { versionOf } from './policies.ts'

export interface TransactionPorts {
  readonly transactions: Pick<Transactions, 'get' | 'list' | 'outcomes'>
  readonly policies: Policies
  readonly clock: Clock
}

/** One transaction with the policy that decided on it, and what comes out when that is done again. */
export interface Explained {
  readonly one: CustomerTransaction
  readonly policy: Policy | undefined
  readonly again: DecidedAgain
  /** Epoch milliseconds: by which an open one is told from one that has lapsed. */
  readonly now: number
}

/** How far back what was decided is counted day by day. */
export const outcomeDaysShown = 30

export type TransactionFlows = ReturnType<typeof createTransactionFlows>

export function createTransactionFlows({ transactions, policies, clock }: TransactionPorts) {
  return {
    /** Newest first; with the moment by which open ones are told from lapsed ones. */
    async list(institution: string, filter: Omit<TransactionFilter, 'now'>) {
      const now = clock.now()
      return { now, found: await transactions.list(institution, { ...filter, now }) }
    },
    /** Day by day (UTC), the oldest first; the last is today, as far as it has come. */
    async outcomes(institution: string): Promise<readonly OutcomeDay[]> {
      const [now, days] = [clock.now(), outcomeDaysShown]
      const [first] = outcomeDays([], { now, days })
      const counts = await transactions.outcomes(institution, { since: first?.at ?? now, now })
      return outcomeDays(counts, { now, days })
    },
    /** Refuses with `request.not_found` for what this institution does not have. */
    async explain(institution: Institution, id: string): Promise<Explained> {
      const one = await transactions.get(institution.id, id)
      if (one === undefined) throw new Refusal('request.not_found', { transaction: id })
      const policy = await versionOf(policies, institution, one.policy)
      return { one, policy, again: decidedAgain(one, policy), now: clock.now() }
    },
  }
}
