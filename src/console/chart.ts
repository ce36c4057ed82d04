// Sign-ins over time as SVG made here: classes only, so that the stylesheet colours them and no inline style is needed.
import { scaleBand, scaleLinear } from 'd3-scale'
import { type SignIns, type Span, spans } from '../flows/connection-health.ts'
import { type Html, html } from '../http/page/html.ts'
import {
  bottom,
  fixed,
  height,
  highest,
  numberText,
  rules,
  type Scales,
  scalesOf,
  width,
} from './chart-parts.ts'
import { count } from './words.ts'

/** `24 Nov, 06:00`; within a day the hour alone. UTC. */
function timeText(at: number, span: Span): string {
  const hour = `${new Date(at).toISOString().slice(11, 13)}:00`
  if (span === 'day') return hour
  const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    at,
  )
  return `${date}, ${hour}`
}

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', timeZone: 'UTC' })

/** Under the axis there is no place for more. */
const axisText = (at: number, span: Span): string =>
  span === 'day' ? timeText(at, 'day') : weekday.format(at)

/** How far back a chart may look, in words. */
export const spanWords = { day: 'the last 24 hours', week: 'the last seven days' } as const satisfies Record<
  Span,
  string
>

/** `per hour`, `per 6 hours`. */
export const stepWords = (span: Span): string =>
  spans[span].hours === 1 ? 'per hour' : `per ${spans[span].hours} hours`

export interface Chart {
  /** What is counted, such as "Sign-ins per hour, the last 24 hours". */
  readonly title: string
  readonly span: Span
  /** One a step of the span, the oldest first. */
  readonly steps: readonly SignIns[]
}

/** What a reader who sees no picture hears: the finding, not the shape. */
function described({ span, steps }: Chart): string {
  const all = (of: 'signedIn' | 'failed') => steps.reduce((sum, one) => sum + one[of], 0)
  const worst = steps.reduce((a, b) => (b.failed > a.failed ? b : a))
  const busiest = steps.reduce((a, b) => (b.signedIn > a.signedIn ? b : a))
  if (all('signedIn') + all('failed') === 0) return `Nobody has signed in during ${spanWords[span]}.`
  const most =
    all('signedIn') === 0
      ? ''
      : `, most from ${timeText(busiest.at, span)} UTC (${numberText(busiest.signedIn)})`
  const failures =
    worst.failed === 0
      ? 'none failed'
      : `${numberText(all('failed'))} failed, most of them (${numberText(worst.failed)}) from ${timeText(worst.at, span)} UTC`
  return `${count(all('signedIn'), 'sign-in', 'sign-ins')}${most}; ${failures}.`
}

const totals = (steps: readonly SignIns[]): number[] => steps.map(({ signedIn, failed }) => signedIn + failed)

const scales = (steps: readonly SignIns[]) =>
  scalesOf(
    steps.map(({ at }) => at),
    totals(steps),
  )

const bars = ({ x, y }: Pick<Scales, 'x' | 'y'>, steps: readonly SignIns[], failed: string): Html[] =>
  steps.map((one) => {
    const [left, wide] = [fixed(x(one.at) ?? 0), fixed(x.bandwidth())]
    const [base, low, zero] = [y(one.signedIn), y(one.signedIn + one.failed), y(0)]
    return html`${one.signedIn > 0 && html`<rect class="c1" x="${left}" y="${fixed(base)}" width="${wide}" height="${fixed(zero - base)}"/>`}${one.failed > 0 && html`<rect ${failed === '' ? html`class="c2"` : html`fill="${failed}"`} x="${left}" y="${fixed(low)}" width="${wide}" height="${fixed(base - low)}"/>`}`
  })

/** Every fourth step has its time, which ends where its bar does: the last one stays inside, and all are equally far apart. */
const times = ({ x }: Scales, { steps, span }: Chart): Html[] =>
  steps.flatMap(({ at }, i) => {
    if (i % 4 !== 3) return []
    const right = fixed((x(at) ?? 0) + x.bandwidth())
    return html`<text x="${right}" y="${bottom + 8}" dominant-baseline="hanging" text-anchor="end">${axisText(at, span)}</text>\n`
  })

/** The figure with its table. One a page: its parts are named. */
export function signInsChart(chart: Chart): Html {
  const { title, steps } = chart
  const drawn = scales(steps)
  return html`<figure class="chart">
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="chart-title chart-desc">
<title id="chart-title">${title}</title>
<desc id="chart-desc">${described(chart)} Full numbers in the table below.</desc>
<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="c2" width="5" height="5"/><path class="hatch" d="M0 0V5"/></pattern></defs>
<path class="base" d="M0 ${bottom}H${width}"/>
${rules(drawn)}${bars(drawn, steps, 'url(#hatch)')}${times(drawn, chart)}</svg>
${table(chart)}
</figure>`
}

const table = ({
  title,
  steps,
  span,
}: Chart): Html => html`<details class="more"><summary>Show as a table</summary>
<table class="table"><caption class="vh">${title}</caption>
<thead><tr><th scope="col">${span === 'day' ? 'Hour' : 'From'} (UTC)</th><th scope="col" class="num">Signed in</th><th scope="col" class="num">Failed</th></tr></thead>
<tbody>${steps.map(
  (one) =>
    html`<tr><th scope="row">${timeText(one.at, span)}</th><td class="num">${numberText(one.signedIn)}</td><td class="num">${numberText(one.failed)}</td></tr>\n`,
)}</tbody></table></details>`

const spark = { width: 120, height: 28 } as const

/** A line's worth of the same, without axes: for a row that has the numbers beside it. */
export function sparkline(steps: readonly SignIns[]): Html {
  const x = scaleBand(
    steps.map(({ at }) => at),
    [0, spark.width],
  ).paddingInner(0.3)
  const y = scaleLinear([0, highest(totals(steps))], [spark.height - 1, 0])
  return html`<svg class="spark" viewBox="0 0 ${spark.width} ${spark.height}" role="img" aria-label="${described({ title: '', span: 'day', steps })}"><path class="base" d="M0 ${spark.height - 0.5}H${spark.width}"/>${bars({ x, y }, steps, '')}</svg>`
}
