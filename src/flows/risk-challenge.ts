// A risk engine's own challenge in a sign-in: begun by the engine, answered by the customer, judged by the engine. It raises nothing.
import { codeAgainSeconds, codeSeconds, mostCodes, signInCodeText } from '../domain/code-text.ts'
import type { Institution } from '../domain/institution.ts'
import type { Language } from '../domain/language.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import {
  type BegunChallenge,
  isEngineCode,
  type LoginChallenge,
  noChallenge,
} from '../domain/login-challenge.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import type { RiskChallengeKind } from '../domain/risk.ts'
import type { SimDoubt } from '../domain/sim.ts'
import type { Deliveries } from '../ports/deliveries.ts'
import type { RiskChallenge, RiskChallengeResult } from '../ports/risk.ts'
import type { Pins } from '../ports/stores.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { type ChallengeEnginePorts, createChallengeEngine } from './challenge-engine.ts'
import { awaitTurn, type ChallengeTurnPorts, endTurn, isBusy, takeTurn } from './challenge-turn.ts'
import { type CodeGate, codeWithheld } from './code-gate.ts'
import { createDeviceTokens } from './device-tokens.ts'
import { heldLogin } from './held-login.ts'
import { change, traceOf } from './login.ts'
import type { RiskOutcomes } from './risk-outcomes.ts'

export interface RiskChallengePorts extends ChallengeEnginePorts, ChallengeTurnPorts {
  readonly pins: Pick<Pins, 'countTry' | 'clear'>
  readonly deliveries: Deliveries
  readonly riskOutcomes: Pick<RiskOutcomes, 'steppedUp'>
  readonly codeGate: CodeGate
  readonly audit: Audit
}

/** By question; a code is the answer to `code`. */
export type ChallengeAnswers = ReadonlyMap<string, string>

export type RiskChallenges = ReturnType<typeof createRiskChallenges>

/**
 * Every function runs inside a unit of work, which is committed before the engine is asked. What they resolve with may have another
 * step than `challenge`: it was passed, it ended the sign-in, or there is none for this customer. They refuse with
 * `challenge.unanswered` where the engine gives no answer, which changes nothing; with `interaction.step`; with `busy`.
 */
export function createRiskChallenges(ports: RiskChallengePorts) {
  const parts: Parts = { ...ports, engine: createChallengeEngine(ports) }
  return {
    /** Begins the first by itself; looking again begins nothing. */
    first: (institution: Institution, login: LoginTransaction, language: Language) =>
      begin(parts, institution, { login, language, again: false }),
    /** Begins a new one, which ends the one before. Refuses with `code.too_many {retryAfterSeconds?}` too. */
    again: (institution: Institution, login: LoginTransaction, language: Language) =>
      begin(parts, institution, { login, language, again: true }),
    /** One try, counted before the engine hears of it. Refuses with `challenge.failed {left?}` and `code.expired` too. */
    answer: (institution: Institution, login: LoginTransaction, answers: ChallengeAnswers) =>
      answer(parts, institution, { login, answers }),
    /** How the engine's own way to the customer goes; it is asked every second or two at most. */
    look: (institution: Institution, login: LoginTransaction) => look(parts, institution, login),
  }
}

interface Parts extends RiskChallengePorts {
  readonly engine: ReturnType<typeof createChallengeEngine>
}

interface Beginning {
  readonly login: LoginTransaction
  readonly language: Language
  readonly again: boolean
}

export function challengeKind(login: LoginTransaction): RiskChallengeKind {
  const next = nextStep(login)
  if (next.step !== 'challenge') throw new Refusal('interaction.step', { uid: login.uid })
  return next.kind
}

/** Does one begin by itself? Questions do whenever none are asked; what reaches the customer elsewhere does once. */
export function isDue(login: LoginTransaction): boolean {
  const { begun, sends } = login.challenge ?? noChallenge
  return sends === 0 || (challengeKind(login) === 'questions' && begun === undefined)
}

async function begin(
  ports: Parts,
  institution: Institution,
  beginning: Beginning,
): Promise<LoginTransaction> {
  const { login: seen, language, again } = beginning
  const gate = await gateOf(ports, institution, beginning)
  const login = await awaitTurn(ports, seen)
  const kind = challengeKind(login)
  // Nobody asks on until the questions come that they know.
  if (!isDue(login) && (!again || kind === 'questions')) return login
  if (kind !== 'questions') mayAgain(login.challenge ?? noChallenge, ports.clock.now())
  // Another tab has led to a code meanwhile.
  if (kind === 'code' && gate === undefined) return begin(ports, institution, { login, language, again })
  const taken = await takeTurn(ports, login)
  const said =
    kind === 'code' && gate?.doubt !== undefined
      ? withheld(ports, taken, gate.doubt)
      : await ports.engine.begin(institution, taken, kind)
  const now = await endTurn(ports, taken)
  if (now === undefined) throw new Refusal('interaction.step', { uid: login.uid })
  if (said === 'unable') {
    // What was begun before of this kind is over with it, and the next one begins by itself.
    const next = { ...withoutKind(now, kind), challenge: undefined }
    await change(ports.logins, next)
    if (nextStep(next).step !== 'challenge') return next
    return begin(ports, institution, { login: next, language, again: false })
  }
  if (said === 'unanswered') return unanswered(ports, now)
  return begunBy(ports, institution, { login: now, said, language })
}

/** Undefined where no code is about to be begun. Asked before the turn, which is no longer than an engine may take. */
async function gateOf(
  { codeGate }: Parts,
  institution: Institution,
  { login, again }: Beginning,
): Promise<{ readonly doubt: SimDoubt | undefined } | undefined> {
  const next = nextStep(login)
  if (next.step !== 'challenge' || next.kind !== 'code' || !(again || isDue(login))) return undefined
  return { doubt: await codeGate(institution, login.subject ?? '') }
}

/** No engine makes a code that may not be sent: `unable`, as if it had none for this customer (attack 138). */
function withheld({ audit }: Parts, login: LoginTransaction, doubt: SimDoubt): 'unable' {
  audit.record(codeWithheld(login, doubt))
  return 'unable'
}

function mayAgain({ sends, sentAt }: LoginChallenge, now: number): void {
  if (sends >= mostCodes) throw new Refusal('code.too_many')
  const wait = Math.ceil((sentAt + codeAgainSeconds * 1000 - now) / 1000)
  if (sends > 0 && wait > 0) throw new Refusal('code.too_many', { retryAfterSeconds: wait })
}

/** The next kind is next; where there is none, the sign-in ends as it would have without any. */
function withoutKind(login: LoginTransaction, kind: RiskChallengeKind): LoginTransaction {
  const { risk } = login
  if (risk?.challenge === undefined) return login
  const kinds = risk.challenge.kinds.filter((one) => one !== kind)
  return { ...login, risk: { ...risk, challenge: { ...risk.challenge, kinds } } }
}

interface Begun {
  readonly login: LoginTransaction
  readonly said: RiskChallenge
  readonly language: Language
}

async function begunBy(
  ports: Parts,
  institution: Institution,
  { login, said, language }: Begun,
): Promise<LoginTransaction> {
  const now = ports.clock.now()
  const { sends } = login.challenge ?? noChallenge
  const soon = Math.min(now + codeSeconds * 1000, login.expiresAt)
  const begun: BegunChallenge = {
    reference: said.reference,
    ...(said.kind === 'out-of-band' && { token: said.token }),
    ...(said.kind === 'questions' && { questions: said.questions }),
    expiresAt: said.kind === 'questions' ? login.expiresAt : soon,
  }
  const next: LoginTransaction = { ...login, challenge: { begun, sends: sends + 1, sentAt: now } }
  await change(ports.logins, next)
  const { subject = '', reference, relyingParty } = login
  if (said.kind === 'code')
    await ports.deliveries.enqueue({
      ...{ institution: institution.id, subject, kind: 'sms', purpose: 'code', expiresAt: soon },
      text: signInCodeText({ code: said.code, bank: institution.name }, language),
      trace: { reference, relyingParty },
    })
  return next
}

interface Answering {
  readonly login: LoginTransaction
  readonly answers: ChallengeAnswers
}

async function answer(
  ports: Parts,
  institution: Institution,
  { login: seen, answers }: Answering,
): Promise<LoginTransaction> {
  const login = await awaitTurn(ports, seen)
  const kind = challengeKind(login)
  const begun = login.challenge?.begun
  const now = ports.clock.now()
  if (kind === 'code' && (begun?.expiresAt ?? 0) <= now) throw new Refusal('code.expired')
  if (kind === 'out-of-band' || begun === undefined) throw new Refusal('interaction.step', { uid: login.uid })
  const given = { reference: begun.reference, answers: answersFor(login, begun, answers) }
  const tries = await ports.pins.countTry(placeOf(login, kind), institution.pin, now)
  if (!tries.allowed) return ended(ports, login, 'challenge.failed')
  const taken = await takeTurn(ports, login)
  const result = await ports.engine.result(institution, taken, given)
  const left = Math.max(0, institution.pin.attempts - tries.used)
  return judged(ports, taken, { kind, result, left })
}

/** Exactly what was asked. Refuses with `challenge.failed` where something is missing, which is no try. */
function answersFor(
  login: LoginTransaction,
  { questions }: BegunChallenge,
  answers: ChallengeAnswers,
): Readonly<Record<string, string>> {
  if (questions === undefined) {
    const code = answers.get('code')?.trim() ?? ''
    if (!isEngineCode(code)) throw new Refusal('challenge.failed')
    return { code }
  }
  // A page of questions that are not asked any more.
  if (questions.some(({ id }) => !answers.has(id))) throw new Refusal('interaction.step', { uid: login.uid })
  const given = questions.map(({ id }) => [id, answers.get(id)?.trim() ?? ''] as const)
  if (given.some(([, text]) => text === '')) throw new Refusal('challenge.failed')
  return Object.fromEntries(given)
}

/** Of the customer, not of the challenge: a new one gives nobody a new budget. Codes have one with those of our own. */
const placeOf = ({ institution, subject = '' }: LoginTransaction, kind: RiskChallengeKind) => ({
  ...{ institution, subject },
  device: kind === 'code' ? 'sms-code' : 'risk-questions',
})

async function look(
  ports: Parts,
  institution: Institution,
  seen: LoginTransaction,
): Promise<LoginTransaction> {
  const login = await heldLogin(ports, seen)
  const next = nextStep(login)
  const { challenge = noChallenge } = login
  const { begun } = challenge
  const now = ports.clock.now()
  if (next.step !== 'challenge' || next.kind !== 'out-of-band' || begun === undefined) return login
  if (isBusy(login, now) || (begun.lookAgainAt ?? 0) > now) return login
  if (begun.expiresAt <= now) {
    const lapsed = { ...login, challenge: { ...challenge, begun: undefined } }
    await change(ports.logins, lapsed)
    return lapsed
  }
  const looking = {
    ...login,
    challenge: { ...challenge, begun: { ...begun, lookAgainAt: now + lookAgainMs } },
  }
  const taken = await takeTurn(ports, looking)
  const result = await ports.engine.result(institution, taken, { reference: begun.reference })
  return judged(ports, taken, { kind: 'out-of-band', result, left: mostCodes - challenge.sends })
}

const lookAgainMs = 1500

interface Judged {
  readonly kind: RiskChallengeKind
  readonly result: RiskChallengeResult | 'unanswered'
  /** How many tries the customer has after this one, where it failed. */
  readonly left: number
}

/** What the engine's word makes of the sign-in; a word that came too late makes nothing of it. */
async function judged(ports: Parts, taken: LoginTransaction, judging: Judged): Promise<LoginTransaction> {
  const { kind, result, left } = judging
  const login = await endTurn(ports, taken)
  if (login === undefined) throw new Refusal('interaction.step', { uid: taken.uid })
  if (result !== 'unanswered') await keptToken(ports, login, result)
  const state = result === 'unanswered' ? result : result.state
  if (state === 'passed') return passed(ports, login, kind)
  if (state === 'locked' || state === 'failed') {
    const code = state === 'locked' ? 'risk.denied' : 'challenge.failed'
    await told(ports, login, { kind, code })
    if (state === 'locked' || left === 0) return ended(ports, login, code)
    // A code stays good for the next try; a call is over, and questions are asked anew.
    const begun = kind === 'code' ? login.challenge?.begun : undefined
    await change(ports.logins, { ...login, challenge: { ...(login.challenge ?? noChallenge), begun } })
    throw new Refusal('challenge.failed', { left })
  }
  if (state !== 'pending' || kind !== 'out-of-band') return unanswered(ports, login)
  await change(ports.logins, login)
  return login
}

/** Nothing but that our turn is over; kept whatever the page's status makes of this unit. */
async function unanswered({ logins, unit }: Parts, login: LoginTransaction): Promise<never> {
  await change(logins, login)
  await unit.checkpoint()
  throw new Refusal('challenge.unanswered')
}

const keptToken = (
  ports: Parts,
  login: LoginTransaction,
  { deviceToken }: RiskChallengeResult,
): Promise<void> => {
  const { institution, subject = '', device } = login
  const provider = login.risk?.challenge?.provider ?? ''
  return createDeviceTokens(ports).keep({ institution, provider, subject, device }, deviceToken)
}

/** The engine's wish is met. Neither level nor methods change: it is no factor of the customer's (decision 0044). */
async function passed(
  ports: Parts,
  login: LoginTransaction,
  kind: RiskChallengeKind,
): Promise<LoginTransaction> {
  const { risk } = login
  if (risk === undefined) return login
  if (kind !== 'out-of-band') await ports.pins.clear(placeOf(login, kind))
  const next: LoginTransaction = { ...login, risk: { ...risk, cleared: true }, challenge: undefined }
  await change(ports.logins, next)
  await ports.riskOutcomes.steppedUp(next, { method: 'risk-challenge', passed: true })
  const detail = detailOf(login, kind)
  ports.audit.record({ type: 'step_up.passed', outcome: 'ok', ...traceOf(login), detail })
  return next
}

const detailOf = ({ risk }: LoginTransaction, challenge: RiskChallengeKind) => ({
  ...{ method: 'risk-challenge', challenge, provider: risk?.challenge?.provider ?? '' },
})

async function told(
  ports: Parts,
  login: LoginTransaction,
  { kind, code }: { readonly kind: RiskChallengeKind; readonly code: RefusalCode },
): Promise<void> {
  const detail = detailOf(login, kind)
  ports.audit.record({ type: 'step_up.tried', outcome: 'refused', code, ...traceOf(login), detail })
  await ports.riskOutcomes.steppedUp(login, { method: 'risk-challenge', passed: false })
}

/** The record that says that it is refused; whoever dispatches it tells app, engines and audit. */
async function ended(ports: Parts, login: LoginTransaction, ends: RefusalCode): Promise<LoginTransaction> {
  const { risk } = login
  if (risk === undefined) return login
  const next: LoginTransaction = { ...login, risk: { ...risk, ends }, challenge: undefined }
  await change(ports.logins, next)
  return next
}
