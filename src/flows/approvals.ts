// Asking a customer out of band: whether they may be asked now, the question kept, and word of it on its way, in one unit.
import type { Acr } from '../domain/acr.ts'
import {
  type Approval,
  type ApprovalOrigin,
  type ApprovalPlace,
  approvalSeconds,
  hashOfSignIn,
} from '../domain/approval.ts'
import { dampedFor, dampingMs } from '../domain/approval-damping.ts'
import { approves } from '../domain/device.ts'
import { approvalSettings, type Institution } from '../domain/institution.ts'
import { completed } from '../domain/place.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Approvals } from '../ports/approvals.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Places } from '../ports/places.ts'
import type { Devices } from '../ports/stores.ts'
import type { SubjectStates } from '../ports/subjects.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import type { Reach, Word } from './reach.ts'

export interface AskPorts {
  readonly approvals: Approvals
  readonly devices: Devices
  readonly subjectStates: Pick<SubjectStates, 'isDisabled'>
  readonly transactions: Pick<Transactions, 'hold'>
  readonly reach: Reach
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly places: Places
}

/** A transaction and what the policy's record of it says. */
export interface DecidedTransaction {
  readonly transaction: Transaction
  readonly id: string
  readonly expiresAt: number
}

/** One question to one customer. */
export interface ToAsk {
  readonly subject: string
  readonly relyingParty: string
  readonly origin: ApprovalOrigin
  readonly reference: string
  /** With the record of what the policy decided on it; undefined for a sign-in. */
  readonly decided: DecidedTransaction | undefined
  readonly acr: Acr
  /** Must the customer type the number that is shown where it began? */
  readonly numberMatched: boolean
  readonly bindingMessage?: string | undefined
  readonly place: ApprovalPlace
  readonly request?: string | undefined
  readonly uid?: string | undefined
  /** As what a signatory signs: then the question lives as long as its transaction waits. */
  readonly role?: string | undefined
  /** How long the question lives, where somebody asked for a time. */
  readonly seconds?: number | undefined
}

export type Ask = ReturnType<typeof createAsk>

/**
 * Asks, inside a unit. Refuses with `subject.disabled`, `approval.no_device` (nothing of this customer's can answer) and
 * `approval.too_many {retryAfterSeconds}` (too many are open, or were not approved; domain/approval-damping).
 */
export function createAsk(ports: AskPorts) {
  return async function ask(institution: Institution, asked: ToAsk): Promise<Approval> {
    await mayAsk(ports, institution, asked)
    return putQuestion(ports, institution, asked)
  }
}

export type AskSignatory = ReturnType<typeof createAskSignatory>

/** Asks a signatory, inside a unit; whoever calls it has seen that this one may be asked, and holds them. */
export function createAskSignatory(ports: QuestionPorts) {
  return (institution: Institution, asked: ToAsk): Promise<Approval> => putQuestion(ports, institution, asked)
}

type QuestionPorts = Pick<AskPorts, 'approvals' | 'audit' | 'reach' | 'chance' | 'clock' | 'places'>

/** Kept, and word of it on its way. */
async function putQuestion(ports: QuestionPorts, institution: Institution, asked: ToAsk): Promise<Approval> {
  const approval = approvalOf(ports, institution, asked)
  await ports.approvals.create(approval)
  const trace = traceOfApproval(approval)
  ports.audit.record({ type: 'approval.asked', outcome: 'ok', ...trace })
  const { subject, reference, relyingParty } = asked
  const word: Word = {
    ...{ subject, purpose: 'approval', handle: approval.id, text: '', expiresAt: approval.expiresAt },
    trace: { reference, relyingParty, transaction: approval.hash },
  }
  // A text message that leads to an approval would teach customers to follow such messages.
  await ports.reach(institution, word, ['push'])
  return approval
}

/** Has this customer a device that can answer out of band? */
export async function canApprove(
  { devices, clock }: Pick<AskPorts, 'devices' | 'clock'>,
  institution: string,
  subject: string,
): Promise<boolean> {
  const all = await devices.list(institution, subject)
  return all.some((device) => approves(device, subject, clock.now()))
}

/** Of two who ask at once the second sees what the first asked: the customer's row is held. */
async function mayAsk(ports: AskPorts, institution: Institution, asked: ToAsk): Promise<void> {
  const { subject, relyingParty } = asked
  const customer = { institution: institution.id, subject }
  if (await ports.subjectStates.isDisabled(institution.id, subject)) throw new Refusal('subject.disabled')
  await ports.transactions.hold(customer)
  const now = ports.clock.now()
  const past = await ports.approvals.past(customer, now - dampingMs)
  const devices = await ports.devices.list(institution.id, subject)
  if (!devices.some((device) => approves(device, subject, now))) throw new Refusal('approval.no_device')
  const most = approvalSettings(institution).open
  const retryAfterSeconds = dampedFor(past, { now, most, relyingParty })
  if (retryAfterSeconds !== undefined) throw new Refusal('approval.too_many', { retryAfterSeconds })
}

function approvalOf(ports: QuestionPorts, institution: Institution, asked: ToAsk): Approval {
  const { chance, clock } = ports
  const now = clock.now()
  const id = chance.token(16)
  const { relyingParty, decided, role } = asked
  const longest = role === undefined ? now + approvalSeconds(asked.seconds) * 1000 : Infinity
  return {
    ...{ institution: institution.id, id, subject: asked.subject, relyingParty, origin: asked.origin },
    reference: asked.reference,
    transaction: decided?.transaction,
    transactionId: decided?.id,
    hash: decided?.transaction.hash ?? hashOfSignIn({ id, relyingParty }),
    acr: asked.acr,
    number: asked.numberMatched ? chance.number() : undefined,
    nonce: chance.token(24),
    bindingMessage: asked.bindingMessage,
    place: placeKnown(ports, asked.place),
    request: asked.request,
    uid: asked.uid,
    ...(role !== undefined && { role }),
    state: 'pending',
    createdAt: now,
    // A yes to what is decided no more would be worth nothing.
    expiresAt: Math.min(longest, decided?.expiresAt ?? Infinity),
    endedAt: undefined,
    device: undefined,
  }
}

/** With the town and coordinates of its address, where they are known and nobody has said others. */
export const placeKnown = ({ places }: Pick<AskPorts, 'places'>, said: ApprovalPlace): ApprovalPlace =>
  completed(said, said.address === undefined ? undefined : places.of(said.address))

/** What every event of an approval says. */
export const traceOfApproval = (approval: Approval) => ({
  reference: approval.reference,
  relyingParty: approval.relyingParty,
  subject: approval.subject,
  transaction: approval.hash,
  detail: { approval: approval.id, origin: approval.origin },
})

/** The same for the events of its transaction. */
export const traceOfTransaction = ({ reference, relyingParty, subject, hash }: Approval) => ({
  ...{ reference, relyingParty, subject, transaction: hash },
})
