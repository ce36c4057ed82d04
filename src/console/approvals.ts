// What customers were asked on their phones, found by state, app, customer, day and reference; account numbers masked.
import { type ShownApprovalState, shownApprovalStates } from '../domain/approval.ts'
import type { SeenApproval } from '../flows/approval-search.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi } from '../http/page/parts.ts'
import type { ApprovalFilter } from '../ports/approvals.ts'
import { type ApprovalPagePorts, approvalPage, askedFor } from './approval-page.ts'
import { approvalBadge, approvalNames, originNames } from './approval-words.ts'
import type { Desk, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
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
import { amountText } from './transaction-words.ts'

const place = '/approvals'

export function approvalPages(desk: Desk, ports: ApprovalPagePorts): void {
  desk.page(place, 'transactions', (visit) => listPage(visit, ports))
  desk.page(`${place}/:id`, 'transactions', (visit) => approvalPage(visit, ports))
}

const fields = ['reference', 'sub', 'state', 'app', 'from', 'until', 'behind'] as const
type Wanted = Readonly<Record<(typeof fields)[number], string>>

/** What the address asks for. */
function wantedOf(visit: Visit): Wanted {
  const wanted = askedIn(visit, fields)
  return { ...wanted, reference: referenceIn(wanted.reference) }
}

const isState = (text: string): text is ShownApprovalState =>
  (shownApprovalStates as readonly string[]).includes(text)

/** What is malformed in the address is not asked for. */
function filterOf(wanted: Wanted): Omit<ApprovalFilter, 'now'> {
  return {
    limit: shownRows + 1,
    reference: given(wanted.reference),
    subject: given(wanted.sub),
    state: isState(wanted.state) ? wanted.state : undefined,
    relyingParty: given(wanted.app),
    ...daysOf(wanted),
    behind: behindOf(wanted.behind),
  }
}

async function listPage(visit: Visit, ports: ApprovalPagePorts): Promise<ConsoleView> {
  const wanted = wantedOf(visit)
  const { id } = visit.institution
  const { found, now } = await ports.approvalSearch.list(id, filterOf(wanted))
  const names = await appNames(ports, id)
  const { rows, older } = paged(visit, { place, wanted, found })
  return {
    title: 'Approvals',
    lead: 'What customers were asked on their phones, by whom, and what they answered. Account numbers are masked.',
    place,
    main: searchMain({
      label: 'Approvals',
      finder: finder(visit, wanted, names),
      list: rows.length === 0 ? nothing(wanted) : html`${table(visit, { rows, names, now })}${older}`,
    }),
  }
}

/** A search is a visit: it can be kept as a link, and changes nothing. */
function finder(visit: Visit, wanted: Wanted, names: ReadonlyMap<string, string>): Html {
  const states = shownApprovalStates.map((state) => [state, approvalNames[state]] as const)
  return html`<form method="get" action="${visit.path(place)}" class="finder">
${referenceField(wanted.reference, 'of the request or the sign-in that asked')}
${customerField(wanted.sub)}
${dayFields(wanted)}
${choiceField({ name: 'state', label: 'State' }, states, wanted.state)}
${choiceField({ name: 'app', label: 'Asked by' }, [...names], wanted.app)}
<button class="btn primary">Find</button>
</form>`
}

const nothing = (wanted: Wanted): Html =>
  fields.every((name) => wanted[name] === '')
    ? html`<div class="empty"><h3>There is none yet</h3><p>Every question to a customer’s phone stands here, whoever asked it.</p></div>`
    : html`<div class="empty"><h3>Nothing was found</h3><p>No question fits all of this. Where a customer could not be asked, the audit log says why.</p></div>`

interface Rows {
  readonly rows: readonly SeenApproval[]
  readonly names: ReadonlyMap<string, string>
  readonly now: number
}

const table = (visit: Visit, { rows, names, now }: Rows): Html =>
  dataTable({
    caption: 'Approvals, newest first',
    label: 'Approvals table',
    columns: [
      { name: 'When' },
      { name: 'Amount', as: 'num' },
      { name: 'What' },
      { name: 'Asked by' },
      { name: 'State' },
    ],
    rows: rows.map((one) => [
      whenCell(visit.path(`${place}/${one.id}`), one),
      amountText(one.transaction?.amount),
      askedFor(visit.institution, one),
      html`${bdi(names.get(one.relyingParty) ?? one.relyingParty)}<small>${originNames[one.origin]}</small>`,
      approvalBadge(one, now),
    ]),
  })
