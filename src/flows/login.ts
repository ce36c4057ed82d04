// A sign-in, from the app's request to the result that the provider turns into a code.
import { type Acr, levelReached } from '../domain/acr.ts'
import type { AuditTrace } from '../domain/audit.ts'
import type { ChoiceHints } from '../domain/choice.ts'
import type { CollectedSignals } from '../domain/client-signals.ts'
import { consoleId } from '../domain/console-party.ts'
import { counts } from '../domain/device.ts'
import {
  asksConsentEachTime,
  type Connection,
  type Institution,
  type RelyingParty,
} from '../domain/institution.ts'
import { type LoginTransaction, needOf, nextStep, type Step, type UpstreamSent } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'

import type { Transaction } from '../domain/transaction.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Connectors, UpstreamDeparture } from '../ports/connector.ts'
import type { RiskProviders } from '../ports/risk.ts'
import type { UpstreamSessions } from '../ports/sign-out.ts'
import type {
  Consents,
  Devices,
  Directory,
  Logins,
  Pins,
  Replays,
  Subjects,
  UpstreamAnswers,
} from '../ports/stores.ts'
import type { SubjectStates } from '../ports/subjects.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { canApprove } from './approvals.ts'
import type { Assess } from './assess.ts'
import type { CanText } from './can-text.ts'
import type { Decide } from './decide.ts'
import type { KeepEvidence } from './evidence.ts'
import { type EndPorts, evidenceOf, frozenSince, settleTransaction, withDecision } from './login-decision.ts'
import { withRisk } from './login-risk.ts'
import { askedOfSignIn, withSignals } from './login-signals.ts'
import { beginning } from './offered.ts'
import type { RiskOutcomes } from './risk-outcomes.ts'
import { abilitiesOf, askedUpstream } from './upstream-level.ts'

export interface LoginPorts extends EndPorts {
  readonly directory: Directory
  readonly logins: Logins
  readonly answers: UpstreamAnswers
  readonly subjects: Subjects
  readonly upstreamSessions: UpstreamSessions
  readonly subjectStates: SubjectStates
  readonly consents: Consents
  readonly replays: Replays
  readonly devices: Devices
  readonly pins: Pins
  readonly connectors: Connectors
  readonly decide: Decide
  readonly assess: Assess
  readonly riskOutcomes: Pick<RiskOutcomes, 'ended' | 'aboutEnded'>
  readonly riskProviders: Pick<RiskProviders, 'of'>
  readonly keepEvidence: KeepEvidence
  readonly canText: CanText
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** A session of the browser that may be used for this app: its connection is one that the app offers. */
export interface LoginSession {
  readonly subject: string
  readonly connection: string
  readonly authenticatedAt: number
  readonly amr: readonly string[]
  /** What its last answer of the IdP still counts as. */
  readonly granted?: Acr | undefined
}

/** What the app asked for, read once at the authorization endpoint. */
export interface LoginRequest {
  readonly institution: string
  readonly uid: string
  readonly reference: string
  readonly relyingParty: RelyingParty
  readonly redirectUri: string
  readonly scope: readonly string[]
  readonly languages: readonly string[]
  readonly neededAcr: Acr | undefined
  readonly approvalAcr?: Acr | undefined
  readonly transaction: Transaction | undefined
  /** What the app said of its device. */
  readonly signals?: CollectedSignals | undefined
  readonly dpopJkt: string | undefined
  readonly freshLogin: boolean
  /** The uid of the browser's present session, whether or not it may be used. */
  readonly browserSession?: string | undefined
  /** The browser's present session, when there is one that may be used. */
  readonly session: LoginSession | undefined
  readonly hints: ChoiceHints
  readonly ttlSeconds: number
}

/** The browser that a request came from: the hash of its binding cookie. */
export interface Browser {
  readonly hash: string | undefined
}

export type Login = ReturnType<typeof createLogin>

/**
 * The flow of signing in. Every function runs inside a unit of work; each updates the record and leaves it to the
 * dispatcher to say what is next.
 */
export function createLogin(ports: LoginPorts) {
  return {
    /** Opens the record of a sign-in; refuses with `connection.unknown` or `connection.disabled`. */
    begin: (request: LoginRequest) => begin(ports, request),
    /** The record, if it is this browser's and still alive; refuses with `interaction.*`. */
    of: async (institution: string, uid: string, browser: Browser): Promise<LoginTransaction> =>
      mine(await ports.logins.get(institution, uid), browser, ports.clock.now()),
    /** Whom a refusal at this sign-in concerns; undefined where there is none of that name. */
    concerns: (institution: string, uid: string) => concerns(ports, institution, uid),
    next: (login: LoginTransaction): Step => nextStep(login),
    /** The record with what the browser says of its device. */
    collect: (login: LoginTransaction, text: string) => withSignals(ports, login, text),
    /** The record with what the risk providers say of it. */
    assess: (institution: Institution, login: LoginTransaction) => withRisk(ports, institution, login),
    /** The record with what the institution's policy says of its transaction. */
    decide: (institution: Institution, login: LoginTransaction) => withDecision(ports, institution, login),
    /** Where the browser goes to be asked by the bank's IdP; binds the sign-in to this browser. */
    goUpstream: (institution: Institution, login: LoginTransaction, browserHash: string) =>
      goUpstream(ports, { institution, login, browserHash }),
    /** The customer agreed (or not) to what the app will see. */
    consent: (login: LoginTransaction, allowed: boolean) => consent(ports, login, allowed),
    /** The customer said no: the app gets `access_denied`. */
    cancel: (login: LoginTransaction) => cancel(ports, login),
    /** Ends the record with a refusal that the app is told; a second tab then sees the same. */
    refuse: (login: LoginTransaction, refusal: Refusal) => refuse(ports, login, refusal),
    /** Closes the record; true for exactly one caller, who may hand the result to the provider. */
    finish: (institution: Institution, login: LoginTransaction) => finish(ports, institution, login),
    /** Asked just before, in the same unit. */
    frozen: (login: LoginTransaction) => frozenSince(ports, login),
  }
}

async function concerns(
  { logins }: LoginPorts,
  institution: string,
  uid: string,
): Promise<AuditTrace | undefined> {
  const login = await logins.get(institution, uid)
  return login && { ...whoseOf(login), detail: { interaction: uid } }
}

async function begin(ports: LoginPorts, request: LoginRequest): Promise<void> {
  const { session, relyingParty, hints } = request
  const found = await beginning(ports.directory, relyingParty, hints)
  const begun = fresh(
    request,
    { ...found, ...(session && { connection: session.connection }) },
    ports.clock.now(),
  )
  const at = session && (await ports.directory.connection(request.institution, session.connection))
  // A session outlives its connection; an IdP that is switched off raises nobody.
  const abilities = at?.state === 'active' && abilitiesOf(at)
  const asks = await askedOfSignIn(ports, request)
  const login = await withCustomer(ports, { ...begun, ...abilities, ...asks }, session)
  await ports.logins.create(login)
  ports.audit.record({ type: 'login.started', outcome: 'ok', ...traceOf(login), detail: startDetail(login) })
}

interface Departure {
  readonly institution: Institution
  readonly login: LoginTransaction
  readonly browserHash: string
}

async function goUpstream(
  ports: LoginPorts,
  { institution, login, browserHash }: Departure,
): Promise<UpstreamDeparture> {
  const next = nextStep(login)
  if (next.step !== 'upstream' && next.step !== 'raise')
    throw new Refusal('interaction.step', { uid: login.uid })
  const connection = await connectionFor(ports.directory, institution.id, login.connection)
  const now = ports.clock.now()
  // To raise, the customer is asked anew: the answer must be of now, and not of a session that the IdP still has.
  const freshLogin = login.freshLogin || next.step === 'raise'
  const askedAcr = next.step === 'raise' ? next.acr : await askedUpstream(ports, login, connection)
  // RelayState is the uid: as opaque as any handle, and worth nothing without the cookie of the browser that began.
  const departure = await ports.connectors
    .of(institution, connection)
    .begin({ relayState: login.uid, fresh: freshLogin, neededAcr: askedAcr, now })
  await change(ports.logins, {
    ...login,
    ...abilitiesOf(connection),
    freshLogin,
    askedAcr,
    browserHash,
    upstreamRequest: departure.requestId,
    upstreamAskedAt: now,
    upstreamMemory: departure.memory,
    upstreamSent: sentBy(departure),
  })
  const asked = askedAcr !== undefined && { asked_acr: askedAcr }
  const detail = { request: departure.requestId, fresh: freshLogin, ...asked }
  ports.audit.record({ type: 'login.upstream_asked', outcome: 'ok', ...traceOf(login), detail })
  return departure
}

/** What is kept of a departure until its answer comes. */
export const sentBy = (departure: UpstreamDeparture): UpstreamSent =>
  departure.kind === 'post' ? { url: departure.url, fields: departure.fields } : { url: departure.url }

async function consent(
  ports: LoginPorts,
  login: LoginTransaction,
  allowed: boolean,
): Promise<LoginTransaction> {
  if (nextStep(login).step !== 'consent') throw new Refusal('interaction.step', { uid: login.uid })
  if (!allowed) return cancel(ports, login)
  const next: LoginTransaction = { ...login, consent: 'given' }
  await change(ports.logins, next)
  const { subject, relyingParty, scope } = login
  if (subject !== undefined)
    await ports.consents.remember(login.institution, { subject, relyingParty, scopes: scope })
  ports.audit.record({ type: 'consent.given', outcome: 'ok', ...traceOf(login), detail: { scope } })
  return next
}

async function cancel(ports: LoginPorts, login: LoginTransaction): Promise<LoginTransaction> {
  const next: LoginTransaction = { ...login, outcome: 'cancelled' }
  await change(ports.logins, next)
  await ports.riskOutcomes.ended(login, 'denied')
  if (login.decision !== undefined)
    await ports.riskOutcomes.aboutEnded(login.institution, login.decision.id, 'denied')
  await settleTransaction(ports, login, { state: 'released' })
  ports.audit.record({
    type: 'login.cancelled',
    outcome: 'refused',
    code: 'login.cancelled',
    ...traceOf(login),
  })
  return next
}

async function refuse(ports: LoginPorts, login: LoginTransaction, { code }: Refusal): Promise<void> {
  if (!(await ports.logins.update({ ...login, outcome: 'refused', refusal: code }))) return
  await ports.riskOutcomes.ended(login, 'failed')
  await settleTransaction(ports, login, { state: 'released', refusal: code })
  ports.audit.record({ type: 'login.refused', outcome: 'refused', code, ...traceOf(login) })
}

async function finish(
  ports: LoginPorts,
  institution: Institution,
  login: LoginTransaction,
): Promise<boolean> {
  if (nextStep(login).step !== 'finish') throw new Refusal('interaction.step', { uid: login.uid })
  if (!(await ports.logins.update({ ...login, outcome: 'finished' }))) return false
  await ports.riskOutcomes.ended(login, 'approved')
  const evidence = () => evidenceOf(ports, institution, login)
  await settleTransaction(ports, login, { state: 'approved', evidence })
  const detail = { acr: levelReached(login.amr, login.granted), amr: login.amr }
  ports.audit.record({ type: 'login.finished', outcome: 'ok', ...traceOf(login), detail })
  return true
}

/** The members that lead from an event to its sign-in. */
export const traceOf = (login: LoginTransaction) => ({ reference: login.reference, ...whoseOf(login) })

/** The same without its reference: a refusal that another request met is told by the reference of that one. */
export function whoseOf(login: LoginTransaction) {
  return {
    relyingParty: login.relyingParty,
    ...(login.connection !== undefined && { connection: login.connection }),
    ...(login.subject !== undefined && { subject: login.subject }),
    ...(login.device !== undefined && { device: login.device }),
    ...(login.transaction !== undefined && { transaction: login.transaction.hash }),
  }
}

function startDetail(login: LoginTransaction) {
  return {
    interaction: login.uid,
    scope: login.scope,
    session: login.subject !== undefined,
    ...(login.neededAcr !== undefined && { needed_acr: login.neededAcr }),
  }
}

export async function change(logins: Logins, login: LoginTransaction): Promise<void> {
  if (!(await logins.update(login))) throw new Refusal('interaction.finished', { uid: login.uid })
}

/** Only the browser that began may go on; a record without a browser is one that has not been upstream yet. */
export function mine(login: LoginTransaction | undefined, browser: Browser, now: number): LoginTransaction {
  if (!login) throw new Refusal('interaction.unknown')
  if (login.browserHash !== undefined && login.browserHash !== browser.hash) {
    throw new Refusal('interaction.foreign', { uid: login.uid, reference: login.reference })
  }
  if (login.expiresAt <= now) throw new Refusal('interaction.expired', { uid: login.uid })
  return login
}

export async function connectionFor(
  directory: Directory,
  institution: string,
  id: string | undefined,
): Promise<Connection> {
  const connection = id === undefined ? undefined : await directory.connection(institution, id)
  if (!connection) throw new Refusal('connection.unknown', { connection: id })
  if (connection.state !== 'active')
    throw new Refusal('connection.disabled', { connection: connection.id, state: connection.state })
  return connection
}

function fresh(
  request: LoginRequest,
  place: Pick<LoginTransaction, 'choices' | 'connection'>,
  now: number,
): LoginTransaction {
  return {
    institution: request.institution,
    uid: request.uid,
    reference: request.reference,
    relyingParty: request.relyingParty.id,
    ...place,
    redirectUri: request.redirectUri,
    scope: request.scope,
    languages: request.languages,
    neededAcr: request.neededAcr,
    approvalAcr: request.approvalAcr,
    transaction: request.transaction,
    dpopJkt: request.dpopJkt,
    freshLogin: request.freshLogin,
    consent: 'needed',
    browserSession: request.browserSession,
    browserHash: undefined,
    upstreamRequest: undefined,
    upstreamAskedAt: undefined,
    upstreamMemory: undefined,
    upstreamSent: undefined,
    subject: undefined,
    authenticatedAt: undefined,
    sessionNotOnOrAfter: undefined,
    amr: [],
    device: undefined,
    hasPin: false,
    outcome: 'open',
    refusal: undefined,
    startedAt: now,
    expiresAt: now + request.ttlSeconds * 1000,
  }
}

interface Customer {
  readonly subject: string
  readonly authenticatedAt: number
  readonly amr: readonly string[]
  readonly granted?: Acr | undefined
}

/** Puts the customer into the record, with what is theirs: a device that PAR proved, a PIN, consent given before. */
export async function withCustomer(
  ports: Pick<LoginPorts, 'devices' | 'pins' | 'consents' | 'clock'>,
  login: LoginTransaction,
  customer: Customer | undefined,
): Promise<LoginTransaction> {
  if (customer === undefined) return login
  const { institution } = login
  const device =
    login.dpopJkt === undefined ? undefined : await ports.devices.byKey(institution, login.dpopJkt)
  const present = counts(device, customer.subject)
  const raises = needOf(login).acr !== undefined
  const hasPin = raises && present && (await ports.pins.verifier(institution, customer.subject)) !== undefined
  const hasApprover = raises && (await canApprove(ports, institution, customer.subject))
  const agreed = await ports.consents.scopes(institution, customer.subject, login.relyingParty)
  return {
    ...login,
    subject: customer.subject,
    authenticatedAt: customer.authenticatedAt,
    granted: customer.granted,
    amr: present ? [...customer.amr, 'pop'] : customer.amr,
    device: present ? device.id : undefined,
    ...{ hasPin, hasApprover },
    consent: consentFor(login, agreed),
  }
}

function consentFor(login: LoginTransaction, agreed: readonly string[]): LoginTransaction['consent'] {
  // The institution's own console shows nobody's data to somebody else: there is nothing to agree to.
  if (login.relyingParty === consoleId) return 'not-needed'
  if (!login.scope.every((scope) => agreed.includes(scope))) return 'needed'
  return asksConsentEachTime(login.redirectUri) || login.transaction !== undefined ? 'confirm' : 'not-needed'
}
