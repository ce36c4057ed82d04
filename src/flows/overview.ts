// What the first page of the console tells: connections and how they do, sign-ins over time, and the latest changes.
import type { AuditType } from '../domain/audit.ts'
import type { Clock } from '../ports/clock.ts'
import type { ConnectionRecord, ConnectionStore } from '../ports/connections.ts'
import type { HourCount, Statistics } from '../ports/statistics.ts'
import { type SignIns, stepOf } from './connection-health.ts'

export interface OverviewPorts {
  readonly connectionStore: Pick<ConnectionStore, 'list'>
  readonly statistics: Statistics
  readonly expiries: { list(institution: string): Promise<readonly Expiring[]> }
  readonly clock: Clock
}

/** Something of a connection that ends soon, or has ended. */
export interface Expiring {
  readonly connection: string
  readonly kind: string
  readonly daysLeft: number
}

/** Answers of one connection's IdP in the last 24 hours. */
export interface ConnectionHealth {
  readonly taken: number
  readonly refused: number
  /** Epoch milliseconds; undefined where there was none. */
  readonly lastTakenAt: number | undefined
  readonly lastRefusedAt: number | undefined
}

export interface ConnectionLine {
  readonly record: ConnectionRecord
  readonly health: ConnectionHealth
  /** The same hours as those of all sign-ins. */
  readonly hours: readonly SignIns[]
}

export interface OverviewFacts {
  readonly at: number
  /** The last 24 hours, the present one included; none is left out. */
  readonly hours: readonly SignIns[]
  readonly signedIn: number
  readonly failed: number
  readonly steppedUp: number
  readonly calls: number
  readonly callsRefused: number
  readonly newDevices: number
  readonly connections: readonly ConnectionLine[]
  /** What is due within sixty days, the most urgent first. */
  readonly expiring: readonly Expiring[]
}

const hour = 3600_000
const shownHours = 24
const warnedDays = 60

const types = [
  'login.finished',
  'login.refused',
  'login.upstream_answered',
  'step_up.passed',
  'call.signed',
  'call.refused',
  'device.activated',
] as const satisfies readonly AuditType[]

export type Overview = ReturnType<typeof createOverview>

/** Reads only. */
export function createOverview({ connectionStore, statistics, expiries, clock }: OverviewPorts) {
  return async function overview(institution: string): Promise<OverviewFacts> {
    const at = clock.now()
    const since = at - (at % hour) - (shownHours - 1) * hour
    const counts = await statistics.hours(institution, { types, since })
    const records = await connectionStore.list(institution)
    const sum = (chosen: (count: HourCount) => boolean) =>
      counts.filter(chosen).reduce((total, { count }) => total + count, 0)
    return {
      at,
      hours: hoursFrom(since, (at) => hourOf(counts, at)),
      signedIn: sum(isSignIn),
      failed: sum(isFailure),
      steppedUp: sum(({ type }) => type === 'step_up.passed'),
      calls: sum(({ type }) => type === 'call.signed'),
      callsRefused: sum(({ type }) => type === 'call.refused'),
      newDevices: sum(({ type }) => type === 'device.activated'),
      expiring: (await expiries.list(institution)).filter(({ daysLeft }) => daysLeft <= warnedDays),
      connections: records.map((record) => {
        const own = counts.filter((count) => count.connection === record.id)
        return { record, health: healthOf(own), hours: hoursFrom(since, (at) => stepOf(own, at, hour)) }
      }),
    }
  }
}

const isSignIn = ({ type }: HourCount): boolean => type === 'login.finished'

const isFailure = ({ type, outcome }: HourCount): boolean =>
  type === 'login.refused' || (type === 'login.upstream_answered' && outcome === 'refused')

function healthOf(counts: readonly HourCount[]): ConnectionHealth {
  const answers = (outcome: string) =>
    counts.filter((count) => count.type === 'login.upstream_answered' && count.outcome === outcome)
  const sum = (of: readonly HourCount[]) => of.reduce((total, { count }) => total + count, 0)
  const last = (of: readonly HourCount[]) =>
    of.length === 0 ? undefined : Math.max(...of.map(({ lastAt }) => lastAt))
  const [taken, refused] = [answers('ok'), answers('refused')]
  return {
    taken: sum(taken),
    refused: sum(refused),
    lastTakenAt: last(taken),
    lastRefusedAt: last(refused),
  }
}

const hoursFrom = (since: number, of: (at: number) => SignIns): SignIns[] =>
  Array.from({ length: shownHours }, (_, i) => of(since + i * hour))

/** Of all connections; what the bridge itself refused counts as failed too. */
function hourOf(counts: readonly HourCount[], at: number): SignIns {
  const of = (chosen: (count: HourCount) => boolean) =>
    counts.filter((one) => one.hour === at && chosen(one)).reduce((total, { count }) => total + count, 0)
  return { at, signedIn: of(isSignIn), failed: of(isFailure) }
}
