// What risk engines were asked about customers, found by what came of it, by who failed, and by the reference; and each explained.
import { type RiskAction, riskActions } from '../domain/risk.ts'
import { type AskedKind, askedKinds } from '../domain/risk-event.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi } from '../http/page/parts.ts'
import type { KeptAssessment, RiskFilter } from '../ports/risk-records.ts'
import type { Desk, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { type RiskPagePorts, riskPage } from './risk-page.ts'
import { actionBadge, actionNames, failureNames, kindNames, outcomeWords } from './risk-words.ts'
import {
  appNames,
  askedIn,
  behindOf,
  choiceField,
  customerField,
  dayFields,
  daysOf,
  given,
  paged,
  referenceField,
  referenceIn,
  searchMain,
  shownRows,
  whenCell,
} from './search.ts'
import { dataTable } from './table.ts'
import { badge } from './words.ts'

const place = '/risk'

/** After those of the providers, whose address looks like one of an assessment. */
export function riskPages(desk: Desk, ports: RiskPagePorts): void {
  desk.page(place, 'transactions', (visit) => listPage(visit, ports))
  desk.page(`${place}/:id`, 'transactions', (visit) => riskPage(visit, ports))
}

const fields = [
  ...(['reference', 'sub', 'kind', 'action', 'reason', 'failed', 'app', 'from', 'until', 'behind'] as const),
] as const
type Wanted = Readonly<Record<(typeof fields)[number], string>>

/** What the address asks for. */
function wantedOf(visit: Visit): Wanted {
  const wanted = askedIn(visit, fields)
  return { ...wanted, reference: referenceIn(wanted.reference) }
}

const isKind = (text: string): text is AskedKind => (askedKinds as readonly string[]).includes(text)
const isAction = (text: string): text is RiskAction => (riskActions as readonly string[]).includes(text)

/** What is malformed in the address is not asked for. */
function filterOf(wanted: Wanted): RiskFilter {
  return {
    limit: shownRows + 1,
    reference: given(wanted.reference),
    subject: given(wanted.sub),
    kind: isKind(wanted.kind) ? wanted.kind : undefined,
    action: isAction(wanted.action) ? wanted.action : undefined,
    reason: given(wanted.reason),
    failed: given(wanted.failed),
    relyingParty: given(wanted.app),
    ...daysOf(wanted),
    behind: behindOf(wanted.behind),
  }
}

async function listPage(visit: Visit, ports: RiskPagePorts): Promise<ConsoleView> {
  const wanted = wantedOf(visit)
  const { id } = visit.institution
  const kept = await ports.riskSearch.list(id, filterOf(wanted))
  const found = kept.map((one) => ({ one, id: one.verdict.id, createdAt: one.at }))
  const names = await appNames(ports, id)
  const { rows, older } = paged(visit, { place, wanted, found })
  const all = rows.map(({ one }) => one)
  return {
    title: 'Risk',
    lead: 'What risk engines were asked about customers, what they said, and what came of it. Addresses and user names are masked.',
    aside: html`<a class="btn" href="${visit.path(`${place}/providers`)}">Engines and who is asked</a>`,
    place,
    main: searchMain({
      label: 'Assessments',
      finder: finder(visit, wanted, names),
      list: all.length === 0 ? nothing(visit, wanted) : html`${table(visit, all, names)}${older}`,
    }),
  }
}

/** A search is a visit: it can be kept as a link, and changes nothing. */
function finder(visit: Visit, wanted: Wanted, names: ReadonlyMap<string, string>): Html {
  const providers = (visit.institution.risk?.providers ?? []).map(({ id }) => [id, id] as const)
  return html`<form method="get" action="${visit.path(place)}" class="finder">
${referenceField(wanted.reference, 'of the sign-in or the call that it came with')}
${customerField(wanted.sub)}
${dayFields(wanted)}
${choiceField(
  { name: 'kind', label: 'Event' },
  askedKinds.map((kind) => [kind, kindNames[kind]]),
  wanted.kind,
)}
${choiceField(
  { name: 'action', label: 'Verdict' },
  riskActions.map((action) => [action, actionNames[action]]),
  wanted.action,
)}
<div class="field"><label for="reason">Reason code</label><input class="input" id="reason" name="reason" value="${wanted.reason}" aria-describedby="reason-hint"><p class="hint" id="reason-hint">For instance risk.unanswered</p></div>
${choiceField({ name: 'failed', label: 'Engine without an answer' }, providers, wanted.failed)}
${choiceField({ name: 'app', label: 'App' }, [...names], wanted.app)}
<button class="btn primary">Find</button>
</form>`
}

function nothing(visit: Visit, wanted: Wanted): Html {
  if (fields.some((name) => wanted[name] !== ''))
    return html`<div class="empty"><h3>Nothing was found</h3><p>No assessment fits all of this. Where the engines were not asked about an event, there is none.</p></div>`
  if (visit.institution.risk === undefined)
    return html`<div class="empty"><h3>No engine is asked</h3><p>This institution has no risk engine: sign-ins and transactions are decided by the policy alone. They are added under <a href="${visit.path(`${place}/providers`)}">Engines and who is asked</a>, or in the institution’s file.</p></div>`
  return html`<div class="empty"><h3>There is none yet</h3><p>Every event that the engines are asked about stands here, once somebody acts on their verdict.</p></div>`
}

const table = (visit: Visit, rows: readonly KeptAssessment[], names: ReadonlyMap<string, string>): Html =>
  dataTable({
    caption: 'Assessments, newest first',
    label: 'Assessments table',
    columns: [
      { name: 'When' },
      { name: 'Event' },
      { name: 'Verdict' },
      { name: 'Score', as: 'num' },
      { name: 'Engines' },
      { name: 'App', as: 'opt' },
      { name: 'Ended', as: 'opt' },
    ],
    rows: rows.map((one) => [
      whenCell(visit.path(`${place}/${one.verdict.id}`), { createdAt: one.at, reference: one.reference }),
      kindNames[one.verdict.kind],
      html`${actionBadge(one.verdict.action)}<small><code>${one.verdict.reason}</code></small>`,
      one.verdict.score ?? '–',
      enginesText(one),
      bdi(names.get(one.relyingParty) ?? one.relyingParty),
      one.outcome === undefined ? '–' : badge(...outcomeWords[one.outcome]),
    ]),
  })

const enginesText = ({ verdict: { answers } }: KeptAssessment): Html =>
  html`${answers.map(
    ({ provider, assessment, failure }, n) =>
      html`${n > 0 && html`<br>`}${bdi(provider)}: ${assessment === undefined ? failureNames[failure ?? 'error'].toLowerCase() : actionNames[assessment.action].toLowerCase()}`,
  )}`
