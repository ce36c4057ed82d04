// What signing out needs to find: browser sessions, the upstream sessions behind them, and notices that apps are owed.
import type { UpstreamSubject } from '../domain/subject.ts'

/** One sign-in at an IdP, kept so that a logout from either side finds the other. */
export interface UpstreamSession {
  readonly institution: string
  readonly connection: string
  /** Exactly as the IdP wrote it: a logout must name it in the same words (SAML Core 3.7.3). */
  readonly nameId: UpstreamSubject['nameId']
  /** '' where the IdP gave none. */
  readonly sessionIndex: string
  readonly subject: string
  /** As the IdP gave it, to be shown to it again at a logout. */
  readonly logoutHint?: string | undefined
  /** The sign-in of ours that it came by. */
  readonly login: string
  readonly expiresAt: number
}

/** An upstream session that became a browser session of ours. */
export interface LinkedSession extends UpstreamSession {
  readonly browserSession: string
}

export interface UpstreamSessions {
  put(session: UpstreamSession): Promise<void>
  /** Says which browser session this sign-in became; false when the IdP has ended it meanwhile. */
  link(institution: string, login: string, browserSession: string): Promise<boolean>
  /** Those behind a browser session, the latest sign-in first. */
  ofBrowser(institution: string, browserSession: string): Promise<readonly LinkedSession[]>
  /** Those that an IdP names. */
  named(name: UpstreamName): Promise<readonly LinkedSession[]>
  /** Forgets those of this name that are no browser session yet: what they belong to can no longer become one. */
  abandon(name: UpstreamName): Promise<void>
  ofLogin(institution: string, login: string): Promise<LinkedSession | undefined>
  /** Forgets what stood behind a browser session. */
  forget(institution: string, browserSession: string): Promise<void>
}

export interface UpstreamName {
  readonly institution: string
  readonly connection: string
  /** Undefined: whoever has one of the indexes. */
  readonly nameId: UpstreamSubject['nameId'] | undefined
  /** None: all of this name (SAML Core 3.7.1). Without a name there must be one. */
  readonly sessionIndexes: readonly string[]
}

/** A session of the OIDC provider. */
export interface BrowserSession {
  readonly uid: string
  readonly subject: string
  /** Apps that signed in by it, and the `sid` by which each knows it. */
  readonly relyingParties: readonly { readonly id: string; readonly sid: string }[]
}

export interface BrowserSessions {
  /** The uids of a customer's sessions. */
  ofSubject(institution: string, subject: string): Promise<readonly string[]>
  /**
   * Ends it with every code, token and grant that it gave, also when the session itself has run out before them; waits for what
   * is being made of it. Resolves with what it was, undefined when nobody was signed in by it any more.
   */
  end(institution: string, uid: string): Promise<BrowserSession | undefined>
}

/** What one app is owed: that one customer's session has ended (OIDC Back-Channel Logout 1.0). */
export interface LogoutNotice {
  readonly institution: string
  /** The `jti` of its token, the same at every try. */
  readonly id: string
  readonly relyingParty: string
  readonly subject: string
  readonly sid: string
}

export interface DueNotice extends LogoutNotice {
  /** Tries so far, this one included. */
  readonly tries: number
}

/** The outbox: written in the unit that ends the session, sent later by whichever node takes a row (ruling R-1). */
export interface LogoutNotices {
  put(notice: LogoutNotice, at: { dueAt: number; expiresAt: number }): Promise<void>
  /** Takes due rows for this node alone until `leaseUntil`; a node that dies leaves them to the next. */
  take(
    institution: string,
    at: { now: number; leaseUntil: number; most: number },
  ): Promise<readonly DueNotice[]>
  /** It was delivered, or will never be. */
  settle(institution: string, id: string): Promise<void>
  postpone(institution: string, id: string, dueAt: number): Promise<void>
}

/** Posts a logout token to an app; resolves with the HTTP status, throws when there was no answer in time. */
export type SendNotice = (address: string, token: string) => Promise<number>

/** A logout of ours that is on its way to an IdP; only an answer to it, in this browser, leads on from there. */
export interface PendingLogout {
  readonly request: string
  readonly connection: string
  readonly browserHash: string
  /** Where the browser goes when the IdP has answered. */
  readonly returnTo: string
}

export interface PendingLogouts {
  put(institution: string, pending: PendingLogout, expiresAt: number): Promise<void>
  /** Gives it once, to the browser that began; undefined when unknown, expired, taken, or another's. */
  take(
    institution: string,
    answered: { request: string; connection: string; browserHash: string },
  ): Promise<{ readonly returnTo: string } | undefined>
}
