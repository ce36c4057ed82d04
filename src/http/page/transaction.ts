// A transaction as the customer is shown it: exactly the facts that the approval is bound to (invariant 4).
import type { Display, ShownRow } from '../../domain/transaction-display.ts'
import { textsOf } from '../words/catalogue.ts'
import type { Language } from '../words/language.ts'
import { type Html, html } from './html.ts'
import { bdi, keyValues, type Row } from './parts.ts'

const prominent = ({ rows }: Display): readonly ShownRow[] => rows.filter((row) => row.prominent)

/** The document's title: the question and the facts that decide. */
export const transactionTitle = (display: Display): string =>
  [display.title, ...prominent(display).map(({ value }) => value.replaceAll('\n', ', '))].join(' · ')

/** The question whose heading holds the facts that decide: amount and payee, or what else the type makes prominent. */
export function transactionHeading(display: Display): Html {
  const facts = prominent(display)
  if (facts.length === 0) return html`<h1 class="question">${display.title}</h1>`
  return html`<h1 class="question">
<span class="lead">${display.title}</span>
${facts.map(
  (
    row,
  ) => html`<span class="${row.kind === 'money' ? 'amount' : 'to'}"><span class="of">${row.label}</span> ${shownValue(row)}</span>
`,
)}</h1>`
}

/** The facts below the question; `more` rows follow the transaction's own. */
export const transactionFacts = (display: Display, more: readonly Row[] = []): Html =>
  keyValues([
    ...display.rows.filter((row) => !row.prominent).map((row): Row => [row.label, shownValue(row)]),
    ...more,
  ])

/** A value isolated from the words around it; items of a list one by one; letters that could deceive are named. */
function shownValue({ value, kind, note }: ShownRow): Html {
  const shown =
    kind === 'list'
      ? html`<ul class="items">${value.split('\n').map((item) => html`<li>${bdi(item)}</li>`)}</ul>`
      : kind === 'account'
        ? html`<bdi class="account" dir="ltr">${value}</bdi>`
        : bdi(value)
  return note === undefined ? shown : html`${shown} <span class="letters">${note}</span>`
}

/** The two answers; `do` says which. */
export function transactionActions(display: Display, language: Language): Html {
  return html`<div class="actions">
<button class="btn primary" name="do" value="approve"><span>${display.approve}</span></button>
<button class="btn" name="do" value="deny" formnovalidate>${textsOf(language).transaction.refuse}</button>
</div>`
}
