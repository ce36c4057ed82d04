// How one connection does over time: the answers of its IdP that were taken and refused, counted from the audit log.
import type { Clock } from '../ports/clock.ts'
import type { HourCount, Statistics } from '../ports/statistics.ts'

/** Sign-ins of one stretch of time. */
export interface SignIns {
  /** Epoch milliseconds of its beginning. */
  readonly at: number
  readonly signedIn: number
  readonly failed: number
}

const hour = 3600_000

/** How far back, and in what steps (hours). */
export const spans = { day: { steps: 24, hours: 1 }, week: { steps: 28, hours: 6 } } as const
export type Span = keyof typeof spans

export interface ConnectionHealthPorts {
  readonly statistics: Statistics
  readonly clock: Clock
}

export type ConnectionHealthOver = ReturnType<typeof createConnectionHealth>

/** Reads only. Steps begin at full multiples of their length (UTC), the present one is the last; none is left out. */
export function createConnectionHealth({ statistics, clock }: ConnectionHealthPorts) {
  return async function healthOver(
    institution: string,
    connection: string,
    span: Span,
  ): Promise<readonly SignIns[]> {
    const { steps, hours } = spans[span]
    const long = hours * hour
    const now = clock.now()
    const since = now - (now % long) - (steps - 1) * long
    const counts = await statistics.hours(institution, { types: ['login.upstream_answered'], since })
    const own = counts.filter((one) => one.connection === connection)
    return Array.from({ length: steps }, (_, i) => stepOf(own, since + i * long, long))
  }
}

export type LastSignIn = ReturnType<typeof createLastSignIn>

const week = 7 * 24 * hour

/** Epoch milliseconds of the last answer of its IdP that was taken, counted as the overview does; undefined where none was in a week. */
export function createLastSignIn({ statistics, clock }: ConnectionHealthPorts) {
  return async function lastSignIn(institution: string, connection: string): Promise<number | undefined> {
    const now = clock.now()
    const since = now - (now % hour) - week
    const counts = await statistics.hours(institution, { types: ['login.upstream_answered'], since })
    const taken = counts.filter((one) => one.connection === connection && one.outcome === 'ok')
    return taken.length === 0 ? undefined : Math.max(...taken.map(({ lastAt }) => lastAt))
  }
}

/** Answers of IdPs among these counts, within this stretch (milliseconds). */
export function stepOf(counts: readonly HourCount[], at: number, long: number): SignIns {
  const sum = (outcome: string) =>
    counts
      .filter((one) => one.type === 'login.upstream_answered' && one.outcome === outcome)
      .filter((one) => one.hour >= at && one.hour < at + long)
      .reduce((total, { count }) => total + count, 0)
  return { at, signedIn: sum('ok'), failed: sum('refused') }
}
