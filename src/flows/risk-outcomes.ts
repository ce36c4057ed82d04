// Telling risk providers how what they were asked about ended: owed by the unit in which it ends, told by a job after it.
import type { AuditEvent } from '../domain/audit.ts'
import type { LoginTransaction } from '../domain/login.ts'
import type { RiskEvent, ToldKind } from '../domain/risk-event.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Job, Jobs } from '../ports/jobs.ts'
import type { Log } from '../ports/log.ts'
import type { RiskProviders } from '../ports/risk.ts'
import type { KeptAssessment, RiskOutcome, RiskRecords } from '../ports/risk-records.ts'
import type { Directory } from '../ports/stores.ts'
import type { TransactionEnding, Transactions } from '../ports/transactions.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { owe, type Report } from './risk-owing.ts'
import { type ShadowJob, type ShadowPorts, shadowAnswer } from './risk-shadow.ts'

export interface RiskOutcomePorts {
  readonly riskRecords: Pick<RiskRecords, 'get' | 'settle' | 'settleAbout' | 'postpone' | 'overdue'>
  readonly riskReports: Jobs
  readonly riskProviders: Pick<RiskProviders, 'of'>
  readonly directory: Pick<Directory, 'institution'>
  readonly seal: FieldSeal
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
}

/** With what reports are made, and providers in shadow asked. */
export interface RiskReportPorts extends RiskOutcomePorts, Pick<ShadowPorts, 'riskShadows'> {}

/** How a customer stepped up, or failed to. */
export interface SteppedUp {
  readonly method: 'pin' | 'approval' | 'sms' | 'risk-challenge'
  readonly passed: boolean
}

export type RiskOutcomes = ReturnType<typeof createRiskOutcomes>

/** Each inside a unit; nothing is written where nobody was asked. */
export function createRiskOutcomes(ports: RiskOutcomePorts) {
  const told = async (kept: KeptAssessment | undefined, outcome: RiskOutcome) => {
    if (kept !== undefined) await owe(ports, kept, { kind: 'outcome', outcome })
  }
  return {
    /** The sign-in itself ended; once. */
    async ended({ institution, risk }: LoginTransaction, outcome: RiskOutcome): Promise<void> {
      if (risk === undefined) return
      const end = { outcome, now: ports.clock.now() }
      const kept = await ports.riskRecords.settle(institution, risk.id, end)
      // Engines have a word of their own for it.
      const kind = outcome === 'failed' ? 'failed-sign-in' : 'outcome'
      if (kept !== undefined) await owe(ports, kept, { kind, outcome })
    },
    /** A transaction ended, or turned out to be somebody else's (`fraud`); or a device was enrolled. */
    async aboutEnded(institution: string, id: string, outcome: RiskOutcome): Promise<void> {
      if ((await ports.directory.institution(institution))?.risk === undefined) return
      const end = { outcome, now: ports.clock.now() }
      await told(await ports.riskRecords.settleAbout(institution, id, end), outcome)
    },
    /** Others are to sign the transaction until then: before, nothing of it is late. */
    postponed: (institution: string, id: string, until: number): Promise<void> =>
      ports.riskRecords.postpone(institution, id, until),
    /** A factor was asked for in this sign-in, and given or not. */
    async steppedUp(login: LoginTransaction, { method, passed }: SteppedUp): Promise<void> {
      const ids = [login.risk?.id, login.decision?.assessment].filter((id) => id !== undefined)
      const outcome = passed ? 'approved' : 'failed'
      for (const id of ids) {
        const kept = await ports.riskRecords.get(login.institution, id)
        if (kept !== undefined) await owe(ports, kept, { kind: 'step-up-result', outcome, method })
      }
    },
  }
}

const outcomeOf: Readonly<Record<TransactionEnding['state'], RiskOutcome>> = {
  ...{ approved: 'approved', used: 'approved', released: 'refused', held: 'failed' },
}

/** The store of transactions whose ends the risk providers hear of, whichever flow ends them. */
export const tellingRisk = (
  transactions: Transactions,
  { aboutEnded, postponed }: Pick<RiskOutcomes, 'aboutEnded' | 'postponed'>,
): Transactions => ({
  ...transactions,
  async end(institution, id, ending) {
    const ended = await transactions.end(institution, id, ending)
    if (ended) await aboutEnded(institution, id, outcomeOf[ending.state])
    return ended
  },
  async sign(institution, id, signing) {
    const waits = await transactions.sign(institution, id, signing)
    if (waits) await postponed(institution, id, signing.expiresAt)
    return waits
  },
})

const mostOverdue = 100

/** Ends, as expired, what nobody ended in its time. True where there may be more. */
export function createRiskExpiry(ports: RiskOutcomePorts) {
  return async (): Promise<boolean> => {
    const now = ports.clock.now()
    const late = await ports.riskRecords.overdue(now, mostOverdue)
    let ended = 0
    for (const { institution, id } of late) {
      const ending = ports.unit.run({ institution, reference: ports.chance.reference() }, async () => {
        const kept = await ports.riskRecords.settle(institution, id, { outcome: 'expired', now })
        if (kept !== undefined) await owe(ports, kept, { kind: 'outcome', outcome: 'expired' })
        ended += 1
      })
      // One that cannot be read must not keep those that come after it, of every institution.
      await ending.catch((error: unknown) =>
        ports.log.error('risk.expiry', { institution, assessment: id, error: String(error) }),
      )
    }
    return ended === mostOverdue
  }
}

const reportMs = 10_000
// An engine that is away for longer learns from what comes after.
const longestMs = 24 * 3600_000

/** Makes one attempt at one report, and says in a unit of its own what came of it. */
export function createRiskReport(ports: RiskReportPorts) {
  return async (job: Job): Promise<void> => {
    const { institution } = job
    const report: Report | ShadowJob = JSON.parse(ports.seal.open(institution, job.sealed))
    if (report.kind === 'shadow') return shadowed(ports, job, report)
    const { state, kept } = await attempt(ports, job, report)
    await ports.unit.run({ institution, reference: ports.chance.reference() }, async () => {
      if (state === 'again') return void (await ports.riskReports.again(job))
      if (!(await ports.riskReports.done(job)) || kept === undefined) return
      ports.audit.record(eventOf(report, state, kept))
    })
  }
}

/** One attempt: a provider that does not answer has said that. */
async function shadowed(
  ports: RiskReportPorts,
  job: Job,
  { assessment, provider }: ShadowJob,
): Promise<void> {
  const { institution } = job
  const kept = await ports.riskRecords.get(institution, assessment)
  const answer = kept && (await shadowAnswer(ports, kept, provider))
  await ports.unit.run({ institution, reference: ports.chance.reference() }, async () => {
    if ((await ports.riskReports.done(job)) && answer !== undefined) await ports.riskShadows.keep(answer)
  })
}

type Attempt =
  | { readonly state: 'again' | 'nothing'; readonly kept?: undefined }
  | { readonly state: 'told' | 'given-up'; readonly kept: KeptAssessment }

async function attempt(ports: RiskOutcomePorts, job: Job, report: Report): Promise<Attempt> {
  const kept = await ports.riskRecords.get(job.institution, report.assessment)
  const institution = await ports.directory.institution(job.institution)
  const provider = institution && ports.riskProviders.of(institution).find(({ id }) => id === report.provider)
  if (kept === undefined || provider === undefined) return { state: 'nothing' }
  try {
    const learnt = await provider.report(toldEvent(job, report, kept), reportMs)
    return learnt ? { state: 'told', kept } : { state: 'nothing' }
  } catch (error) {
    const { institution: of } = job
    ports.log.warn('risk.report_again', {
      institution: of,
      provider: provider.id,
      tries: job.tries,
      error: String(error),
    })
    return report.at + longestMs > ports.clock.now() ? { state: 'again' } : { state: 'given-up', kept }
  }
}

/** The same job always makes the same event, so that whoever is told twice can tell. */
function toldEvent(job: Job, report: Report, kept: KeptAssessment): RiskEvent<ToldKind> {
  const names = kept.shared[report.provider] ?? []
  const reference = kept.verdict.answers.find(({ provider }) => provider === report.provider)?.assessment
    ?.reference
  return {
    ...{ id: job.id, kind: report.kind, institution: job.institution, at: report.at, reference },
    facts: {
      ...Object.fromEntries(names.map((name) => [name, kept.facts[name]])),
      'result.of': report.assessment,
      'result.kind': kept.verdict.kind,
      'result.outcome': report.outcome,
      'result.method': report.method,
    },
  }
}

function eventOf(
  report: Report,
  state: 'told' | 'given-up',
  { reference, relyingParty, subject }: KeptAssessment,
): AuditEvent {
  const trace = { reference, relyingParty, subject }
  const detail = { assessment: report.assessment, provider: report.provider, outcome: report.outcome }
  return state === 'told'
    ? { type: 'risk.reported', outcome: 'ok', ...trace, detail }
    : { type: 'risk.unreported', outcome: 'refused', code: 'risk.unreported', ...trace, detail }
}
