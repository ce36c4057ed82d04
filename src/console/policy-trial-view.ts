// What a policy would have said of the transactions of the last days, beside what the one in force says of them.
import { outcomes } from '../domain/outcome.ts'
import { mostTried, type Trial, trialDays } from '../flows/policy-trial.ts'
import { type Html, html } from '../http/page/html.ts'
import { outcomeBadge } from './policy-words.ts'
import { dataTable } from './table.ts'
import { count } from './words.ts'

export const trialCard = (trial: Trial): Html =>
  html`<section class="card fill stack" aria-labelledby="tried"><header><h2 id="tried">Tried on the last ${trialDays} days</h2></header>${trial.count === 0 ? html`<p class="quiet">There was no transaction to try it on.</p>` : results(trial)}</section>`

const results = (
  trial: Trial,
): Html => html`<p>Of ${trial.more ? `the last ${count(mostTried, 'transaction', 'transactions')}` : count(trial.count, 'transaction', 'transactions')}, ${trial.weaker} would be asked less and ${trial.stronger} more.</p>
${dataTable({
  caption: 'What both policies say of the same transactions',
  label: 'Trial table',
  columns: [
    { name: 'Decision' },
    { name: 'By the policy in force', as: 'num' },
    { name: 'By this one', as: 'num' },
  ],
  rows: outcomes.map((kind) => [outcomeBadge({ kind }), trial.before[kind], trial.after[kind]]),
})}
${trial.unmeasured.length > 0 && html`<p class="small quiet">Not counted, for what was measured then does not tell it: ${trial.unmeasured.map((id, n) => html`${n > 0 && ', '}<code>${id}</code>`)}.</p>`}
<p class="small quiet">Each by what was kept with its decision: sums and counts are those of then, also where a stricter policy would have stopped some of them.</p>`
