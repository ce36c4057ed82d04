// What customers did with their money, found by what they read out and by what was decided; amounts shown, accounts masked.
import { type CustomerTransaction, type ShownState, shownStates } from '../domain/customer-transaction.ts'
import { type OutcomeKind, outcomes } from '../domain/outcome.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi } from '../http/page/parts.ts'
import type { TransactionFilter } from '../ports/transactions.ts'
import type { Desk, Visit } from './desk.ts'
import { outcomesPage, outcomesPlace } from './outcomes.ts'
import type { ConsoleView } from './page.ts'
import { outcomeBadge, outcomeNames } from './policy-words.ts'
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
import { evidenceDownload, type TransactionPagePorts, transactionPage } from './transaction-page.ts'
import { amountText, partiesText, stateBadge, stateNames } from './transaction-words.ts'

const place = '/transactions'

export function transactionPages(desk: Desk, ports: TransactionPagePorts): void {
  desk.page(place, 'transactions', (visit) => listPage(visit, ports))
  desk.page(outcomesPlace, 'transactions', (visit) => outcomesPage(visit, ports))
  desk.page(`${place}/:id`, 'transactions', (visit) => transactionPage(visit, ports))
  desk.download(`${place}/:id/evidence`, 'transactions', (visit) => evidenceDownload(visit, ports))
}

const fields = [
  'reference',
  'sub',
  'state',
  'outcome',
  'reason',
  'type',
  'app',
  'from',
  'until',
  'behind',
] as const
type Wanted = Readonly<Record<(typeof fields)[number], string>>

/** What the address asks for. */
function wantedOf(visit: Visit): Wanted {
  const wanted = askedIn(visit, fields)
  return { ...wanted, reference: referenceIn(wanted.reference) }
}

const isState = (text: string): text is ShownState => (shownStates as readonly string[]).includes(text)
const isOutcome = (text: string): text is OutcomeKind => (outcomes as readonly string[]).includes(text)

/** What is malformed in the address is not asked for. */
function filterOf(wanted: Wanted): Omit<TransactionFilter, 'now'> {
  return {
    limit: shownRows + 1,
    reference: given(wanted.reference),
    subject: given(wanted.sub),
    state: isState(wanted.state) ? wanted.state : undefined,
    outcome: isOutcome(wanted.outcome) ? wanted.outcome : undefined,
    reason: given(wanted.reason),
    type: given(wanted.type),
    relyingParty: given(wanted.app),
    ...daysOf(wanted),
    behind: behindOf(wanted.behind),
  }
}

async function listPage(visit: Visit, ports: TransactionPagePorts): Promise<ConsoleView> {
  const wanted = wantedOf(visit)
  const { id } = visit.institution
  const { found, now } = await ports.transactionFlows.list(id, filterOf(wanted))
  const names = await appNames(ports, id)
  const { rows, older } = paged(visit, { place, wanted, found })
  return {
    title: 'Transactions',
    lead: 'What apps and cores asked for in the name of customers, and what the policy decided. Account numbers are masked.',
    aside: html`<a class="btn" href="${visit.path(outcomesPlace)}">Outcomes day by day</a>`,
    place,
    main: searchMain({
      label: 'Transactions',
      finder: finder(visit, wanted, names),
      list: rows.length === 0 ? nothing(wanted) : html`${table(visit, { rows, names, now })}${older}`,
    }),
  }
}

/** A search is a visit: it can be kept as a link, and changes nothing. */
function finder(visit: Visit, wanted: Wanted, names: ReadonlyMap<string, string>): Html {
  const types = typesOf(visit.institution).map(({ type }) => [type, type] as const)
  return html`<form method="get" action="${visit.path(place)}" class="finder">
${referenceField(wanted.reference, 'of the sign-in or the call that it came with')}
${customerField(wanted.sub)}
${dayFields(wanted)}
${choiceField(
  { name: 'state', label: 'State' },
  shownStates.map((state) => [state, stateNames[state]]),
  wanted.state,
)}
${choiceField(
  { name: 'outcome', label: 'Decision' },
  outcomes.map((kind) => [kind, outcomeNames[kind]]),
  wanted.outcome,
)}
<div class="field"><label for="reason">Reason code</label><input class="input" id="reason" name="reason" value="${wanted.reason}" aria-describedby="reason-hint"><p class="hint" id="reason-hint">For instance limit.step_up_over</p></div>
${choiceField({ name: 'type', label: 'Type' }, types, wanted.type)}
${choiceField({ name: 'app', label: 'App' }, [...names], wanted.app)}
<button class="btn primary">Find</button>
</form>`
}

const nothing = (wanted: Wanted): Html =>
  fields.every((name) => wanted[name] === '')
    ? html`<div class="empty"><h3>There is none yet</h3><p>Every transaction stands here once its customer is known and the policy has decided on it.</p></div>`
    : html`<div class="empty"><h3>Nothing was found</h3><p>No transaction fits all of this. What was refused before its customer was known was never decided on: the audit log knows it.</p></div>`

interface Rows {
  readonly rows: readonly CustomerTransaction[]
  readonly names: ReadonlyMap<string, string>
  readonly now: number
}

const table = (visit: Visit, { rows, names, now }: Rows): Html =>
  dataTable({
    caption: 'Transactions, newest first',
    label: 'Transactions table',
    columns: [
      { name: 'When' },
      { name: 'Amount', as: 'num' },
      { name: 'What' },
      { name: 'App', as: 'opt' },
      { name: 'Decision' },
      { name: 'State' },
    ],
    rows: rows.map((one) => [
      whenCell(visit.path(`${place}/${one.id}`), one),
      amountText(one.transaction.amount),
      partiesText(one.transaction, typeNamed(typesOf(visit.institution), one.transaction.type)),
      bdi(names.get(one.relyingParty) ?? one.relyingParty),
      html`${outcomeBadge(one.decision.outcome)}<small><code>${one.decision.reason}</code></small>`,
      stateBadge(one, now),
    ]),
  })
