// What was decided day by day, and how it ended: counts put into the days of a span, days without any among them.
import type { ShownState } from './customer-transaction.ts'
import { type OutcomeKind, outcomes } from './outcome.ts'

/** Transactions of one day (UTC) with one decision, that stand as they stand now. */
export interface OutcomeCount {
  /** The first moment of the day, epoch milliseconds. */
  readonly day: number
  readonly outcome: OutcomeKind
  readonly state: ShownState
  readonly count: number
}

/** How those ended that the policy did not stop. `held`: approved too far from where it was asked for. */
export const transactionEnds = ['approved', 'declined', 'lapsed', 'held', 'waiting'] as const
export type TransactionEnd = (typeof transactionEnds)[number]

export interface OutcomeDay {
  readonly at: number
  readonly decided: Readonly<Record<OutcomeKind, number>>
  readonly ended: Readonly<Record<TransactionEnd, number>>
}

const endOf: Readonly<Record<ShownState, TransactionEnd | undefined>> = {
  approved: 'approved',
  used: 'approved',
  released: 'declined',
  lapsed: 'lapsed',
  held: 'held',
  open: 'waiting',
  signing: 'waiting',
  refused: undefined,
}

const dayMs = 24 * 3600_000

/** The first moment of the day that a moment is in (UTC). */
export const dayOf = (at: number): number => at - (at % dayMs)

/** So many days up to this one, the oldest first. */
export function outcomeDays(
  counts: readonly OutcomeCount[],
  { now, days }: { now: number; days: number },
): OutcomeDay[] {
  const first = dayOf(now) - (days - 1) * dayMs
  return Array.from({ length: days }, (_, n) => {
    const at = first + n * dayMs
    const own = counts.filter(({ day }) => day === at)
    return {
      at,
      decided: summed(outcomes, (kind) => own.filter(({ outcome }) => outcome === kind)),
      ended: summed(transactionEnds, (end) =>
        own.filter(({ outcome, state }) => !isStopped(outcome) && endOf[state] === end),
      ),
    }
  })
}

const isStopped = (outcome: OutcomeKind): boolean => outcome === 'deny' || outcome === 'review'

const summed = <Name extends string>(
  names: readonly Name[],
  of: (name: Name) => readonly OutcomeCount[],
): Readonly<Record<Name, number>> =>
  Object.fromEntries(
    names.map((name) => [name, of(name).reduce((sum, { count }) => sum + count, 0)]),
  ) as Record<Name, number>
