// The bank's one colour, made into the accent values of both schemes with contrast that always suffices.

type Rgb = readonly [red: number, green: number, blue: number]

/** The four accent values of one scheme, as `#rrggbb`. */
export interface Accent {
  readonly accent: string
  readonly hover: string
  readonly on: string
  readonly text: string
}

const white: Rgb = [255, 255, 255]
const black: Rgb = [0, 0, 0]

/** The surfaces that the stylesheet paints, which an accent has to stand out from; a test compares them with it. */
export const surfaces = {
  light: { card: '#ffffff', page: '#f2f5f5', sunken: '#e8edee' },
  dark: { card: '#172026', page: '#0e1418', sunken: '#212c33' },
} as const

function rgbOf(hex: string): Rgb {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex)
  if (!match) throw new RangeError('an accent is written #rrggbb')
  const [, red = '', green = '', blue = ''] = match
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)]
}

const hexOf = (colour: Rgb): string =>
  `#${colour.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`

// WCAG 2.2, definition of relative luminance.
const linear = Float64Array.from({ length: 256 }, (_, channel) => {
  const share = channel / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
})

const luminance = ([red, green, blue]: Rgb): number =>
  0.2126 * (linear[red] ?? 0) + 0.7152 * (linear[green] ?? 0) + 0.0722 * (linear[blue] ?? 0)

function ratio(a: Rgb, b: Rgb): number {
  const [la, lb] = [luminance(a), luminance(b)]
  return (Math.max(la, lb) + 0.05) / (Math.min(la, lb) + 0.05)
}

/** The contrast of two colours by the WCAG formula, 1 to 21. */
export const contrast = (a: string, b: string): number => ratio(rgbOf(a), rgbOf(b))

const mix = (from: Rgb, to: Rgb, share: number): Rgb => [
  Math.round(from[0] + (to[0] - from[0]) * share),
  Math.round(from[1] + (to[1] - from[1]) * share),
  Math.round(from[2] + (to[2] - from[2]) * share),
]

interface Goal {
  readonly pole: Rgb
  readonly on: readonly string[]
  readonly ratio: number
}

/** The first step from the colour towards the pole that is far enough from every surface. */
function reach(colour: Rgb, goal: Goal): Rgb {
  const grounds = goal.on.map(rgbOf)
  for (let step = 0; step < 50; step += 1) {
    const mixed = mix(colour, goal.pole, step / 50)
    if (grounds.every((ground) => ratio(mixed, ground) >= goal.ratio)) return mixed
  }
  return goal.pole
}

/** The label on a fill is pure white or pure black: with ink the mid-tones fall to 4.07. */
const labelOn = (fill: Rgb): Rgb => (ratio(white, fill) >= ratio(black, fill) ? white : black)

function accentOf(fill: Rgb, text: Rgb): Accent {
  const on = labelOn(fill)
  const hover = mix(fill, on === white ? black : white, 0.14)
  return { accent: hexOf(fill), hover: hexOf(hover), on: hexOf(on), text: hexOf(text) }
}

/** The accent values of both schemes from one `#rrggbb`; throws a RangeError for anything else. */
export function brandOf(colour: string): { readonly light: Accent; readonly dark: Accent } {
  const given = rgbOf(colour)
  const { light, dark } = surfaces
  const lightText = reach(given, { pole: black, on: [light.card, light.page, light.sunken], ratio: 4.5 })
  const darkFill = reach(given, { pole: white, on: [dark.card, dark.page], ratio: 3 })
  const darkText = reach(given, { pole: white, on: [dark.card, dark.page], ratio: 6 })
  return { light: accentOf(given, lightText), dark: accentOf(darkFill, darkText) }
}

const rule = ({ accent, hover, on, text }: Accent): string =>
  `:root { --accent: ${accent}; --accent-hover: ${hover}; --on-accent: ${on}; --accent-text: ${text}; }`

/** The stylesheet `brand.css` of an institution; it fills the layer that drawbridge.css leaves for it. */
export function brandCss(colour: string): string {
  const { light, dark } = brandOf(colour)
  return `@layer brand {\n  ${rule(light)}\n  @media (prefers-color-scheme: dark) { ${rule(dark)} }\n}\n`
}
