// The answer of the bank's IdP: kept under a handle, checked when the browser has proven itself, turned into a customer.
import { delegated } from '../domain/acr.ts'
import { claimsFrom } from '../domain/claims.ts'
import { replayOf } from '../domain/exchange.ts'
import type { Connection, Institution } from '../domain/institution.ts'
import type { LoginTransaction } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { UpstreamSubject } from '../domain/subject.ts'
import { amrOfGrant } from '../domain/upstream-level.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { type JudgingPorts, judgeAnswer } from './answer-judging.ts'
import { connectionOfRecord } from './connections.ts'
import type { ExchangeKeeper } from './exchanges.ts'
import {
  type Browser,
  change,
  connectionFor,
  type LoginPorts,
  mine,
  traceOf,
  whoseOf,
  withCustomer,
} from './login.ts'
import { settleTransaction } from './login-decision.ts'
import { grantOf, spentBy, withoutIdp } from './upstream-level.ts'

const answerSeconds = 120
export interface AnswerPorts extends LoginPorts, Pick<JudgingPorts, 'connectionStore' | 'metadataRefresh'> {
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
  readonly exchangeKeeper: ExchangeKeeper
  readonly answerSettings: AnswerSettings
}

export interface AnswerSettings {
  /**
   * How long at least an IdP may name a session: as long as tokens of a sign-in usually live, whatever end it gave the
   * session. While more of it is left, it is kept for longer.
   */
  readonly namedMs: number
}

export type Answer = ReturnType<typeof createAnswer>

/** The two halves of ruling R-13: `receive` at the cross-site POST, `complete` when our own cookie is there again. */
export function createAnswer(ports: AnswerPorts) {
  return {
    /** Keeps an answer under a one-time handle; nothing is read from it yet. */
    async receive(institution: string, answer: { connection: string; relayState: string; payload: string }) {
      const handle = ports.chance.token(32)
      await ports.answers.put(institution, { handle, ...answer }, ports.clock.now() + answerSeconds * 1000)
      return { handle }
    },
    /**
     * Takes the answer that waits under `handle` and finishes the upstream step. Refuses with `upstream.*` when the
     * handle is spent or the browser is another, and with the connector's codes when a check did not hold.
     */
    complete: (institution: Institution, handle: string, browser: Browser) =>
      complete(ports, { institution, handle, browser }),
    /**
     * The IdP cannot ask the customer the way the level needs. What is left is our own factors; where they cannot do it
     * either, the sign-in is refused at once rather than after another password.
     */
    notGiven: (login: LoginTransaction) => notGiven(ports, login),
  }
}

/** The IdP's word grants nothing, so nobody has to have signed it. */
async function notGiven(ports: AnswerPorts, login: LoginTransaction): Promise<void> {
  const next = await withoutIdp(ports, login)
  await change(ports.logins, next)
  if (next.outcome !== 'refused') return
  await settleTransaction(ports, next, { state: 'released' })
  const code = 'upstream.too_weak'
  ports.audit.record({ type: 'login.refused', outcome: 'refused', code, ...traceOf(next) })
}

interface Arrival {
  readonly institution: Institution
  readonly handle: string
  readonly browser: Browser
}

async function complete(ports: AnswerPorts, arrival: Arrival): Promise<LoginTransaction> {
  const trace = { type: 'login.upstream_answered' } as const
  const found: Found = {}
  try {
    const { next, subject } = await admitted(ports, arrival, found)
    ports.audit.record({ ...trace, outcome: 'ok', ...traceOf(next), ...answerTrace(subject, next) })
    return next
  } catch (error) {
    const { uid } = error instanceof Refusal ? error.detail : {}
    const login =
      found.login ??
      (typeof uid === 'string' ? await ports.logins.get(arrival.institution.id, uid) : undefined)
    // Ruling R-4: an answer that belongs to no sign-in of ours anybody can send.
    if (error instanceof Refusal && login !== undefined) {
      const told = { code: error.code, ...whoseOf(login), detail: { interaction: login.uid } }
      ports.audit.record({ ...trace, outcome: 'refused', ...told })
    }
    throw error
  }
}

/** The sign-in that an answer was found to belong to, for whoever tells of its refusal. */
interface Found {
  login?: LoginTransaction
}

async function admitted(ports: AnswerPorts, arrival: Arrival, found: Found) {
  const { institution } = arrival
  const { login, payload } = await awaited(ports, arrival)
  found.login = login
  const connection = await connectionFor(ports.directory, institution.id, login.connection)
  const connector = ports.connectors.of(institution, connection)
  const met = { login, connector, payload }
  const reply = {
    payload,
    requestId: login.upstreamRequest ?? '',
    fresh: login.freshLogin,
    askedAcr: login.askedAcr,
    askedAt: login.upstreamAskedAt ?? login.startedAt,
    memory: login.upstreamMemory ?? {},
    now: ports.clock.now(),
  }
  const checked = judgeAnswer(ports, { institution, connection, reply, instead: whileActive })
  const { subject, connection: held } = await checked.catch(async (error: unknown) => {
    if (error instanceof Refusal) await ports.exchangeKeeper.failed(met, error)
    // The edge leads the customer back to this very sign-in.
    throw error instanceof Refusal ? new Refusal(error.code, { ...error.detail, uid: login.uid }) : error
  })
  const id = `${connection.id}|${subject.answerId}`
  const first = await ports.replays.once(institution.id, {
    kind: 'saml-assertion',
    id,
    expiresAt: subject.rememberUntil,
  })
  if (!first) {
    const replayed = new Refusal('saml.replayed', { uid: login.uid, ...replayOf(subject) })
    await ports.exchangeKeeper.failed(met, replayed)
    throw replayed
  }
  await ports.exchangeKeeper.answered(met, subject)
  // Its levels and claims as they are in what the answer held by, not in what it was refused by at first.
  return { next: await admit(ports, { login, connection: held, subject }), subject }
}

const whileActive = (record: ConnectionRecord): Connection | undefined =>
  record.state === 'active' ? connectionOfRecord(record) : undefined

/** The sign-in that this answer belongs to; only the browser that began it may bring it (attacks 58, 242). */
async function awaited(ports: LoginPorts, { institution, handle, browser }: Arrival) {
  const answer = await ports.answers.take(institution.id, handle)
  if (!answer) throw new Refusal('upstream.handle_unknown')
  const login = await ports.logins.get(institution.id, answer.relayState)
  if (
    login?.upstreamRequest === undefined ||
    login.connection !== answer.connection ||
    login.outcome !== 'open'
  ) {
    const detail = { connection: answer.connection, ...(ours(login, browser) && { uid: login?.uid }) }
    throw new Refusal('upstream.unsolicited', detail)
  }
  if (login.browserHash !== browser.hash) throw new Refusal('upstream.foreign_browser', { uid: login.uid })
  return { login: mine(login, browser, ports.clock.now()), payload: answer.payload }
}

// The customer chose another connection meanwhile, or answered in another tab: their page leads back to this sign-in.
const ours = (login: LoginTransaction | undefined, { hash }: Browser): boolean =>
  login?.outcome === 'open' && login.browserHash !== undefined && login.browserHash === hash

interface Admission {
  readonly login: LoginTransaction
  readonly connection: Connection
  readonly subject: UpstreamSubject
}

async function admit(
  ports: AnswerPorts,
  { login, connection, subject: upstream }: Admission,
): Promise<LoginTransaction> {
  const { institution } = login
  const { nameId } = upstream
  const key = {
    institution,
    connection: connection.id,
    issuer: upstream.issuer,
    format: nameId.format,
    qualifiers: JSON.stringify([nameId.nameQualifier ?? null, nameId.spNameQualifier ?? null]),
    value: nameId.value,
  }
  const claims = claimsFrom(upstream.attributes, connection.claims)
  const subject = await ports.subjects.resolve(key, claims, ports.chance.token(18))
  if (await ports.subjectStates.isDisabled(institution, subject))
    throw new Refusal('subject.disabled', { subject })
  // Asked a second time, somebody else signed in there.
  if (login.subject !== undefined && login.subject !== subject)
    throw new Refusal('login.subject_changed', { uid: login.uid })
  const granted = grantOf(connection, upstream, ports.clock.now())
  const { authenticatedAt, sessionNotOnOrAfter } = upstream
  const customer = { subject, authenticatedAt, amr: amrOfGrant(granted), granted }
  const next = {
    ...(await withCustomer(ports, login, customer)),
    ...spentBy(login, connection, upstream),
    upstreamRequest: undefined,
    upstreamMemory: undefined,
    upstreamSent: undefined,
    sessionNotOnOrAfter,
    undated: upstream.undated === true,
  }
  if (!(await ports.logins.answered(next, upstream.inResponseTo))) {
    throw new Refusal('upstream.unsolicited', { uid: login.uid })
  }
  await ports.upstreamSessions.put({
    institution,
    connection: connection.id,
    nameId,
    sessionIndex: upstream.sessionIndex ?? '',
    subject,
    logoutHint: upstream.logoutHint,
    login: login.uid,
    expiresAt: ports.clock.now() + ports.answerSettings.namedMs,
  })
  return next
}

function answerTrace(subject: UpstreamSubject, { granted = delegated }: LoginTransaction) {
  return {
    detail: {
      answer: subject.answerId,
      issuer: subject.issuer,
      authn_context: subject.authnContext,
      granted_acr: granted,
      checks: subject.checks.map((check) => check.name),
    },
    personal: { name_id: subject.nameId.value },
  }
}
