// What risk providers are owed: one report each, by jobs of the unit in which there is something to tell.
import type { ToldKind } from '../domain/risk-event.ts'
import type { Clock } from '../ports/clock.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { KeptAssessment } from '../ports/risk-records.ts'

export interface OwingPorts {
  readonly riskReports: Pick<Jobs, 'put'>
  readonly seal: FieldSeal
  readonly clock: Clock
}

/** One thing that one provider is to be told. */
export interface Report {
  readonly assessment: string
  readonly provider: string
  readonly kind: ToldKind
  readonly outcome: string
  readonly method?: string | undefined
  readonly at: number
}

/** Inside a unit: owed if and only if that unit commits. */
export async function owe(
  { riskReports, seal, clock }: OwingPorts,
  { institution, verdict }: Pick<KeptAssessment, 'institution' | 'verdict'>,
  said: Pick<Report, 'kind' | 'outcome' | 'method'>,
): Promise<void> {
  for (const { provider, assessment } of verdict.answers) {
    // Whoever gave no answer was not there, or did not understand: there is nothing that it could learn about.
    if (assessment === undefined) continue
    const report: Report = { assessment: verdict.id, provider, ...said, at: clock.now() }
    await riskReports.put(institution, seal.seal(institution, JSON.stringify(report)))
  }
}
