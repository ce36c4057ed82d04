// What becomes of a transaction: its facts gathered, the policy asked, the answer kept and told, all in one unit.
import { type Acr, acrLadder, levelReached, withDeviceAndPin } from '../domain/acr.ts'
import type { ApprovalPlace } from '../domain/approval.ts'
import type { CollectedSignals } from '../domain/client-signals.ts'
import { type CustomerTransaction, firstState, stopOf } from '../domain/customer-transaction.ts'
import type { Institution } from '../domain/institution.ts'
import { type Limit, longestMinutes, type Measuring, measure } from '../domain/limit.ts'
import { signatoriesOf } from '../domain/outcome.ts'
import { inForce } from '../domain/own-limits.ts'
import { type Decision, decide, type Policy, type PolicyInputs } from '../domain/policy.ts'
import { policyOf, policyVersion } from '../domain/policy-default.ts'
import { type PolicyFacts, unasked } from '../domain/policy-facts.ts'
import { keptRates, usedRates } from '../domain/rates.ts'
import { type RiskVerdict, ruledScore, summaryOf, voiceOfVerdict } from '../domain/risk.ts'
import { signatoriesText } from '../domain/signatories.ts'
import type { Transaction } from '../domain/transaction.ts'
import { type RiskKind, typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Cases } from '../ports/cases.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Held, History, OwnLimitStore, Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { type AccountTokens, createAccountTokens } from './account-tokens.ts'
import type { Assess } from './assess.ts'
import { openCase } from './case-opening.ts'
import { lackingRoles, type SignatoryPorts, type ToSign } from './signatories.ts'

export interface DecidePorts extends SignatoryPorts {
  readonly transactions: Transactions
  readonly cases: Pick<Cases, 'create' | 'releasedFor' | 'use'>
  readonly assess: Assess
  readonly ownLimits: OwnLimitStore
  readonly keys: Pick<KeyStore, 'secret'>
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** One transaction of one customer, and how they came with it. */
export interface ToDecide {
  readonly transaction: Transaction
  readonly subject: string
  readonly relyingParty: string
  readonly device: string | undefined
  readonly amr: readonly string[]
  /** What the IdP's answer still counts as. */
  readonly granted: Acr | undefined
  /** Epoch milliseconds; undefined where the IdP does not say, which counts as long ago. */
  readonly authenticatedAt: number | undefined
  /** Until when it counts while it is open (epoch milliseconds). */
  readonly expiresAt: number
  /** Where a back end says that the customer is. */
  readonly place?: ApprovalPlace | undefined
  /** What the browser or app of this sign-in said of its device. */
  readonly signals?: CollectedSignals | undefined
  /** What its audit event names beside the customer. */
  readonly trace: { readonly reference: string; readonly core?: string }
}

export type Decide = ReturnType<typeof createDecide>

/**
 * Decides on a transaction and keeps it, inside a unit; where risk providers are asked first, what the unit has written by
 * then is committed before. The customer is held: of parallel transactions of one customer each is measured with those that
 * were decided before it, so that no two slip under a limit together. `meanwhile` is asked then: what it finds was decided by
 * somebody else, and is what comes out. What is held has a case from the same unit on; what two people released is used up by it.
 */
export function createDecide(ports: DecidePorts) {
  const tokenOf = createAccountTokens(ports.keys)
  const decideHeld = createDecideHeld(ports, tokenOf)
  return async function decided<Found = never>(
    institution: Institution,
    asked: ToDecide,
    meanwhile?: () => Promise<Found | undefined>,
  ): Promise<CustomerTransaction | Found> {
    const kind = kindOf(institution, asked)
    const { subject, relyingParty, device, amr, granted, authenticatedAt, transaction } = asked
    const from = { place: asked.place, signals: asked.signals }
    const who = { subject, relyingParty, device, amr, granted, authenticatedAt, transaction, ...from }
    const assessed = await ports.assess.ask(institution, { ...who, kind, reference: asked.trace.reference })
    const customer = await ports.transactions.hold({ institution: institution.id, subject })
    const found = await meanwhile?.()
    if (found !== undefined) return found
    const deciding = { ...asked, kind, customer, verdict: assessed?.verdict }
    const kept = await decideHeld(institution, deciding)
    const outcome = kept.state === 'open' ? undefined : ('refused' as const)
    if (assessed !== undefined)
      await ports.assess.keep(institution, assessed, { about: kept.id, settleBy: asked.expiresAt, outcome })
    tell(ports.audit, deciding, kept)
    const toLookAt = { transaction: kept, reason: kept.decision.reason, now: kept.createdAt }
    if (kept.state === 'held') await openCase(ports, institution, toLookAt)
    return kept
  }
}

// What nobody knows any more is taken for what it may be at worst.
const kindOf = (institution: Institution, { transaction }: ToDecide): RiskKind =>
  typeNamed(typesOf(institution), transaction.type)?.risk ?? 'payment'

interface Deciding extends ToDecide {
  readonly kind: RiskKind
  readonly customer: Held
  /** What the risk providers said of it; undefined where none was asked. */
  readonly verdict: RiskVerdict | undefined
}

function createDecideHeld(ports: DecidePorts, tokenOf: AccountTokens) {
  return async function decided(institution: Institution, asked: Deciding): Promise<CustomerTransaction> {
    const { customer } = asked
    const now = ports.clock.now()
    const token = (account: string) => tokenOf(institution.id, account)
    const { transaction, kind } = asked
    const [from, to] = [transaction.debtorAccount, transaction.creditorAccount].map((account) =>
      account === undefined ? undefined : token(account),
    )
    const since = now - longestMinutes * 60_000
    const [history, limits] = await Promise.all([
      ports.transactions.history(customer, { since, now, to }),
      ports.ownLimits.get(customer),
    ])
    const own = inForce(limits, now)
    const policy = policyOf(institution)
    const rates = transaction.amount && institution.rates && keptRates(institution.rates, now)
    const measured = { ...measuredOf(transaction, kind), from, to }
    const measuring = { now, ...history, transaction: measured, token, rates: usedRates(rates) }
    const facts = factsOf(asked, history, now)
    const given: PolicyInputs = {
      ...{ ...inputsOf({ policy, own, measuring, facts }), ...riskOf(institution, asked.verdict) },
      ...(rates && { rates }),
      ...(history.payeeFrozen && { payeeFrozen: true }),
    }
    const id = ports.chance.token(16)
    const { inputs, decision } = await withRelease(ports, asked, { id, policy, inputs: given, now, from })
    const state = (await canBeSigned(ports, { ...customer, from }, decision))
      ? firstState(decision)
      : 'refused'
    const kept: CustomerTransaction = {
      ...{ institution: institution.id, subject: asked.subject },
      ...{ id, relyingParty: asked.relyingParty, transaction, kind },
      reference: asked.trace.reference,
      ...{ from, to, decision, policy: policyVersion(policy), inputs },
      ...{ state, createdAt: now, expiresAt: asked.expiresAt },
      endedAt: state === 'open' ? undefined : now,
      usedAt: undefined,
    }
    await ports.transactions.create(kept)
    return kept
  }
}

/** Where too few could sign, nobody is asked and nothing waits. */
const canBeSigned = async (ports: DecidePorts, toSign: ToSign, { outcome }: Decision): Promise<boolean> =>
  (await lackingRoles(ports, toSign, signatoriesOf(outcome))).length === 0

interface Weighed {
  /** Of the transaction that is being decided. */
  readonly id: string
  readonly policy: Policy
  readonly inputs: PolicyInputs
  readonly now: number
  /** Token of the account that it leaves. */
  readonly from: string | undefined
}

interface Decided {
  readonly inputs: PolicyInputs
  readonly decision: Decision
}

/**
 * The decision, by what two people released where there is such a thing: it is used up by this decision, and by no other. What is
 * refused, by too few signatories too, uses nothing up; nor does a call to a core, where no customer can be asked.
 */
async function withRelease(
  ports: DecidePorts,
  { customer, relyingParty, transaction, trace }: Deciding,
  { id, policy, inputs, now, from }: Weighed,
): Promise<Decided> {
  const { cases } = ports
  const without = { inputs, decision: decide(policy, inputs) }
  if (without.decision.outcome.kind === 'deny' || trace.core !== undefined) return without
  const found = await cases.releasedFor(customer, { relyingParty, hash: transaction.hash, now })
  const { institution } = customer
  if (found === undefined) return without
  const { id: of, proposedBy = '', endedBy: releasedBy = '' } = found
  const released = { ...inputs, release: { case: of, proposedBy, releasedBy } }
  const decision = decide(policy, released)
  const goesOn = await canBeSigned(ports, { ...customer, from }, decision)
  if (goesOn && !(await cases.use(institution, found.id, { by: id, now }))) return without
  return { inputs: released, decision }
}

const measuredOf = ({ type, amount }: Transaction, kind: RiskKind) => ({
  ...{ type, kind, currency: amount?.currency, minor: amount?.minor ?? 0n },
})

interface Gathered {
  readonly policy: Policy
  readonly own: readonly Limit[]
  readonly measuring: Measuring
  readonly facts: PolicyFacts
}

function inputsOf({ policy, own, measuring, facts }: Gathered): PolicyInputs {
  const measured = (limit: Limit) => {
    const value = measure(limit, measuring)
    return value === undefined ? [] : [{ limit, measured: value }]
  }
  const measures = Object.fromEntries(
    policy.limits.flatMap(measured).map((one) => [one.limit.id, one.measured]),
  )
  return { facts, measures, own: own.flatMap(measured) }
}

/** What the providers said has its say beside rules and limits. */
function riskOf({ risk }: Institution, verdict: RiskVerdict | undefined): Pick<PolicyInputs, 'risk'> {
  if (verdict === undefined) return {}
  const voice = voiceOfVerdict(verdict, risk?.stepUp ?? withDeviceAndPin)
  return { risk: { said: summaryOf(verdict), voice } }
}

const riskFactsOf = (verdict: RiskVerdict | undefined): PolicyFacts['risk'] =>
  verdict === undefined
    ? unasked
    : { asked: true, score: BigInt(ruledScore(verdict)), action: verdict.action }

const dayMs = 24 * 3600_000

function factsOf(asked: Deciding, { past, knownPayee }: History, now: number): PolicyFacts {
  const { transaction, amr, granted } = asked
  const { amount } = transaction
  const today = past.filter(({ at, kind }) => kind === 'payment' && at > now - dayMs)
  const same = today.filter(({ currency }) => currency === amount?.currency)
  const at = new Date(now)
  const level = acrLadder.indexOf(levelReached(amr, granted))
  return {
    transaction: {
      type: transaction.type,
      kind: asked.kind,
      hasAmount: amount !== undefined,
      amount: amount?.minor ?? 0n,
      currency: amount?.currency ?? '',
      debtorAccount: transaction.debtorAccount ?? '',
      creditorAccount: transaction.creditorAccount ?? '',
      creditorName: transaction.creditorName ?? '',
    },
    subject: { id: asked.subject },
    app: { id: asked.relyingParty },
    device: { present: asked.device !== undefined },
    session: {
      level: BigInt(level),
      ageSeconds: BigInt(Math.max(0, Math.floor((now - (asked.authenticatedAt ?? 0)) / 1000))),
    },
    history: {
      knownPayee,
      countDay: BigInt(today.length),
      sumDay: same.reduce((total, { minor }) => total + minor, 0n),
    },
    risk: riskFactsOf(asked.verdict),
    time: { hour: BigInt(at.getUTCHours()), weekday: BigInt(at.getUTCDay() === 0 ? 7 : at.getUTCDay()) },
  }
}

function tell(audit: Audit, asked: Deciding, kept: CustomerTransaction): void {
  const { decision } = kept
  const signatories = signatoriesOf(decision.outcome)
  const stopped = stopOf(kept)
  audit.record({
    type: 'transaction.decided',
    // What is stopped is refused by the sign-in or the call that it belongs to, in one event of its own.
    outcome: 'ok',
    ...asked.trace,
    relyingParty: asked.relyingParty,
    subject: asked.subject,
    ...(asked.device !== undefined && { device: asked.device }),
    transaction: asked.transaction.hash,
    detail: {
      id: kept.id,
      decision: decision.outcome.kind,
      reason: decision.reason,
      policy: kept.policy,
      ...(decision.outcome.kind === 'step-up' && { acr: decision.outcome.acr }),
      ...(signatories !== undefined && { signatories: signatoriesText(signatories) }),
      ...(stopped === 'transaction.signatories' && { stopped }),
      ...(asked.verdict !== undefined && { assessment: asked.verdict.id }),
      ...releaseTold(kept),
    },
  })
}

/** Both who let it be sent again. */
function releaseTold({ inputs: { release } }: CustomerTransaction): Readonly<Record<string, string>> {
  if (release === undefined) return {}
  const { case: of, proposedBy, releasedBy } = release
  return { case: of, proposed_by: proposedBy, released_by: releasedBy }
}
