// Signing out across the bridge: from an app on to the IdP, and from the IdP to everything that its session gave.
import type { Connection, Institution } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { LogoutMessage } from '../domain/saml-logout.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { Connectors, LogoutNews, UpstreamDeparture } from '../ports/connector.ts'
import type { Log } from '../ports/log.ts'
import type { LinkedSession, PendingLogouts, UpstreamName } from '../ports/sign-out.ts'
import type { Replays } from '../ports/stores.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { byItsKeys, type JudgingPorts } from './answer-judging.ts'
import { connectionOfRecord } from './connections.ts'
import type { EndSession, EndSessionPorts } from './end-session.ts'
import type { Browser } from './login.ts'

export interface SignOutPorts
  extends EndSessionPorts,
    Pick<JudgingPorts, 'connectionStore' | 'metadataRefresh'> {
  readonly connectors: Connectors
  readonly pendingLogouts: PendingLogouts
  readonly replays: Replays
  readonly endSession: EndSession
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
  readonly log: Log
}

export type SignOut = ReturnType<typeof createSignOut>

// The IdP may ask its own customer something, and tell its other services one after another.
const answerSeconds = 600

/** Every function runs inside a unit of work. */
export function createSignOut(ports: SignOutPorts) {
  return {
    /** Origins that signing this browser session out leads to, beside the app's. */
    leadsTo: async (institution: Institution, uid: string): Promise<readonly string[]> => {
      const way = await upstreamOf(ports, institution, uid)
      return way?.logout?.origins ?? []
    },
    /**
     * Ends what the provider has left of this session, and says where the browser goes to end the one at the IdP too;
     * undefined where there is none to end.
     */
    goUpstream: (institution: Institution, leaving: Leaving) => goUpstream(ports, institution, leaving),
    /**
     * Takes a logout message of an IdP. A request ends the sessions that it names, and is answered; an answer to ours leads
     * on to where the sign-out began. Refuses with `logout.refused` what is not signed, not for us, or not new.
     */
    hear: (institution: Institution, heard: Heard) => hear(ports, institution, heard),
  }
}

export interface Leaving {
  readonly uid: string
  /** Where the browser goes afterwards. */
  readonly returnTo: string
  readonly browserHash: string
}

export interface Heard {
  readonly connection: string
  readonly message: LogoutMessage
  readonly relayState: string
  readonly browser: Browser
}

/** What the browser does next. */
export type AfterLogout =
  | { readonly kind: 'depart'; readonly departure: UpstreamDeparture; readonly connection: Connection }
  | { readonly kind: 'return'; readonly to: string }
  | { readonly kind: 'over' }

async function upstreamOf(ports: SignOutPorts, institution: Institution, uid: string) {
  const [session] = await ports.upstreamSessions.ofBrowser(institution.id, uid)
  const connection = session && (await ports.directory.connection(institution.id, session.connection))
  if (session === undefined || connection?.state !== 'active') return undefined
  return { session, connection, logout: ports.connectors.of(institution, connection).logout }
}

async function goUpstream(
  ports: SignOutPorts,
  institution: Institution,
  { uid, returnTo, browserHash }: Leaving,
): Promise<Extract<AfterLogout, { kind: 'depart' }> | undefined> {
  const way = await upstreamOf(ports, institution, uid)
  await ports.endSession.rest(institution.id, uid)
  if (way?.logout === undefined) return undefined
  const { session, connection, logout } = way
  if (logout.asksUpstream) await ports.unit.checkpoint()
  const now = ports.clock.now()
  const departure = await logout.begin({ session, now }).catch((error: unknown) => {
    // Our own session is over all the same.
    ports.log.error('logout.begin', { connection: connection.id, error: String(error) })
    return undefined
  })
  if (departure === undefined) return undefined
  const pending = { request: departure.requestId, connection: connection.id, browserHash, returnTo }
  await ports.pendingLogouts.put(institution.id, pending, now + answerSeconds * 1000)
  ports.audit.record({
    type: 'logout.upstream_asked',
    outcome: 'ok',
    connection: connection.id,
    subject: session.subject,
    detail: { request: departure.requestId },
  })
  return { kind: 'depart', departure, connection }
}

async function hear(ports: SignOutPorts, institution: Institution, heard: Heard): Promise<AfterLogout> {
  const connection = await heardConnection(ports, institution, heard.connection)
  const messagesOf = (one: Connection) => ports.connectors.of(institution, one).logout?.messages
  const messages = messagesOf(connection)
  if (messages === undefined) throw new Refusal('request.not_found')
  const given = { relayState: heard.relayState, now: ports.clock.now() }
  const instead = (record: ConnectionRecord) => (hears(record.state) ? connectionOfRecord(record) : undefined)
  const signed = { institution, connection, instead, from: 'anybody' } as const
  const news = await byItsKeys(ports, signed, (one) =>
    (messagesOf(one) ?? messages).read(heard.message, given),
  ).catch(asLogoutRefusal)
  if (news.kind === 'response') return goOn(ports, { institution, connection, news, browser: heard.browser })
  await endNamed(ports, { institution, connection, news })
  const answer = { id: news.id, relayState: news.relayState, now: ports.clock.now() }
  const departure = await messages.answer(answer)
  return departure === undefined ? { kind: 'over' } : { kind: 'depart', departure, connection }
}

/** Nobody signs in by a disabled connection; sessions of before may still have to end at its word. */
const hears = (state: Connection['state']): boolean => state === 'active' || state === 'disabled'

/** The connection whose IdP may speak of logout; refuses with `request.not_found` where there is none. */
export async function heardConnection(
  { directory }: Pick<SignOutPorts, 'directory'>,
  institution: Institution,
  id: string,
): Promise<Connection> {
  const connection = await directory.connection(institution.id, id)
  if (connection === undefined || !hears(connection.state)) throw new Refusal('request.not_found')
  return connection
}

/** One code for people: they are not told which check of a stranger's message failed; the log is. */
function asLogoutRefusal(error: unknown): never {
  if (!(error instanceof Refusal) || error.code === 'busy') throw error
  throw new Refusal('logout.refused', { ...error.detail, cause: error.code })
}

interface News<Kind extends LogoutNews['kind']> {
  readonly institution: Institution
  readonly connection: Connection
  readonly news: Extract<LogoutNews, { kind: Kind }>
}

async function goOn(
  ports: SignOutPorts,
  { institution, connection, news, browser }: News<'response'> & { browser: Browser },
): Promise<AfterLogout> {
  const answered = { request: news.inResponseTo, connection: connection.id, browserHash: browser.hash ?? '' }
  const pending = await ports.pendingLogouts.take(institution.id, answered)
  if (!pending) throw new Refusal('logout.refused', { cause: 'saml.in_response_to' })
  ports.audit.record({
    type: 'logout.upstream_answered',
    outcome: news.status === 'failed' ? 'refused' : 'ok',
    connection: connection.id,
    detail: { request: news.inResponseTo, status: news.status },
  })
  return { kind: 'return', to: pending.returnTo }
}

async function endNamed(
  ports: SignOutPorts,
  { institution, connection, news }: News<'request'>,
): Promise<void> {
  const id = `${connection.id}|${news.id}`
  const first = await ports.replays.once(institution.id, {
    kind: 'logout',
    id,
    expiresAt: news.rememberUntil,
  })
  if (!first) throw new Refusal('logout.refused', { cause: 'saml.replayed' })
  const { nameId, sessionIndexes } = news
  const name = { institution: institution.id, connection: connection.id, nameId, sessionIndexes }
  await endAll(ports, name, { by: 'idp', request: news.id })
}

/** Ends every browser session behind what an IdP named, and what of it was still on its way to become one. */
export async function endAll(
  ports: Pick<SignOutPorts, 'upstreamSessions' | 'endSession' | 'audit'>,
  name: UpstreamName,
  detail: Readonly<Record<string, string>>,
): Promise<void> {
  const { institution, connection } = name
  // In this order: it waits for a sign-in that is becoming a session at this moment, and then finds that session.
  await ports.upstreamSessions.abandon(name)
  const sessions = await ports.upstreamSessions.named(name)
  const ends = new Map<string, LinkedSession>(sessions.map((session) => [session.browserSession, session]))
  for (const [uid, { subject }] of ends) {
    await ports.endSession.end(institution, uid)
    ports.audit.record({ type: 'session.ended', outcome: 'ok', connection, subject, detail })
  }
}
