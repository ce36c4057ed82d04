// Bars by the hour as SVG made here: classes only, so that the stylesheet colours them and no inline style is needed.
import { scaleBand, scaleLinear } from 'd3-scale'
import type { HourOfSignIns } from '../flows/overview.ts'
import { type Html, html } from '../http/page/html.ts'

const [width, top, bottom, labels] = [640, 20, 206, 230] as const

const hourText = (at: number): string => `${new Date(at).toISOString().slice(11, 13)}:00`
const numberText = new Intl.NumberFormat('en').format

/** What a reader who sees no picture hears: the finding, not the shape. */
function described(hours: readonly HourOfSignIns[]): string {
  const all = (of: keyof HourOfSignIns) => hours.reduce((sum, one) => sum + one[of], 0)
  const worst = hours.reduce((a, b) => (b.failed > a.failed ? b : a))
  const busiest = hours.reduce((a, b) => (b.signedIn > a.signedIn ? b : a))
  if (all('signedIn') + all('failed') === 0) return 'Nobody has signed in during the last 24 hours.'
  const failures =
    worst.failed === 0
      ? 'none failed'
      : `${numberText(all('failed'))} failed, most of them (${numberText(worst.failed)}) from ${hourText(worst.hour)} UTC`
  return `${numberText(all('signedIn'))} sign-ins, most from ${hourText(busiest.hour)} UTC (${numberText(busiest.signedIn)}); ${failures}. Full numbers in the table below.`
}

function scales(hours: readonly HourOfSignIns[]) {
  const most = Math.max(4, ...hours.map(({ signedIn, failed }) => signedIn + failed))
  const y = scaleLinear([0, most], [bottom, top]).nice(4)
  const x = scaleBand(
    hours.map((one) => one.hour),
    [36, width],
  ).paddingInner(0.36)
  return { x, y }
}

const fixed = (value: number): string => value.toFixed(1)

/** The figure with its table. */
export function signInsChart(hours: readonly HourOfSignIns[]): Html {
  const { x, y } = scales(hours)
  const bars = hours.map(({ hour, signedIn, failed }) => {
    const [left, wide] = [fixed(x(hour) ?? 0), fixed(x.bandwidth())]
    const [base, low] = [y(signedIn), y(signedIn + failed)]
    return html`${signedIn > 0 && html`<rect class="c1" x="${left}" y="${fixed(base)}" width="${wide}" height="${fixed(bottom - base)}"/>`}${failed > 0 && html`<rect fill="url(#hatch)" x="${left}" y="${fixed(low)}" width="${wide}" height="${fixed(base - low)}"/>`}\n`
  })
  const rules = y
    .ticks(4)
    .filter((tick) => tick > 0 && Number.isInteger(tick))
    .map(
      (tick) =>
        html`<path class="rule" d="M0 ${fixed(y(tick))}H${width}"/><text x="0" y="${fixed(y(tick) - 5)}">${numberText(tick)}</text>\n`,
    )
  const times = hours
    .filter((_, i) => i % 4 === 3)
    .map(
      ({ hour }) =>
        html`<text x="${fixed((x(hour) ?? 0) + x.bandwidth() / 2)}" y="${labels}" text-anchor="middle">${hourText(hour)}</text>\n`,
    )
  return html`<figure class="chart">
<svg viewBox="0 0 ${width} 240" role="img" aria-labelledby="chart-title chart-desc">
<title id="chart-title">Sign-ins per hour, the last 24 hours</title>
<desc id="chart-desc">${described(hours)}</desc>
<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="c2" width="5" height="5"/><path class="hatch" d="M0 0V5"/></pattern></defs>
<path class="base" d="M0 ${bottom}H${width}"/>
${rules}${bars}${times}</svg>
${table(hours)}
</figure>`
}

const table = (
  hours: readonly HourOfSignIns[],
): Html => html`<details class="more"><summary>Show as a table</summary>
<table class="table"><caption class="vh">Sign-ins per hour, the last 24 hours</caption>
<thead><tr><th scope="col">Hour (UTC)</th><th scope="col" class="num">Signed in</th><th scope="col" class="num">Failed</th></tr></thead>
<tbody>${hours.map(
  (one) =>
    html`<tr><th scope="row">${hourText(one.hour)}</th><td class="num">${numberText(one.signedIn)}</td><td class="num">${numberText(one.failed)}</td></tr>\n`,
)}</tbody></table></details>`
