// Signing out with an OpenID provider: its customer comes back from it, and what it says of sessions that are over.
import type { Institution } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { EndedSession, UpstreamLogout } from '../ports/connector.ts'
import type { Browser } from './login.ts'
import { endAll, heardConnection, type SignOutPorts } from './sign-out.ts'

export type ProviderLogout = ReturnType<typeof createProviderLogout>

/** Every function runs inside a unit of work. */
export function createProviderLogout(ports: SignOutPorts) {
  return {
    /**
     * Where the sign-out that this browser began leads on to. Nothing is done by it, for nobody has signed it; refuses with
     * `logout.refused` what does not answer a request of ours in this very browser, once.
     */
    returned: (institution: Institution, back: Returned) => returned(ports, institution, back),
    /**
     * Ends what a logout token names (OIDC Back-Channel Logout 1.0, 2.7), if anything is left of it. Refuses with
     * `logout.refused` what is not signed, not for us, not new, or names somebody else's session.
     */
    heard: (institution: Institution, heard: Heard) => hear(ports, institution, heard),
    /**
     * Ends the session of the very browser that brings the request, where the connection allows it
     * (OIDC Front-Channel Logout 1.0, 3). `login` was proven by the edge. Resolves with who may frame the answer.
     */
    framed: (institution: Institution, frame: Framed) => framed(ports, institution, frame),
    /** May sessions of this connection be ended by a frame? */
    takesFrames: async (institution: Institution, connection: string): Promise<boolean> =>
      (await heardBy(ports, institution, connection)).logout?.frontChannel !== undefined,
  }
}

/** The connection and what its protocol knows of logout; refuses with `request.not_found` where nobody signed in by it. */
async function heardBy(ports: SignOutPorts, institution: Institution, id: string) {
  const connection = await heardConnection(ports, institution, id)
  const logout: UpstreamLogout | undefined = ports.connectors.of(institution, connection).logout
  return { connection, logout }
}

export interface Returned {
  readonly connection: string
  readonly state: string
  readonly browser: Browser
}

async function returned(
  { pendingLogouts, audit }: SignOutPorts,
  { id: institution }: Institution,
  { connection, state, browser }: Returned,
): Promise<string> {
  const answered = { request: state, connection, browserHash: browser.hash ?? '' }
  const pending = await pendingLogouts.take(institution, answered)
  if (!pending) throw new Refusal('logout.refused', { cause: 'oidc.state' })
  audit.record({ type: 'logout.upstream_answered', outcome: 'ok', connection, detail: { request: state } })
  return pending.returnTo
}

export interface Heard {
  readonly connection: string
  readonly logoutToken: string
}

async function hear(ports: SignOutPorts, institution: Institution, heard: Heard): Promise<void> {
  const { connection, logout } = await heardBy(ports, institution, heard.connection)
  if (logout?.backChannel === undefined) throw new Refusal('request.not_found')
  // The provider's keys may have to be fetched.
  await ports.unit.checkpoint()
  const ended = await logout.backChannel.read(heard.logoutToken, ports.clock.now())
  const seen = { kind: 'logout', id: `${connection.id}|${ended.id}`, expiresAt: ended.rememberUntil } as const
  if (!(await ports.replays.once(institution.id, seen)))
    throw new Refusal('logout.refused', { cause: 'oidc.logout_token', check: 'jti', actual: 'seen before' })
  await endNamed(ports, { institution: institution.id, connection: connection.id }, ended)
}

/**
 * A `sid` means that session; a `sub` alone all of this customer's by this connection. Where the provider had named no
 * session at the sign-in, its `sub` must do.
 */
async function endNamed(
  ports: SignOutPorts,
  place: { readonly institution: string; readonly connection: string },
  { id, nameId, session }: EndedSession,
): Promise<void> {
  const detail = { by: 'idp', request: id }
  if (session === undefined) return endAll(ports, { ...place, nameId, sessionIndexes: [] }, detail)
  const holders = await ports.upstreamSessions.named({
    ...place,
    nameId: undefined,
    sessionIndexes: [session],
  })
  // Section 2.6, step 9: a session and somebody whose it is not.
  if (nameId !== undefined && holders.some((holder) => holder.nameId.value !== nameId.value))
    throw new Refusal('logout.refused', { cause: 'oidc.logout_token', check: 'sub', actual: 'of another' })
  const sessionIndexes = nameId === undefined ? [session] : [session, '']
  await endAll(ports, { ...place, nameId, sessionIndexes }, detail)
}

export interface Framed {
  readonly connection: string
  readonly iss: string
  readonly sid: string
  /** The sign-in that the browser's own cookie names. */
  readonly login: string
}

async function framed(
  ports: SignOutPorts,
  institution: Institution,
  { connection: id, iss, sid, login }: Framed,
): Promise<readonly string[]> {
  const { logout } = await heardBy(ports, institution, id)
  if (logout?.frontChannel === undefined) throw new Refusal('request.not_found')
  const refuse = (check: string) => new Refusal('logout.refused', { cause: 'oidc.front_channel', check })
  if (iss !== logout.frontChannel.issuer) throw refuse('iss')
  const session = await ports.upstreamSessions.ofLogin(institution.id, login)
  // Over already: a frame may be loaded twice.
  if (session === undefined) return logout.origins
  if (session.connection !== id || session.sessionIndex === '' || session.sessionIndex !== sid)
    throw refuse('sid')
  await ports.endSession.end(institution.id, session.browserSession)
  ports.audit.record({
    type: 'session.ended',
    outcome: 'ok',
    connection: id,
    subject: session.subject,
    detail: { by: 'browser', request: 'front-channel' },
  })
  return logout.origins
}
