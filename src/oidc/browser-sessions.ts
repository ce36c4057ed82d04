// The provider's sessions as the rest of the house meets them.
import type { BrowserSession, BrowserSessions } from '../ports/sign-out.ts'
import type { TokenStore } from '../ports/tokens.ts'

interface StoredSession {
  readonly jti?: string
  readonly uid?: string
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
  const stored = async (institution: string, uid: string): Promise<StoredSession | undefined> =>
    (await tokens.findByUid({ institution, model: 'Session', uid }))?.payload
  return {
    async find(institution, uid) {
      const session = await stored(institution, uid)
      return session?.accountId === undefined ? undefined : sessionOf(uid, session)
    },
    ofSubject: (institution, subject) => tokens.sessionsOf(institution, subject),
    async end(institution, uid) {
      const session = await stored(institution, uid)
      if (session?.jti !== undefined) await tokens.destroy({ institution, model: 'Session', id: session.jti })
      // Ruling R-22: every grant of the session, also those of levels that were stepped up to.
      await tokens.revoke(institution, { session: uid })
    },
  }
}
