// The headings that say how things stand: each follows the worst that its page shows below.
import type { ConnectionLine, OverviewFacts } from '../flows/overview.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import { certificateEnd } from './certificates.ts'
import { count } from './words.ts'

type Line = Pick<ConnectionLine, 'record' | 'health'>

const isLive = ({ state }: Pick<ConnectionRecord, 'state'>): boolean => state === 'active'

/** Was its last answer refused, with none taken since? */
export function isFailing({ record, health }: Line): boolean {
  const { lastRefusedAt = 0, lastTakenAt = 0, refused } = health
  return isLive(record) && refused > 0 && lastTakenAt <= lastRefusedAt
}

/** More than one in ten is no bad luck of a few customers. */
const manyFail = ({ signedIn, failed }: Pick<OverviewFacts, 'signedIn' | 'failed'>): boolean =>
  failed >= 5 && failed > signedIn / 9

export interface Standing extends Pick<OverviewFacts, 'signedIn' | 'failed' | 'expiring'> {
  readonly connections: readonly Line[]
}

/** Of the overview: what fails comes first, then what ends soon, then what waits for somebody. */
export function overviewFinding(facts: Standing): string {
  const { connections, signedIn } = facts
  if (!connections.some(({ record }) => isLive(record))) return 'No connection is live yet'
  if (manyFail(facts)) return 'Many sign-ins are failing'
  const failing = connections.filter(isFailing)
  if (failing.length === 1) return `The last sign-in by ${failing[0]?.record.name} failed`
  if (failing.length > 1) return `The last sign-ins by ${failing.length} connections failed`
  return `${signedIn === 0 ? 'Nobody has signed in today' : 'Sign-ins are working'}${reserve(facts)}`
}

/** Days within which what ends is marked red. */
export const urgentDays = 7

function reserve({ connections, expiring }: Standing): string {
  const soonest = Math.min(...expiring.map(({ daysLeft }) => daysLeft))
  if (soonest < 0) return ', but something has ended'
  if (soonest <= urgentDays) return ', but something ends within a week'
  const waiting = connections.filter(({ record }) => record.proposal !== undefined).length
  return waiting === 0 ? '' : `; ${count(waiting, 'change waits', 'changes wait')}`
}

type Listed = Pick<ConnectionRecord, 'state' | 'proposal' | 'settings'>

/** Of the list of connections. */
export function listFinding(all: readonly Listed[], now: number): string {
  if (all.length === 0) return 'No IdP is connected yet'
  const live = all.filter(isLive)
  const ended = live.filter(({ settings }) => (certificateEnd(settings) ?? now + 1) <= now).length
  const waiting = all.filter(({ proposal }) => proposal !== undefined).length
  const parts = [
    liveText(live.length, all.length),
    ...(ended === 0 ? [] : [count(ended, 'certificate has ended', 'certificates have ended')]),
    ...(waiting === 0 ? [] : [count(waiting, 'change waits', 'changes wait')]),
  ]
  return parts.join('; ')
}

function liveText(live: number, all: number): string {
  const total = count(all, 'connection', 'connections')
  if (live === all) return `${total}, ${all === 1 ? 'live' : 'all live'}`
  if (live === 0) return all === 1 ? `${total}, not live` : `None of ${total} is live`
  return `${live} of ${total} ${live === 1 ? 'is' : 'are'} live`
}
