// Coming into the console: by the staff's own IdP, with an invitation the first time; and what a session is good for.
import { createHash } from 'node:crypto'
import {
  actorOf,
  consoleSeconds,
  type Role,
  type SessionKind,
  type Visitor,
} from '../domain/administrator.ts'
import { isWorkforce } from '../domain/console-party.ts'
import { Refusal } from '../domain/refusal.ts'
import type {
  Administrators,
  ConsoleSession,
  ConsoleSessions,
  Invitation,
  Invitations,
} from '../ports/administrators.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { ConnectionStore } from '../ports/connections.ts'
import type { Subjects } from '../ports/stores.ts'
import type { SubjectStates } from '../ports/subjects.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface ConsoleAccessPorts {
  readonly administrators: Administrators
  readonly consoleSessions: ConsoleSessions
  readonly invitations: Invitations
  readonly connectionStore: Pick<ConnectionStore, 'list'>
  readonly subjects: Pick<Subjects, 'claims'>
  readonly subjectStates: Pick<SubjectStates, 'isDisabled'>
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** Somebody whom the workforce connection has named. */
export interface SignedIn {
  readonly subject: string
  /** The session of their browser at our provider. */
  readonly browserSession?: string | undefined
  /** Epoch milliseconds. */
  readonly authenticatedAt: number
  /** The token of the invitation that they came by. */
  readonly invitation: string | undefined
  /** The cookie of the session before this one; it ends. */
  readonly before: string | undefined
}

export const invitationHours = 72

const hour = 3600_000
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

export type ConsoleAccess = ReturnType<typeof createConsoleAccess>

/** Every function runs inside a unit of work. */
export function createConsoleAccess(ports: ConsoleAccessPorts) {
  return {
    /** Whose session this cookie is; undefined when it has ended, idled out, or its administrator is one no longer. */
    visitor: (institution: string, cookie: string | undefined) => visitorOf(ports, institution, cookie),
    /** The cookie of a fresh session. Refuses with `console.not_administrator` and `console.invitation`. */
    signIn: (institution: string, signedIn: SignedIn) => signIn(ports, institution, signedIn),
    /** The cookie of a set-up session: only while there is no owner. Refuses with `console.invitation`. */
    setUp: (institution: string, token: string) => setUp(ports, institution, token),
    signOut: async (institution: string, cookie: string): Promise<void> => {
      if (await ports.consoleSessions.end(institution, hashOf(cookie)))
        ports.audit.record({ type: 'console.signed_out', outcome: 'ok' })
    },
    /** The token of a new invitation; it is shown once and not kept. */
    invite: (institution: string, given: Inviting) => invite(ports, institution, given),
    /** An open invitation by its token. Refuses with `console.invitation`. */
    invitation: (institution: string, token: string) => openInvitation(ports, institution, token),
    /** How an administrator is called; their subject where nobody has told us a name. */
    nameOf: (institution: string, subject: string) => nameOf(ports, institution, subject),
    /** Is there a way in for staff: an active workforce connection? */
    hasWayIn: async (institution: string): Promise<boolean> =>
      (await ports.connectionStore.list(institution)).some(
        (one) => isWorkforce(one) && one.state === 'active',
      ),
    /** A token for the first owner, a new one each time; undefined where there is an owner. */
    async first(institution: string): Promise<string | undefined> {
      if ((await ports.administrators.owners(institution)) > 0) return undefined
      return invite(ports, institution, { roles: ['owner'], by: byStart })
    },
  }
}

export interface Inviting {
  readonly roles: readonly Role[]
  readonly by: string
}

async function invite(ports: ConsoleAccessPorts, institution: string, given: Inviting): Promise<string> {
  const token = ports.chance.token(24)
  const now = ports.clock.now()
  const expiresAt = now + invitationHours * hour
  const invitation = { institution, tokenHash: hashOf(token), ...given, createdAt: now, expiresAt }
  await ports.invitations.create(invitation)
  const detail = { roles: given.roles, by: given.by }
  ports.audit.record({ type: 'administrator.invited', outcome: 'ok', detail })
  return token
}

async function openInvitation(
  ports: ConsoleAccessPorts,
  institution: string,
  token: string,
): Promise<Invitation> {
  const { invitations, clock } = ports
  const found = await invitations.get(institution, hashOf(token), clock.now())
  if (found === undefined || !(await isVouchedFor(ports, found))) throw new Refusal('console.invitation')
  return found
}

/** By whom the links of a start are made: they are for the first owner. */
const byStart = 'start'

/**
 * Does whoever made the link still stand behind it? A start speaks while nobody owns the console; an administrator while
 * they are an owner, whatever they made before.
 */
async function isVouchedFor(
  { administrators }: ConsoleAccessPorts,
  { institution, by }: Invitation,
): Promise<boolean> {
  if (by !== byStart && !by.startsWith('administrator:')) return true
  const all = await administrators.list(institution)
  const owners = all.filter(({ roles }) => roles.includes('owner'))
  if (by === byStart) return owners.length === 0
  return owners.some(({ subject }) => actorOf({ kind: 'workforce', id: subject }) === by)
}

const alive = ({ expiresAt, seenAt }: ConsoleSession, now: number): boolean =>
  now < expiresAt && now - seenAt < consoleSeconds.idle * 1000

async function visitorOf(
  ports: ConsoleAccessPorts,
  institution: string,
  cookie: string | undefined,
): Promise<Visitor | undefined> {
  const session = cookie && (await ports.consoleSessions.get(institution, hashOf(cookie)))
  const now = ports.clock.now()
  if (!session || !alive(session, now)) return undefined
  const person = await personOf(ports, session)
  if (person === undefined) return undefined
  await ports.consoleSessions.seen(session, now)
  const { kind, authenticatedAt, expiresAt } = session
  return { institution, id: session.administrator, kind, authenticatedAt, expiresAt, ...person }
}

type Person = Pick<Visitor, 'name' | 'roles'>

/** Roles are read each time: what is taken away is gone at the next click (attack 202). */
async function personOf(ports: ConsoleAccessPorts, session: ConsoleSession): Promise<Person | undefined> {
  const { institution, administrator, kind } = session
  if (kind === 'break-glass') return { name: 'Break-glass', roles: ['owner'] }
  if (kind === 'set-up') {
    const owners = await ports.administrators.list(institution)
    return owners.some(({ roles }) => roles.includes('owner')) ? undefined : { name: 'Set-up', roles: [] }
  }
  const record = await ports.administrators.get(institution, administrator)
  if (record === undefined || (await ports.subjectStates.isDisabled(institution, administrator)))
    return undefined
  return { name: await nameOf(ports, institution, administrator), roles: record.roles }
}

/** How the workforce connection calls this person. */
export async function nameOf(
  { subjects }: Pick<ConsoleAccessPorts, 'subjects'>,
  institution: string,
  subject: string,
): Promise<string> {
  const { name, email } = (await subjects.claims(institution, subject)) ?? {}
  return String(name ?? email ?? subject)
}

async function signIn(ports: ConsoleAccessPorts, institution: string, signedIn: SignedIn): Promise<string> {
  const { subject, authenticatedAt, invitation } = signedIn
  if (invitation !== undefined) await joined(ports, institution, { subject, invitation })
  const record = await ports.administrators.get(institution, subject)
  if (record === undefined) {
    const code = 'console.not_administrator'
    ports.audit.record({ type: 'console.refused', outcome: 'refused', code, subject })
    throw new Refusal(code)
  }
  if (signedIn.before !== undefined) await ports.consoleSessions.end(institution, hashOf(signedIn.before))
  const detail = { kind: 'workforce', roles: record.roles }
  ports.audit.record({ type: 'console.signed_in', outcome: 'ok', subject, detail })
  const { browserSession } = signedIn
  const person = { kind: 'workforce', administrator: subject, browserSession } as const
  return begin(ports, { institution, ...person, authenticatedAt })
}

interface Joining {
  readonly subject: string
  readonly invitation: string
}

async function joined(ports: ConsoleAccessPorts, institution: string, { subject, invitation }: Joining) {
  // Whoever changes administrators waits for one another: nobody joins with roles that are taken away at this moment.
  await ports.administrators.owners(institution)
  const { tokenHash, roles, by } = await openInvitation(ports, institution, invitation)
  const now = ports.clock.now()
  if (!(await ports.invitations.use(institution, { tokenHash, by: subject, now })))
    throw new Refusal('console.invitation')
  const present = await ports.administrators.get(institution, subject)
  const all = [...new Set([...(present?.roles ?? []), ...roles])]
  await ports.administrators.put({ institution, subject, roles: all, addedBy: by, addedAt: now })
  const detail = { roles: all, by }
  ports.audit.record({ type: 'administrator.added', outcome: 'ok', subject, detail })
  if (all.includes('owner')) await dropFirstLinks(ports, institution)
}

/** Each start of each node made one; there is an owner now. */
async function dropFirstLinks(
  { invitations, audit }: ConsoleAccessPorts,
  institution: string,
): Promise<void> {
  const count = await invitations.withdrawBy(institution, byStart)
  const detail = { by: byStart, invited_by: byStart, count }
  if (count > 0) audit.record({ type: 'administrator.invitation_withdrawn', outcome: 'ok', detail })
}

async function setUp(ports: ConsoleAccessPorts, institution: string, token: string): Promise<string> {
  const { tokenHash, roles } = await openInvitation(ports, institution, token)
  if (!roles.includes('owner') || (await ports.administrators.owners(institution)) > 0)
    throw new Refusal('console.invitation')
  const administrator = tokenHash.slice(0, 8)
  ports.audit.record({
    type: 'console.signed_in',
    outcome: 'ok',
    detail: { kind: 'set-up', by: administrator },
  })
  return begin(ports, { institution, kind: 'set-up', administrator, authenticatedAt: ports.clock.now() })
}

interface Beginning {
  readonly institution: string
  readonly kind: SessionKind
  readonly administrator: string
  readonly browserSession?: string | undefined
  readonly authenticatedAt: number
}

/** A session of its own each time: no identifier from before is ever taken over (attack 202). */
export async function begin(
  { consoleSessions, chance, clock }: Pick<ConsoleAccessPorts, 'consoleSessions' | 'chance' | 'clock'>,
  beginning: Beginning,
): Promise<string> {
  const cookie = chance.token(32)
  const now = clock.now()
  const expiresAt = now + consoleSeconds[beginning.kind] * 1000
  await consoleSessions.create({ ...beginning, idHash: hashOf(cookie), seenAt: now, expiresAt })
  return cookie
}
