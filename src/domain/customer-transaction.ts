// One transaction of a customer as it is kept: what was decided, why, and what became of it.
import { stopCode } from './outcome.ts'
import { type Decision, decide, type Policy, type PolicyInputs } from './policy.ts'
import { policyVersion } from './policy-default.ts'
import { signatoriesText } from './signatories.ts'
import type { Transaction } from './transaction.ts'
import type { RiskKind } from './transaction-type.ts'

/**
 * `open`: decided, and the customer has yet to answer. `approved`: may be done, once. `used`: somebody was told to do it.
 * `released`: not approved, nothing counts. `refused` and `held` are what the policy said; `held` is also what the customer
 * approved too far from where it was asked for; `refused` is also what too few people could sign for. Neither counts.
 */
export const transactionStates = ['open', 'approved', 'used', 'released', 'refused', 'held'] as const
export type TransactionState = (typeof transactionStates)[number]

export interface CustomerTransaction {
  readonly institution: string
  readonly id: string
  readonly subject: string
  readonly relyingParty: string
  /** Of the sign-in, or the call to a core, that it came with; empty where it was decided before references were kept. */
  readonly reference: string
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
  /** When it came into its state; undefined while it is open. */
  readonly endedAt: number | undefined
  /** When it was used up, which is after it was approved; undefined where it was not. */
  readonly usedAt: number | undefined
  /** Since when, while it is open, it waits for others to sign: the customer has approved it. */
  readonly signingAt?: number | undefined
}

/**
 * As people are told of it: an open one whose time is over is `lapsed`, and counts no more; one that the customer has approved and
 * that others must sign is `signing`.
 */
export const shownStates = [
  'open',
  'signing',
  'lapsed',
  'approved',
  'used',
  'released',
  'refused',
  'held',
] as const
export type ShownState = (typeof shownStates)[number]

export function shownState(
  { state, expiresAt, signingAt }: Pick<CustomerTransaction, 'state' | 'expiresAt' | 'signingAt'>,
  now: number,
): ShownState {
  if (state !== 'open') return state
  if (expiresAt <= now) return 'lapsed'
  return signingAt === undefined ? 'open' : 'signing'
}

/** What comes out when a decision is made once more from what was kept of it. */
export type DecidedAgain =
  | { readonly kind: 'same' }
  | { readonly kind: 'other'; readonly decision: Decision }
  /** The policy of that version is not there, or what is there is not what the version is the hash of. */
  | { readonly kind: 'no-policy' | 'other-policy' }

/** Pure: the kept policy and inputs, and nothing of today. */
export function decidedAgain(
  kept: Pick<CustomerTransaction, 'policy' | 'inputs' | 'decision'>,
  policy: Policy | undefined,
): DecidedAgain {
  if (policy === undefined) return { kind: 'no-policy' }
  if (policyVersion(policy) !== kept.policy) return { kind: 'other-policy' }
  const decision = decide(policy, kept.inputs)
  return isSame(decision, kept.decision) ? { kind: 'same' } : { kind: 'other', decision }
}

const isSame = (a: Decision, b: Decision): boolean =>
  a.reason === b.reason && a.outcome.kind === b.outcome.kind && wayOf(a) === wayOf(b)

const wayOf = ({ outcome }: Decision) =>
  outcome.kind === 'step-up'
    ? [outcome.acr, ...(outcome.by ?? []), ...signatoriesText(outcome.signatories ?? {}).sort()].join(' ')
    : undefined

/** What an app is told of one that is stopped before anybody is asked; undefined where it is not. */
export function stopOf({
  state,
  decision,
}: Pick<CustomerTransaction, 'state' | 'decision'>): ReturnType<typeof stopCode> | 'transaction.signatories' {
  const tooFew = state === 'refused' ? ('transaction.signatories' as const) : undefined
  return stopCode(decision) ?? tooFew
}

/** What a decision makes of a transaction at first; allowed ones, too, wait for the sign-in to end well. */
export function firstState({ outcome }: Decision): TransactionState {
  if (outcome.kind === 'deny') return 'refused'
  return outcome.kind === 'review' ? 'held' : 'open'
}
