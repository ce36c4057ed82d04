// The risk engines of an institution: how each does on this node, and which of them is asked about which event.
import type { AskedProvider, RiskEventPolicy } from '../domain/risk.ts'
import { askedKinds } from '../domain/risk-event.ts'
import type { RiskProviderFlows, SeenProvider } from '../flows/risk-providers.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues } from '../http/page/parts.ts'
import type { Desk, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { providerPage, riskPlace, tryOut } from './risk-provider-page.ts'
import {
  changedByFile,
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
import { badge } from './words.ts'

export interface RiskProviderPagePorts {
  readonly riskProviderFlows: RiskProviderFlows
}

const place = '/risk/providers'

/** Before those of assessments, whose addresses take every name. */
export function riskProviderPages(desk: Desk, { riskProviderFlows }: RiskProviderPagePorts): void {
  desk.page(place, 'read', async (visit) => listPage(visit, riskProviderFlows))
  desk.page(`${place}/:id`, 'read', async (visit) => providerPage(visit, riskProviderFlows))
  desk.form(`${place}/:id/test`, 'policy', (visit, form) => tryOut(visit, riskProviderFlows, form))
}

function listPage(visit: Visit, flows: RiskProviderFlows): ConsoleView {
  const all = flows.all(visit.institution)
  const { risk } = visit.institution
  const view = { title: 'Risk engines', place: riskPlace(visit) }
  if (risk === undefined)
    return {
      ...view,
      heading: 'No risk engine is asked',
      main: html`<div class="grid"><section class="card fill" aria-label="Risk engines"><div class="empty"><h3>There is none</h3><p>Sign-ins and transactions are decided by the policy alone. The operator adds engines in the institution’s file, under <code>risk</code>.</p></div></section></div>`,
    }
  return {
    ...view,
    heading: headingOf(all),
    lead: `All that are asked about an event have ${tookText(risk.budgetMs)} together. How they do is what this node has seen since it started.`,
    aside: visit.may('transactions')
      ? html`<a class="btn" href="${visit.path('/risk')}">What they said</a>`
      : undefined,
    main: html`<div class="grid">
<section class="card fill" aria-labelledby="engines"><header><h2 id="engines">Engines</h2></header>${engineTable(visit, all)}</section>
<section class="card fill stack" aria-labelledby="matrix"><header><h2 id="matrix">Who is asked about what</h2></header>${matrix(visit, all)}
<p class="small quiet">The strongest of all voices holds: engines, rules and limits of the <a href="${visit.path('/policy')}">policy</a>, and the customer’s own limits. No engine lowers what a rule or limit asks for.</p></section>
<section class="card fill" aria-labelledby="rest"><header><h2 id="rest">For every event</h2></header>${keyValues(
      [
        ['Time for all of them together', tookText(risk.budgetMs)],
        ['What a step-up asks for', stepUpText(visit.institution)],
        ['Where it is changed', changedByFile],
      ],
    )}</section>
</div>`,
  }
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
function matrix(visit: Visit, all: readonly SeenProvider[]): Html {
  const { events = {} } = visit.institution.risk ?? {}
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
          kindNames[kind],
          ...all.map(() => nobody),
          html`<span class="quiet">Nobody is asked</span>`,
          nobody,
        ]
      return [
        kindNames[kind],
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

function askedCell({ ask, combine }: RiskEventPolicy, id: string): Html {
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
