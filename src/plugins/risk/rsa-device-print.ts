// The device print of an AA-compatible engine, made of what was collected: the vendor's own script is not ours to copy.
import type { RiskFacts } from '../../domain/risk-event.ts'

/** Width and height, where both are said. */
export function screenOf(facts: RiskFacts): readonly [number, number] | undefined {
  const [width, height] = [facts['client.screenWidth'], facts['client.screenHeight']]
  return width === undefined || height === undefined ? undefined : [width, height]
}

const languagesOf = (facts: RiskFacts): string =>
  `lang=${(facts['client.languages'] ?? '').split(',')[0]}|syslang=|userlang=`

/**
 * `key=value` with `&` between, percent-encoded once more as a whole, underscores too, as engines are sent it (wire-formats 1.2). Only
 * the keys that we have something to say in; undefined where that is none.
 */
export function devicePrintOf(facts: RiskFacts): string | undefined {
  const screen = screenOf(facts)
  const [depth, offset] = [facts['client.colorDepth'], facts['client.utcOffset']]
  const said = {
    pm_fpsc: screen && [depth ?? '', ...screen, screen[1]].join('|'),
    pm_fptz: offset === undefined ? undefined : String(Math.round((offset / 60) * 100) / 100),
    pm_fpln: facts['client.languages'] === undefined ? undefined : languagesOf(facts),
  }
  const known = Object.entries(said).filter(([, value]) => value !== undefined)
  if (known.length === 0) return undefined
  const agent = (facts['client.userAgent'] ?? '').slice(0, 1000).toLowerCase().toWellFormed()
  const all = [['version', '1'], ...(agent === '' ? [] : [['pm_fpua', agent]]), ...known]
  const text = all.map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`).join('&')
  return encodeURIComponent(text).replaceAll('_', '%5F')
}
