// A payment approved by a code from a text message: sent to the bank's own number of the customer, good once, for this payment.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { codeAgainSeconds, codeDigits, codeSeconds, codeText, mostCodes } from '../domain/code-text.ts'
import type { Institution } from '../domain/institution.ts'
import type { Language } from '../domain/language.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { SimDoubt } from '../domain/sim.ts'
import { displayOf } from '../domain/transaction-display.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Deliveries } from '../ports/deliveries.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Logins, Pins } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { type CodeGate, codeWithheld } from './code-gate.ts'
import { heldLogin } from './held-login.ts'
import { change, traceOf } from './login.ts'
import type { RiskOutcomes } from './risk-outcomes.ts'

export interface SmsCodePorts {
  readonly logins: Logins
  readonly pins: Pick<Pins, 'countTry' | 'clear'>
  readonly transactions: Pick<Transactions, 'hold'>
  readonly deliveries: Deliveries
  readonly keys: Pick<KeyStore, 'secret'>
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly codeGate: CodeGate
  readonly riskOutcomes: Pick<RiskOutcomes, 'steppedUp'>
}

/** As the customer typed it, on a page in this language. */
export interface TypedCode {
  readonly code: string
  readonly language: Language
}

export type SmsCodes = ReturnType<typeof createSmsCodes>

/**
 * Every function runs inside a unit of work, which is committed before an operator is asked about the number. Where no code may go
 * there, what is sent resolves with a record of another step than `code` (attack 138).
 */
export function createSmsCodes(ports: SmsCodePorts) {
  return {
    /** The record with a code on its way: the first goes by itself, and looking again sends nothing. Refuses with `interaction.step`. */
    first: async (institution: Institution, login: LoginTransaction, language: Language) => {
      const doubt = await doubtOf(ports, institution, login)
      const now = await heldLogin(ports, login)
      return now.code === undefined ? send(ports, institution, { login: now, language, doubt }) : now
    },
    /** Sends one; a new one makes those before it worthless. Refuses with `code.too_many {retryAfterSeconds?}` and `interaction.step`. */
    send: async (institution: Institution, login: LoginTransaction, language: Language) => {
      const doubt = await doubtOf(ports, institution, login)
      return send(ports, institution, { login: await heldLogin(ports, login), language, doubt })
    },
    /** One try, counted before it is compared. Refuses with `code.wrong {left}`, `code.expired`, `pin.locked {until}`, `interaction.step`. */
    check: (institution: Institution, login: LoginTransaction, typed: TypedCode) =>
      check(ports, institution, { login, typed }),
  }
}

interface Sending {
  /** Held. */
  readonly login: LoginTransaction
  readonly language: Language
  readonly doubt: SimDoubt | undefined
}

/** What a code is bound to: this sign-in and exactly this transaction. */
function verifierOf({ keys }: Pick<SmsCodePorts, 'keys'>, login: LoginTransaction, code: string): string {
  const key = keys.secret(login.institution, 'codes')
  return createHmac('sha256', key)
    .update(`${login.uid}|${login.transaction?.hash}|${code}`)
    .digest('base64url')
}

async function send(
  ports: SmsCodePorts,
  institution: Institution,
  { login, language, doubt }: Sending,
): Promise<LoginTransaction> {
  const { subject, transaction, code: before, reference, relyingParty } = login
  if (nextStep(login).step !== 'code' || subject === undefined || transaction === undefined)
    throw new Refusal('interaction.step', { uid: login.uid })
  const now = ports.clock.now()
  if (doubt !== undefined) return withheld(ports, login, doubt)
  if (before !== undefined) mayAgain(before, now)
  const { chance } = ports
  const code = Array.from({ length: codeDigits / 2 }, () => chance.number()).join('')
  const expiresAt = Math.min(now + codeSeconds * 1000, login.expiresAt)
  const sent = { verifier: verifierOf(ports, login, code), sentAt: now, expiresAt }
  const next: LoginTransaction = { ...login, code: { ...sent, sends: (before?.sends ?? 0) + 1 } }
  await change(ports.logins, next)
  const display = displayOf(transaction, typeNamed(typesOf(institution), transaction.type), language)
  await ports.deliveries.enqueue({
    ...{ institution: institution.id, subject, kind: 'sms', purpose: 'code', expiresAt },
    text: codeText({ code, bank: institution.name, display }, language),
    trace: { reference, relyingParty, transaction: transaction.hash },
  })
  return next
}

/** Asked of what was seen: nothing is held while the operator thinks. */
async function doubtOf(
  { codeGate, clock }: SmsCodePorts,
  institution: Institution,
  { uid, subject, code }: LoginTransaction,
): Promise<SimDoubt | undefined> {
  if (subject === undefined) throw new Refusal('interaction.step', { uid })
  if (code !== undefined) mayAgain(code, clock.now())
  return codeGate(institution, subject)
}

/** As if the bank had no number of theirs: another way is next, or none. What was sent before is worth nothing any more. */
async function withheld(
  { logins, audit }: Pick<SmsCodePorts, 'logins' | 'audit'>,
  login: LoginTransaction,
  doubt: SimDoubt,
): Promise<LoginTransaction> {
  const next: LoginTransaction = { ...login, hasNumber: false, code: undefined }
  await change(logins, next)
  audit.record(codeWithheld(login, doubt))
  return next
}

function mayAgain({ sends, sentAt }: NonNullable<LoginTransaction['code']>, now: number): void {
  if (sends >= mostCodes) throw new Refusal('code.too_many')
  const wait = Math.ceil((sentAt + codeAgainSeconds * 1000 - now) / 1000)
  if (wait > 0) throw new Refusal('code.too_many', { retryAfterSeconds: wait })
}

interface Checking {
  readonly login: LoginTransaction
  readonly typed: TypedCode
}

async function check(
  ports: SmsCodePorts,
  institution: Institution,
  { login: seen, typed }: Checking,
): Promise<LoginTransaction> {
  const login = await heldLogin(ports, seen)
  const { subject, code: sent } = login
  if (nextStep(login).step !== 'code' || subject === undefined)
    throw new Refusal('interaction.step', { uid: login.uid })
  const now = ports.clock.now()
  if (sent === undefined || sent.expiresAt <= now) throw new Refusal('code.expired')
  if (!/^\d+$/.test(typed.code) || typed.code.length !== codeDigits) throw new Refusal('code.wrong')
  // Of the customer, not of the code: a new one gives nobody a new budget (NIST SP 800-63B 3.2.2).
  const place = { institution: institution.id, subject, device: 'sms-code' }
  const tries = await ports.pins.countTry(place, institution.pin, now)
  if (!tries.allowed) throw new Refusal('pin.locked', { until: tries.lockedUntil ?? 0 })
  const given = Buffer.from(verifierOf(ports, login, typed.code))
  if (!timingSafeEqual(given, Buffer.from(sent.verifier))) {
    ports.audit.record({ type: 'step_up.tried', outcome: 'refused', code: 'code.wrong', ...traceOf(login) })
    await ports.riskOutcomes.steppedUp(login, { method: 'sms', passed: false })
    throw new Refusal('code.wrong', { left: Math.max(0, institution.pin.attempts - tries.used) })
  }
  await ports.pins.clear(place)
  const consent = login.consent === 'confirm' ? 'given' : login.consent
  const amr = [...login.amr, 'sms']
  const next: LoginTransaction = { ...login, amr, consent, approvedIn: typed.language, code: undefined }
  await change(ports.logins, next)
  await ports.riskOutcomes.steppedUp(next, { method: 'sms', passed: true })
  ports.audit.record({ type: 'step_up.passed', outcome: 'ok', ...traceOf(login), detail: { method: 'sms' } })
  return next
}
