// The provider's sessions as the rest of the house meets them.
import type { BrowserSession, BrowserSessions } from '../ports/sign-out.ts'
import type { TokenStore } from '../ports/tokens.ts'

interface StoredSession {
  readonly accountId?: string
  readonly authorizations?: Readonly<Record<string, { readonly sid?: string }>>
}

function sessionOf(uid: string, { accountId, authorizations = {} }: StoredSession): BrowserSession {
  const relyingParties = Object.entries(authorizations).flatMap(([id, { sid }]) =>
    sid === undefined ? [] : [{ id, sid }],
  )
  return { uid, subject: accountId ?? '', relyingParties }
}

export function createBrowserSessions(tokens: TokenStore): BrowserSessions {
  return {
    ofSubject: (institution, subject) => tokens.sessionsOf(institution, subject),
    async end(institution, uid) {
      // First the session: an authorization that goes on with it holds its row, and its code is there when the wait is over.
      const row = await tokens.takeByUid({ institution, model: 'Session', uid })
      // Ruling R-22: every grant of the session, also those of levels that were stepped up to.
      await tokens.revoke(institution, { session: uid })
      const session: StoredSession | undefined = row?.payload
      return session?.accountId === undefined ? undefined : sessionOf(uid, session)
    },
  }
}
