// Signals of our own: what the facts of an event say by themselves, each with its points and the figures that led to it.
import { type Coordinates, kilometresBetween } from './place.ts'
import { type RiskAction, type RiskReason, worstScore } from './risk.ts'
import type { AskedKind, RiskEvent, RiskFact } from './risk-event.ts'
import { clientContradicts, clientSilent, scriptedClient, zoneElsewhere } from './risk-signals-client.ts'

/** What each signal adds to the score unless told otherwise. */
export const usualPoints = {
  unknown_device: 150,
  young_device: 150,
  sim_swapped: 400,
  sim_unknown: 100,
  impossible_travel: 500,
  new_country: 150,
  unknown_place: 100,
  unknown_address: 50,
  said_elsewhere: 150,
  scripted_client: 150,
  client_silent: 50,
  client_contradicts: 150,
  zone_elsewhere: 150,
  listed_address: 500,
  list_unread: 100,
  denied_country: 1000,
  raised_country: 250,
  denied_network: 1000,
  raised_network: 250,
  many_attempts: 250,
  busy_address: 250,
  quiet_hours: 75,
  new_payee: 150,
  large_amount: 200,
  many_payments: 150,
} as const satisfies Readonly<Record<string, number>>

export type SignalCode = keyof typeof usualPoints

export const signalCodes = Object.keys(usualPoints) as readonly SignalCode[]

/** Actions that a score can lead to, and from how many points on. */
export const usualThresholds = { review: 250, 'step-up': 400, hold: 750, deny: 900 } as const

export type SignalAction = keyof typeof usualThresholds

export interface SignalRules {
  readonly points: Readonly<Record<SignalCode, number>>
  readonly thresholds: Readonly<Record<SignalAction, number>>
  /** A device is young for so many days. */
  readonly youngDays: number
  /** Nobody travels faster, in km/h. */
  readonly maxSpeed: number
  /** How far off a place of the database may be, in kilometres. */
  readonly placeRadius: number
  /** How far from the place of their address customers may say they are, in kilometres. */
  readonly saidKilometres: number
  readonly denyCountries: readonly string[]
  readonly raiseCountries: readonly string[]
  readonly denyNetworks: readonly number[]
  readonly raiseNetworks: readonly number[]
  readonly attemptsPerHour: number
  readonly addressAttemptsPerHour: number
  readonly paymentsPerDay: number
  /** A payment is large from so many times the largest on. */
  readonly amountFactor: number
  /** Hours of UTC: from the first, before the second; over midnight where the second is less. */
  readonly quietHours?: readonly [from: number, to: number] | undefined
}

/** What a list says of the address; `unread` where there is a list and nobody could read it. */
export type Listed = { readonly score: number; readonly label?: string | undefined } | 'unread' | undefined

interface Heard {
  readonly kind: AskedKind
  readonly at: number
  readonly rules: SignalRules
  readonly listed: Listed
  readonly number: (name: RiskFact) => number | undefined
  readonly text: (name: RiskFact) => string | undefined
  readonly flag: (name: RiskFact) => boolean | undefined
}

interface Finding {
  readonly text: string
  /** Where it is not the setting that tells. */
  readonly points?: number
}

export interface Signal extends Finding {
  readonly code: SignalCode
  readonly points: number
}

/** Facts are judged by what they are: one of another type, or no finite number, is not known. */
function heardOf(event: RiskEvent<AskedKind>, rules: SignalRules, listed: Listed): Heard {
  const { facts, kind, at } = event
  return {
    ...{ kind, at, rules, listed },
    number: (name) => (Number.isFinite(facts[name]) ? (facts[name] as number) : undefined),
    text: (name) => (typeof facts[name] === 'string' && facts[name] !== '' ? facts[name] : undefined),
    flag: (name) => (typeof facts[name] === 'boolean' ? facts[name] : undefined),
  }
}

/** Some number of kilometres, for people. */
const round = (figure: number): string => String(Math.round(figure))

function placeBy(heard: Heard, of: 'network' | 'client' | 'history'): Coordinates | undefined {
  const names = {
    network: ['network.latitude', 'network.longitude'],
    client: ['client.latitude', 'client.longitude'],
    history: ['history.lastLatitude', 'history.lastLongitude'],
  } as const
  const [latitude, longitude] = names[of].map(heard.number)
  if (latitude === undefined || longitude === undefined) return undefined
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : undefined
}

const hour = 3_600_000

function impossibleTravel(heard: Heard): Finding | undefined {
  const { maxSpeed, placeRadius } = heard.rules
  const [here, there] = [placeBy(heard, 'network'), placeBy(heard, 'history')]
  const last = heard.number('history.lastAt')
  if (here === undefined || there === undefined || last === undefined) return undefined
  const kilometres = kilometresBetween(here, there)
  const hours = Math.max(0, (heard.at - last) / hour)
  // Either place may be off; what is left was travelled for certain.
  const travelled = kilometres - 2 * placeRadius
  if (!(travelled > 0) || travelled <= maxSpeed * hours) return undefined
  return {
    text: `${round(kilometres)} km from the last sign-in, ${hours.toFixed(1)} h ago: faster than ${maxSpeed} km/h, though both places may be off by ${placeRadius} km`,
  }
}

function saidElsewhere(heard: Heard): Finding | undefined {
  const { saidKilometres, placeRadius } = heard.rules
  const [here, said] = [placeBy(heard, 'network'), placeBy(heard, 'client')]
  if (here === undefined || said === undefined) return undefined
  const kilometres = kilometresBetween(here, said)
  if (kilometres <= saidKilometres + placeRadius) return undefined
  return { text: `the caller says it is ${round(kilometres)} km from where its address is` }
}

function youngDevice(heard: Heard): Finding | undefined {
  const days = heard.number('device.ageDays')
  if (heard.flag('device.present') !== true) return undefined
  if (days === undefined) return { text: 'the age of the device is not known' }
  if (days >= heard.rules.youngDays) return undefined
  return { text: `the device is ${round(days)} days old, less than ${heard.rules.youngDays}` }
}

function simSwapped(heard: Heard): Finding | undefined {
  if (heard.text('subject.sim') !== 'swapped') return undefined
  const hours = heard.number('subject.simHours')
  const ago = hours === undefined ? 'lately' : `${round(hours)} h ago`
  return { text: `the SIM card of the customer’s number was changed ${ago}` }
}

const minor = (text: string | undefined): bigint | undefined =>
  text !== undefined && /^\d{1,30}$/.test(text) ? BigInt(text) : undefined

function largeAmount(heard: Heard): Finding | undefined {
  if (heard.kind !== 'payment') return undefined
  const { amountFactor } = heard.rules
  const [amount, largest] = [minor(heard.text('transaction.minor')), minor(heard.text('history.largest'))]
  if (amount === undefined) return { text: 'the amount is not known' }
  if (largest === undefined || largest === 0n)
    return { text: 'there is no payment of the last 31 days to compare the amount with' }
  if (amount * 100n <= largest * BigInt(Math.round(amountFactor * 100))) return undefined
  const times = Number((amount * 10n) / largest) / 10
  return { text: `${times} times the largest payment of the last 31 days, more than ${amountFactor} times` }
}

function quietHour({ at, rules: { quietHours } }: Heard): Finding | undefined {
  if (quietHours === undefined || !Number.isFinite(at)) return undefined
  const now = Math.floor((((at / hour) % 24) + 24) % 24)
  const [from, to] = quietHours
  const quiet = from <= to ? now >= from && now < to : now >= from || now < to
  return quiet ? { text: `it is ${now} o’clock UTC; ${from} to ${to} are quiet hours` } : undefined
}

const reached = (
  heard: Heard,
  name: RiskFact,
  { limit, words }: { readonly limit: number; readonly words: string },
): Finding | undefined => {
  const count = heard.number(name)
  return count !== undefined && count >= limit ? { text: `${round(count)} ${words}, of ${limit}` } : undefined
}

function listedCountry(heard: Heard, countries: readonly string[]): Finding | undefined {
  const country = heard.text('network.country')
  return country !== undefined && countries.includes(country)
    ? { text: `the address is in ${country}` }
    : undefined
}

function listedNetwork(heard: Heard, networks: readonly number[]): Finding | undefined {
  const asn = heard.number('network.asn')
  return asn !== undefined && networks.includes(asn) ? { text: `the address belongs to AS${asn}` } : undefined
}

function newCountry(heard: Heard): Finding | undefined {
  const [now, last] = [heard.text('network.country'), heard.text('history.lastCountry')]
  if (now === undefined || last === undefined || now === last) return undefined
  return { text: `from ${now}; the last sign-in was from ${last}` }
}

function listedAddress({ listed }: Heard): Finding | undefined {
  if (listed === undefined || listed === 'unread') return undefined
  const label = listed.label === undefined ? '' : `: ${listed.label}`
  return { text: `the address is listed${label}`, points: listed.score }
}

const when = (holds: boolean, text: string): Finding | undefined => (holds ? { text } : undefined)

/**
 * A fact that is missing is never a good one: where a signal can tell that it should be there, it counts as the signal itself.
 * What `client` says is only ever looked at for what makes it worse (attack 173).
 */
const finders: Readonly<Record<SignalCode, (heard: Heard) => Finding | undefined>> = {
  unknown_device: (heard) =>
    when(
      heard.kind !== 'enrolment' && heard.flag('device.present') !== true,
      'no key of an enrolled device was proven',
    ),
  young_device: youngDevice,
  sim_swapped: simSwapped,
  sim_unknown: (heard) =>
    when(
      heard.text('subject.sim') === 'unknown',
      'the telephone operator gave no answer about the SIM card of the customer’s number',
    ),
  impossible_travel: impossibleTravel,
  new_country: newCountry,
  unknown_place: (heard) =>
    when(heard.flag('network.located') === false, 'the database of places does not know the address'),
  unknown_address: (heard) =>
    when(
      heard.text('network.address') === undefined && heard.text('network.country') === undefined,
      'it is not known from where',
    ),
  said_elsewhere: saidElsewhere,
  scripted_client: scriptedClient,
  client_silent: clientSilent,
  client_contradicts: clientContradicts,
  zone_elsewhere: zoneElsewhere,
  listed_address: listedAddress,
  list_unread: ({ listed }) => when(listed === 'unread', 'the list of addresses could not be read'),
  denied_country: (heard) => listedCountry(heard, heard.rules.denyCountries),
  raised_country: (heard) => listedCountry(heard, heard.rules.raiseCountries),
  denied_network: (heard) => listedNetwork(heard, heard.rules.denyNetworks),
  raised_network: (heard) => listedNetwork(heard, heard.rules.raiseNetworks),
  many_attempts: (heard) =>
    reached(heard, 'history.attemptsHour', {
      limit: heard.rules.attemptsPerHour,
      words: 'sign-ins of the customer within an hour',
    }),
  busy_address: (heard) =>
    reached(heard, 'history.addressAttemptsHour', {
      limit: heard.rules.addressAttemptsPerHour,
      words: 'sign-ins from the address within an hour',
    }),
  quiet_hours: quietHour,
  new_payee: (heard) =>
    when(
      heard.kind === 'payment' && heard.flag('history.knownPayee') !== true,
      'the customer is not known to have stepped up for this payee before',
    ),
  large_amount: largeAmount,
  many_payments: (heard) =>
    reached(heard, 'history.countDay', {
      limit: heard.rules.paymentsPerDay,
      words: 'payments within a day',
    }),
}

/** All that stands out, the most points first. */
export function signalsOf(
  event: RiskEvent<AskedKind>,
  rules: SignalRules,
  listed: Listed,
): readonly Signal[] {
  const heard = heardOf(event, rules, listed)
  return signalCodes
    .flatMap((code): Signal[] => {
      const found = finders[code](heard)
      return found === undefined ? [] : [{ points: rules.points[code], ...found, code }]
    })
    .filter(({ points }) => points > 0)
    .toSorted((a, b) => b.points - a.points)
}

export interface SignalsJudged {
  readonly score: number
  readonly action: RiskAction
  readonly reasons: readonly RiskReason[]
}

/** The sum is the score, and the strongest action whose threshold it reaches holds. */
export function judgedBy({ thresholds }: SignalRules, signals: readonly Signal[]): SignalsJudged {
  const score = Math.min(
    worstScore,
    signals.reduce((sum, { points }) => sum + points, 0),
  )
  const actions = ['review', 'step-up', 'hold', 'deny'] as const satisfies readonly SignalAction[]
  const action = actions.findLast((one) => score >= thresholds[one]) ?? 'allow'
  const reasons = signals.map(({ code, text, points }) => ({ code, text: `${text} (+${points})` }))
  return { score, action, reasons }
}
