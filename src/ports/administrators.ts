// Who may come into the console, and the sessions and invitations by which they do.
import type { Role, SessionKind } from '../domain/administrator.ts'

export interface AdministratorRecord {
  readonly institution: string
  readonly subject: string
  readonly roles: readonly Role[]
  readonly addedBy: string
  readonly addedAt: number
}

export interface Administrators {
  get(institution: string, subject: string): Promise<AdministratorRecord | undefined>
  list(institution: string): Promise<readonly AdministratorRecord[]>
  /** Adds, or gives other roles. */
  put(record: AdministratorRecord): Promise<void>
  /** Gives other roles to one who is there; false when they are not: whoever was removed meanwhile stays removed. */
  change(record: Pick<AdministratorRecord, 'institution' | 'subject' | 'roles'>): Promise<boolean>
  /** False when there was none. Refuses nothing: that an owner stays is the flow's to see to. */
  remove(institution: string, subject: string): Promise<boolean>
  /** How many owners there are, under a lock that the unit holds: of two who remove each other one wins. */
  owners(institution: string): Promise<number>
}

export interface ConsoleSession {
  readonly institution: string
  /** SHA-256 of the cookie. */
  readonly idHash: string
  readonly kind: SessionKind
  /** A subject, or the name of the key that opened a set-up or break-glass session. */
  readonly administrator: string
  /** The browser's session at our provider by which they came; it ends with that one. */
  readonly browserSession?: string | undefined
  readonly authenticatedAt: number
  readonly seenAt: number
  readonly expiresAt: number
}

export interface ConsoleSessions {
  create(session: ConsoleSession): Promise<void>
  get(institution: string, idHash: string): Promise<ConsoleSession | undefined>
  /** Notes that somebody was here; written at most once a minute. */
  seen(session: ConsoleSession, at: number): Promise<void>
  /** False when it was over already. */
  end(institution: string, idHash: string): Promise<boolean>
  /** Ends those that came by this session of a browser; resolves with how many. */
  endOf(institution: string, browserSession: string): Promise<number>
  /** Ends those whose browser signed in by this connection, but not this actor's own; resolves with how many. */
  endBy(at: { readonly institution: string; readonly id: string }, actor: string): Promise<number>
  /** Ends all sessions of one administrator, or of one key; resolves with how many. */
  endAll(institution: string, administrator: string): Promise<number>
}

export interface Invitation {
  readonly institution: string
  readonly tokenHash: string
  readonly roles: readonly Role[]
  readonly by: string
  readonly createdAt: number
  readonly expiresAt: number
}

export interface Invitations {
  create(invitation: Invitation): Promise<void>
  /** An open one: not used, not expired. */
  get(institution: string, tokenHash: string, now: number): Promise<Invitation | undefined>
  /** Uses it up: true for exactly one caller. */
  use(institution: string, used: { tokenHash: string; by: string; now: number }): Promise<boolean>
  /** Open ones, newest first. */
  list(institution: string, now: number): Promise<readonly Invitation[]>
  /** Takes an open one back. */
  withdraw(institution: string, tokenHash: string): Promise<boolean>
  /** Takes back all open ones that were made by this one (`Invitation.by`); resolves with how many. */
  withdrawBy(institution: string, by: string): Promise<number>
}
