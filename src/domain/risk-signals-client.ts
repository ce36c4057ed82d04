// Signals in what callers say of themselves: looked at for what makes it worse, and for nothing else (attack 173).
import type { RiskFact } from './risk-event.ts'
import { hoursFromSun, offsetOfZone } from './time-zone.ts'
import { familiesOf } from './user-agent.ts'

interface Heard {
  readonly at: number
  readonly number: (name: RiskFact) => number | undefined
  readonly text: (name: RiskFact) => string | undefined
  readonly flag: (name: RiskFact) => boolean | undefined
}

interface Finding {
  readonly text: string
}

// What programs say of themselves when nobody told them to lie.
const programs =
  /\b(curl|wget|python-requests|python-urllib|aiohttp|httpx|go-http-client|libwww-perl|scrapy|headlesschrome|phantomjs|selenium|puppeteer|playwright)\b/i

const longest = 512

export function scriptedClient(heard: Heard): Finding | undefined {
  const found = programs.exec(heard.text('client.userAgent')?.slice(0, longest) ?? '')?.[1]
  if (found !== undefined) return { text: `the caller says it is a program: ${found.toLowerCase()}` }
  return heard.flag('client.webdriver') === true
    ? { text: 'the browser says that a program drives it' }
    : undefined
}

/** The bank asked for it, and our page or the app would have said it. */
export function clientSilent(heard: Heard): Finding | undefined {
  const collected = heard.text('client.collected')
  if (collected === 'none') return { text: 'the caller told nothing of its device' }
  return collected === 'unreadable'
    ? { text: 'what was told of the device is nothing that our page says' }
    : undefined
}

// Tables of zones differ by an hour where a country has just changed its summer time.
const sameMinutes = 60
// What a system says that does not know its own (CLDR).
const unknownZone = 'Etc/Unknown'

function clockContradicts(heard: Heard): Finding | undefined {
  const [zone, said] = [heard.text('client.timeZone'), heard.number('client.utcOffset')]
  if (zone === undefined || zone.length > longest || zone === unknownZone) return undefined
  const offset = offsetOfZone(zone, heard.at)
  if (offset === undefined) return { text: `the caller says its zone is ${zone}, which there is not` }
  if (said === undefined || Math.abs(offset - said) <= sameMinutes) return undefined
  return {
    text: `the caller says its zone is ${zone}, and a clock that is ${hoursText(said - offset)} off it`,
  }
}

const hoursText = (minutes: number): string => `${Math.round(Math.abs(minutes) / 6) / 10} h`

/** Names that browsers and apps give systems -> the families of the User-Agent. */
const families: Readonly<Record<string, string>> = {
  ...{ windows: 'windows', macos: 'macos', linux: 'linux', android: 'android', ios: 'ios', ipados: 'ios' },
  ...{ 'chrome os': 'chromeos', 'chromium os': 'chromeos', chromeos: 'chromeos' },
}

function systemContradicts(heard: Heard): Finding | undefined {
  const platform = heard.text('client.platform')?.toLowerCase() ?? ''
  const family = Object.hasOwn(families, platform) ? families[platform] : undefined
  const { os } = familiesOf(heard.text('client.userAgent') ?? '')
  if (family === undefined || os === undefined || family === os) return undefined
  // An iPad that asks for desktop pages is a Mac.
  if (family === 'ios' && os === 'macos') return undefined
  return { text: `the caller says it runs on ${family}, and its User-Agent that it runs on ${os}` }
}

export const clientContradicts = (heard: Heard): Finding | undefined =>
  clockContradicts(heard) ?? systemContradicts(heard)

// No country's clock is as far from its sun, summer time and all.
const mostHours = 4

export function zoneElsewhere(heard: Heard): Finding | undefined {
  const [offset, longitude] = [offsetHeard(heard), heard.number('network.longitude')]
  if (offset === undefined || longitude === undefined || Math.abs(longitude) > 180) return undefined
  if (Math.abs(offset) > 1440) return undefined
  const hours = hoursFromSun(offset, longitude)
  if (hours <= mostHours) return undefined
  return { text: `the caller’s clock is ${hours.toFixed(1)} h from the sun where its address is` }
}

/** The clock, or that of the zone where only the zone is said. */
function offsetHeard(heard: Heard): number | undefined {
  const zone = heard.text('client.timeZone')
  const said = heard.number('client.utcOffset')
  return said ?? (zone === undefined || zone.length > longest ? undefined : offsetOfZone(zone, heard.at))
}
