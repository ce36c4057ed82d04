// Pinging back ends that there is an answer (OpenID CIBA 10.2): at least once, until they hear or it is of no use any more.
import { nextTry } from '../domain/next-try.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { DuePing, Pings, SendPing, TakingPings } from '../ports/pings.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface PingPorts {
  readonly directory: Pick<Directory, 'relyingParty'>
  readonly pings: Pick<Pings, 'take' | 'settle' | 'postpone'>
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
  readonly send: SendPing
}

// Longer than the deadline of one try, so that no second node sends while the first still waits.
const leaseMs = 30_000

/** How one try ended. `void`: the back end is not to be pinged any more. */
type Outcome =
  | { readonly kind: 'heard' | 'void' }
  | { readonly kind: 'again' | 'refused'; readonly code: string }

export function createPings(ports: PingPorts) {
  return {
    /** What is due, of every institution, for this node alone. */
    take(at: Omit<TakingPings, 'now' | 'leaseUntil'>): Promise<readonly DuePing[]> {
      const now = ports.clock.now()
      return ports.pings.take({ ...at, now, leaseUntil: now + leaseMs })
    },
    /** Makes one attempt, and says in a unit of its own what came of it. */
    async attempt(ping: DuePing): Promise<void> {
      const { institution, relyingParty } = ping
      const endpoint = (await ports.directory.relyingParty(institution, relyingParty))?.backchannel?.ping
      const outcome: Outcome =
        endpoint === undefined ? { kind: 'void' } : await attempt(ports.send, endpoint, ping)
      // Nothing is sent inside: the answer is here before the unit begins (ruling R-1).
      await ports.unit.run({ institution, reference: ports.chance.reference() }, () =>
        settle(ports, ping, outcome),
      )
    },
  }
}

async function attempt(send: SendPing, endpoint: string, ping: DuePing): Promise<Outcome> {
  try {
    return judged(await send(endpoint, ping))
  } catch (error) {
    if (!(error instanceof Refusal)) return { kind: 'again', code: 'fetch.failed' }
    // An address that may not be asked, or that leads elsewhere, is no better the next time.
    return { kind: error.code === 'fetch.refused' ? 'refused' : 'again', code: error.code }
  }
}

/** CIBA 10.2: 204, and what is said beside a 200 is ignored. Who refuses the token or the message refuses it again (attack 136). */
function judged(status: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'heard' }
  return { kind: status >= 500 ? 'again' : 'refused', code: `HTTP ${status}` }
}

async function settle(ports: PingPorts, ping: DuePing, outcome: Outcome): Promise<void> {
  const { pings, audit, clock, log } = ports
  const { institution, relyingParty, subject, reference, approval, tries, expiresAt } = ping
  const dueAt = outcome.kind === 'again' ? nextTry(tries, clock.now()) : undefined
  if (outcome.kind === 'again' && dueAt !== undefined && dueAt < expiresAt) {
    log.warn('ping.again', { institution, relyingParty, approval, tries, reason: outcome.code })
    await pings.postpone(ping, dueAt)
    return
  }
  if (!(await pings.settle(ping))) return
  const event = { reference, relyingParty, subject, detail: { approval, tries } }
  if (outcome.kind === 'heard') audit.record({ type: 'ping.sent', outcome: 'ok', ...event })
  if ('code' in outcome)
    audit.record({ type: 'ping.failed', outcome: 'refused', code: outcome.code, ...event })
}
