// What a customer has approved and others must sign: asked of each, counted, and ended once, whoever answers at the same time.
import { elsewhere, satisfies, withDevice, withDeviceAndPin } from '../domain/acr.ts'
import type { Approval } from '../domain/approval.ts'
import type { CustomerTransaction } from '../domain/customer-transaction.ts'
import type { Device } from '../domain/device.ts'
import { approvalSettings, type Institution } from '../domain/institution.ts'
import { signatoriesOf } from '../domain/outcome.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import { lacking, type NeededSignatories, type Signatory, signatoriesText } from '../domain/signatories.ts'
import type { Approvals, Backchannel } from '../ports/approvals.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { type AskSignatory, traceOfTransaction } from './approvals.ts'
import { eligibleSignatories, maySign, type SignatoryPorts } from './signatories.ts'
import { endTransaction } from './transaction-ending.ts'
import { grantOfApi } from './transaction-request.ts'
import { withdrawSignatories } from './withdrawal.ts'

export interface CoSigningPorts extends SignatoryPorts {
  readonly transactions: Transactions
  readonly approvals: Pick<Approvals, 'pending' | 'list' | 'withdrawSignatories'>
  readonly askSignatory: AskSignatory
  readonly audit: Audit
}

/**
 * `none`: nobody else must sign. `begun`: they were asked, now or before. `lacking`: too few can be asked. `over`: it was no longer
 * open, or its time was over.
 */
export type Begun = 'none' | 'begun' | 'lacking' | 'over'

export type CoSigning = ReturnType<typeof createCoSigning>

/** Every function runs inside a unit of work. */
export function createCoSigning(ports: CoSigningPorts) {
  return {
    /**
     * The customer has approved it: asks all who can sign, and keeps it open for them; once. It `stays` until it would have ended
     * anyhow where somebody waits for it, else for the institution's `signatoryHours`.
     */
    begin: (institution: Institution, id: string, stays: boolean) => begin(ports, institution, { id, stays }),
    /**
     * Before a signatory's answer is taken: from then on until the unit ends nobody else answers for this transaction. Refuses with
     * `approval.ended` (to a yes also while who began it is disabled, which is not for others to know) and `approval.mandate` (who
     * answers may not sign, or not any more).
     */
    hold: (approval: Approval, device: Device, said: 'yes' | 'no') => hold(ports, approval, { device, said }),
    /** After a signatory's yes, under `hold`: where it was the last that was needed, whoever waits is told. */
    signed: (approval: Approval, backchannel: Backchannel) => signed(ports, approval, backchannel),
    /** After a signatory's no, under `hold`: it is over for all. */
    refused: (approval: Approval, told: Refused) => refused(ports, approval, told),
    /** Have as many signed as the policy wants? */
    isSigned: (one: CustomerTransaction) => isSigned(ports, one),
    /** Nobody waits any more: what is open is withdrawn. */
    withdraw: (institution: string, id: string) => withdrawSignatories(ports, institution, id),
  }
}

interface Beginning {
  readonly id: string
  readonly stays: boolean
}

async function begin(ports: CoSigningPorts, institution: Institution, what: Beginning): Promise<Begun> {
  const { id, stays } = what
  const one = await ports.transactions.get(institution.id, id)
  const needed = one && signatoriesOf(one.decision.outcome)
  if (one === undefined || needed === undefined) return 'none'
  if (one.signingAt !== undefined) return 'begun'
  // In one order, whoever else asks some of them: nobody waits for somebody who waits for them.
  const named = await eligibleSignatories(ports, one, needed)
  for (const subject of named.map((each) => each.subject).sort())
    await ports.transactions.hold({ institution: institution.id, subject })
  const able = await eligibleSignatories(ports, one, needed)
  if (lacking(needed, able).length > 0) return 'lacking'
  const now = ports.clock.now()
  const hours = approvalSettings(institution).signatoryHours
  const expiresAt = stays ? one.expiresAt : now + hours * 3600_000
  if (!(await ports.transactions.sign(institution.id, id, { now, expiresAt }))) {
    // Another tab, or another press, was first.
    const seen = await ports.transactions.get(institution.id, id)
    return seen?.state === 'open' && seen.signingAt !== undefined && seen.expiresAt > now ? 'begun' : 'over'
  }
  await askAll(ports, institution, { one: { ...one, expiresAt }, able, needed })
  return 'begun'
}

interface Asking {
  readonly one: CustomerTransaction
  readonly able: readonly Signatory[]
  readonly needed: NeededSignatories
}

async function askAll(ports: CoSigningPorts, institution: Institution, asking: Asking): Promise<void> {
  const { one, able, needed } = asking
  const { reference, relyingParty, subject, transaction, id, expiresAt, decision } = one
  const acr = decision.outcome.kind === 'step-up' ? decision.outcome.acr : withDevice
  ports.audit.record({
    ...{ type: 'transaction.signing', outcome: 'ok', reference, relyingParty, subject },
    transaction: transaction.hash,
    detail: { id, signatories: signatoriesText(needed), asked: able.length },
  })
  for (const { subject: signatory, role } of able)
    await ports.askSignatory(institution, {
      ...{ subject: signatory, role, relyingParty, origin: 'signatory', reference, acr },
      decided: { transaction, id, expiresAt },
      // They are not where it began, and where that was is the business of who began it.
      ...{ numberMatched: false, place: {} },
    })
}

interface Answering {
  readonly device: Device
  readonly said: 'yes' | 'no'
}

async function hold(ports: CoSigningPorts, approval: Approval, { device, said }: Answering): Promise<void> {
  const { institution, transactionId = '', subject, role = '' } = approval
  const ended = () => new Refusal('approval.ended', { approval: approval.id })
  const before = await ports.transactions.get(institution, transactionId)
  if (before === undefined) throw ended()
  await ports.transactions.hold(before)
  const now = await ports.transactions.get(institution, transactionId)
  // Once as many have signed as are needed, the others' questions are withdrawn.
  if (now?.state !== 'open' || now.expiresAt <= ports.clock.now()) throw ended()
  if (!(await maySign(ports, now, { subject, role, device })))
    throw new Refusal('approval.mandate', { approval: approval.id })
  if (said === 'yes' && (await ports.subjectStates.isDisabled(institution, now.subject))) throw ended()
}

async function isSigned(ports: CoSigningPorts, one: CustomerTransaction): Promise<boolean> {
  const needed = signatoriesOf(one.decision.outcome)
  return needed === undefined || lacking(needed, await signaturesOf(ports, one)).length === 0
}

/** What was given counts, also of who was taken out of the mandate since; not of who was disabled. */
async function signaturesOf(
  ports: CoSigningPorts,
  { institution, id }: CustomerTransaction,
): Promise<readonly Signatory[]> {
  const now = ports.clock.now()
  const found = await ports.approvals.list(institution, {
    ...{ transactionId: id, state: 'approved', now, limit: 201 },
  })
  const signed = found.flatMap(({ origin, subject, role }) =>
    origin === 'signatory' && role !== undefined ? [{ subject, role }] : [],
  )
  const disabled = await Promise.all(
    signed.map(({ subject }) => ports.subjectStates.isDisabled(institution, subject)),
  )
  return signed.filter((_, n) => !disabled[n])
}

async function signed(ports: CoSigningPorts, answered: Approval, backchannel: Backchannel): Promise<void> {
  const { institution, transactionId: id = '' } = answered
  const one = await ports.transactions.get(institution, id)
  if (one === undefined || !(await isSigned(ports, one))) return
  await withdrawSignatories(ports, institution, id)
  const first = await firstOf(ports, one)
  // The page of a sign-in looks for itself, and ends its own transaction.
  if (first === undefined || first.origin === 'login') return
  const methods = methodsOf(first)
  const trace = { ...traceOfTransaction(first), ...(first.device !== undefined && { device: first.device }) }
  const end = {
    institution,
    id,
    state: 'approved',
    now: ports.clock.now(),
    trace,
    detail: { methods },
  } as const
  if (!(await endTransaction(ports, end))) throw new Error('a signature outlived its transaction')
  const at = first.endedAt ?? end.now
  const grant = first.origin === 'backchannel' && (await backchannel.granted(first, { amr: methods, at }))
  await ports.transactions.bind(institution, id, grant || grantOfApi(id))
}

/** Those that its level proves; a PIN that was given beyond is in the evidence. */
const methodsOf = ({ acr }: Approval): string[] => [
  'pop',
  ...(satisfies(acr, withDeviceAndPin) ? ['pin'] : []),
  elsewhere,
]

/** The approval of who began it; undefined where it was given on our page. */
async function firstOf(
  { approvals, clock }: CoSigningPorts,
  { institution, id, subject }: CustomerTransaction,
): Promise<Approval | undefined> {
  const asked = { transactionId: id, subject, now: clock.now(), limit: 201 }
  return (await approvals.list(institution, asked)).find(({ state }) => state === 'approved')
}

interface Refused {
  readonly code: RefusalCode
  readonly backchannel: Backchannel
}

async function refused(
  ports: CoSigningPorts,
  { institution, transactionId: id = '' }: Approval,
  { code, backchannel }: Refused,
): Promise<void> {
  const one = await ports.transactions.get(institution, id)
  if (one === undefined) return
  const { reference, relyingParty, subject, transaction } = one
  const trace = { reference, relyingParty, subject, transaction: transaction.hash }
  await endTransaction(ports, {
    ...{ institution, id, state: 'released', now: ports.clock.now(), trace, detail: { code } },
  })
  await withdrawSignatories(ports, institution, id)
  const first = await firstOf(ports, one)
  if (first?.origin === 'backchannel') await backchannel.denied(first, code)
}
