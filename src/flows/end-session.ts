// The end of a browser session, whoever asked for it: grants and tokens go, and the apps are owed a notice.
import type { ConsoleSessions } from '../ports/administrators.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { BrowserSession, BrowserSessions, LogoutNotices, UpstreamSessions } from '../ports/sign-out.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface EndSessionPorts {
  readonly directory: Directory
  readonly browserSessions: BrowserSessions
  readonly upstreamSessions: UpstreamSessions
  readonly consoleSessions: Pick<ConsoleSessions, 'endOf'>
  readonly notices: LogoutNotices
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** How long an app is tried; after that it has asked us itself, or its tokens have run out. */
export const noticeSeconds = 3600

export type EndSession = ReturnType<typeof createEndSession>

/** Every function runs inside a unit of work: the session is over and the notices are owed, or neither. */
export function createEndSession(ports: EndSessionPorts) {
  const end = async (institution: string, uid: string): Promise<BrowserSession | undefined> => {
    const session = await rest(ports, institution, uid)
    for (const { id, sid } of session?.relyingParties ?? [])
      await owe(ports, institution, { relyingParty: id, subject: session?.subject ?? '', sid })
    return session
  }
  return {
    /** Ends the session with all that it gave; resolves with what it was, undefined when it was over already. */
    end,
    /** Ends what is left of a session that the provider has ended itself. */
    rest: async (institution: string, uid: string): Promise<void> => {
      await rest(ports, institution, uid)
    },
    /** Writes the notice that this app is owed, if it takes any. */
    owe: (institution: string, debt: Debt) => owe(ports, institution, debt),
  }
}

/** The console's session came of a code, as tokens do: looked for after whoever redeemed that code was waited for. */
async function rest(ports: EndSessionPorts, institution: string, uid: string) {
  const session = await ports.browserSessions.end(institution, uid)
  if ((await ports.consoleSessions.endOf(institution, uid)) > 0)
    ports.audit.record({ type: 'console.signed_out', outcome: 'ok', detail: { by: 'session' } })
  await ports.upstreamSessions.forget(institution, uid)
  return session
}

export interface Debt {
  readonly relyingParty: string
  readonly subject: string
  readonly sid: string
}

async function owe(ports: EndSessionPorts, institution: string, debt: Debt): Promise<void> {
  const relyingParty = await ports.directory.relyingParty(institution, debt.relyingParty)
  if (relyingParty?.backchannelLogoutUri === undefined) return
  const now = ports.clock.now()
  const notice = { institution, id: ports.chance.token(18), ...debt }
  await ports.notices.put(notice, { dueAt: now, expiresAt: now + 2 * noticeSeconds * 1000 })
}
