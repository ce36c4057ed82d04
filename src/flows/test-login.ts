// A sign-in that tries a connection: the real request, the real answer, every check; and nothing that it could be used for.
import type { Acr } from '../domain/acr.ts'
import { claimsFrom } from '../domain/claims.ts'
import { contentOf, digestOf } from '../domain/connection.ts'
import { checksIn, clockOffset, replayOf } from '../domain/exchange.ts'
import type { Connection, ConnectionContent, Institution } from '../domain/institution.ts'
import { effectiveContent } from '../domain/learned-keys.ts'
import { sameButKeys } from '../domain/metadata-refresh.ts'
import { Refusal } from '../domain/refusal.ts'
import type { UpstreamSubject } from '../domain/subject.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { ConnectionRecord, ConnectionStore } from '../ports/connections.ts'
import type { Connector, Connectors, UpstreamDeparture } from '../ports/connector.ts'
import type { Exchanges } from '../ports/exchanges.ts'
import type { Replays, UpstreamAnswers } from '../ports/stores.ts'
import type { TestLogin, TestLogins, TestResult } from '../ports/test-logins.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { type JudgingPorts, judgeAnswer } from './answer-judging.ts'
import { type ConnectionFlows, connectionOfRecord } from './connections.ts'
import { cut, type ExchangeSettings } from './exchanges.ts'
import { type Browser, sentBy } from './login.ts'
import { grantOf } from './upstream-level.ts'

export interface TestLoginPorts extends Pick<JudgingPorts, 'metadataRefresh'> {
  readonly connectionStore: ConnectionStore
  readonly connectionFlows: Pick<ConnectionFlows, 'testPassed'>
  readonly testLogins: TestLogins
  readonly answers: UpstreamAnswers
  readonly replays: Replays
  readonly connectors: Connectors
  readonly exchangeSettings: ExchangeSettings
  readonly exchanges: Pick<Exchanges, 'keep'>
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** A RelayState or state that begins so belongs to a test login; no sign-in of a customer is called so. */
export const testPrefix = 'test-'

const answerMs = 15 * 60_000
const keepMs = 7 * 24 * 3600_000

export interface TestStart {
  readonly connection: string
  /** What waits beside an active connection, or what customers sign in by. */
  readonly what: 'present' | 'proposal'
  readonly by: string
  readonly browserHash: string
  /** Ask the IdP for this level, as an app's sign-in would; undefined asks for what the settings say. */
  readonly acr?: Acr | undefined
}

export type TestLoginFlows = ReturnType<typeof createTestLogin>

/** Every function runs inside a unit of work. No subject, session, consent or code is ever made here. */
export function createTestLogin(ports: TestLoginPorts) {
  return {
    /** Where the tester's browser goes; `id` is the address of the result. Works for a connection in any state. */
    start: (institution: Institution, start: TestStart) => begin(ports, institution, start),
    /**
     * Takes the answer that waits under `handle` and keeps the result, passed or failed. Refuses with `upstream.*` only
     * where the answer is not this browser's to bring.
     */
    complete: (institution: Institution, handle: string, browser: Browser) =>
      complete(ports, institution, { handle, browser }),
    /** Refuses with `request.not_found`; kept for seven days. */
    result: async (institution: string, id: string): Promise<TestLogin> => {
      const test = await ports.testLogins.get(institution, id)
      if (test === undefined || test.expiresAt <= ports.clock.now())
        throw new Refusal('request.not_found', { test: id })
      return test
    },
    list: (institution: string, connection: string) => ports.testLogins.list(institution, connection, 20),
  }
}

/** The connection as it would be with this content. */
const asConnection = (
  test: Pick<TestLogin, 'institution' | 'connection' | 'version' | 'content'>,
): Connection => ({
  ...test.content,
  institution: test.institution,
  id: test.connection,
  state: 'draft',
  version: test.version,
})

function contentFor(record: ConnectionRecord | undefined, { connection, what }: TestStart) {
  if (record === undefined) throw new Refusal('connection.unknown', { connection })
  if (what === 'present') return { record, content: effectiveContent(connectionOfRecord(record)) }
  if (record.proposal === undefined)
    throw new Refusal('connection.state', { connection, step: 'test proposal' })
  return { record, content: record.proposal.content }
}

async function begin(
  ports: TestLoginPorts,
  institution: Institution,
  start: TestStart,
): Promise<{ readonly id: string; readonly departure: UpstreamDeparture }> {
  const found = await ports.connectionStore.get(institution.id, start.connection)
  const { record, content } = contentFor(found, start)
  const now = ports.clock.now()
  const id = `${testPrefix}${ports.chance.token(24)}`
  const { version } = record
  const place = { institution: institution.id, connection: record.id, version, content }
  const departure = await ports.connectors
    .of(institution, asConnection(place))
    .begin({ relayState: id, fresh: false, neededAcr: start.acr, now })
  await ports.testLogins.create({
    ...place,
    id,
    what: start.what,
    by: start.by,
    browserHash: start.browserHash,
    reference: ports.unit.reference() ?? ports.chance.reference(),
    upstreamRequest: departure.requestId,
    upstreamMemory: departure.memory,
    upstreamSent: sentBy(departure),
    askedAcr: start.acr,
    outcome: 'open',
    result: undefined,
    startedAt: now,
    answerBy: now + answerMs,
    expiresAt: now + keepMs,
  })
  const detail = { test: id, by: start.by, version: record.version, what: start.what }
  ports.audit.record({ type: 'connection.test_started', outcome: 'ok', connection: record.id, detail })
  return { id, departure }
}

interface Arrival {
  readonly handle: string
  readonly browser: Browser
}

/** The open test that this answer belongs to; only the browser that began it may bring it. */
async function awaited(ports: TestLoginPorts, institution: Institution, { handle, browser }: Arrival) {
  const answer = await ports.answers.take(institution.id, handle)
  if (answer === undefined) throw new Refusal('upstream.handle_unknown')
  const test = await ports.testLogins.get(institution.id, answer.relayState)
  const waits =
    test?.outcome === 'open' && test.connection === answer.connection && test.answerBy > ports.clock.now()
  if (!waits) throw new Refusal('upstream.unsolicited', { connection: answer.connection })
  if (test.browserHash !== browser.hash) throw new Refusal('upstream.foreign_browser', { test: test.id })
  return { test, payload: answer.payload }
}

async function complete(
  ports: TestLoginPorts,
  institution: Institution,
  arrival: Arrival,
): Promise<TestLogin> {
  const { test: begun, payload } = await awaited(ports, institution, arrival)
  const connector = ports.connectors.of(institution, asConnection(begun))
  // Connectors may ask their IdP: nothing of this unit may be open meanwhile.
  await ports.unit.checkpoint()
  const judged = await judge(ports, institution, { test: begun, payload })
  // What it held by is what was tested: new keys of the IdP may have come in between.
  const test = { ...begun, content: judged.content ?? begun.content }
  const result = await resultOf(ports, { connector, test, payload, judged })
  const done: TestLogin = {
    ...test,
    outcome: judged.subject === undefined ? 'failed' : 'passed',
    upstreamRequest: undefined,
    upstreamMemory: undefined,
    result,
  }
  if (!(await ports.testLogins.answered(done, test.upstreamRequest ?? '')))
    throw new Refusal('upstream.unsolicited', { test: test.id })
  const { code, counts } = result
  if (code !== '') await keepFailed(ports, test, result)
  ports.audit.record({
    type: 'connection.tested',
    outcome: code === '' ? 'ok' : 'refused',
    ...(code !== '' && { code }),
    connection: test.connection,
    detail: { test: test.id, by: test.by, version: test.version, counts },
  })
  return done
}

/** Among the failed sign-ins too: whoever mends the IdP reads one kind of report, and its reference is looked for in one place. */
function keepFailed(
  { exchanges, exchangeSettings, chance }: TestLoginPorts,
  { institution, id, connection, reference }: TestLogin,
  { code, checks, clockOffsetMs, request, answer, at }: TestResult,
): Promise<void> {
  const failed = { outcome: 'failed', code, checks, clockOffsetMs, request, answer, at } as const
  const names = { institution, id: chance.token(16), connection, test: id }
  return exchanges.keep(
    { ...failed, ...names, reference, loginReference: reference },
    at + exchangeSettings.keepMs,
  )
}

interface Answered {
  readonly test: TestLogin
  readonly payload: string
}

type Judged = { readonly content?: ConnectionContent } & (
  | { readonly subject: UpstreamSubject; readonly refusal: undefined }
  | { readonly subject: undefined; readonly refusal: Refusal }
)

/** The same that was tested, but for the keys, as it is by now. */
const withNewKeys =
  (test: TestLogin) =>
  (record: ConnectionRecord): Connection | undefined => {
    // A proposal may be about keys alone: what customers sign in by must not pass in its place.
    const content =
      test.what === 'proposal' ? record.proposal?.content : effectiveContent(connectionOfRecord(record))
    return content && sameButKeys(content, test.content) ? asConnection({ ...test, content }) : undefined
  }

async function judge(
  ports: TestLoginPorts,
  institution: Institution,
  { test, payload }: Answered,
): Promise<Judged> {
  try {
    const reply = {
      payload,
      requestId: test.upstreamRequest ?? '',
      fresh: false,
      askedAcr: test.askedAcr,
      askedAt: test.startedAt,
      memory: test.upstreamMemory ?? {},
      now: ports.clock.now(),
    }
    const instead = withNewKeys(test)
    const from = 'test-login' as const
    const judging = { institution, connection: asConnection(test), reply, instead, from }
    const { subject, connection } = await judgeAnswer(ports, judging)
    const id = `${test.connection}|${subject.answerId}`
    const seen = { kind: 'saml-assertion', id, expiresAt: subject.rememberUntil } as const
    if (!(await ports.replays.once(test.institution, seen)))
      return { subject: undefined, refusal: new Refusal('saml.replayed', replayOf(subject)) }
    return { subject, refusal: undefined, content: contentOf(connection) }
  } catch (error) {
    if (error instanceof Refusal && error.code !== 'busy') return { subject: undefined, refusal: error }
    throw error
  }
}

async function resultOf(
  ports: TestLoginPorts,
  { connector, test, payload, judged }: Answered & { connector: Connector; judged: Judged },
): Promise<TestResult> {
  const { subject, refusal } = judged
  const at = ports.clock.now()
  const { request, answer, answeredAt } = connector.readable(test.upstreamSent, payload)
  const { messageCharacters } = ports.exchangeSettings
  const tested = { digest: digestOf(test.content), actor: { by: test.by, why: `test login ${test.id}` } }
  const counts =
    subject !== undefined &&
    (await ports.connectionFlows.testPassed(test.institution, test.connection, tested))
  return {
    code: refusal?.code ?? '',
    checks: subject?.checks ?? checksIn(refusal?.detail ?? {}),
    clockOffsetMs: clockOffset({ readable: answeredAt, subject, refused: refusal?.detail }, at),
    request: cut(request, messageCharacters),
    answer: cut(answer, messageCharacters),
    nameId: subject?.nameId.value ?? '',
    attributes: Object.fromEntries(subject?.attributes ?? []),
    claims: subject === undefined ? {} : claimsFrom(subject.attributes, test.content.claims),
    authnContext: subject?.authnContext,
    level: subject && grantOf(test.content, subject, at),
    counts,
    at,
  }
}
