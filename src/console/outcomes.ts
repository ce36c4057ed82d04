// What was decided on transactions day by day, and how it ended: whether a policy asks too much, or too little, in one look.
import { type OutcomeKind, outcomes } from '../domain/outcome.ts'
import { type OutcomeDay, type TransactionEnd, transactionEnds } from '../domain/outcome-days.ts'
import { outcomeDaysShown, type TransactionFlows } from '../flows/transactions.ts'
import { type Html, html } from '../http/page/html.ts'
import { numberText } from './chart-parts.ts'
import type { Visit } from './desk.ts'
import { type Fill, legend, outcomeChart, type Series } from './outcome-chart.ts'
import type { ConsoleView } from './page.ts'
import { outcomeNames } from './policy-words.ts'
import { count } from './words.ts'

export const outcomesPlace = '/outcomes'
const list = '/transactions'

const outcomeFills: Readonly<Record<OutcomeKind, Fill>> = {
  ...{ allow: 'c1', 'step-up': 'c1-hatched', review: 'c3', deny: 'c2' },
}

const endNames: Readonly<Record<TransactionEnd, string>> = {
  approved: 'Approved',
  declined: 'Not approved',
  lapsed: 'Not answered',
  held: 'Held, for its distance',
  waiting: 'Waiting',
}

const endFills: Readonly<Record<TransactionEnd, Fill>> = {
  ...{ approved: 'c1', declined: 'c2', lapsed: 'c3', held: 'c3-hatched', waiting: 'c1-hatched' },
}

export async function outcomesPage(
  visit: Visit,
  { transactionFlows }: { readonly transactionFlows: TransactionFlows },
): Promise<ConsoleView> {
  const days = await transactionFlows.outcomes(visit.institution.id)
  return {
    title: 'Outcomes',
    heading: 'What was decided, day by day',
    lead: `The last ${outcomeDaysShown} days, by the day of the decision (UTC). Today is as far as it has come.`,
    aside: html`<a class="btn" href="${visit.path(list)}">To the transactions</a>`,
    place: list,
    main: html`<div class="grid">${decisions(visit, days)}${endings(visit, days)}</div>`,
  }
}

interface Figures {
  readonly id: string
  readonly title: string
  readonly series: readonly Series[]
  readonly days: readonly { readonly at: number; readonly counts: readonly number[] }[]
  /** What all of them are: `transaction`, `transactions`. */
  readonly of: readonly [string, string]
}

function decisions(visit: Visit, days: readonly OutcomeDay[]): Html {
  const series = outcomes.map((kind) => ({ name: outcomeNames[kind], fill: outcomeFills[kind] }))
  const counted = days.map(({ at, decided }) => ({ at, counts: outcomes.map((kind) => decided[kind]) }))
  const of = ['decision', 'decisions'] as const
  return figures(visit, { id: 'decided', title: 'Decisions a day', series, days: counted, of })
}

function endings(visit: Visit, days: readonly OutcomeDay[]): Html {
  const shown = transactionEnds.filter((end) => isAlways(end) || days.some(({ ended }) => ended[end] > 0))
  const series = shown.map((end) => ({ name: endNames[end], fill: endFills[end] }))
  const counted = days.map(({ at, ended }) => ({ at, counts: shown.map((end) => ended[end]) }))
  const of = ['that was not stopped', 'that were not stopped'] as const
  return figures(visit, { id: 'ended', title: 'How they ended', series, days: counted, of })
}

// What waits is of the last minutes, and what is far away is rare: each stands there where there is some.
const isAlways = (end: TransactionEnd): boolean => end !== 'held' && end !== 'waiting'

function figures(visit: Visit, { id, title, series, days, of }: Figures): Html {
  const totals = series.map(({ name }, n) => ({
    name,
    total: days.reduce((sum, { counts }) => sum + (counts[n] ?? 0), 0),
  }))
  const all = totals.reduce((sum, { total }) => sum + total, 0)
  const parts = totals.map(({ name, total }) => `${name.toLowerCase()} ${numberText(total)}`)
  const finding =
    all === 0 ? 'There was none.' : `${count(all, ...of)} in ${outcomeDaysShown} days: ${parts.join('; ')}.`
  const hrefOf = (at: number) => {
    const day = new Date(at).toISOString().slice(0, 10)
    return visit.path(`${list}?${new URLSearchParams({ from: day, until: day })}`)
  }
  return html`<section class="card fill stack" aria-labelledby="h-${id}"><header><h2 id="h-${id}">${title}</h2>${legend(series)}</header>
<p>${finding}</p>
${outcomeChart({ id, title, finding, series, days, hrefOf })}</section>`
}
