// What is known of the SIM card behind a customer's number, for those who judge.
import type { Institution } from '../domain/institution.ts'
import type { RiskFact, RiskFacts } from '../domain/risk-event.ts'
import type { SimSaid } from '../domain/sim.ts'
import type { Clock } from '../ports/clock.ts'
import type { LineFacts } from '../ports/line-facts.ts'
import type { Subjects } from '../ports/stores.ts'

export interface LineFactPorts {
  readonly lineFacts: Pick<LineFacts, 'sim'>
  readonly subjects: Pick<Subjects, 'claims'>
  readonly clock: Clock
}

/** Undefined where nobody is asked, or the bank has no number of theirs. */
export async function simOf(
  { lineFacts, subjects }: Pick<LineFactPorts, 'lineFacts' | 'subjects'>,
  institution: Institution,
  subject: string,
): Promise<SimSaid | undefined> {
  if (institution.lineFacts === undefined) return undefined
  const number = (await subjects.claims(institution.id, subject))?.phone_number
  return typeof number === 'string' && number !== '' ? lineFacts.sim(institution, number) : undefined
}

const simFacts: readonly RiskFact[] = ['subject.sim', 'subject.simHours']
const hourMs = 3_600_000

/** Facts for risk providers; asked only where one of them may leave, and with nothing of ours held: after a checkpoint (ruling R-1). */
export async function lineFactsOf(
  ports: LineFactPorts,
  institution: Institution,
  { subject, allowed }: { readonly subject: string; readonly allowed: ReadonlySet<RiskFact> },
): Promise<RiskFacts> {
  if (!simFacts.some((name) => allowed.has(name))) return {}
  const said = await simOf(ports, institution, subject)
  if (said === undefined) return {}
  const { state, changedAt } = said
  return {
    'subject.sim': state,
    'subject.simHours':
      changedAt === undefined ? undefined : Math.max(0, Math.floor((ports.clock.now() - changedAt) / hourMs)),
  }
}
