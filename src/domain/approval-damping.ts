// How often a customer may be asked: who is asked again and again says yes at last (NIST SP 800-63B 3.1.3, attack 129).
import type { ApprovalState } from './approval.ts'

/** An approval of the last day, as far as it counts here. */
export interface PastApproval {
  readonly relyingParty: string
  readonly state: ApprovalState
  readonly createdAt: number
  readonly expiresAt: number
}

export interface Damping {
  readonly now: number
  /** How many may be open at once. */
  readonly most: number
  readonly relyingParty: string
}

/** After so many in a row that the customer did not approve, the next has to wait. */
export const patience = 3
const firstWaitMs = 60_000
const longestWaitMs = 3600_000
/** Approvals that count are this young; and whom the customer reported does not ask them again for so long. */
export const dampingMs = 24 * 3600_000

/**
 * How many seconds to come back after; undefined where the customer may be asked now. `past`: newest first, `dampingMs`
 * back. The wait doubles with each further question that was not approved, and ends with one that was.
 */
export function dampedFor(past: readonly PastApproval[], damping: Damping): number | undefined {
  const { now, most, relyingParty } = damping
  const seconds = (until: number) => Math.max(1, Math.ceil((until - now) / 1000))
  const reported = past.find((one) => one.state === 'reported' && one.relyingParty === relyingParty)
  if (reported !== undefined && reported.createdAt + dampingMs > now)
    return seconds(reported.createdAt + dampingMs)
  const open = past.filter(({ state, expiresAt }) => state === 'pending' && expiresAt > now)
  if (open.length >= most) return seconds(Math.min(...open.map(({ expiresAt }) => expiresAt)))
  const last = past[0]
  const unanswered = unapproved(past, now)
  if (last === undefined || unanswered < patience) return undefined
  const until = last.createdAt + Math.min(longestWaitMs, firstWaitMs * 2 ** (unanswered - patience))
  return until > now ? seconds(until) : undefined
}

/**
 * Since the last one that the customer approved, beside what is still open. What was withdrawn counts too: the phone rang, and
 * whoever could ask and withdraw without end would make it ring without end.
 */
function unapproved(past: readonly PastApproval[], now: number): number {
  const success = past.findIndex(({ state }) => state === 'approved' || state === 'held')
  const since = success === -1 ? past : past.slice(0, success)
  const over = ({ state, expiresAt }: PastApproval) => state !== 'pending' || expiresAt <= now
  return since.filter(over).length
}
