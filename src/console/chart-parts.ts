// What charts have in common: their size, their scales, and the lines that numbers stand on.
import { scaleBand, scaleLinear } from 'd3-scale'
import { type Html, html } from '../http/page/html.ts'

export const [width, height, top, bottom] = [640, 250, 30, 206] as const

export const numberText = new Intl.NumberFormat('en').format
export const fixed = (value: number): string => value.toFixed(1)

/** Of bars this high; a few of anything do not fill the chart. */
export const highest = (totals: readonly number[]): number => Math.max(4, ...totals)

export type Scales = ReturnType<typeof scalesOf>

/** One bar a moment, each as high as its total. */
export function scalesOf(moments: readonly number[], totals: readonly number[]) {
  const y = scaleLinear<number>([0, highest(totals)], [bottom, top]).nice(4)
  const ticks = y.ticks(4).filter((tick) => tick > 0 && Number.isInteger(tick))
  // The numbers of the axis stand left of the bars, however long they are.
  const left = 12 + 14 * Math.max(...ticks.map((tick) => numberText(tick).length))
  const x = scaleBand(moments, [left, width]).paddingInner(0.36)
  return { x, y, ticks }
}

export const rules = ({ y, ticks }: Scales): Html[] =>
  ticks.map(
    (tick) =>
      html`<path class="rule" d="M0 ${fixed(y(tick))}H${width}"/><text x="0" y="${fixed(y(tick) - 5)}">${numberText(tick)}</text>\n`,
  )
