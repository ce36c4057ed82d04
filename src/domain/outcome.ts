// What becomes of a transaction, and which of several answers holds.
import { type Acr, satisfies } from './acr.ts'

/** In the order of their strength; `review` holds the transaction for the bank's people. */
export const outcomes = ['allow', 'step-up', 'review', 'deny'] as const
export type OutcomeKind = (typeof outcomes)[number]

export type Outcome =
  | { readonly kind: 'allow' | 'review' | 'deny' }
  /** The customer approves this very transaction, by methods of ours that reach the level. */
  | { readonly kind: 'step-up'; readonly acr: Acr }

/** Is `a` stronger than `b`? deny > review > step-up to the higher level > allow. Two equal ones are not. */
export function isStronger(a: Outcome, b: Outcome): boolean {
  const [strengthA, strengthB] = [outcomes.indexOf(a.kind), outcomes.indexOf(b.kind)]
  if (strengthA !== strengthB) return strengthA > strengthB
  return a.kind === 'step-up' && b.kind === 'step-up' && a.acr !== b.acr && satisfies(a.acr, b.acr)
}

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

/** What an app is told of a transaction that is stopped; undefined where it is not. */
export function stopCode({ kind }: Outcome): 'transaction.denied' | 'transaction.held' | undefined {
  if (kind === 'deny') return 'transaction.denied'
  return kind === 'review' ? 'transaction.held' : undefined
}
