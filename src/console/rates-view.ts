// The institution's rates as people read them: what one unit of the base is, of when they are, and whether they are used.
import { type KeptRates, ratedBy } from '../domain/rates.ts'
import { type Html, html } from '../http/page/html.ts'
import { notice } from '../http/page/parts.ts'
import { dataTable } from './table.ts'
import { moment } from './words.ts'

const hourMs = 3600_000

/** One card of a grid. */
export const ratesCard = (kept: KeptRates): Html =>
  html`<section class="card fill stack" aria-labelledby="rates"><header><h2 id="rates">Rates</h2></header>${!kept.used && tooOld}
<p>Of ${moment(kept.table.asOf)}, used until ${moment(endOf(kept))}. The institution’s file says them under <code>rates</code>. Limits round what they convert up.</p>
${dataTable({
  caption: `What one ${kept.table.base} is in each currency`,
  label: 'Rates table',
  columns: [{ name: 'Currency' }, { name: `One ${kept.table.base} is`, as: 'num' }],
  rows: Object.entries(kept.table.perBase).map(([currency, rate]) => [currency, rate]),
})}</section>`

const endOf = ({ table: { asOf, validHours } }: KeptRates): number => asOf + validHours * hourMs

const tooOld = notice(
  'warn',
  'These rates are not used.',
  'They are too old, or of a day that is still to come. Whatever a limit would have to convert is over it.',
)

/** `of 26 Nov 2026, 15:00`, beside their version. */
export const ratesText = ({ version, table, used }: KeptRates): Html =>
  html`<code>${version}</code> of ${moment(table.asOf)}${!used && ', which were not used: too old, or of a day still to come'}`

/** `1.0840 USD` of one base; nothing where the currency is the base, or has no rate. */
export const rateText = ({ table }: KeptRates, currency: string): string | undefined =>
  ratedBy(table).includes(currency) && currency !== table.base
    ? `1 ${table.base} = ${table.perBase[currency]} ${currency}`
    : undefined
