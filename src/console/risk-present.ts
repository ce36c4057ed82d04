// The risk engines as they are set at this moment, by whom, and who may change them here.
import type { RiskSettings } from '../domain/risk.ts'
import type { ConsoleAccess } from '../flows/console-access.ts'
import type { PresentRisk, RiskChanges } from '../flows/risk-change.ts'
import type { RiskProviderFlows } from '../flows/risk-providers.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi } from '../http/page/parts.ts'
import { actorText } from './connection-words.ts'
import type { Visit } from './desk.ts'
import type { Place } from './page.ts'
import { moment } from './words.ts'

export interface RiskProviderPagePorts {
  readonly riskProviderFlows: RiskProviderFlows
  readonly riskChanges: RiskChanges
  readonly consoleAccess: Pick<ConsoleAccess, 'nameOf'>
}

export interface PresentEngines extends PresentRisk {
  readonly risk: RiskSettings | undefined
  /** May this person change them here? */
  readonly edits: boolean
}

export async function presentEngines(
  visit: Visit,
  { riskChanges }: Pick<RiskProviderPagePorts, 'riskChanges'>,
): Promise<PresentEngines> {
  const present = await riskChanges.present(visit.institution.id)
  return { ...present, edits: visit.may('policy') && present.ruler.kind !== 'file' }
}

/** Who sees no transactions comes here from the policy: these engines are a part of what decides. */
export const riskPlace = (visit: Visit): Place => (visit.may('transactions') ? '/risk' : '/policy')

/** Said wherever somebody may look for a button. */
export async function changedWhere(
  { institution }: Visit,
  { consoleAccess }: RiskProviderPagePorts,
  { ruler }: PresentRisk,
): Promise<Html> {
  if (ruler.kind !== 'console') return byFile
  const name = await actorText(ruler.by, (subject) => consoleAccess.nameOf(institution.id, subject))
  return html`Here, by security administrators and owners; ${bdi(name)} did it last, ${moment(ruler.at)}. A file that has <code>risk</code> takes the place of what is set here.`
}

const byFile = html`In the institution’s file, under <code>risk</code>, and not here. <code>drawbridge check-config FILE</code> tells every fault; <code>drawbridge apply</code> puts it in force, within seconds.`
