// The customer's answer to a question out of band: one of approve, deny, "this wasn't me"; one state at the end of any race.
import { elsewhere, satisfies, withDeviceAndPin } from '../domain/acr.ts'
import {
  type Approval,
  type ApprovalEnd,
  type ApprovalPlace,
  shownApprovalState,
} from '../domain/approval.ts'
import { approvalDisplay } from '../domain/approval-display.ts'
import { type ApprovalKey, approves, type Device } from '../domain/device.ts'
import type { CallerToken } from '../domain/gateway.ts'
import { givesBack } from '../domain/held-case.ts'
import { approvalSettings, type Institution } from '../domain/institution.ts'
import type { Language } from '../domain/language.ts'
import { kilometresApart } from '../domain/place.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import type { Display } from '../domain/transaction-display.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Approvals, Backchannel } from '../ports/approvals.ts'
import type { Cases } from '../ports/cases.ts'
import type { Clock } from '../ports/clock.ts'
import type { Places } from '../ports/places.ts'
import type { RiskOutcome } from '../ports/risk-records.ts'
import type { Devices, Directory } from '../ports/stores.ts'
import type { SubjectStates } from '../ports/subjects.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { isPayeeFrozen, type PayeePorts } from './account-tokens.ts'
import { type ReportPorts, revokeReported } from './approval-reported.ts'
import { placeKnown, traceOfApproval, traceOfTransaction } from './approvals.ts'
import { type CaseOpeningPorts, openCase } from './case-opening.ts'
import type { CoSigning } from './co-signing.ts'
import type { KeepEvidence } from './evidence.ts'
import type { createPinCheck } from './step-up.ts'
import { endTransaction } from './transaction-ending.ts'
import { grantOfApi } from './transaction-request.ts'

export interface AnswerPorts extends ReportPorts, PayeePorts {
  readonly approvals: Approvals
  readonly devices: Devices
  readonly directory: Directory
  readonly subjectStates: Pick<SubjectStates, 'isDisabled'>
  readonly transactions: Transactions
  readonly cases: CaseOpeningPorts['cases'] & Pick<Cases, 'giveBack'>
  readonly backchannel: Backchannel
  readonly checkPin: ReturnType<typeof createPinCheck>
  readonly keepEvidence: KeepEvidence
  readonly coSigning: CoSigning
  readonly places: Places
  readonly audit: Audit
  readonly clock: Clock
}

/** One question as its customer reads it, and the device that may answer. */
export interface ShownApproval {
  readonly approval: Approval
  readonly display: Display
  readonly language: Language
  readonly requester: string
  readonly device: Device & { readonly approvalKey: ApprovalKey }
}

/** A yes whose signature the caller has verified, over exactly what was shown. */
export interface SignedYes {
  readonly shown: ShownApproval
  /** As the customer typed it. */
  readonly number: string | undefined
  readonly pin: string | undefined
  /** The JWS itself. */
  readonly signature: string
  /** From where it came; coordinates are the device's own word. */
  readonly from: ApprovalPlace
}

export type Answers = ReturnType<typeof createAnswers>

/** Every function runs inside a unit of work. */
export function createAnswers(ports: AnswerPorts) {
  return {
    /** What waits for this customer, on a device of theirs that may answer. Refuses with `approval.no_key` or `approval.key_fresh`. */
    async list(
      institution: Institution,
      token: CallerToken,
      language: Language,
    ): Promise<readonly ShownApproval[]> {
      const device = await answering(ports, token)
      const open = await ports.approvals.pending(token, ports.clock.now())
      const shown = open.map((approval) => shownOf(ports, institution, { approval, device, language }))
      return (await Promise.all(shown.map(unlessGone))).filter((one) => one !== undefined)
    },
    /** One that may still be answered; refuses with `approval.unknown` (whoever else has it) and `approval.ended`. */
    async of(
      institution: Institution,
      token: CallerToken,
      { id, language }: { id: string; language: Language },
    ) {
      const device = await answering(ports, token)
      const approval = await open(ports, token, id)
      return shownOf(ports, institution, { approval, device, language })
    },
    /**
     * `held` where it came from too far away, which nobody learns who would not have been heard. Refuses with `approval.number`
     * (which ends the question), `pin.*`, `subject.disabled`, `payee.frozen`, and `approval.ended` where another answer was first or the time
     * is over; for a signatory also with `approval.mandate`.
     */
    approve: (institution: Institution, yes: SignedYes) => approve(ports, institution, yes),
    /** Refuses with `approval.ended` where another answer was first. */
    deny: (shown: ShownApproval) => refuse(ports, shown, 'denied'),
    /** The same, and whoever asked loses what they had of this customer; the institution is alerted. */
    report: (shown: ShownApproval) => refuse(ports, shown, 'reported'),
    /** Notes an answer that did not hold, so that the audit tells of it. */
    refused({ approval, device }: ShownApproval, { code }: Refusal): void {
      const trace = { ...traceOfApproval(approval), device: device.id }
      ports.audit.record({ type: 'approval.refused', outcome: 'refused', code, ...trace })
    },
  }
}

async function answering(ports: AnswerPorts, token: CallerToken) {
  const device =
    token.device === undefined ? undefined : await ports.devices.get(token.institution, token.device)
  const key = device?.approvalKey
  if (
    device === undefined ||
    key === undefined ||
    device.state !== 'active' ||
    device.subject !== token.subject
  )
    throw new Refusal('approval.no_key')
  if (key.usableFrom > ports.clock.now()) throw new Refusal('approval.key_fresh', { from: key.usableFrom })
  return { ...device, approvalKey: key }
}

async function open({ approvals, clock }: AnswerPorts, token: CallerToken, id: string): Promise<Approval> {
  const approval = await approvals.get(token.institution, id)
  if (approval === undefined || approval.subject !== token.subject) throw new Refusal('approval.unknown')
  const state = shownApprovalState(approval, clock.now())
  if (state !== 'pending') throw new Refusal('approval.ended', { approval: id, state })
  return approval
}

interface Showing {
  readonly approval: Approval
  readonly device: ShownApproval['device']
  readonly language: Language
}

async function shownOf(
  { directory }: AnswerPorts,
  institution: Institution,
  { approval, device, language }: Showing,
): Promise<ShownApproval> {
  const { relyingParty, transaction } = approval
  const requester = (await directory.relyingParty(institution.id, relyingParty))?.name ?? relyingParty
  const names = { institution: institution.name, relyingParty: requester }
  const type = transaction && typeNamed(typesOf(institution), transaction.type)
  return {
    approval,
    display: approvalDisplay({ approval, names, type }, language),
    language,
    requester,
    device,
  }
}

/** A question whose type the institution has no more cannot be shown, and lapses; it must not hide the others. */
async function unlessGone(shown: Promise<ShownApproval>): Promise<ShownApproval | undefined> {
  try {
    return await shown
  } catch (error) {
    if (error instanceof Refusal && error.code === 'transaction.malformed') return undefined
    throw error
  }
}

async function approve(ports: AnswerPorts, institution: Institution, yes: SignedYes): Promise<Heard> {
  const { approval, device } = yes.shown
  const { subject } = approval
  if (approval.number !== undefined && yes.number !== approval.number) return wrongNumber(ports, yes.shown)
  if (satisfies(approval.acr, withDeviceAndPin) || yes.pin !== undefined)
    await ports.checkPin(
      institution,
      { institution: institution.id, subject, device: device.id },
      yes.pin ?? '',
    )
  await stillAnswering(ports, yes.shown)
  if (approval.origin === 'signatory') await ports.coSigning.hold(approval, device, 'yes')
  const answered = await judged(ports, institution, yes)
  await ended(ports, yes.shown, answered.state)
  await accepted(ports, institution, { yes, answered })
  return answered.state
}

/**
 * While the PIN was compared no unit was open: a device, a key or a customer that ended meanwhile is not heard (attack 150). From
 * here on the device is held, and the payee; a customer who is disabled at this moment waits for the question, or has withdrawn it.
 */
async function stillAnswering(ports: AnswerPorts, { approval, device }: ShownApproval): Promise<void> {
  const { devices, subjectStates, clock } = ports
  const { institution, subject, transaction } = approval
  await devices.hold(institution, device.jkt)
  const now = await devices.get(institution, device.id)
  if (!approves(now, subject, clock.now()) || now.approvalKey.jkt !== device.approvalKey.jkt)
    throw new Refusal('approval.no_key')
  if (await subjectStates.isDisabled(institution, subject)) throw new Refusal('subject.disabled')
  if (await isPayeeFrozen(ports, institution, transaction)) throw new Refusal('payee.frozen')
}

type Heard = Extract<ApprovalEnd, 'approved' | 'held'>

interface Judged {
  readonly state: Heard
  readonly at: number
  readonly place: ApprovalPlace
  /** Undefined where one of the places is not known; then nothing is held. */
  readonly kilometres: number | undefined
}

/**
 * Is whoever says yes where it was asked for, as far as that is known? What two people have looked at and released is not held
 * once more.
 */
async function judged(
  ports: AnswerPorts,
  institution: Institution,
  { shown, from }: SignedYes,
): Promise<Judged> {
  const place = placeKnown(ports, from)
  const kilometres = kilometresApart(shown.approval.place, place)
  const isFar = kilometres !== undefined && kilometres > approvalSettings(institution).farKilometres
  const holds = isFar && !(await isReleased(ports, shown.approval))
  return { state: holds ? 'held' : 'approved', at: ports.clock.now(), place, kilometres }
}

async function isReleased(
  { transactions }: AnswerPorts,
  { institution, transactionId }: Approval,
): Promise<boolean> {
  const decided = transactionId === undefined ? undefined : await transactions.get(institution, transactionId)
  return decided?.inputs.release !== undefined
}

/** What a yes that was right leads to: proof of it is kept also where it is held. */
async function accepted(
  ports: AnswerPorts,
  institution: Institution,
  { yes, answered }: { readonly yes: SignedYes; readonly answered: Judged },
): Promise<void> {
  const { approval, device, display, language } = yes.shown
  const { state, at, place, kilometres } = answered
  const methods = ['pop', ...(yes.pin === undefined ? [] : ['pin']), elsewhere]
  const strength = yes.pin === undefined ? 'device-key' : 'device-key+uv'
  const evidence = await ports.keepEvidence(institution, {
    ...{ approval, text: display.text, language, strength, methods, at, deviceId: device.id },
    ...{ signature: yes.signature, outcome: state, place, kilometres },
  })
  const trace = traceOfApproval(approval)
  const detail = { ...trace.detail, methods, strength, evidence }
  const event = { type: `approval.${state}`, ...trace, device: device.id, detail } as const
  if (state === 'approved') {
    ports.audit.record({ ...event, outcome: 'ok' })
    return settle(ports, institution, { shown: yes.shown, methods, at })
  }
  await hold(ports, institution, { shown: yes.shown, methods, at })
  const personal = apart(approval.place, answered)
  ports.audit.record({ ...event, outcome: 'refused', code: 'approval.held', personal })
}

/** How far, and between which towns: of a person, and without coordinates. */
const apart = (asked: ApprovalPlace, { place, kilometres = 0 }: Judged): Record<string, string> => ({
  kilometres: String(Math.round(kilometres)),
  ...(asked.town !== undefined && { asked_from: asked.town }),
  ...(place.town !== undefined && { answered_from: place.town }),
})

/** Whoever was misled into answering another's question sees another number: one try, then it is over (ruling R-32). */
async function wrongNumber(ports: AnswerPorts, shown: ShownApproval): Promise<never> {
  await ended(ports, shown, 'failed')
  await release(ports, shown.approval, 'approval.number')
  throw new Refusal('approval.number', { approval: shown.approval.id })
}

const riskOutcomeOf: Readonly<Record<ApprovalEnd, RiskOutcome>> = {
  ...{ approved: 'approved', denied: 'denied', reported: 'fraud', failed: 'failed', held: 'failed' },
  withdrawn: 'failed',
}

/** The one statement that decides which answer holds; the transaction goes the same way in the same unit. */
async function ended(
  ports: AnswerPorts,
  { approval, device }: ShownApproval,
  state: ApprovalEnd,
): Promise<void> {
  const now = ports.clock.now()
  const { institution, id, transactionId } = approval
  if (!(await ports.approvals.end(institution, id, { state, now, device: device.id })))
    throw new Refusal('approval.ended', { approval: id })
  // Of a sign-in by a back end, which has no transaction that ends; and of what the customer said no to, before it is released.
  const outcome = riskOutcomeOf[state]
  await ports.riskOutcomes.aboutEnded(institution, id, outcome)
  if (outcome !== 'approved' && transactionId !== undefined)
    await ports.riskOutcomes.aboutEnded(institution, transactionId, outcome)
}

interface Yes {
  readonly shown: ShownApproval
  readonly methods: readonly string[]
  readonly at: number
}

/** Hands the yes to whoever waits: the app that polls, the API that asks, or the page of the sign-in, which looks for itself. */
async function settle(ports: AnswerPorts, bank: Institution, yes: Yes): Promise<void> {
  const { approval, device } = yes.shown
  const { institution, transactionId: id, origin } = approval
  if (origin === 'login') return
  if (origin === 'signatory') return ports.coSigning.signed(approval, ports.backchannel)
  const { methods, at } = yes
  if (id !== undefined) {
    // A poll of CIBA goes on as long as its request lives; an API looks when it likes.
    const begun = await ports.coSigning.begin(bank, id, origin === 'backchannel')
    if (begun === 'begun') return
    if (begun === 'lacking') return release(ports, approval, 'transaction.signatories')
    const trace = { ...traceOfTransaction(approval), device: device.id }
    const end = { institution, id, state: 'approved', now: at, trace, detail: { methods } } as const
    if (begun === 'over' || !(await endTransaction(ports, end)))
      throw new Error('an approval outlived its transaction')
  }
  const granted =
    origin === 'backchannel' && (await ports.backchannel.granted(approval, { amr: methods, at }))
  if (id !== undefined) await ports.transactions.bind(institution, id, granted || grantOfApi(id))
}

interface Holding extends Yes {
  readonly shown: ShownApproval
}

/** For the bank to look at: whoever waits is told, and the transaction counts against no limit: it may be sent again, if anything. */
async function hold(
  ports: AnswerPorts,
  bank: Institution,
  { shown: { approval, device }, methods, at }: Holding,
): Promise<void> {
  const { institution, transactionId: id, origin } = approval
  if (origin === 'backchannel') await ports.backchannel.denied(approval, 'approval.held')
  if (id === undefined) return
  // That of a sign-in too, at once: its page may never look, and could end it in another way.
  const trace = { ...traceOfTransaction(approval), device: device.id }
  const end = { institution, id, state: 'held', now: at, trace, detail: { methods } } as const
  const transaction = await ports.transactions.get(institution, id)
  if (transaction === undefined) return
  const customer = await ports.transactions.hold(transaction)
  if (await endTransaction(ports, end))
    await openCase(ports, bank, { customer, transaction, reason: 'approval.held', now: at })
}

async function refuse(
  ports: AnswerPorts,
  shown: ShownApproval,
  state: Extract<ApprovalEnd, 'denied' | 'reported'>,
): Promise<void> {
  const { approval, device } = shown
  if (approval.origin === 'signatory') await ports.coSigning.hold(approval, device, 'no')
  await ended(ports, shown, state)
  await release(ports, approval, 'approval.denied')
  const trace = { ...traceOfApproval(approval), device: device.id }
  ports.audit.record({ type: `approval.${state}`, outcome: 'refused', code: 'approval.denied', ...trace })
  if (state === 'reported') await revokeReported(ports, approval)
}

/** What was not approved counts against no limit, and whoever waits is told. */
async function release(ports: AnswerPorts, approval: Approval, code: RefusalCode): Promise<void> {
  const { institution, transactionId, origin } = approval
  const { backchannel } = ports
  if (origin === 'signatory') return ports.coSigning.refused(approval, { code, backchannel })
  if (origin === 'backchannel') await backchannel.denied(approval, code)
  // A sign-in ends its own transaction when its page learns of this.
  if (origin === 'login' || transactionId === undefined) return
  const of = givesBack(code) ? await ports.cases.giveBack(approval, transactionId) : undefined
  await endTransaction(ports, {
    ...{ institution, id: transactionId, state: 'released', now: ports.clock.now() },
    ...{ trace: traceOfTransaction(approval), ...(of !== undefined && { detail: { case: of } }) },
  })
}
