// One transaction of a customer as it is kept: what was decided, why, and what became of it.
import type { Decision, PolicyInputs } from './policy.ts'
import type { Transaction } from './transaction.ts'
import type { RiskKind } from './transaction-type.ts'

/**
 * `open`: decided, and the customer has yet to answer. `approved`: may be done, once. `used`: somebody was told to do it.
 * `released`: not approved, nothing counts. `refused` and `held` are what the policy said.
 */
export const transactionStates = ['open', 'approved', 'used', 'released', 'refused', 'held'] as const
export type TransactionState = (typeof transactionStates)[number]

export interface CustomerTransaction {
  readonly institution: string
  readonly id: string
  readonly subject: string
  readonly relyingParty: string
  readonly transaction: Transaction
  /** What kind of event its type is. */
  readonly kind: RiskKind
  /** Tokens of its accounts, by which the customer's history is measured. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly decision: Decision
  /** The policy that decided (domain/policy-default). */
  readonly policy: string
  readonly inputs: PolicyInputs
  readonly state: TransactionState
  readonly createdAt: number
  /** An open one counts until then. */
  readonly expiresAt: number
}

/** What a decision makes of a transaction at first; allowed ones, too, wait for the sign-in to end well. */
export function firstState({ outcome }: Decision): TransactionState {
  if (outcome.kind === 'deny') return 'refused'
  return outcome.kind === 'review' ? 'held' : 'open'
}
