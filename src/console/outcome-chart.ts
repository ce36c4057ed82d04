// Counts day by day as stacked bars: one colour and one pattern each, so that nobody needs to see colours, and all of it as a table.
import { type Html, html } from '../http/page/html.ts'
import { bottom, fixed, height, numberText, rules, type Scales, scalesOf, width } from './chart-parts.ts'
import { dataTable } from './table.ts'

/** How a bar is drawn; the legend and the stylesheet know each by this name. */
export const fills = ['c1', 'c1-hatched', 'c2', 'c3', 'c3-hatched'] as const
export type Fill = (typeof fills)[number]

export interface Series {
  readonly name: string
  readonly fill: Fill
}

export interface DayCounts {
  /** The first moment of the day (UTC). */
  readonly at: number
  /** One a series, in their order, from the axis up. */
  readonly counts: readonly number[]
}

export interface OutcomeChart {
  /** Makes the names of its parts the page's only ones. */
  readonly id: string
  readonly title: string
  /** What a reader who sees no picture hears: the finding. */
  readonly finding: string
  readonly series: readonly Series[]
  readonly days: readonly DayCounts[]
  /** What one day leads to. */
  readonly hrefOf: (at: number) => string
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** `24 Nov`. */
const dayName = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

export const legend = (series: readonly Series[]): Html =>
  html`<ul class="legend">${series.map(({ name, fill }) => html`<li class="${fill}">${name}</li>`)}</ul>`

export function outcomeChart(chart: OutcomeChart): Html {
  const { id, title, finding, days } = chart
  const drawn = scalesOf(
    days.map(({ at }) => at),
    days.map(({ counts }) => sum(counts)),
  )
  return html`<figure class="chart">
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${finding} Full numbers in the table below.</desc>
<defs>${pattern(id, 'c2', 45)}${pattern(id, 'c1', -45)}${pattern(id, 'c3', -45)}</defs>
<path class="base" d="M0 ${bottom}H${width}"/>
${rules(drawn)}${days.map((day) => bar(drawn, chart, day))}${dayNames(drawn, days)}</svg>
${table(chart)}
</figure>`
}

const pattern = (id: string, colour: 'c1' | 'c2' | 'c3', degrees: number): Html =>
  html`<pattern id="${id}-${colour}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(${degrees})"><rect class="${colour}" width="5" height="5"/><path class="hatch" d="M0 0V5"/></pattern>`

/** What was refused is hatched wherever it is drawn. */
const drawnAs = (id: string, fill: Fill): Html =>
  fill === 'c1' || fill === 'c3' ? html`class="${fill}"` : html`fill="url(#${id}-${fill.slice(0, 2)})"`

function bar({ x, y }: Scales, { id, series }: OutcomeChart, { at, counts }: DayCounts): Html {
  const [left, wide] = [fixed(x(at) ?? 0), fixed(x.bandwidth())]
  return html`${series.map(({ fill }, n) => {
    const [count = 0, below] = [counts[n], sum(counts.slice(0, n))]
    const [high, low] = [y(below + count), y(below)]
    return (
      count > 0 &&
      html`<rect ${drawnAs(id, fill)} x="${left}" y="${fixed(high)}" width="${wide}" height="${fixed(low - high)}"/>`
    )
  })}\n`
}

/** One a week, which ends where its bar does: the last of them is the last day. */
const dayNames = ({ x }: Scales, days: readonly DayCounts[]): Html[] =>
  days.flatMap(({ at }, n) => {
    if ((days.length - 1 - n) % 7 !== 0) return []
    const right = fixed((x(at) ?? 0) + x.bandwidth())
    return html`<text x="${right}" y="${bottom + 8}" dominant-baseline="hanging" text-anchor="end">${dayName.format(at)}</text>\n`
  })

/** The newest first: it is what people look for. */
const table = ({
  title,
  series,
  days,
  hrefOf,
}: OutcomeChart): Html => html`<details class="more"><summary>Show as a table</summary>
${dataTable({
  caption: title,
  label: `${title}, as a table`,
  columns: [{ name: 'Day (UTC)' }, ...series.map(({ name }) => ({ name, as: 'num' as const }))],
  rows: days
    .toReversed()
    .map(({ at, counts }) => [
      html`<a href="${hrefOf(at)}">${dayName.format(at)}</a>`,
      ...counts.map((count) => numberText(count)),
    ]),
})}</details>`
