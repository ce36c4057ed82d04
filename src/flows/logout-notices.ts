// Telling apps that a session has ended (OIDC Back-Channel Logout 1.0): at least once, until they hear or time is up.
import { nextTry } from '../domain/next-try.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { DueNotice, LogoutNotices, SendNotice } from '../ports/sign-out.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface NoticePorts {
  readonly directory: Directory
  readonly notices: LogoutNotices
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly send: SendNotice
  /** The signed token of this notice, made anew for each try with the same `jti`. */
  readonly logoutToken: (notice: DueNotice) => Promise<string>
}

// Longer than the deadline of one try, so that no second node sends while the first still waits.
const leaseMs = 30_000
const most = 20

/** Sends what is due for one institution; resolves with how many were tried. */
export function createNoticeDelivery(ports: NoticePorts) {
  return async (institution: string): Promise<number> => {
    const now = ports.clock.now()
    const due = await ports.notices.take(institution, { now, leaseUntil: now + leaseMs, most })
    await Promise.all(due.map((notice) => deliver(ports, notice)))
    return due.length
  }
}

async function deliver(ports: NoticePorts, notice: DueNotice): Promise<void> {
  const { institution, relyingParty } = notice
  const address = (await ports.directory.relyingParty(institution, relyingParty))?.backchannelLogoutUri
  // The row of the app has lost its address, or is gone: nobody is owed anything.
  const outcome = address === undefined ? 'void' : await attempt(ports, notice, address)
  // Nothing is sent inside: the answer is here before the unit begins (ruling R-1).
  await ports.unit.run({ institution, reference: ports.chance.reference() }, () =>
    settle(ports, notice, outcome),
  )
}

/** `heard`, or why not. */
async function attempt(ports: NoticePorts, notice: DueNotice, address: string): Promise<string> {
  try {
    const status = await ports.send(address, await ports.logoutToken(notice))
    // Back-Channel Logout 2.8: 200, and 204 by those who send nothing.
    return status === 200 || status === 204 ? 'heard' : `HTTP ${status}`
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 100) : 'no answer'
  }
}

async function settle(
  { notices, audit, clock }: NoticePorts,
  notice: DueNotice,
  outcome: string,
): Promise<void> {
  const { institution, id, relyingParty, subject, tries } = notice
  const dueAt = outcome === 'heard' || outcome === 'void' ? undefined : nextTry(tries, clock.now())
  if (dueAt !== undefined) return notices.postpone(institution, id, dueAt)
  await notices.settle(institution, id)
  if (outcome === 'void') return
  const event = { relyingParty, subject, detail: { notice: id, tries } }
  if (outcome === 'heard') audit.record({ type: 'logout.notified', outcome: 'ok', ...event })
  else audit.record({ type: 'logout.unheard', outcome: 'refused', code: outcome, ...event })
}
