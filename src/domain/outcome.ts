// What becomes of a transaction, and which of several answers holds.
import { type Acr, satisfies, withDeviceAndPin } from './acr.ts'
import { asksAsMany, joined, type NeededSignatories } from './signatories.ts'

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
      /** Who must sign as well, each on a phone of their own; whoever began is none of them. */
      readonly signatories?: NeededSignatories | undefined
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

/** Who must sign beside the customer; undefined where nobody must. */
export const signatoriesOf = (outcome: Outcome): NeededSignatories | undefined =>
  outcome.kind === 'step-up' ? outcome.signatories : undefined

/**
 * Is it proven that `a` asks at least what `b` asks? deny > review > step-up to the higher level > allow; of two step-ups to one
 * level the one with no way beside the other's. A step-up with signatories is matched by one alone that wants as many of each
 * role, and by whatever stops.
 */
export const isAsStrong = (a: Outcome, b: Outcome): boolean =>
  isAsStrongAlone(a, b) && (a.kind !== 'step-up' || asksAsMany(a.signatories, signatoriesOf(b)))

/** What is asked of the customer alone. */
function isAsStrongAlone(a: Outcome, b: Outcome): boolean {
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

/**
 * The strongest of them; of equals the first, so that the order of rules decides which reason is named. Whatever of them wants
 * signatories is met together: of each role the highest count, whichever step-up of the customer's own holds.
 */
export function strongest(voices: readonly Voice[], otherwise: Voice): Voice {
  const held = voices.reduce(
    (before, one) => (goesBefore(one.outcome, before.outcome) ? one : before),
    otherwise,
  )
  const signatories = joined([otherwise, ...voices].map(({ outcome }) => signatoriesOf(outcome)))
  if (held.outcome.kind !== 'step-up' || signatories === undefined) return held
  return { ...held, outcome: { ...held.outcome, signatories } }
}

/** Of two that ask the same of the customer, the one that wants others to sign gives the reason. */
function goesBefore(a: Outcome, b: Outcome): boolean {
  if (!isAsStrongAlone(a, b)) return false
  return !isAsStrongAlone(b, a) || (signatoriesOf(a) !== undefined && signatoriesOf(b) === undefined)
}

/** Where the payee is frozen, which beats whatever else is said. */
export const payeeFrozen = { outcome: { kind: 'deny' }, reason: 'payee.frozen' } as const satisfies Voice

/** What an app is told of a transaction that is stopped; undefined where it is not. */
export function stopCode({ outcome: { kind }, reason }: Voice) {
  if (kind === 'deny') return reason === payeeFrozen.reason ? payeeFrozen.reason : 'transaction.denied'
  return kind === 'review' ? 'transaction.held' : undefined
}
