// A sign-in that waits for the customer's answer on a phone: asking, and taking the answer up when its page looks.
import { elsewhere, satisfies, withDeviceAndPin } from '../domain/acr.ts'
import {
  type Approval,
  type ApprovalPlace,
  type ShownApprovalState,
  shownApprovalState,
} from '../domain/approval.ts'
import type { Institution } from '../domain/institution.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import type { Approvals } from '../ports/approvals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logins } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { type Ask, traceOfApproval } from './approvals.ts'
import { heldLogin } from './held-login.ts'
import { change } from './login.ts'
import type { RiskOutcomes } from './risk-outcomes.ts'

export interface LoginApprovalPorts {
  readonly logins: Logins
  readonly approvals: Approvals
  readonly transactions: Pick<Transactions, 'hold'>
  readonly ask: Ask
  readonly audit: Audit
  readonly clock: Clock
  readonly riskOutcomes: Pick<RiskOutcomes, 'steppedUp'>
}

/** Where a waiting sign-in stands. */
export type Waiting =
  | { readonly kind: 'waiting'; readonly approval: Approval }
  /** Nobody was asked yet, or nobody answered in time. */
  | { readonly kind: 'unasked'; readonly lapsed: boolean }
  /** The record with what was reached. */
  | { readonly kind: 'approved'; readonly login: LoginTransaction }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

export type LoginApproval = ReturnType<typeof createLoginApproval>

/** Every function runs inside a unit of work. */
export function createLoginApproval(ports: LoginApprovalPorts) {
  return {
    /** Takes an answer up once; a question whose answer is there already leads where the answer leads. */
    state: (login: LoginTransaction) => state(ports, login),
    /** How the question stands, and nothing is changed. */
    async peek(login: LoginTransaction): Promise<ShownApprovalState | undefined> {
      const approval = await askedOf(ports, login)
      return approval && shownApprovalState(approval, ports.clock.now())
    },
    /** Asks; refuses with `approval.no_device`, `approval.too_many`, `interaction.step`. A question that is open or answered stays. */
    ask: (institution: Institution, login: LoginTransaction, place: ApprovalPlace) =>
      ask(ports, institution, { login, place }),
    /** From the PIN to a phone, or back: the question on the phone is withdrawn. What was refused there stays refused. */
    async choose(before: LoginTransaction, onPhone: boolean): Promise<LoginTransaction> {
      const login = await heldLogin(ports, before)
      if (!onPhone) await withdraw(ports, login)
      if (await isRefused(ports, login)) return login
      const next: LoginTransaction = { ...login, elsewhere: onPhone, approval: undefined }
      await change(ports.logins, next)
      return next
    },
    /** Nobody waits any more. */
    withdraw: (login: LoginTransaction) => withdraw(ports, login),
  }
}

/** The question of this sign-in that is on the phone; undefined where nobody was asked. */
async function askedOf(
  { approvals }: Pick<LoginApprovalPorts, 'approvals'>,
  { institution, approval }: LoginTransaction,
): Promise<Approval | undefined> {
  return approval === undefined ? undefined : approvals.get(institution, approval)
}

/** How a sign-in ends that was not approved; without a code it may ask again. */
const refusals: Readonly<Partial<Record<ShownApprovalState, RefusalCode>>> = {
  denied: 'approval.denied',
  reported: 'approval.denied',
  failed: 'approval.number',
  held: 'approval.held',
}

async function isRefused(ports: LoginApprovalPorts, login: LoginTransaction): Promise<boolean> {
  const approval = await askedOf(ports, login)
  return approval !== undefined && refusals[shownApprovalState(approval, ports.clock.now())] !== undefined
}

async function state(ports: LoginApprovalPorts, login: LoginTransaction): Promise<Waiting> {
  const approval = await askedOf(ports, login)
  if (approval === undefined) return { kind: 'unasked', lapsed: false }
  const shown = shownApprovalState(approval, ports.clock.now())
  if (shown === 'pending') return { kind: 'waiting', approval }
  if (shown === 'approved') return { kind: 'approved', login: await takenUp(ports, login, approval) }
  const code = refusals[shown]
  return code === undefined ? { kind: 'unasked', lapsed: shown === 'expired' } : { kind: 'refused', code }
}

async function takenUp(
  ports: LoginApprovalPorts,
  login: LoginTransaction,
  approval: Approval,
): Promise<LoginTransaction> {
  const step = nextStep(login)
  if (step.step !== 'approve' || approval.uid !== login.uid || !satisfies(approval.acr, step.acr))
    throw new Refusal('interaction.step', { uid: login.uid })
  const pin = satisfies(approval.acr, withDeviceAndPin) ? ['pin'] : []
  const amr = [...new Set([...login.amr, 'pop', ...pin, elsewhere])]
  // What was approved was shown there with who asks: it is not shown once more.
  const consent = login.consent === 'confirm' && login.transaction !== undefined ? 'given' : login.consent
  const next: LoginTransaction = { ...login, amr, consent }
  await change(ports.logins, next)
  await ports.riskOutcomes.steppedUp(next, { method: 'approval', passed: true })
  const trace = { ...traceOfApproval(approval), detail: { approval: approval.id, method: 'approval' } }
  ports.audit.record({ type: 'step_up.passed', outcome: 'ok', ...trace })
  return next
}

interface Asking {
  readonly login: LoginTransaction
  readonly place: ApprovalPlace
}

async function ask(
  ports: LoginApprovalPorts,
  institution: Institution,
  { login: seen, place }: Asking,
): Promise<void> {
  const login = await heldLogin(ports, seen)
  const step = nextStep(login)
  const { subject } = login
  if (step.step !== 'approve' || subject === undefined)
    throw new Refusal('interaction.step', { uid: login.uid })
  const before = await state(ports, login)
  if (before.kind !== 'unasked') return
  // What lapsed is over for whoever waits as well: one question a sign-in is open.
  await withdraw(ports, login)
  const { relyingParty, reference, uid, transaction, decision, expiresAt } = login
  const approval = await ports.ask(institution, {
    ...{ subject, relyingParty, origin: 'login', reference, uid, place },
    decided: transaction && decision && { transaction, id: decision.id, expiresAt },
    ...{ acr: step.acr, numberMatched: true },
  })
  await change(ports.logins, { ...login, approval: approval.id })
}

async function withdraw(
  { approvals, audit, clock }: LoginApprovalPorts,
  login: LoginTransaction,
): Promise<void> {
  const approval = await askedOf({ approvals }, login)
  if (approval === undefined) return
  const { institution, id } = approval
  if (!(await approvals.end(institution, id, { state: 'withdrawn', now: clock.now() }))) return
  audit.record({ type: 'approval.withdrawn', outcome: 'ok', ...traceOfApproval(approval) })
}
