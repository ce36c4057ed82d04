// Cases of what is held, for those at the bank who decide on it: found, looked at, released by two, stopped by one.
import { actorOf, type Visitor } from '../domain/administrator.ts'
import type { AuditType } from '../domain/audit.ts'
import type { CustomerTransaction } from '../domain/customer-transaction.ts'
import {
  afterStep,
  type CaseState,
  type CaseStep,
  type CaseTaker,
  caseHindrance,
  caseSettings,
  type HeldCase,
} from '../domain/held-case.ts'
import type { Institution } from '../domain/institution.ts'
import type { Policy } from '../domain/policy.ts'
import { Refusal } from '../domain/refusal.ts'
import type { CaseEntry, CaseFilter, Cases } from '../ports/cases.ts'
import type { Clock } from '../ports/clock.ts'
import type { Policies, Transactions } from '../ports/transactions.ts'
import { type CaseTellingPorts, personalOf, tellCustomer, traceOfCase } from './case-ending.ts'
import { versionOf } from './policies.ts'
import type { RiskOutcomes } from './risk-outcomes.ts'

export interface CasePorts extends CaseTellingPorts {
  readonly cases: Cases
  readonly transactions: Pick<Transactions, 'get' | 'several'>
  readonly policies: Policies
  readonly riskOutcomes: Pick<RiskOutcomes, 'aboutEnded'>
  readonly clock: Clock
}

/** A case with what is held; undefined where that is not kept any more. */
export interface SeenCase {
  readonly one: HeldCase
  readonly transaction: CustomerTransaction | undefined
}

export interface ExplainedCase extends SeenCase {
  readonly policy: Policy | undefined
  readonly history: readonly CaseEntry[]
  /** How often the very same was held while it waited; 100 is that many or more. */
  readonly further: number
  readonly now: number
}

/** One step of one person, as they saw the case. */
export interface SteppingCase {
  readonly id: string
  readonly version: number
  readonly step: CaseStep
  readonly why: string
  /** It was somebody else's doing; only of what is stopped. */
  readonly fraud: boolean
  readonly visitor: Visitor
}

export type CaseFlows = ReturnType<typeof createCaseFlows>

export function createCaseFlows(ports: CasePorts) {
  const { cases, transactions, clock } = ports
  return {
    async list(institution: string, filter: CaseFilter) {
      const found = await cases.list(institution, filter)
      const kept = found.length === 0 ? [] : await transactions.several(institution, idsOf(found))
      const byId = new Map(kept.map((transaction) => [transaction.id, transaction]))
      const seen = found.map((one) => ({ one, transaction: byId.get(one.id) }))
      return { now: clock.now(), found: seen satisfies readonly SeenCase[] }
    },
    /** Refuses with `request.not_found` for what this institution does not have. */
    async explain(institution: Institution, id: string): Promise<ExplainedCase> {
      const one = await caseOf(ports, institution.id, id)
      const transaction = await transactions.get(institution.id, id)
      const policy = transaction && (await versionOf(ports.policies, institution, transaction.policy))
      const history = await cases.history(institution.id, id)
      const { length: further } = await cases.further(institution.id, id)
      return { one, transaction, policy, history, further, now: clock.now() }
    },
    /** Of this transaction, or the one that it belongs to, where there is one. */
    of: (institution: string, transaction: string) => cases.of(institution, transaction),
    /** How many wait, and the first deadline; undefined where none does. */
    waiting: async (institution: string) => (await cases.waiting(institution))[0],
    /**
     * Takes the step, inside a unit. Refuses with `request.not_found`, with `case.stale` where somebody else was first, and as
     * `caseHindrance` says.
     */
    step: (institution: Institution, stepping: SteppingCase) => step(ports, institution, stepping),
  }
}

const idsOf = (found: readonly HeldCase[]): readonly string[] => found.map(({ id }) => id)

async function caseOf({ cases }: CasePorts, institution: string, id: string): Promise<HeldCase> {
  const one = await cases.get(institution, id)
  if (one === undefined) throw new Refusal('request.not_found', { case: id })
  return one
}

async function step(ports: CasePorts, institution: Institution, stepping: SteppingCase): Promise<void> {
  const { id, version, why, visitor } = stepping
  const taker: CaseTaker = { visitor, step: stepping.step, why }
  const now = ports.clock.now()
  const one = await caseOf(ports, institution.id, id)
  const stale = () => new Refusal('case.stale', { case: id, version })
  if (one.version !== version) throw stale()
  const hindered = caseHindrance(one, taker, now)
  const to = afterStep(stepping.step, one.state)
  if (hindered !== undefined || to === undefined)
    throw new Refusal(hindered ?? 'case.state', { case: id, state: one.state, step: stepping.step })
  const fraud = to === 'stopped' && stepping.fraud
  const sendUntil = to === 'released' ? now + caseSettings(institution).releaseMs : undefined
  const by = actorOf(visitor)
  const move = { step: stepping.step, to, by, why, at: now, version, fraud, sendUntil }
  if (!(await ports.cases.move(institution.id, id, move))) throw stale()
  told(ports, one, { ...move, to })
  if (to === 'proposed' || to === 'open') return
  if (fraud) await tellFraud(ports, one)
  await tellCustomer(ports, institution, { one, now, ...(sendUntil !== undefined && { sendUntil }) })
}

/** Of each time that it was sent, engines were asked. */
async function tellFraud({ cases, riskOutcomes }: CasePorts, { institution, id }: HeldCase): Promise<void> {
  for (const sent of [id, ...(await cases.further(institution, id))])
    await riskOutcomes.aboutEnded(institution, sent, 'fraud')
}

const eventOf = {
  open: 'case.sent_back',
  proposed: 'case.proposed',
  released: 'case.released',
  stopped: 'case.stopped',
  expired: 'case.expired',
} as const satisfies Readonly<Record<CaseState, AuditType>>

interface Moved {
  readonly to: HeldCase['state']
  readonly by: string
  readonly why: string
  readonly fraud: boolean
  readonly sendUntil: number | undefined
}

/** Of a release the event names both who proposed it and who agreed. */
function told({ audit }: CasePorts, one: HeldCase, { to, by, why, fraud, sendUntil }: Moved): void {
  audit.record({
    type: eventOf[to],
    outcome: 'ok',
    ...traceOfCase(one),
    ...personalOf(why),
    detail: {
      ...{ case: one.id, by },
      ...(to === 'released' && one.proposedBy !== undefined && { proposed_by: one.proposedBy }),
      ...(sendUntil !== undefined && { send_until: new Date(sendUntil).toISOString() }),
      ...(to === 'stopped' && { fraud }),
    },
  })
}
