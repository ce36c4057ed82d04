// A transaction that a back end asks for, by CIBA or the transaction API: decided, and approved out of band where it must be.
import { type Acr, highest, withDevice, withDeviceAndPin } from '../domain/acr.ts'
import type { Approval, ApprovalOrigin, ApprovalPlace } from '../domain/approval.ts'
import { approvalSeconds } from '../domain/approval.ts'
import { type CustomerTransaction, stopOf } from '../domain/customer-transaction.ts'
import type { Institution, RelyingParty } from '../domain/institution.ts'
import { riskStop } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import { voiceOfVerdict } from '../domain/risk.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Cases } from '../ports/cases.ts'
import type { Clock } from '../ports/clock.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import type { Ask } from './approvals.ts'
import type { Assess } from './assess.ts'
import type { Decide } from './decide.ts'
import { endTransaction, type TransactionEnd } from './transaction-ending.ts'

export interface TransactionRequestPorts {
  readonly decide: Decide
  readonly ask: Ask
  readonly transactions: Transactions
  readonly cases: Pick<Cases, 'giveBack'>
  readonly audit: Audit
  readonly clock: Clock
  readonly assess: Assess
}

/** What a back end wants of a customer who is not there. */
export interface BackEndRequest {
  readonly relyingParty: RelyingParty
  readonly subject: string
  readonly origin: Exclude<ApprovalOrigin, 'login'>
  readonly reference: string
  readonly transaction: Transaction | undefined
  /** The level that was asked for. */
  readonly acr: Acr | undefined
  readonly bindingMessage?: string | undefined
  readonly place: ApprovalPlace
  readonly seconds?: number | undefined
  readonly request?: string | undefined
}

export type TransactionRequests = ReturnType<typeof createTransactionRequests>

/** All inside a unit; they refuse as `ask` does, and with `acr.insufficient` where the policy has no phone approve it. */
export function createTransactionRequests(ports: TransactionRequestPorts) {
  return {
    /**
     * The customer is always asked (CIBA). Refuses also with `transaction.denied`, `transaction.held` and `transaction.signatories`, by which the decision
     * stays, and without a transaction with `risk.denied` and `risk.held`.
     */
    async backchannel(institution: Institution, request: BackEndRequest): Promise<Approval> {
      if (request.transaction === undefined) return signInBy(ports, institution, request)
      const decided = await decidedOn(ports, institution, request)
      const stopped = decided && stopOf(decided)
      if (stopped !== undefined) throw new Refusal(stopped, { transaction: decided?.id })
      return askFor(ports, institution, { request, decided })
    },
    /** Only what the policy wants approved is asked for; the rest is decided by then. */
    async decided(
      institution: Institution,
      request: BackEndRequest & { readonly transaction: Transaction },
    ): Promise<{ transaction: CustomerTransaction; approval: Approval | undefined }> {
      const transaction = (await decidedOn(ports, institution, request)) as CustomerTransaction
      const { outcome } = transaction.decision
      if (outcome.kind === 'step-up' && stopOf(transaction) === undefined)
        return {
          transaction,
          approval: await askFor(ports, institution, { request, decided: transaction }),
        }
      if (outcome.kind === 'allow') await approveForApi(ports, transaction)
      return { transaction, approval: undefined }
    },
  }
}

/** Without a transaction it is a sign-in like any other; what its risk asks for, the phone has to reach. */
async function signInBy(
  ports: TransactionRequestPorts,
  institution: Institution,
  request: BackEndRequest,
): Promise<Approval> {
  const { subject, relyingParty, reference, place } = request
  const nothing = { device: undefined, amr: [], granted: undefined, authenticatedAt: undefined }
  const who = { subject, relyingParty: relyingParty.id, reference, place, ...nothing }
  const assessed = await ports.assess.ask(institution, { kind: 'sign-in', ...who })
  if (assessed === undefined) return askFor(ports, institution, { request, decided: undefined })
  const { verdict } = assessed
  const stopped = riskStop(verdict.action)
  if (stopped !== undefined) {
    await ports.assess.keep(institution, assessed, { settleBy: ports.clock.now(), outcome: 'refused' })
    throw new Refusal(stopped, { assessment: verdict.id })
  }
  const outcome = voiceOfVerdict(verdict, institution.risk?.stepUp ?? withDeviceAndPin)?.outcome
  const acr = highest(request.acr, outcome?.kind === 'step-up' ? outcome.acr : undefined)
  const approval = await askFor(ports, institution, { request: { ...request, acr }, decided: undefined })
  await ports.assess.keep(institution, assessed, { about: approval.id, settleBy: approval.expiresAt })
  return approval
}

async function decidedOn(
  { decide, clock }: TransactionRequestPorts,
  institution: Institution,
  { transaction, subject, relyingParty, reference, seconds, place }: BackEndRequest,
): Promise<CustomerTransaction | undefined> {
  if (transaction === undefined) return undefined
  return decide(institution, {
    ...{ transaction, subject, relyingParty: relyingParty.id, place },
    // The customer is not there: no device, no session, nothing that they did.
    ...{ device: undefined, amr: [], granted: undefined, authenticatedAt: undefined },
    expiresAt: clock.now() + approvalSeconds(seconds) * 1000,
    trace: { reference },
  })
}

interface Asking {
  readonly request: BackEndRequest
  readonly decided: CustomerTransaction | undefined
}

/** Where the customer may not be asked, what was decided counts against no limit, and uses up no release. */
async function askFor(
  ports: TransactionRequestPorts,
  institution: Institution,
  { request, decided }: Asking,
): Promise<Approval> {
  const outcome = decided?.decision.outcome
  const stepUp = outcome?.kind === 'step-up' ? outcome.acr : undefined
  const ways = outcome?.kind === 'step-up' ? outcome.by : undefined
  const acr = highest(highest(request.acr, stepUp), withDevice) as Acr
  const { relyingParty } = request
  try {
    // The policy wants the customer on a page: whoever asks sends them through a sign-in (RFC 9470).
    if (ways?.includes('approval') === false) throw new Refusal('acr.insufficient', { needed: acr })
    return await ports.ask(institution, {
      ...request,
      ...{ acr, decided, relyingParty: relyingParty.id },
      numberMatched: relyingParty.backchannel?.number !== 'none',
    })
  } catch (error) {
    if (decided !== undefined && error instanceof Refusal) await endUnasked(ports, decided)
    throw error
  }
}

/** By which name what an API asked for is bound to it: no token carries it, and no grant has this form. */
export const grantOfApi = (id: string): string => `api:${id}`

async function approveForApi(ports: TransactionRequestPorts, decided: CustomerTransaction): Promise<void> {
  await endDecided(ports, decided, { state: 'approved' })
  await ports.transactions.bind(decided.institution, decided.id, grantOfApi(decided.id))
}

async function endUnasked(ports: TransactionRequestPorts, decided: CustomerTransaction): Promise<void> {
  const used = decided.inputs.release !== undefined
  const of = used ? await ports.cases.giveBack(decided, decided.id) : undefined
  await endDecided(ports, decided, { state: 'released', ...(of !== undefined && { detail: { case: of } }) })
}

async function endDecided(
  ports: TransactionRequestPorts,
  { institution, id, reference, relyingParty, subject, transaction }: CustomerTransaction,
  end: Pick<TransactionEnd, 'state' | 'detail'>,
): Promise<void> {
  const trace = { reference, relyingParty, subject, transaction: transaction.hash }
  await endTransaction(ports, { institution, id, ...end, now: ports.clock.now(), trace })
}
