// The facts of an event as an administrator may see them: what each means, who says so, and which engines it left for; masked.
import { mask, withoutAccounts } from '../domain/mask.ts'
import { isRiskFact, type RiskFact, type RiskFacts, riskFactNames, riskFacts } from '../domain/risk-event.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi } from '../http/page/parts.ts'
import type { KeptAssessment } from '../ports/risk-records.ts'
import { whoSays } from './risk-words.ts'
import { dataTable } from './table.ts'
import { badge, momentText } from './words.ts'

/** Those of which any left, and, folded, those that were known and left for nobody. */
export function factsView({ facts, shared }: Pick<KeptAssessment, 'facts' | 'shared'>): Html {
  const receivers = (name: RiskFact) =>
    Object.entries(shared).flatMap(([provider, names]) => (names.includes(name) ? [provider] : []))
  const known = riskFactNames.filter((name) => facts[name] !== undefined)
  const [left, stayed] = [
    known.filter((name) => receivers(name).length > 0),
    known.filter((name) => receivers(name).length === 0),
  ]
  return html`${left.length === 0 ? html`<p class="quiet">None left.</p>` : factsTable(left, { facts, receivers })}
${stayed.length > 0 && html`<details class="more"><summary>Known, and sent to nobody: ${stayed.length}</summary><p class="small">${stayed.map((name, n) => html`${n > 0 && ', '}<code>${name}</code>`)}</p></details>`}`
}

interface Told {
  readonly facts: RiskFacts
  readonly receivers: (name: RiskFact) => readonly string[]
}

const factsTable = (names: readonly RiskFact[], { facts, receivers }: Told): Html =>
  dataTable({
    caption: 'Facts that left, each with who says so and for whom it left',
    label: 'Facts table',
    columns: [{ name: 'Fact' }, { name: 'Value' }, { name: 'Who says so' }, { name: 'Left for' }],
    rows: names.map((name) => [
      html`<code>${name}</code><small>${riskFacts[name].meaning}</small>`,
      valueText(name, facts[name]),
      saidBy(name),
      html`${receivers(name).map((provider, n) => html`${n > 0 && ', '}${bdi(provider)}`)}`,
    ]),
  })

/** Whoever calls can say anything: that is told wherever it stands. */
function saidBy(name: RiskFact): Html {
  const { by } = riskFacts[name]
  return by === 'caller' ? html`${whoSays[by]} ${badge('warn', 'Untrusted')}` : html`${whoSays[by]}`
}

/** The names of facts that leave for a provider, with what each means. */
export const factNames = (names: readonly RiskFact[]): Html =>
  dataTable({
    caption: 'Facts that may leave for this engine',
    label: 'Allowed facts table',
    columns: [{ name: 'Fact' }, { name: 'What it is' }, { name: 'Who says so' }],
    rows: riskFactNames
      .filter((name) => names.includes(name))
      .map((name) => [html`<code>${name}</code>`, riskFacts[name].meaning, saidBy(name)]),
  })

const masked: ReadonlySet<RiskFact> = new Set<RiskFact>(['network.address', 'subject.username'])
const places = /(latitude|longitude)$/i

/** Addresses and names of people are masked, places told to a tenth of a degree; no account number stands in any text. */
export function valueText(name: string, value: RiskFacts[RiskFact]): Html {
  if (value === undefined || value === '') return html`<span class="quiet">(empty)</span>`
  if (typeof value === 'boolean') return html`${value ? 'yes' : 'no'}`
  if (isRiskFact(name) && masked.has(name)) return bdi(mask(String(value)))
  if (name === 'history.lastAt') return html`${momentText(Number(value))}`
  if (places.test(name)) return html`about ${Number(value).toFixed(1)}°`
  return bdi(withoutAccounts(String(value)))
}
