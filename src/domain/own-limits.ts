// A customer's own limits: they only ever add to what the institution asks; made stricter at once, looser after a while.
import type { Limit, Threshold } from './limit.ts'
import { money } from './transaction.ts'

/** One customer's limits as they are kept. */
export interface OwnLimits {
  /** Grows with each change, so that of two changes at once one is refused; 0 for a customer who never had any. */
  readonly version: number
  readonly limits: readonly Limit[]
  /** What holds from `at` on (epoch milliseconds): a loosening that waits. */
  readonly pending: { readonly limits: readonly Limit[]; readonly at: number } | undefined
}

export const noOwnLimits: OwnLimits = { version: 0, limits: [], pending: undefined }

/** The limits that hold at this moment. */
export const inForce = ({ limits, pending }: OwnLimits, now: number): readonly Limit[] =>
  pending !== undefined && pending.at <= now ? pending.limits : limits

/**
 * Is everything that `before` stops also stopped by `after`? Proven limit by limit: whatever cannot be proven to be at
 * least as strict is a loosening.
 */
export const isAsStrict = (after: readonly Limit[], before: readonly Limit[]): boolean =>
  before.every((old) => after.some((one) => covers(one, old)))

/** Does every transaction that exceeds `old` exceed `one` too? */
function covers(one: Limit, old: Limit): boolean {
  const wider = (a: readonly string[], b: readonly string[]) =>
    a.length === 0 || (b.length > 0 && b.every((account) => a.includes(account)))
  // An empty list of types is every type that moves money: of one that is named we do not know whether it does.
  const everyType =
    one.types.length === 0
      ? old.types.length === 0
      : old.types.length > 0 && old.types.every((type) => one.types.includes(type))
  return (
    everyType && wider(one.from, old.from) && wider(one.to, old.to) && lower(one.threshold, old.threshold)
  )
}

function lower(one: Threshold, old: Threshold): boolean {
  if (one.kind === 'always') return true
  if (one.kind === 'amount' && old.kind === 'amount') {
    return (
      one.per === old.per &&
      Object.entries(old.over).every(([currency, most]) => atMost(one.over[currency], most, currency))
    )
  }
  if (one.kind === 'count' && old.kind === 'count') return one.minutes >= old.minutes && one.over <= old.over
  return one.kind === 'new-payee' && old.kind === 'new-payee'
}

const atMost = (amount: string | undefined, most: string, currency: string): boolean =>
  amount !== undefined && money(amount, currency).minor <= money(most, currency).minor

export interface LimitChange {
  readonly wanted: readonly Limit[]
  readonly now: number
  /** How long a loosening waits, in milliseconds. */
  readonly coolDownMs: number
}

/**
 * The state after a change. What is stricter holds at once; what is looser waits, and until then old and new hold
 * together. A loosening that waited already gives way to the new wish.
 */
export function changed(state: OwnLimits, { wanted, now, coolDownMs }: LimitChange): OwnLimits {
  const held = inForce(state, now)
  const version = state.version + 1
  if (isAsStrict(wanted, held)) return { version, limits: wanted, pending: undefined }
  const kept = held.filter((old) => !wanted.some((one) => covers(one, old)))
  return { version, limits: [...wanted, ...kept], pending: { limits: wanted, at: now + coolDownMs } }
}
