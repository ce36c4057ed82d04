// The transaction of a sign-in: decided when the customer is known, and settled when the sign-in ends.
import { elsewhere } from '../domain/acr.ts'
import { type CustomerTransaction, stopOf } from '../domain/customer-transaction.ts'
import { givesBack } from '../domain/held-case.ts'
import type { Institution } from '../domain/institution.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import { displayOf } from '../domain/transaction-display.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Cases } from '../ports/cases.ts'
import type { Clock } from '../ports/clock.ts'
import type { Devices, Logins, Pins } from '../ports/stores.ts'
import type { SubjectStates } from '../ports/subjects.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { isPayeeFrozen, type PayeePorts } from './account-tokens.ts'
import type { CanText } from './can-text.ts'
import type { Decide } from './decide.ts'
import type { KeepEvidence } from './evidence.ts'
import { raised } from './raised.ts'
import { endTransaction } from './transaction-ending.ts'

export interface LoginDecisionPorts {
  readonly logins: Logins
  readonly pins: Pins
  readonly transactions: Transactions
  readonly decide: Decide
  readonly devices: Devices
  readonly canText: CanText
  readonly clock: Clock
}

/**
 * The record with the policy's decision in it; asked once a sign-in, whatever tabs are open. Refuses with
 * `interaction.step` where there is nothing to decide, or `interaction.finished`.
 */
export async function withDecision(
  ports: LoginDecisionPorts,
  institution: Institution,
  login: LoginTransaction,
): Promise<LoginTransaction> {
  const { subject, transaction } = login
  if (nextStep(login).step !== 'decide' || subject === undefined || transaction === undefined)
    throw new Refusal('interaction.step', { uid: login.uid })
  const asked = {
    ...{ transaction, subject, signals: login.signals },
    ...{ relyingParty: login.relyingParty, device: login.device, amr: login.amr },
    granted: login.granted,
    authenticatedAt: login.undated === true ? undefined : login.authenticatedAt,
    expiresAt: login.expiresAt,
    trace: { reference: login.reference },
  }
  const decided = await ports.decide(institution, asked, async () => {
    const now = await ports.logins.get(institution.id, login.uid)
    return now?.decision === undefined ? undefined : now
  })
  if ('uid' in decided) return decided
  const next = await needing(ports, login, decided)
  if (!(await ports.logins.update(next))) throw new Refusal('interaction.finished', { uid: login.uid })
  return next
}

async function needing(
  ports: LoginDecisionPorts,
  login: LoginTransaction,
  kept: CustomerTransaction,
): Promise<LoginTransaction> {
  const { id, decision: made, inputs } = kept
  const { outcome, reason } = made
  const tooFew = stopOf(kept) === 'transaction.signatories'
  const assessment = inputs.risk?.said.id
  const stopped = tooFew ? ('transaction.signatories' as const) : undefined
  const decided = { ...login, decision: { id, outcome, reason, assessment, ...(stopped && { stopped }) } }
  if (outcome.kind !== 'step-up' || tooFew) return decided
  const { institution, subject } = login
  return {
    ...(await raised(ports, decided, { acr: outcome.acr, ours: true })),
    hasNumber: outcome.by?.includes('sms') === true && (await ports.canText(institution, subject ?? '')),
  }
}

interface FrozenPorts extends PayeePorts {
  readonly subjectStates: Pick<SubjectStates, 'isDisabled'>
}

/**
 * What the bank has stopped since the policy decided, as a code; whoever would freeze it now waits until the sign-in has ended.
 * Nothing of a sign-in without a transaction: what it leads to is refused where it is shown.
 */
export async function frozenSince(
  ports: FrozenPorts,
  { institution, transaction, subject, device, dpopJkt: key }: LoginTransaction,
): Promise<RefusalCode | undefined> {
  if (transaction === undefined || subject === undefined) return undefined
  const { freezes, subjectStates } = ports
  if (await freezes.hold(institution, { kind: 'customer', key: subject })) return 'subject.disabled'
  // The unit has begun by then, so that all are asked in it, at once.
  const [isDisabled, isDevice, isPayee] = await Promise.all([
    subjectStates.isDisabled(institution, subject),
    device !== undefined && key !== undefined && freezes.hold(institution, { kind: 'device', key }),
    isPayeeFrozen(ports, institution, transaction),
  ])
  if (isDisabled) return 'subject.disabled'
  if (isDevice) return 'device.frozen'
  return isPayee ? 'payee.frozen' : undefined
}

/** How a sign-in's transaction ends; `evidence` keeps what proves that it was approved, and gives its digest. */
export interface Settling {
  readonly state: 'approved' | 'released'
  readonly evidence?: (() => Promise<string | undefined>) | undefined
  /** Why the sign-in was refused. */
  readonly refusal?: RefusalCode | undefined
}

interface SettlePorts {
  readonly transactions: Transactions
  readonly cases: Pick<Cases, 'giveBack'>
  readonly clock: Clock
  readonly audit: Audit
}

/** What ends a sign-in with a transaction. */
export type EndPorts = FrozenPorts & SettlePorts

/**
 * What becomes of the transaction when its sign-in ends, and of a release that it used; nothing where there is none, or the policy had stopped it. Refuses
 * with `interaction.expired` where its time was over before it was approved.
 */
export async function settleTransaction(
  { transactions, cases, audit, clock }: SettlePorts,
  login: LoginTransaction,
  { state, evidence, refusal }: Settling,
): Promise<void> {
  const { decision, transaction, institution, subject = '' } = login
  if (decision === undefined || transaction === undefined) return
  const isGivenBack = refusal !== undefined && givesBack(refusal)
  const of = isGivenBack ? await cases.giveBack({ institution, subject }, decision.id) : undefined
  const trace = {
    reference: login.reference,
    relyingParty: login.relyingParty,
    ...(login.subject !== undefined && { subject: login.subject }),
    ...(login.device !== undefined && { device: login.device }),
    transaction: transaction.hash,
  }
  const detail = { methods: login.amr, ...(of !== undefined && { case: of }) }
  const what = { institution, id: decision.id, state, now: clock.now() }
  // The refusal below is committed (ruling R-2): nothing may be kept by then that proves what did not come to be.
  const end = { ...what, trace, detail, evidence }
  if (!(await endTransaction({ transactions, audit }, end)) && state === 'approved')
    throw new Refusal('interaction.expired', { uid: login.uid })
}

export interface EvidencePorts {
  readonly keepEvidence: KeepEvidence
  readonly clock: Clock
}

/**
 * What proves that the customer approved this transaction on our page; its digest. Nothing where the policy asked for no
 * approval, or it was given on a phone, which has evidence of its own. Refuses as `displayOf` does.
 */
export async function evidenceOf(
  { keepEvidence, clock }: EvidencePorts,
  institution: Institution,
  login: LoginTransaction,
): Promise<string | undefined> {
  const { transaction, decision, subject, approvedIn: language, device } = login
  if (transaction === undefined || decision === undefined || subject === undefined) return undefined
  if (language === undefined || login.amr.includes(elsewhere)) return undefined
  const { text } = displayOf(transaction, typeNamed(typesOf(institution), transaction.type), language)
  const approval = {
    ...{ id: login.uid, subject, relyingParty: login.relyingParty, origin: 'login' as const },
    ...{ reference: login.reference, transaction, transactionId: decision.id, hash: transaction.hash },
    ...{ number: undefined, nonce: undefined, bindingMessage: undefined, place: {} },
    ...{ createdAt: login.startedAt, expiresAt: login.expiresAt },
  }
  const strength = login.amr.includes('pin') ? 'pin' : 'code'
  const answered = { approval, text, language, strength, methods: login.amr } as const
  return keepEvidence(institution, {
    ...answered,
    ...{ deviceId: device, signature: undefined, at: clock.now() },
    ...{ outcome: 'approved', place: {}, kilometres: undefined },
  })
}
