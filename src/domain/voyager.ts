// Access signatures (after Corillian's Intelligent Authentication): how alike an access is to those that a customer proved.
import type { RiskAction, RiskReason } from './risk.ts'
import type { AskedKind, RiskFacts } from './risk-event.ts'
import { familiesOf } from './user-agent.ts'

/**
 * By how much an access that differs in one thing is less alike: 0.5 halves the match. What the edge says weighs by itself;
 * what the caller says can at best agree. Screen and zone are there where the bank collects them.
 */
export const usualCosts = {
  country: 0.5,
  town: 0.1,
  asn: 0.2,
  network: 0.1,
  os: 0.45,
  browser: 0.3,
  language: 0.2,
  screen: 0.15,
  zone: 0.2,
  hour: 0.1,
  weekday: 0.05,
} as const

export type AccessFeature = keyof typeof usualCosts

export const accessFeatures = Object.keys(usualCosts) as readonly AccessFeature[]

/** Of the caller's own saying, with each request. */
const said: readonly AccessFeature[] = ['os', 'browser', 'language']

/** A feature that is missing cannot be known (no database); an empty one could be, and is not. */
export type AccessSignature = Readonly<Partial<Record<AccessFeature, string>>>

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const longest = 64

const languageForm = /^[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}(?=$|[,; ])/i

/** `network`: the network of the address, as short as it is a habit. */
export function signatureOf(
  facts: RiskFacts,
  { at, network }: { readonly at: number; readonly network: string | undefined },
): AccessSignature {
  const { os, browser } = familiesOf(facts['client.userAgent'] ?? '')
  const asn = facts['network.asn']
  const covered = (known: boolean | undefined, value: string | undefined) =>
    value?.slice(0, longest) ?? (known === undefined ? undefined : '')
  const hours = Math.floor(at / hourMs)
  return {
    country: covered(facts['network.located'], facts['network.country']),
    town: covered(facts['network.located'], facts['network.town']),
    asn: covered(facts['network.announced'], asn === undefined ? undefined : String(asn)),
    network: network ?? '',
    os: os ?? '',
    browser: browser ?? '',
    language: languageForm.exec(facts['client.language'] ?? '')?.[0].toLowerCase() ?? '',
    ...deviceOf(facts),
    hour: String(hours % 24),
    // 1 January 1970 was a Thursday.
    weekday: String((Math.floor(hours / 24) + 4) % 7),
  }
}

/** Nothing where the bank does not collect; empty where it does, and nobody says. A phone that is turned has the same screen. */
function deviceOf(facts: RiskFacts): Pick<AccessSignature, 'screen' | 'zone'> {
  if (facts['client.collected'] === undefined) return {}
  const [width, height] = [facts['client.screenWidth'], facts['client.screenHeight']]
  const sides = width === undefined || height === undefined ? [] : [width, height].toSorted((a, b) => b - a)
  const offset = facts['client.utcOffset']
  const said = facts['client.timeZone'] ?? (offset === undefined ? '' : `UTC ${offset}`)
  return {
    screen: sides.length === 0 ? '' : [...sides, facts['client.colorDepth'] ?? ''].join('x'),
    zone: said.slice(0, longest),
  }
}

export interface KnownValue {
  readonly value: string
  /** How often it was proven, faded since `at`. */
  readonly weight: number
  readonly at: number
}

export interface AccessHistory {
  /** Accesses that it was learned from. */
  readonly accesses: number
  /** Sign-ins that went well since the customer last proved themselves. */
  readonly sinceQuestion: number
  readonly known: Readonly<Partial<Record<AccessFeature, readonly KnownValue[]>>>
  /** What accesses looked like that the bank confirmed as fraud. */
  readonly fraud: readonly AccessSignature[]
}

export const noHistory: AccessHistory = { accesses: 0, sinceQuestion: 0, known: {}, fraud: [] }

export interface AccessPolicy {
  readonly costs: Readonly<Record<AccessFeature, number>>
  /** After so many days a habit counts for half. */
  readonly halfLifeDays: number
  /** Less alike than this is asked. */
  readonly minMatch: number
  /** Less alike than this is refused; 0: nobody is. */
  readonly denyBelow: number
  /** Each so many sign-ins the customer is asked whatever the match; 0: never. */
  readonly questionEvery: number
}

export const accessDecisions = ['ALLOW', 'QUESTION', 'DENY'] as const
export type AccessDecision = (typeof accessDecisions)[number]

export const accessActions: Readonly<Record<AccessDecision, RiskAction>> = {
  ALLOW: 'allow',
  QUESTION: 'step-up',
  DENY: 'deny',
}

export interface JudgedAccess {
  /** From 0 to 1; undefined where there is nothing to compare with. */
  readonly match: number | undefined
  readonly decision: AccessDecision
  readonly reasons: readonly RiskReason[]
}

// With a half life of 30 days, what was proven once is forgotten after 100 days, and what was proven 20 times after 230.
const faintest = 0.1
const mostValues = 12
const mostFrauds = 10
const longestText = 180

const fadedTo = ({ weight, at }: KnownValue, now: number, halfLifeDays: number): number =>
  weight * 0.5 ** (Math.max(0, now - at) / (halfLifeDays * dayMs))

const hoursApart = (a: string, b: string): number => {
  const apart = Math.abs(Number(a) - Number(b))
  return Math.min(apart, 24 - apart)
}

const alike = (feature: AccessFeature, a: string, b: string): boolean =>
  feature === 'hour' ? hoursApart(a, b) <= 2 : a === b

interface Difference {
  readonly feature: AccessFeature
  readonly value: string
  readonly known: readonly string[]
}

interface Judging {
  readonly history: AccessHistory
  readonly signature: AccessSignature
  readonly policy: AccessPolicy
  readonly kind: AskedKind
  readonly now: number
}

function differencesOf({ history, signature, policy, now }: Judging): readonly Difference[] {
  return accessFeatures.flatMap((feature): Difference[] => {
    const value = signature[feature]
    const before = history.known[feature] ?? []
    // Where it was never told, there is nothing to compare with: a database or a page that is new raises nobody. Callers who
    // begin to say what each request says are new.
    if (value === undefined || (before.length === 0 && (value === '' || !said.includes(feature)))) return []
    const known = before.filter((one) => fadedTo(one, now, policy.halfLifeDays) >= faintest)
    if (value !== '' && known.some((one) => alike(feature, value, one.value))) return []
    return [{ feature, value, known: known.map((one) => one.value) }]
  })
}

const names: Readonly<Record<AccessFeature, string>> = {
  country: 'the country',
  town: 'the town',
  asn: 'the network operator (AS)',
  network: 'the network of the address',
  os: 'the operating system',
  browser: 'the browser or app',
  language: 'the language',
  screen: 'the screen',
  zone: 'the time zone',
  hour: 'the hour (UTC)',
  weekday: 'the day of the week (0: Sunday)',
}

// A network of addresses says who somebody is; all else may stand in a reason.
const masked: readonly AccessFeature[] = ['network']

function reasonOf({ feature, value, known }: Difference, cost: number): RiskReason {
  const less = `(× ${(1 - cost).toFixed(2)})`
  if (value === '') return { code: `unknown_${feature}`, text: `${names[feature]} is not known ${less}` }
  const shown = masked.includes(feature)
    ? ''
    : `: ${value}${known.length === 0 ? '' : `, not ${known.slice(0, 3).join(', ')}`}`
  // Three towns of long names would be more than a reason may hold.
  return {
    code: `new_${feature}`,
    text: `${`${names[feature]} is new${shown}`.slice(0, longestText)} ${less}`,
  }
}

/** One that looks as a fraud did: from the same network, with the same system and browser. */
const isFraud = ({ history, signature }: Judging): boolean =>
  history.fraud.some((one) =>
    (['network', 'os', 'browser'] as const).every(
      (feature) => signature[feature] !== '' && one[feature] === signature[feature],
    ),
  )

/** Total, and never above what the edge alone would give: each thing that differs, whoever says it, only lowers the match. */
export function judgeAccess(judging: Judging): JudgedAccess {
  const { history, policy, kind } = judging
  if (isFraud(judging)) {
    const text = 'it looks as an access did that the bank confirmed as fraud'
    const decision = policy.denyBelow > 0 ? 'DENY' : 'QUESTION'
    return { match: 0, decision, reasons: [{ code: 'known_fraud', text }] }
  }
  if (history.accesses === 0) {
    const text = 'there is no proven access to compare with'
    return { match: undefined, decision: 'QUESTION', reasons: [{ code: 'no_history', text }] }
  }
  const differences = differencesOf(judging)
  const match = differences.reduce((left, { feature }) => left * (1 - policy.costs[feature]), 1)
  const due =
    kind === 'sign-in' && policy.questionEvery > 0 && history.sinceQuestion + 1 >= policy.questionEvery
  const reasons = differences
    .toSorted((a, b) => policy.costs[b.feature] - policy.costs[a.feature])
    .map((one) => reasonOf(one, policy.costs[one.feature]))
  const text = `sign-in ${history.sinceQuestion + 1} since the customer was last asked, of ${policy.questionEvery}`
  return {
    match,
    decision: match < policy.denyBelow ? 'DENY' : match < policy.minMatch || due ? 'QUESTION' : 'ALLOW',
    reasons: due ? [...reasons, { code: 'question_due', text }] : reasons,
  }
}

export interface Lesson {
  readonly signature: AccessSignature
  /** The customer stepped up, or the bank vouches for it: only then is anything new learned. */
  readonly proven: boolean
  readonly signIn: boolean
  readonly now: number
}

type Faded = (one: KnownValue) => number

function valuesAfter(
  before: readonly KnownValue[],
  value: string | undefined,
  { proven, now, faded }: { readonly proven: boolean; readonly now: number; readonly faded: Faded },
): readonly KnownValue[] {
  const kept = before.filter((one) => one.value !== value && faded(one) >= faintest)
  if (value === undefined || value === '') return kept
  const found = before.find((one) => one.value === value)
  const weight = found === undefined ? 0 : faded(found)
  // What has faded is new again.
  if (!proven && weight < faintest) return kept
  return [{ value, weight: weight + 1, at: now }, ...kept]
    .toSorted((a, b) => faded(b) - faded(a))
    .slice(0, mostValues)
}

/** An access that merely passed strengthens the habits that it had; it teaches no new ones. */
export function learned(
  history: AccessHistory,
  { signature, proven, signIn, now }: Lesson,
  { halfLifeDays }: Pick<AccessPolicy, 'halfLifeDays'>,
): AccessHistory {
  const faded: Faded = (one) => fadedTo(one, now, halfLifeDays)
  const known = accessFeatures.flatMap((feature) => {
    const values = valuesAfter(history.known[feature] ?? [], signature[feature], { proven, now, faded })
    return values.length === 0 ? [] : [[feature, values] as const]
  })
  return {
    ...history,
    accesses: history.accesses + (proven || history.accesses > 0 ? 1 : 0),
    sinceQuestion: proven ? 0 : history.sinceQuestion + (signIn ? 1 : 0),
    known: Object.fromEntries(known),
  }
}

export const withFraud = (history: AccessHistory, signature: AccessSignature): AccessHistory => ({
  ...history,
  fraud: [signature, ...history.fraud].slice(0, mostFrauds),
})
