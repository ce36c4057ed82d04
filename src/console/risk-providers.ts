// The risk engines of an institution: how each does on this node, and which of them is asked about which event.
import type { AskedProvider, RiskEventPolicy, RiskSettings } from '../domain/risk.ts'
import { type AskedKind, askedKinds } from '../domain/risk-event.ts'
import { type SeenProvider, shadowDays } from '../flows/risk-providers.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, notice } from '../http/page/parts.ts'
import type { ShadowCount } from '../ports/risk-records.ts'
import type { Desk, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import {
  changedWhere,
  type PresentEngines,
  presentEngines,
  type RiskProviderPagePorts,
  riskPlace,
} from './risk-present.ts'
import { providerPage, tryOut } from './risk-provider-page.ts'
import {
  actionBadge,
  combiningNames,
  failureText,
  fallbackBadge,
  healthBadge,
  kindNames,
  stateOf,
  stepUpText,
  tookText,
} from './risk-words.ts'
import { dataTable } from './table.ts'
import { badge, count } from './words.ts'

const place = '/risk/providers'

/** Before those of assessments, whose addresses take every name. */
export function riskProviderPages(desk: Desk, ports: RiskProviderPagePorts): void {
  desk.page(place, 'read', (visit) => listPage(visit, ports))
  desk.page(`${place}/:id`, 'read', (visit) => providerPage(visit, ports))
  desk.form(`${place}/:id/test`, 'policy', (visit, form) => tryOut(visit, ports, form))
}

async function listPage(visit: Visit, ports: RiskProviderPagePorts): Promise<ConsoleView> {
  const engines = await presentEngines(visit, ports)
  const { risk, edits } = engines
  const add = edits && html`<a class="btn primary" href="${visit.path('/risk/add')}">Add an engine</a>`
  const view = { title: 'Risk engines', place: riskPlace(visit) }
  if (risk === undefined)
    return {
      ...view,
      heading: 'No risk engine is asked',
      main: html`<div class="grid"><section class="card fill" aria-label="Risk engines"><div class="empty"><h3>There is none</h3><p>Sign-ins and transactions are decided by the policy alone. ${edits ? 'Add one here, or in the institution’s file' : 'They are added by security administrators and owners, or in the institution’s file'}, under <code>risk</code>.</p>${add}</div></section></div>`,
    }
  const all = ports.riskProviderFlows.all({ ...visit.institution, risk })
  return {
    ...view,
    heading: headingOf(all),
    lead: `All that are asked about an event have ${tookText(risk.budgetMs)} together. How they do is what this node has seen since it started.`,
    aside: html`<div class="actions">${add}${visit.may('transactions') && html`<a class="btn" href="${visit.path('/risk')}">What they said</a>`}</div>`,
    main: html`<div class="grid">${visit.ctx.query.done === 'changed' && engines.ruler.kind === 'console' && html`<div>${notice('ok', 'It is in force.', 'Every node asks so within two seconds.')}</div>`}
<section class="card fill" aria-labelledby="engines"><header><h2 id="engines">Engines</h2></header>${engineTable(visit, all)}</section>
<section class="card fill stack" aria-labelledby="matrix"><header><h2 id="matrix">Who is asked about what</h2></header>${matrix(visit, all, engines)}
<p class="small quiet">The strongest of all voices holds: engines, rules and limits of the <a href="${visit.path('/policy')}">policy</a>, and the customer’s own limits. No engine lowers what a rule or limit asks for.</p></section>
${shadowCard(await ports.riskProviderFlows.shadowCounts(visit.institution.id), risk)}
<section class="card fill stack" aria-labelledby="rest"><header><h2 id="rest">For every event</h2></header>${keyValues(
      [
        ['Time for all of them together', tookText(risk.budgetMs)],
        ['What a step-up asks for', stepUpText({ risk })],
        ['Where it is changed', await changedWhere(visit, ports, engines)],
      ],
    )}${edits && html`<div class="actions"><a class="btn" href="${visit.path('/risk/common')}">Change the time and the step-up</a></div>`}</section>
</div>`,
  }
}

/** Nothing where nobody is in shadow, and nobody was. */
function shadowCard(counts: readonly ShadowCount[], { events }: RiskSettings): Html | undefined {
  const some = Object.values(events).some(({ shadow = [] }) => shadow.length > 0)
  if (!some && counts.length === 0) return undefined
  const changed = counts.filter(({ action, wouldBe }) => action !== wouldBe)
  const total = (all: readonly ShadowCount[]) => all.reduce((sum, { times }) => sum + times, 0)
  return html`<section class="card fill stack" aria-labelledby="shadow"><header><h2 id="shadow">What engines in shadow would have changed</h2></header>
<p>Of ${count(total(counts), 'answer', 'answers')} in the last ${shadowDays} days, ${total(changed)} would have changed what was done.</p>
${
  changed.length > 0 &&
  dataTable({
    caption: 'What would have been done otherwise',
    label: 'Shadow table',
    columns: [
      { name: 'Engine' },
      { name: 'Event' },
      { name: 'It was' },
      { name: 'It would have been' },
      { name: 'Times', as: 'num' },
    ],
    rows: changed.map(({ provider, kind, action, wouldBe, times }) => [
      bdi(provider),
      kindNames[kind],
      actionBadge(action),
      actionBadge(wouldBe),
      times,
    ]),
  })
}</section>`
}

/** A finding: how many do not answer. */
function headingOf(all: readonly SeenProvider[]): string {
  const fails = ({ plugin, health }: SeenProvider) =>
    plugin === undefined || !/^(answering|unasked)$/.test(stateOf(health))
  const away = all.filter(fails).length
  if (away > 0) return `${away} of ${all.length} risk engines ${away === 1 ? 'is' : 'are'} failing`
  return all.length === 1 ? '1 risk engine is asked' : `${all.length} risk engines are asked`
}

const engineTable = (visit: Visit, all: readonly SeenProvider[]): Html =>
  dataTable({
    caption: 'Risk engines, and how they do on this node',
    label: 'Engines table',
    columns: [
      { name: 'Engine' },
      { name: 'Type' },
      { name: 'State' },
      { name: 'Median', as: 'num' },
      { name: '99 %', as: 'num' },
      { name: 'Answered', as: 'num' },
      { name: 'Failed', as: 'num' },
    ],
    rows: all.map(({ setting, plugin, health }) => [
      html`<a href="${visit.path(`${place}/${setting.id}`)}">${bdi(setting.id)}</a>`,
      html`<code>${setting.type}</code>${plugin === undefined && html`<small>${badge('bad', 'Not installed')}</small>`}`,
      healthBadge(health),
      health.medianMs === undefined ? '–' : tookText(health.medianMs),
      health.p99Ms === undefined ? '–' : tookText(health.p99Ms),
      health.answered,
      health.failed,
    ]),
  })

/** Kinds of events down, engines across; what is done with their answers at the end. */
function matrix(visit: Visit, all: readonly SeenProvider[], { risk, edits }: PresentEngines): Html {
  const { events = {} } = risk ?? {}
  const name = (kind: AskedKind) =>
    edits ? html`<a href="${visit.path(`/risk/events/${kind}`)}">${kindNames[kind]}</a>` : kindNames[kind]
  const nobody = html`<span class="quiet">–</span>`
  return dataTable({
    caption: 'Which engines are asked about which event, and what becomes of their answers',
    label: 'Events table',
    columns: [
      { name: 'Event' },
      ...all.map(({ setting }) => ({ name: setting.id })),
      { name: 'Combined' },
      { name: 'On failure' },
    ],
    rows: askedKinds.map((kind) => {
      const policy = events[kind]
      if (policy === undefined)
        return [
          name(kind),
          ...all.map(() => nobody),
          html`<span class="quiet">Nobody is asked</span>`,
          nobody,
        ]
      return [
        name(kind),
        ...all.map(({ setting }) => askedCell(policy, setting.id)),
        combinedCell(policy),
        html`${fallbackBadge(policy.onFailure)}<small>${failureText(policy)}</small>`,
      ]
    }),
  })
}

const bandList = ({ bands }: RiskEventPolicy): string =>
  Object.entries(bands)
    .map(([action, score]) => `${action} ${score}`)
    .join(', ')

const combinedCell = (policy: RiskEventPolicy): Html =>
  html`${combiningNames[policy.combine]}${policy.combine === 'weighted' && html`<small>From: ${bandList(policy)}</small>`}`

function askedCell({ ask, combine, shadow = [] }: RiskEventPolicy, id: string): Html {
  if (shadow.includes(id)) return badge('info', 'In shadow')
  const asked = ask.find(({ provider }) => provider === id)
  if (asked === undefined) return html`<span class="quiet">–</span>`
  return html`${badge('ok', 'Asked')}${notes(asked, combine === 'first' ? ask.indexOf(asked) + 1 : undefined)}`
}

function notes({ weight, optional }: AskedProvider, order: number | undefined): Html | undefined {
  const said = [
    order === undefined ? undefined : `number ${order}`,
    weight === 1 ? undefined : `weight ${weight}`,
    optional ? 'optional' : undefined,
  ].filter((one) => one !== undefined)
  return said.length === 0 ? undefined : html`<small>${said.join(', ')}</small>`
}
