// What is held and waits for the bank's people: found by how far it is, the nearest deadline first; and the steps of each.
import { type CaseState, type CaseStep, caseSteps, waitingStates } from '../domain/held-case.ts'
import { Refusal } from '../domain/refusal.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { SeenCase } from '../flows/cases.ts'
import { type Html, html } from '../http/page/html.ts'
import type { CaseFilter } from '../ports/cases.ts'
import { type CasePagePorts, casePage } from './case-page.ts'
import { caseBadge, isCaseNews, spanText } from './case-words.ts'
import { wholeWhyIn } from './connection-ports.ts'
import { type Desk, type Form, type Next, signInAgain, type Visit, versionIn } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { askedIn, behindOf, customerField, given, searchMain, shownRows } from './search.ts'
import { dataTable } from './table.ts'
import { amountText, partiesText } from './transaction-words.ts'
import { count, moment } from './words.ts'

export type { CasePagePorts } from './case-page.ts'

const place = '/cases'

export function casePages(desk: Desk, ports: CasePagePorts): void {
  desk.page(place, 'cases', (visit) => listPage(visit, ports))
  desk.page(`${place}/:id`, 'cases', (visit) => casePage(visit, ports))
  for (const step of caseSteps)
    desk.form(`${place}/:id/${step}`, 'cases', (visit, form) => take(visit, ports, { step, form }))
}

interface Taking {
  readonly step: CaseStep
  readonly form: Form
}

/** Takes the step, or shows the case as it is now, with what keeps it from being taken. */
async function take(visit: Visit, ports: CasePagePorts, { step, form }: Taking): Promise<Next> {
  const id = String(visit.ctx.params.id)
  const why = wholeWhyIn(form)
  try {
    const asked = { id, step, why, version: versionIn(form), fraud: form.get('fraud') === 'on' }
    await ports.caseFlows.step(visit.institution, { ...asked, visitor: visit.visitor })
    return `${place}/${id}?done=yes`
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.code === 'console.recent') return signInAgain(`${place}/${id}`)
    if (!isCaseNews(error.code)) throw error
    return casePage(visit, ports, { step, why, news: error.code })
  }
}

/** What a search can be for; '' is what waits. */
const choices = {
  '': ['Waiting', waitingStates],
  released: ['Released', ['released']],
  stopped: ['Stopped', ['stopped']],
  expired: ['Not decided in time', ['expired']],
} as const satisfies Readonly<Record<string, readonly [name: string, states: readonly CaseState[]]>>
type Choice = keyof typeof choices

const fields = ['state', 'sub', 'behind'] as const
type Wanted = Readonly<Record<(typeof fields)[number], string>>

const choiceOf = ({ state }: Wanted): Choice => (Object.hasOwn(choices, state) ? (state as Choice) : '')

/** What is malformed in the address is not asked for. */
function filterOf(wanted: Wanted): CaseFilter {
  const choice = choiceOf(wanted)
  const behind = behindOf(wanted.behind)
  return {
    ...{ limit: shownRows + 1, subject: given(wanted.sub), states: choices[choice][1] },
    nearestFirst: choice === '',
    behind: behind && { deadline: behind.createdAt, id: behind.id },
  }
}

async function listPage(visit: Visit, ports: CasePagePorts): Promise<ConsoleView> {
  const wanted = askedIn(visit, fields)
  const { found, now } = await ports.caseFlows.list(visit.institution.id, filterOf(wanted))
  const waiting = await ports.caseFlows.waiting(visit.institution.id)
  const rows = found.slice(0, shownRows)
  const more = found.length > shownRows ? rows.at(-1) : undefined
  return {
    title: 'Cases',
    heading: waiting === undefined ? 'No case waits' : count(waiting.count, 'case waits', 'cases wait'),
    lead: 'What the policy, a risk engine or a distance has held. Two people release it, one stops it. Account numbers are masked.',
    place,
    main: searchMain({
      label: 'Cases',
      finder: finder(visit, wanted),
      list:
        rows.length === 0 ? nothing(wanted) : html`${table(visit, rows, now)}${further(visit, wanted, more)}`,
    }),
  }
}

/** A search is a visit: it can be kept as a link, and changes nothing. */
const finder = (
  visit: Visit,
  wanted: Wanted,
): Html => html`<form method="get" action="${visit.path(place)}" class="finder">
<div class="field"><label for="state">State</label><select class="input" id="state" name="state">${Object.entries(
  choices,
).map(
  ([value, [name]]) =>
    html`<option value="${value}"${value === choiceOf(wanted) && html` selected`}>${name}</option>`,
)}</select></div>
${customerField(wanted.sub)}
<button class="btn primary">Find</button>
</form>`

const nothing = (wanted: Wanted): Html =>
  wanted.sub === '' && choiceOf(wanted) === ''
    ? html`<div class="empty"><h3>Nothing is held</h3><p>Whatever is held stands here until two people release it, one stops it, or its time is over.</p></div>`
    : html`<div class="empty"><h3>Nothing was found</h3><p>No case fits all of this.</p></div>`

function further(visit: Visit, wanted: Wanted, last: SeenCase | undefined): Html | undefined {
  if (last === undefined) return undefined
  const on = new URLSearchParams({ ...wanted, behind: `${last.one.deadline}.${last.one.id}` })
  return html`<p><a href="${visit.path(`${place}?${on}`)}">Further ones</a></p>`
}

const table = (visit: Visit, rows: readonly SeenCase[], now: number): Html =>
  dataTable({
    caption: 'Cases, by their deadline',
    label: 'Cases table',
    columns: [
      { name: 'Decide by' },
      { name: 'Amount', as: 'num' },
      { name: 'What' },
      { name: 'Why' },
      { name: 'Held for', as: 'opt' },
      { name: 'State' },
    ],
    rows: rows.map(({ one, transaction }) => [
      html`<a href="${visit.path(`${place}/${one.id}`)}">${moment(one.deadline)}</a>${one.reference !== '' && html`<small class="ref">${one.reference}</small>`}`,
      amountText(transaction?.transaction.amount),
      partiesOf(visit, transaction),
      html`<code>${one.reason}</code>`,
      spanText((one.endedAt ?? now) - one.createdAt),
      html`${caseBadge(one, now)}${one.fraud && html`<small>Fraud</small>`}`,
    ]),
  })

const partiesOf = ({ institution }: Visit, transaction: SeenCase['transaction']): Html | string =>
  transaction === undefined
    ? 'Not kept any more'
    : partiesText(transaction.transaction, typeNamed(typesOf(institution), transaction.transaction.type))
