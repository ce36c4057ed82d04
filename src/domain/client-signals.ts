// What a browser or an app says of the device that it runs on: read to the letter, bounded, and believed by nobody (attack 173).
import type { RiskFact, RiskFacts } from './risk-event.ts'
import { strictJson } from './strict-json.ts'

/** Whatever it likes to say; nothing of it is needed. */
export interface ClientSignals {
  readonly screenWidth?: number
  readonly screenHeight?: number
  readonly colorDepth?: number
  readonly pixelRatio?: number
  /** As IANA names it. */
  readonly timeZone?: string
  /** Minutes east of UTC, now. */
  readonly utcOffset?: number
  readonly languages?: readonly string[]
  readonly platform?: string
  readonly platformVersion?: string
  readonly model?: string
  readonly touchPoints?: number
  /** May pages keep something there? */
  readonly storage?: boolean
  /** Does a program drive it? */
  readonly webdriver?: boolean
}

/**
 * `page`: said by our script, `app`: sent by the app with its request; `none`: the page was answered without, or the app sent
 * nothing in braces; `unreadable`: what came is nothing that our script says.
 */
export type Collected = 'page' | 'app' | 'none' | 'unreadable'

/** What a sign-in has of it. */
export interface CollectedSignals {
  readonly by: Collected
  readonly said: ClientSignals
}

export type ReadSignals = { readonly said: ClientSignals } | { readonly fault: string }

/** Characters of the whole, as JSON. */
export const longestSignals = 2048

type Judge = (value: unknown) => boolean

const between =
  (least: number, most: number, whole = true): Judge =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
const flag: Judge = (value) => typeof value === 'boolean'
const matches =
  (form: RegExp): Judge =>
  (value) =>
    typeof value === 'string' && form.test(value)

// Letters of any alphabet have no place in names of systems and models as makers write them.
const name = matches(/^[A-Za-z0-9][A-Za-z0-9 ._,:;()/+-]{0,63}$/)
const language = matches(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}$/)
const languages: Judge = (value) => Array.isArray(value) && value.length <= 10 && value.every(language)

/** By their names in JSON; what is not here is not taken. */
const members: Readonly<Record<string, readonly [keyof ClientSignals, Judge]>> = {
  screen_width: ['screenWidth', between(1, 32_768)],
  screen_height: ['screenHeight', between(1, 32_768)],
  color_depth: ['colorDepth', between(1, 64)],
  pixel_ratio: ['pixelRatio', between(0.1, 20, false)],
  time_zone: ['timeZone', matches(/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,3}$/)],
  utc_offset: ['utcOffset', between(-1440, 1440)],
  languages: ['languages', languages],
  platform: ['platform', name],
  platform_version: ['platformVersion', name],
  model: ['model', name],
  touch_points: ['touchPoints', between(0, 256)],
  storage: ['storage', flag],
  webdriver: ['webdriver', flag],
}

export const signalMembers: readonly string[] = Object.keys(members)

const longestZone = 64

/** Total. The fault names a member of ours and repeats nothing that came. */
export function readSignals(text: string): ReadSignals {
  if (text.length > longestSignals) return { fault: `more than ${longestSignals} characters` }
  const { value, fault } = strictJson(Buffer.from(text), 3)
  if (fault !== undefined) return { fault }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: 'no object' }
  const given = Object.entries(value)
  if (given.some(([key]) => !Object.hasOwn(members, key))) return { fault: 'a member that there is not' }
  const wrong = given.find(([key, one]) => members[key]?.[1](one) !== true)
  if (wrong !== undefined) return { fault: `${wrong[0]} is not as it has to be` }
  const said = Object.fromEntries(given.map(([key, one]) => [members[key]?.[0], one])) as ClientSignals
  return (said.timeZone?.length ?? 0) > longestZone ? { fault: 'time_zone is not as it has to be' } : { said }
}

/** What our page's form brought. Nothing of it is a fault of the customer's: it only says what we could learn. */
export function signalsOfPage(text: string): CollectedSignals {
  if (text === '') return { by: 'none', said: {} }
  const read = readSignals(text)
  // Our script always says these two: where they are missing somebody else has spoken.
  if ('fault' in read || read.said.screenWidth === undefined || read.said.utcOffset === undefined)
    return { by: 'unreadable', said: {} }
  return { by: 'page', said: read.said }
}

/** Of a request whose parameter was read before. Who says nothing in many words has said nothing. */
export function signalsOfApp(text: string): CollectedSignals | undefined {
  const read = readSignals(text)
  if ('fault' in read) return undefined
  const { 'client.collected': _, ...facts } = signalFacts({ by: 'app', said: read.said })
  return Object.values(facts).every((fact) => fact === undefined)
    ? { by: 'none', said: {} }
    : { by: 'app', said: read.said }
}

/** The facts that only a collected signal tells. */
export const collectedFacts = [
  ...(['client.collected', 'client.screenWidth', 'client.screenHeight', 'client.colorDepth'] as const),
  ...(['client.pixelPercent', 'client.timeZone', 'client.utcOffset', 'client.languages'] as const),
  ...(['client.platform', 'client.platformVersion', 'client.model', 'client.touchPoints'] as const),
  ...(['client.storage', 'client.webdriver'] as const),
] satisfies readonly RiskFact[]

/** As facts; none where the bank does not collect. */
export function signalFacts(collected: CollectedSignals | undefined): RiskFacts {
  if (collected === undefined) return {}
  const { by, said } = collected
  return {
    'client.collected': by,
    ...{ 'client.screenWidth': said.screenWidth, 'client.screenHeight': said.screenHeight },
    'client.colorDepth': said.colorDepth,
    'client.pixelPercent': said.pixelRatio === undefined ? undefined : Math.round(said.pixelRatio * 100),
    ...{ 'client.timeZone': said.timeZone, 'client.utcOffset': said.utcOffset },
    // A browser may have none: nothing said.
    'client.languages': said.languages?.join(',') || undefined,
    ...{ 'client.platform': said.platform, 'client.platformVersion': said.platformVersion },
    ...{ 'client.model': said.model, 'client.touchPoints': said.touchPoints },
    ...{ 'client.storage': said.storage, 'client.webdriver': said.webdriver },
  }
}
