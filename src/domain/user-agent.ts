// Families of systems and browsers, as a User-Agent says: a word of the caller's, good for telling habits and for nothing else.

// Versions change every few weeks, and browsers round them off: only the family is a habit. A table of ours does for that;
// the libraries that know every model are large, and the best known of them is under AGPL.
const systems: readonly (readonly [string, RegExp])[] = [
  ['android', /Android/],
  ['ios', /iPhone|iPad|iPod|\biOS\b/],
  ['windows', /Windows/],
  ['chromeos', /\bCrOS\b/],
  ['macos', /Macintosh|Mac OS X|Darwin/],
  ['linux', /Linux|X11/],
]

// The order matters: most call themselves by the names of the others too.
const browsers: readonly (readonly [string, RegExp])[] = [
  ['edge', /\bEdg(e|A|iOS)?\//],
  ['opera', /\bOPR\/|\bOpera\b/],
  ['samsung', /\bSamsungBrowser\//],
  ['firefox', /\bFirefox\/|\bFxiOS\//],
  ['chrome', /\bChrome\/|\bCriOS\/|\bChromium\//],
  ['safari', /\bSafari\//],
  ['ie', /\bMSIE \d|\bTrident\//],
]

const longest = 512

/** An app is known by the name that it begins with: `AlderBank/4.2 CFNetwork/1490 Darwin/23` is `alderbank`. */
const product = /^([A-Za-z][\w.-]{0,29})\//

export interface AgentFamilies {
  readonly os?: string | undefined
  readonly browser?: string | undefined
}

export function familiesOf(userAgent: string): AgentFamilies {
  const text = userAgent.slice(0, longest)
  const first = (families: typeof systems) => families.find(([, form]) => form.test(text))?.[0]
  const named = product.exec(text)?.[1]?.toLowerCase()
  return { os: first(systems), browser: first(browsers) ?? (named === 'mozilla' ? undefined : named) }
}
