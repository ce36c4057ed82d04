// Asking an institution's risk providers about one event: all at once, within one budget, and one verdict out of what they say.
import type { AuditEvent } from '../domain/audit.ts'
import type { Institution } from '../domain/institution.ts'
import { type RiskAnswer, type RiskEventPolicy, type RiskVerdict, verdictOf } from '../domain/risk.ts'
import { type AskedKind, type RiskEvent, type RiskFact, sharedWith } from '../domain/risk-event.ts'
import type { Chance } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { GuardedProvider, RiskProviders } from '../ports/risk.ts'
import type { KeptAssessment, RiskMemories, RiskOutcome, RiskRecords } from '../ports/risk-records.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { type AccountTokens, createAccountTokens } from './account-tokens.ts'
import { createDeviceTokens } from './device-tokens.ts'
import { type LineFactPorts, lineFactsOf } from './line-facts.ts'
import { createRiskFacts, type RiskFactPorts, type RiskSubject } from './risk-facts.ts'
import { owe } from './risk-owing.ts'
import { oweShadows, type ShadowOwingPorts } from './risk-shadow.ts'

export interface AssessPorts extends RiskFactPorts, ShadowOwingPorts, LineFactPorts {
  readonly riskProviders: Pick<RiskProviders, 'of'>
  readonly riskRecords: Pick<RiskRecords, 'history' | 'keep' | 'ofReference'>
  readonly riskMemories: RiskMemories
  readonly unit: Pick<UnitOfWork, 'caller' | 'checkpoint'>
  readonly audit: Audit
  readonly chance: Chance
  readonly log: Log
}

export interface ToAssess extends RiskSubject {
  /** Of the sign-in or call: what providers said of it before goes on with this event. */
  readonly reference: string
}

/** What was asked and answered, not kept yet. */
export interface Assessed {
  readonly verdict: RiskVerdict
  /** By which the answers were combined. */
  readonly policy: RiskEventPolicy
  readonly asked: ToAssess
  /** Of the event; epoch milliseconds. */
  readonly at: number
  readonly facts: KeptAssessment['facts']
  readonly shared: KeptAssessment['shared']
  readonly address: string | undefined
  /** Who is asked afterwards, without effect. */
  readonly shadows: readonly string[]
}

/** With what an assessment is kept. */
export interface Keeping {
  readonly about?: string | undefined
  /** Epoch milliseconds: what has not ended by then has expired. */
  readonly settleBy: number
  /** It ended with what was decided; the providers are told. */
  readonly outcome?: RiskOutcome | undefined
}

export interface Assess {
  /**
   * Asks, and writes nothing; commits what the unit around the caller has written, since providers are asked over the
   * network (ruling R-1). Undefined where nobody is to be asked about this kind. Never rejects for what a provider does.
   */
  ask(institution: Institution, asked: ToAssess): Promise<Assessed | undefined>
  /** Inside the unit that acts on the verdict: keeps it, and tells the audit. */
  keep(institution: Institution, assessed: Assessed, keeping: Keeping): Promise<void>
}

export function createAssess(ports: AssessPorts): Assess {
  const tokenOf: AccountTokens = createAccountTokens(ports.keys)
  const gather = createRiskFacts(ports, tokenOf)
  return {
    async ask(institution, asked) {
      const policy = institution.risk?.events[asked.kind]
      if (policy === undefined) return undefined
      const asking = policy.ask.map(({ provider }) => provider)
      const providers = providersFor(ports, institution, asking)
      const shadows = providersFor(ports, institution, policy.shadow ?? [])
      const allowed = new Set([...providers, ...shadows].flatMap(({ facts }) => facts))
      const { facts: gathered, address } = await gather(institution, asked, allowed)
      const before = await ports.riskRecords.ofReference(institution.id, asked.reference)
      const budget = institution.risk?.budgetMs ?? 0
      const tokens = await tokensFor(ports, { institution: institution.id, providers, asked })
      await ports.unit.checkpoint()
      const line = await lineFactsOf(ports, institution, { subject: asked.subject, allowed })
      const facts = { ...gathered, ...line }
      const event = { ...eventOf(ports, institution, asked), facts }
      const answers = await Promise.all(
        providers.map((one) => {
          const known = { deviceToken: tokens.get(one.id), reference: referenceOf(before, one.id) }
          return one.assess(sharedWith({ ...event, ...known }, one.facts), budget)
        }),
      )
      const verdict = verdictOf(policy, { ...event, answers })
      warned(ports, institution.id, verdict)
      const shared = Object.fromEntries(
        [...providers, ...shadows].map((one) => [one.id, sharedFacts(one.facts, facts)]),
      )
      const owed = shadows.map(({ id }) => id)
      return { verdict, policy, asked, at: event.at, facts, shared, address, shadows: owed }
    },
    keep: (institution, assessed, keeping) => keep(ports, institution, { assessed, keeping }),
  }
}

const sharedFacts = (allowed: readonly RiskFact[], facts: KeptAssessment['facts']): readonly RiskFact[] =>
  allowed.filter((name) => facts[name] !== undefined)

const eventOf = (
  { chance, clock }: AssessPorts,
  { id: institution }: Institution,
  { kind }: ToAssess,
): Omit<RiskEvent<AskedKind>, 'facts'> => ({ id: chance.token(16), kind, institution, at: clock.now() })

/** In the order of the policy; one that is not there is missed when the answers are combined. */
function providersFor(
  { riskProviders }: AssessPorts,
  institution: Institution,
  names: readonly string[],
): readonly GuardedProvider[] {
  const open = riskProviders.of(institution)
  return names.flatMap((name) => open.find(({ id }) => id === name) ?? [])
}

/** The provider's own names for this sign-in, as it gave them last. */
const referenceOf = (before: readonly KeptAssessment[], provider: string) =>
  before
    .flatMap(({ verdict }) => verdict.answers)
    .findLast((answer) => answer.provider === provider && answer.assessment?.reference !== undefined)
    ?.assessment?.reference

interface Tokens {
  readonly institution: string
  readonly providers: readonly GuardedProvider[]
  readonly asked: ToAssess
}

async function tokensFor(ports: AssessPorts, { institution, providers, asked }: Tokens) {
  const { subject, device } = asked
  const tokens = createDeviceTokens(ports)
  const known = await Promise.all(
    providers.map(
      async ({ id: provider }) =>
        [provider, await tokens.of({ institution, provider, subject, device })] as const,
    ),
  )
  return new Map(known)
}

interface Kept {
  readonly assessed: Assessed
  readonly keeping: Keeping
}

async function keep(
  ports: AssessPorts,
  institution: Institution,
  { assessed, keeping }: Kept,
): Promise<void> {
  const { verdict, policy, asked, at, facts, shared, address, shadows: providers } = assessed
  const now = ports.clock.now()
  await ports.riskRecords.keep(
    {
      ...{ institution: institution.id, subject: asked.subject, relyingParty: asked.relyingParty },
      ...{
        reference: asked.reference,
        about: keeping.about,
        verdict,
        policy,
        facts,
        shared,
        at,
      },
      ...{ settleBy: keeping.settleBy, outcome: keeping.outcome, endedAt: keeping.outcome && now },
    },
    address,
  )
  const { subject, device } = asked
  const tokens = createDeviceTokens(ports)
  for (const { provider, assessment } of verdict.answers)
    await tokens.keep({ institution: institution.id, provider, subject, device }, assessment?.deviceToken)
  await oweShadows(ports, institution.id, { assessment: verdict.id, providers })
  if (keeping.outcome !== undefined)
    await owe(ports, { institution: institution.id, verdict }, { kind: 'outcome', outcome: keeping.outcome })
  ports.audit.record(toldOf(assessed))
}

const saidBy = ({ provider, assessment, failure }: RiskAnswer): string =>
  `${provider}: ${assessment?.action ?? failure}`

function toldOf({ verdict, asked }: Assessed): AuditEvent {
  const { id, kind, action, reason, score, answers } = verdict
  return {
    ...{ type: 'risk.assessed', outcome: 'ok', reference: asked.reference },
    ...{ relyingParty: asked.relyingParty, subject: asked.subject },
    ...(asked.device !== undefined && { device: asked.device }),
    ...(asked.transaction !== undefined && { transaction: asked.transaction.hash }),
    detail: {
      ...{ assessment: id, kind, action, reason, providers: answers.map(saidBy) },
      ...(score !== undefined && { score }),
    },
  }
}

/** Whoever slows an engine down to get in must be seen to do it (attack 169). */
function warned({ log }: AssessPorts, institution: string, { kind, action, answers }: RiskVerdict): void {
  const failures = answers.filter(({ failure }) => failure !== undefined).map(saidBy)
  if (failures.length > 0) log.warn('risk.unanswered', { institution, kind, action, failures })
}
