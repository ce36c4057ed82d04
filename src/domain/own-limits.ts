// A customer's own limits: they only ever add to what the institution asks; made stricter at once, looser after a while.
import type { Limit } from './limit.ts'
import { covers } from './limit-strictness.ts'

/** One customer's limits as they are kept. */
export interface OwnLimits {
  /** Grows with each change, so that of two changes at once one is refused; 0 for a customer who never had any. */
  readonly version: number
  /** As the customer wants them. */
  readonly limits: readonly Limit[]
  /** What was loosened, and holds beside them until `at` (epoch milliseconds). */
  readonly leaving: { readonly limits: readonly Limit[]; readonly at: number } | undefined
}

export const noOwnLimits: OwnLimits = { version: 0, limits: [], leaving: undefined }

/** How many a customer may have, and as many again may be leaving. */
export const mostOwnLimits = 20

/** The state as it is now: what has left is gone. */
export const current = (state: OwnLimits, now: number): OwnLimits =>
  state.leaving !== undefined && state.leaving.at <= now ? { ...state, leaving: undefined } : state

/** The limits that hold at this moment. */
export function inForce(state: OwnLimits, now: number): readonly Limit[] {
  const { limits, leaving } = current(state, now)
  return [...limits, ...(leaving?.limits ?? [])]
}

/**
 * Is everything that `before` stops also stopped by `after`? Proven limit by limit: whatever cannot be proven to be at
 * least as strict is a loosening.
 */
export const isAsStrict = (after: readonly Limit[], before: readonly Limit[]): boolean =>
  before.every((old) => after.some((one) => covers(one, old)))

export interface LimitChange {
  readonly wanted: readonly Limit[]
  readonly now: number
  /** How long what is loosened goes on, in milliseconds. */
  readonly coolDownMs: number
}

/**
 * The state after a change. What is wanted holds at once; what it loosens holds beside it for a while, and what was
 * leaving already leaves no sooner than it would have.
 */
export function changed(state: OwnLimits, { wanted, now, coolDownMs }: LimitChange): OwnLimits {
  const { version, limits, leaving } = current(state, now)
  const looser = !isAsStrict(wanted, limits)
  const old = [...(looser ? limits : []), ...(leaving?.limits ?? [])]
  const kept = old.filter((one) => !wanted.some((other) => covers(other, one)))
  const at = looser ? now + coolDownMs : (leaving?.at ?? now)
  return {
    version: version + 1,
    limits: wanted,
    leaving: kept.length === 0 ? undefined : { limits: kept, at },
  }
}
