// What becomes of a transaction, and which of several answers holds.
import { type Acr, satisfies, withDeviceAndPin } from './acr.ts'

/** In the order of their strength; `review` holds the transaction for the bank's people. */
export const outcomes = ['allow', 'step-up', 'review', 'deny'] as const
export type OutcomeKind = (typeof outcomes)[number]

/**
 * How a customer approves: `pin`, typed on our page in a session of their device; `approval`, signed on a phone of theirs;
 * `sms`, a code from a text message, typed on our page in a session of their device.
 */
export const approvalMethods = ['pin', 'approval', 'sms'] as const
export type ApprovalMethod = (typeof approvalMethods)[number]

/** The methods that can reach a level of ours: a code is no PIN (ruling R-20). */
export const methodsFor = (acr: Acr): readonly ApprovalMethod[] =>
  acr === withDeviceAndPin ? ['pin', 'approval'] : ['approval', 'sms']

export type Outcome =
  | { readonly kind: 'allow' | 'review' | 'deny' }
  /** The customer approves this very transaction, by methods of ours that reach the level. */
  | {
      readonly kind: 'step-up'
      readonly acr: Acr
      /** One of these, and no other; whatever reaches the level unless told. */
      readonly by?: readonly ApprovalMethod[] | undefined
    }

type StepUp = Extract<Outcome, { kind: 'step-up' }>

/** Every way in which this step-up may be met; undefined where the device is enough, which says nothing. */
const waysOf = ({ acr, by }: StepUp): readonly ApprovalMethod[] | undefined =>
  by ?? (acr === withDeviceAndPin ? methodsFor(acr) : undefined)

/** Has `a` no way that `b` has not? */
function isAsNarrow(a: StepUp, b: StepUp): boolean {
  const [ways, others] = [waysOf(a), waysOf(b)]
  return others === undefined || (ways?.every((way) => others.includes(way)) ?? false)
}

/**
 * Is it proven that `a` asks at least what `b` asks? deny > review > step-up to the higher level > allow; of two step-ups to one
 * level the one with no way beside the other's.
 */
export function isAsStrong(a: Outcome, b: Outcome): boolean {
  const [strengthA, strengthB] = [outcomes.indexOf(a.kind), outcomes.indexOf(b.kind)]
  if (strengthA !== strengthB) return strengthA > strengthB
  if (a.kind !== 'step-up' || b.kind !== 'step-up') return true
  return a.acr === b.acr ? isAsNarrow(a, b) : satisfies(a.acr, b.acr)
}

/** Is `a` stronger than `b`? Two that are equal, or that ask for different things of one level, are not. */
export const isStronger = (a: Outcome, b: Outcome): boolean => isAsStrong(a, b) && !isAsStrong(b, a)

/** One answer among several, with who gave it. */
export interface Voice {
  readonly outcome: Outcome
  /** The stable code that the audit, the app and the evidence name. */
  readonly reason: string
}

/** The strongest of them; of equals the first, so that the order of rules decides which reason is named. */
export function strongest(voices: readonly Voice[], otherwise: Voice): Voice {
  return voices.reduce((held, one) => (isStronger(one.outcome, held.outcome) ? one : held), otherwise)
}

/** Where the payee is frozen, which beats whatever else is said. */
export const payeeFrozen = { outcome: { kind: 'deny' }, reason: 'payee.frozen' } as const satisfies Voice

/** What an app is told of a transaction that is stopped; undefined where it is not. */
export function stopCode({ outcome: { kind }, reason }: Voice) {
  if (kind === 'deny') return reason === payeeFrozen.reason ? payeeFrozen.reason : 'transaction.denied'
  return kind === 'review' ? 'transaction.held' : undefined
}
