// The answers of risk providers, how they are combined into one verdict, and what a verdict leads to.
import type { Acr } from './acr.ts'
import type { Outcome, Voice } from './outcome.ts'
import type { AskedKind, RiskFact } from './risk-event.ts'

/**
 * What a provider says is to be done, in the order of their strength. `review` lets it pass and asks the bank's people to look;
 * `enrol` wants a factor that the customer does not have yet; `hold` stops it until they have looked; `locked`: the customer.
 */
export const riskActions = ['allow', 'review', 'step-up', 'enrol', 'hold', 'deny', 'locked'] as const
export type RiskAction = (typeof riskActions)[number]

/** Scores are whole numbers from 0, nothing to fear, to 1000. */
export const worstScore = 1000

export interface RiskReason {
  /** Stable: `new_country`, `rule-17`. */
  readonly code: string
  readonly text?: string | undefined
}

/** One provider's answer to one event. */
export interface Assessment {
  /** The `id` of the event that it is about. */
  readonly event: string
  readonly action: RiskAction
  readonly score?: number | undefined
  readonly band?: string | undefined
  readonly reasons: readonly RiskReason[]
  /** Its own names for this sign-in or transaction, given back when the outcome is told. */
  readonly reference?: Readonly<Record<string, string>> | undefined
  /** To be kept for the device, and given back with its next event. */
  readonly deviceToken?: string | undefined
}

/**
 * Why there is none: no answer in time; it threw; it answered what is no answer, or one to another event; it failed so often
 * that it is not asked for a while; too many questions to it are open.
 */
export const riskFailures = ['timeout', 'error', 'malformed', 'open', 'busy'] as const
export type RiskFailure = (typeof riskFailures)[number]

export type RiskAnswer = {
  readonly provider: string
  /** What it took, in milliseconds. */
  readonly ms: number
} & (
  | { readonly assessment: Assessment; readonly failure?: undefined }
  | { readonly failure: RiskFailure; readonly assessment?: undefined }
)

export const combinings = ['strictest', 'weighted', 'first'] as const
export type Combining = (typeof combinings)[number]

/** What an institution does when a provider fails. `allow` holds only where its file says so (attack 169). */
export const fallbacks = ['allow', 'step-up', 'hold', 'deny'] as const
export type Fallback = (typeof fallbacks)[number]

export interface AskedProvider {
  readonly provider: string
  /** What its score counts for where scores are weighted; 1 unless told. */
  readonly weight: number
  /** Its failure counts only where nobody answered. */
  readonly optional: boolean
}

/** How one kind of event is judged. */
export interface RiskEventPolicy {
  readonly ask: readonly AskedProvider[]
  /**
   * `strictest`: the strongest action holds. `weighted`: the mean of the scores by weight, looked up in `bands`; an action that
   * stops (hold, deny, locked) holds all the same. `first`: the first in order that answered.
   */
  readonly combine: Combining
  readonly onFailure: Fallback
  /** Least score of each action, for `weighted`. */
  readonly bands: Readonly<Partial<Record<RiskAction, number>>>
  /** Asked afterwards, without effect: to see what they would change. */
  readonly shadow?: readonly string[] | undefined
}

/** How an engine can make sure of a customer by itself. */
export const challengeKinds = ['code', 'out-of-band', 'questions'] as const
export type RiskChallengeKind = (typeof challengeKinds)[number]

/** One provider of an institution; `settings` are checked by the plugin of that `type`, and sealed where they are kept. */
export interface RiskProviderSetting {
  readonly id: string
  readonly type: string
  readonly settings: Readonly<Record<string, unknown>>
  /** The facts that may leave for it; what its plugin needs at least unless told. */
  readonly facts?: readonly RiskFact[] | undefined
  /** Its challenges that a sign-in may be met by, the first that can be done; none unless told. */
  readonly challenge?: readonly RiskChallengeKind[] | undefined
}

export interface RiskSettings {
  readonly providers: readonly RiskProviderSetting[]
  readonly events: Readonly<Partial<Record<AskedKind, RiskEventPolicy>>>
  /** How long all of them together may take, in milliseconds. */
  readonly budgetMs: number
  /** What `step-up` and `enrol` lead to. */
  readonly stepUp: Acr
}

/** What came of asking. */
export interface RiskVerdict {
  /** Of the event. */
  readonly id: string
  readonly kind: AskedKind
  readonly action: RiskAction
  /** The highest score, or the mean where they are weighted; undefined where nobody gave one. */
  readonly score: number | undefined
  /** Why: `risk.{provider}`, `risk.weighted`, or `risk.unanswered` where a failure decided. */
  readonly reason: string
  readonly answers: readonly RiskAnswer[]
  /** One that had to answer did not, whatever the others say. */
  readonly unanswered?: true | undefined
}

/** The score that rules see. Silence is no good sign, not even of one among several: it is the worst. */
export const ruledScore = ({ score, unanswered }: Pick<RiskVerdict, 'score' | 'unanswered'>): number =>
  unanswered === true ? worstScore : (score ?? worstScore)

/** What is kept of a verdict with the decision that it had a say in: no facts, and nothing that a provider keeps for itself. */
export interface RiskSummary extends Pick<RiskVerdict, 'id' | 'action' | 'reason'> {
  readonly score: number | null
  readonly providers: readonly {
    readonly provider: string
    readonly said: RiskAction | RiskFailure
    readonly score: number | null
    readonly reasons: readonly string[]
  }[]
}

export const summaryOf = ({ id, action, reason, score, answers }: RiskVerdict): RiskSummary => ({
  ...{ id, action, reason, score: score ?? null },
  providers: answers.map(({ provider, assessment, failure }) => ({
    provider,
    said: assessment?.action ?? failure ?? 'error',
    score: assessment?.score ?? null,
    reasons: (assessment?.reasons ?? []).map(({ code }) => code),
  })),
})

const strengthOf = (action: RiskAction): number => riskActions.indexOf(action)

/** One say among several. */
interface Say {
  readonly action: RiskAction
  readonly reason: string
}

const quiet: Say = { action: 'allow', reason: 'risk.allowed' }
const unanswered = 'risk.unanswered'

/** The strongest; of equals the first, so that the order of providers decides which is named. */
const strictest = (says: readonly Say[]): Say =>
  says.reduce((held, one) => (strengthOf(one.action) > strengthOf(held.action) ? one : held), quiet)

/** What a provider without a score counts as, where scores are weighted. */
const usualScores: Readonly<Record<RiskAction, number>> = {
  ...{ allow: 0, review: 300, 'step-up': 600, enrol: 600, hold: 800, deny: worstScore, locked: worstScore },
}

interface Combined extends Say {
  readonly score: number | undefined
}

/**
 * One verdict out of all answers. Pure and total: whatever providers say or fail to say, what comes out is never weaker than
 * `onFailure` where one that is not optional failed, or nobody answered.
 */
export function verdictOf(
  policy: RiskEventPolicy,
  { id, kind, answers }: Pick<RiskVerdict, 'id' | 'kind' | 'answers'>,
): RiskVerdict {
  const answered = policy.ask.flatMap((asked) => {
    const assessment = answers.find(({ provider }) => provider === asked.provider)?.assessment
    return assessment === undefined ? [] : [{ asked, assessment }]
  })
  const { score, ...said } = ways[policy.combine](policy, answered)
  const missing = policy.ask.filter(
    ({ provider }) => !answered.some(({ asked }) => asked.provider === provider),
  )
  const covered = policy.combine === 'first' && answered.length > 0
  const fails = answered.length === 0 || (!covered && missing.some(({ optional }) => !optional))
  const failed: readonly Say[] = fails ? [{ action: policy.onFailure, reason: unanswered }] : []
  // Where the failure decides, or would have and allows, it is what is named (attack 169).
  const strongest = strictest([said, ...failed])
  const held = fails && strongest.action === 'allow' ? { ...strongest, reason: unanswered } : strongest
  return { id, kind, ...held, score, answers, ...(fails && { unanswered: true }) }
}

/** What would have been done if this provider had been asked with the others, and had to answer. */
export function withShadow(policy: RiskEventPolicy, verdict: RiskVerdict, answer: RiskAnswer): RiskVerdict {
  const asked: AskedProvider = { provider: answer.provider, weight: 1, optional: false }
  return verdictOf(
    { ...policy, ask: [...policy.ask, asked] },
    { ...verdict, answers: [...verdict.answers, answer] },
  )
}

type Answered = readonly { readonly asked: AskedProvider; readonly assessment: Assessment }[]

const sayOf = ({ asked, assessment }: Answered[number]): Say => ({
  action: assessment.action,
  reason: `risk.${asked.provider}`,
})

const ways: Readonly<Record<Combining, (policy: RiskEventPolicy, answered: Answered) => Combined>> = {
  strictest: (_policy, answered) => {
    const scores = answered.flatMap(({ assessment: { score } }) => (score === undefined ? [] : [score]))
    return { ...strictest(answered.map(sayOf)), score: scores.length === 0 ? undefined : Math.max(...scores) }
  },
  weighted: ({ bands }, answered) => {
    if (answered.length === 0) return { ...quiet, score: undefined }
    const total = answered.reduce((sum, { asked }) => sum + asked.weight, 0)
    const sum = answered.reduce((all, { asked, assessment }) => all + asked.weight * scoreOf(assessment), 0)
    const score = total === 0 ? worstScore : Math.round(sum / total)
    const action = riskActions.findLast((one) => score >= (bands[one] ?? (one === 'allow' ? 0 : Infinity)))
    const stops = answered.filter(({ assessment }) => strengthOf(assessment.action) >= strengthOf('hold'))
    const banded: Say = { action: action ?? 'allow', reason: 'risk.weighted' }
    return { ...strictest([...stops.map(sayOf), banded]), score }
  },
  first: (_policy, [first]) =>
    first === undefined ? { ...quiet, score: undefined } : { ...sayOf(first), score: first.assessment.score },
}

/** What its answer counts as among weighted scores. */
export const scoreOf = ({ score, action }: Assessment): number => score ?? usualScores[action]

/** What comes out when the kept answers are combined once more by the policy that was kept with them. */
export type CombinedAgain =
  | { readonly kind: 'same' }
  | { readonly kind: 'no-policy' }
  | { readonly kind: 'other'; readonly verdict: RiskVerdict }

/** Pure: nothing of today. */
export function combinedAgain(kept: RiskVerdict, policy: RiskEventPolicy | undefined): CombinedAgain {
  if (policy === undefined) return { kind: 'no-policy' }
  const verdict = verdictOf(policy, kept)
  const same =
    verdict.action === kept.action && verdict.reason === kept.reason && verdict.score === kept.score
  return same ? { kind: 'same' } : { kind: 'other', verdict }
}

/**
 * The provider that alone wants the step-up: were it to allow, nobody would stop it, nor want one. Undefined where another one
 * wants it too, or failed so that it counts, or the scores of all together decide.
 */
export function soleDemand(policy: RiskEventPolicy, verdict: RiskVerdict): string | undefined {
  const { action, reason, answers } = verdict
  const provider = policy.ask.map((one) => one.provider).find((id) => reason === `risk.${id}`)
  if (action !== 'step-up' || provider === undefined) return undefined
  const allowed = answers.map((answer) =>
    answer.provider === provider && answer.assessment !== undefined
      ? { ...answer, assessment: { ...answer.assessment, action: 'allow' as const } }
      : answer,
  )
  const without = verdictOf(policy, { ...verdict, answers: allowed })
  return strengthOf(without.action) < strengthOf('step-up') ? provider : undefined
}

/** What a verdict says of a transaction, as one voice beside rules and limits; undefined where it lets it pass. */
export function voiceOfVerdict(
  { action, reason }: Pick<RiskVerdict, 'action' | 'reason'>,
  stepUp: Acr,
): Voice | undefined {
  const outcome = outcomeOf(action, stepUp)
  return outcome && { outcome, reason }
}

function outcomeOf(action: RiskAction, acr: Acr): Outcome | undefined {
  if (action === 'deny' || action === 'locked') return { kind: 'deny' }
  if (action === 'hold') return { kind: 'review' }
  return action === 'step-up' || action === 'enrol' ? { kind: 'step-up', acr } : undefined
}
