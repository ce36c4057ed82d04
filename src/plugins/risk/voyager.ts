// Access signatures with a history of each customer's, judged here: an engine after Corillian's Voyager IA, without a vendor.
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { type Assessment, type RiskReason, worstScore } from '../../domain/risk.ts'
import {
  type AskedKind,
  askedKinds,
  type RiskEvent,
  type RiskFact,
  type ToldKind,
} from '../../domain/risk-event.ts'
import {
  type AccessFeature,
  type AccessHistory,
  type AccessPolicy,
  type AccessSignature,
  accessActions,
  accessDecisions,
  accessFeatures,
  judgeAccess,
  learned,
  noHistory,
  signatureOf,
  usualCosts,
  withFraud,
} from '../../domain/voyager.ts'
import type { RiskMemory, RiskPlace, RiskPlugin, RiskPluginPorts, RiskProvider } from '../../ports/risk.ts'
import { createPinHash } from '../keys/pin-hash.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { lockedUntil, subjectOf, voyagerQuestions } from './voyager-questions.ts'

const share = z.number().min(0).max(1)
const days = (usual: number, most: number) => z.number().int().min(1).max(most).default(usual)

const settings = z
  .strictObject({
    minMatch: share.default(0.62).describe('Accesses that are less alike are asked; from 0 to 1.'),
    denyBelow: share.default(0).describe('Accesses that are less alike are refused; 0: nobody is.'),
    questionEvery: z
      .number()
      .int()
      .min(0)
      .max(10_000)
      .default(20)
      .describe('Customers are asked each so many sign-ins, whatever the match; 0: never.'),
    costs: z
      .partialRecord(z.enum(accessFeatures as [AccessFeature, ...AccessFeature[]]), share)
      .default({})
      .describe('By how much one difference makes an access less alike: 0.5 halves the match.'),
    halfLifeDays: days(30, 3650).describe('After so many days a habit counts for half.'),
    keepDays: days(365, 3650).describe(
      'The history of a customer who does not come is forgotten after so many days.',
    ),
    outcomeDays: days(35, 365).describe(
      'For so many days after an access it is learned what came of it, such as fraud.',
    ),
    questions: z
      .boolean()
      .default(false)
      .describe('Challenge questions: known things of little worth; they never raise a level.'),
    questionsToAsk: z.number().int().min(1).max(5).default(2).describe('How many of the five are asked.'),
    lockHours: z
      .number()
      .int()
      .min(1)
      .max(24 * 365)
      .default(24)
      .describe('How long three wrong answers lock the customer.'),
  })
  .refine((one) => one.denyBelow <= one.minMatch, {
    path: ['denyBelow'],
    message: 'who is refused is less alike than who is asked: it may not be more than min_match',
  })

const labels = {
  minMatch: 'Least match',
  denyBelow: 'Refuse below',
  questionEvery: 'Ask each so many sign-ins',
  costs: 'Cost of differences',
  halfLifeDays: 'Half life of habits, days',
  keepDays: 'History kept, days',
  outcomeDays: 'Outcomes awaited, days',
  questions: 'Challenge questions',
  questionsToAsk: 'Questions to ask',
  lockHours: 'Lock, hours',
}

/** What a signature is made of, and what tells how it went on. */
export const voyagerFacts: readonly RiskFact[] = [
  ...(['subject.id', 'network.address', 'network.country', 'network.town', 'network.asn'] as const),
  ...(['network.located', 'network.announced', 'client.userAgent', 'client.language'] as const),
  ...(['client.collected', 'client.screenWidth', 'client.screenHeight', 'client.colorDepth'] as const),
  ...(['client.timeZone', 'client.utcOffset'] as const),
  ...(['result.of', 'result.outcome', 'result.method'] as const),
]

export const voyagerIa = ({ keys }: Pick<RiskPluginPorts, 'keys'>): RiskPlugin => ({
  type: 'voyager-ia',
  meaning:
    'Compares each access with the customer’s own: place, network, system, browser, language, screen, time zone and hour.',
  facts: voyagerFacts,
  fields: settingFields(settings, { labels, secrets: [], asked: [] }),
  check: (given) => checkSettings(settings, given),
  challenges: (given) => (given.questions === true ? ['questions'] : []),
  open: (place) => openVoyager(keys, place),
})

type Settings = z.infer<typeof settings>

const dayMs = 24 * 3_600_000

function openVoyager(keys: RiskPluginPorts['keys'], place: RiskPlace): RiskProvider {
  const { costs, ...given } = settings.parse(place.settings)
  const kept: Kept = { ...place, given, policy: { ...given, costs: { ...usualCosts, ...costs } } }
  const { memory, now } = place
  return {
    assess: (event) => assessed(kept, event),
    report: (event) => reported(kept, event),
    ...(given.questions &&
      voyagerQuestions({
        ...{ institution: place.institution.id, memory, now },
        ...{ questionsToAsk: given.questionsToAsk, lockHours: given.lockHours },
        hash: createPinHash(keys, 'answer-pepper'),
      })),
  }
}

interface Kept extends Pick<RiskPlace, 'memory' | 'now'> {
  readonly given: Omit<Settings, 'costs'>
  readonly policy: AccessPolicy
}

/** A home keeps its network of IPv4 for weeks, and of IPv6 what its operator gives to one line; the rest changes by itself. */
export function networkOf(address: string | undefined): string | undefined {
  if (address === undefined || !ipaddr.isValid(address)) return undefined
  const parsed = ipaddr.process(address)
  const length = parsed.kind() === 'ipv4' ? 24 : 56
  const bytes = parsed.toByteArray().map((byte, at) => (at * 8 < length ? byte : 0))
  return `${ipaddr.fromByteArray(bytes).toString()}/${length}`
}

const signatures = z.partialRecord(z.enum(accessFeatures as [AccessFeature, ...AccessFeature[]]), z.string())
const values = z.array(z.object({ value: z.string(), weight: z.number(), at: z.number() }))
const histories = z.object({
  accesses: z.number(),
  sinceQuestion: z.number(),
  known: z.partialRecord(z.enum(accessFeatures as [AccessFeature, ...AccessFeature[]]), values),
  fraud: z.array(signatures),
})
const accesses = z.object({
  subject: z.string(),
  kind: z.enum(askedKinds),
  signature: signatures,
  decision: z.enum(accessDecisions),
  at: z.number(),
  taught: z.enum(['no', 'passed', 'proven']),
})
type Access = z.infer<typeof accesses>

async function historyOf(memory: RiskMemory, subject: string): Promise<AccessHistory> {
  const text = await memory.get(`history:${subject}`)
  return text === undefined ? noHistory : histories.parse(JSON.parse(text))
}

const keepAccess = ({ memory, given }: Kept, id: string, access: Access): Promise<void> =>
  memory.put(`access:${id}`, JSON.stringify(access), access.at + given.outcomeDays * dayMs)

async function assessed(kept: Kept, event: RiskEvent<AskedKind>): Promise<Assessment> {
  const { memory, given, policy, now } = kept
  const subject = subjectOf(event)
  const signature: AccessSignature = signatureOf(event.facts, {
    at: event.at,
    network: networkOf(event.facts['network.address']),
  })
  const [history, until] = await Promise.all([
    historyOf(memory, subject),
    given.questions ? lockedUntil(memory, subject) : undefined,
  ])
  const judged = judgeAccess({ history, signature, policy, kind: event.kind, now: event.at })
  const { match, decision } = judged
  await keepAccess(kept, event.id, {
    ...{ subject, kind: event.kind, signature, decision, at: now(), taught: 'no' },
  })
  const lock: RiskReason = { code: 'answers_locked', text: 'three wrong answers to questions' }
  return {
    event: event.id,
    action: until === undefined ? accessActions[decision] : 'locked',
    ...(match !== undefined && { score: Math.round((1 - match) * worstScore) }),
    band: decision,
    reasons: until === undefined ? judged.reasons : [lock, ...judged.reasons],
    reference: { access: event.id },
  }
}

/** What an outcome says of the access: nothing, that it was fraud, that it passed, or that the customer proved themselves. */
function taughtBy({ kind, facts }: RiskEvent<ToldKind>, { decision }: Access) {
  const outcome = facts['result.outcome']
  if (outcome === 'fraud') return 'fraud'
  if (kind === 'failed-sign-in' || (outcome !== 'approved' && outcome !== 'genuine')) return undefined
  const proven = kind === 'step-up-result' || outcome === 'genuine' || facts['result.method'] !== undefined
  if (proven) return 'proven'
  // What was questioned and went on without an answer has proven nothing.
  return decision === 'ALLOW' ? 'passed' : undefined
}

/** Told twice, an access is learned once. Of two accesses of a customer that are told at once, one may be forgotten: the next teaches it. */
async function reported(kept: Kept, event: RiskEvent<ToldKind>): Promise<void> {
  const { memory, now, given, policy } = kept
  const id = event.reference?.access
  const text = id === undefined ? undefined : await memory.get(`access:${id}`)
  if (id === undefined || text === undefined) return
  const access = accesses.parse(JSON.parse(text))
  const taught = taughtBy(event, access)
  const history = await historyOf(memory, access.subject)
  const next = nextHistory(history, access, { taught, policy })
  if (next === undefined) return
  await memory.put(`history:${access.subject}`, JSON.stringify(next), now() + given.keepDays * dayMs)
  if (taught === 'passed' || taught === 'proven') await keepAccess(kept, id, { ...access, taught })
}

function nextHistory(
  history: AccessHistory,
  { signature, kind, at, taught: before }: Access,
  { taught, policy }: { readonly taught: ReturnType<typeof taughtBy>; readonly policy: AccessPolicy },
): AccessHistory | undefined {
  if (taught === 'fraud') return withFraud(history, signature)
  if (taught === undefined || before === 'proven' || before === taught) return undefined
  return learned(
    history,
    { signature, proven: taught === 'proven', signIn: kind === 'sign-in', now: at },
    policy,
  )
}
