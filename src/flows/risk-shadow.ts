// Risk providers in shadow: asked after the event, by a job, about what was kept of it; recorded, and of no effect.
import { withShadow } from '../domain/risk.ts'
import type { RiskEvent } from '../domain/risk-event.ts'
import type { Clock } from '../ports/clock.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { RiskProviders } from '../ports/risk.ts'
import type { KeptAssessment, RiskShadows, ShadowAnswer } from '../ports/risk-records.ts'
import type { Directory } from '../ports/stores.ts'

export interface ShadowOwingPorts {
  readonly riskReports: Pick<Jobs, 'put'>
  readonly seal: FieldSeal
  readonly clock: Clock
}

/** A job of the same queue as reports; `kind` tells them apart. */
export interface ShadowJob {
  readonly kind: 'shadow'
  readonly assessment: string
  readonly provider: string
}

/** Inside the unit that keeps the assessment: nobody waits for these providers, and none of their failures counts. */
export async function oweShadows(
  { riskReports, seal }: ShadowOwingPorts,
  institution: string,
  { assessment, providers }: { readonly assessment: string; readonly providers: readonly string[] },
): Promise<void> {
  for (const provider of providers) {
    const job: ShadowJob = { kind: 'shadow', assessment, provider }
    await riskReports.put(institution, seal.seal(institution, JSON.stringify(job)))
  }
}

export interface ShadowPorts {
  readonly riskProviders: Pick<RiskProviders, 'of'>
  readonly directory: Pick<Directory, 'institution'>
  readonly riskShadows: RiskShadows
  readonly clock: Clock
}

// Nobody waits for it; still it ends.
const shadowMs = 5000

/** Outside of any unit. Undefined where nobody is to be asked any more: the file changed meanwhile. */
export async function shadowAnswer(
  { riskProviders, directory, clock }: ShadowPorts,
  kept: KeptAssessment,
  name: string,
): Promise<ShadowAnswer | undefined> {
  const institution = await directory.institution(kept.institution)
  const { verdict } = kept
  const policy = institution?.risk?.events[verdict.kind]
  if (institution === undefined || policy?.shadow?.includes(name) !== true) return undefined
  const provider = riskProviders.of(institution).find(({ id }) => id === name)
  if (provider === undefined) return undefined
  const answer = await provider.assess(eventOf(kept, name), shadowMs)
  return {
    ...{ institution: kept.institution, assessment: verdict.id, provider: name, kind: verdict.kind },
    ...{ action: verdict.action, said: answer.assessment?.action ?? answer.failure ?? 'error' },
    ...{ wouldBe: withShadow(policy, verdict, answer).action, at: clock.now() },
  }
}

const eventOf = (
  { institution, verdict, facts, shared, at }: KeptAssessment,
  provider: string,
): RiskEvent<KeptAssessment['verdict']['kind']> => ({
  ...{ id: verdict.id, kind: verdict.kind, institution, at },
  facts: Object.fromEntries((shared[provider] ?? []).map((name) => [name, facts[name]])),
})
