// Access signatures judged by somebody else's engine, over HTTP and JSON by a contract that this project defines.
// No wire format of Corillian's was ever published: an engine has to be made to speak this one (docs/risk-signals.md).
import { z } from 'zod'
import { type Assessment, worstScore } from '../../domain/risk.ts'
import type { AskedKind, RiskEvent, ToldKind } from '../../domain/risk-event.ts'
import { accessActions, accessDecisions, signatureOf } from '../../domain/voyager.ts'
import {
  allQuestions,
  answersFault,
  folded,
  longestAnswer,
  questionTexts,
} from '../../domain/voyager-questions.ts'
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import {
  RiskAnswerMalformed,
  type RiskChallenged,
  RiskChallengeUnable,
  type RiskDeadline,
  type RiskPlace,
  type RiskPlugin,
  type RiskPluginPorts,
  type RiskProvider,
} from '../../ports/risk.ts'
import { type AnswerHash, createAnswerHash } from '../keys/pin-hash.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { createAccess } from './engine-access.ts'
import { askEngine, type Engine, tellEngine } from './engine-call.ts'
import {
  accessFaults,
  accessLabels,
  accessSecrets,
  accessShape,
  authentications,
  engineUrl,
} from './engine-settings.ts'
import { networkOf, voyagerFacts } from './voyager.ts'
import { subjectOf } from './voyager-questions.ts'

const shape = z.strictObject({
  url: engineUrl.describe('Where the engine is; the operations are below it. http only on loopback.'),
  authentication: z.enum(authentications).default('none').describe('How we prove ourselves to the engine.'),
  ...accessShape,
  minMatch: z.number().min(0).max(1).default(0.62).describe('Told to the engine: less alike is asked.'),
  questionEvery: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(20)
    .describe('Told to the engine: ask each so many sign-ins.'),
  questions: z
    .boolean()
    .default(false)
    .describe('Challenge questions: known things of little worth; they never raise a level.'),
  questionsToAsk: z.number().int().min(1).max(5).default(2).describe('Told to the engine: how many to ask.'),
})

const settings = shape.superRefine((given, ctx) => {
  for (const { path, message } of accessFaults(given)) ctx.addIssue({ code: 'custom', path, message })
})

const labels = {
  ...accessLabels,
  minMatch: 'Least match',
  questionEvery: 'Ask each so many sign-ins',
  questions: 'Challenge questions',
  questionsToAsk: 'Questions to ask',
}

export const voyagerRemote = ({ fetch, keys }: Pick<RiskPluginPorts, 'fetch' | 'keys'>): RiskPlugin => ({
  type: 'voyager-ia-remote',
  meaning: 'An engine of access signatures of your own, asked by a contract that this project defines.',
  facts: voyagerFacts,
  fields: settingFields(shape, { labels, secrets: accessSecrets, asked: [] }),
  check: (given) => checkSettings(settings, given),
  challenges: (given) => (given.questions === true ? ['questions'] : []),
  open: (place) => openRemote({ fetch, hash: createAnswerHash(keys) }, place),
})

interface Remote {
  readonly institution: string
  readonly given: z.infer<typeof settings>
  readonly hash: AnswerHash
  readonly engine: Engine
}

function openRemote(
  { fetch, hash }: { readonly fetch: GuardedFetch; readonly hash: AnswerHash },
  place: RiskPlace,
): RiskProvider {
  const given = settings.parse(place.settings)
  const engine = { fetch, access: createAccess(given, { fetch, now: place.now }) }
  const remote = { institution: place.institution.id, given, hash, engine }
  return {
    assess: (event, deadline) => evaluated(remote, event, deadline),
    report: (event, deadline) => recorded(remote, event, deadline),
    ...(given.questions && questionsOf(remote)),
  }
}

type Operation = 'evaluateAccess' | 'verifyAnswers' | 'recordOutcome' | 'enrolQuestions'

const to = ({ given }: Remote, operation: Operation, json: unknown) => ({
  ...{ url: `${given.url.replace(/\/+$/, '')}/${operation}`, json },
})

/** Names alone: the engine's words stay where they are. */
function read<T>(form: z.ZodType<T>, answer: unknown): T {
  const { data, error } = form.safeParse(answer)
  if (error === undefined) return data as T
  throw new RiskAnswerMalformed(`${String(error.issues[0]?.path[0] ?? 'answer')}: ${error.issues[0]?.code}`)
}

const evaluation = z.object({
  ref: z.string(),
  match: z.number().min(0).max(1),
  decision: z.enum(accessDecisions),
  reasons: z
    .array(z.object({ code: z.string().min(1).max(64), text: z.string().max(200).optional() }))
    .max(20),
  questionSetRef: z.string().min(1).max(200).optional(),
  questions: z
    .array(z.enum(allQuestions as [string, ...string[]]))
    .min(1)
    .max(5)
    .optional(),
})

async function evaluated(
  remote: Remote,
  event: RiskEvent<AskedKind>,
  deadline: RiskDeadline,
): Promise<Assessment> {
  const said = read(
    evaluation,
    await askEngine(remote.engine, to(remote, 'evaluateAccess', asking(remote, event)), deadline),
  )
  if (said.ref !== event.id) throw new RiskAnswerMalformed('ref: of another event')
  return {
    ...{ event: event.id, action: accessActions[said.decision], band: said.decision, reasons: said.reasons },
    score: Math.round((1 - said.match) * worstScore),
    reference: {
      access: said.ref,
      ...(said.questionSetRef !== undefined && { questionSetRef: said.questionSetRef }),
      ...(said.questions !== undefined && { questions: said.questions.join(' ') }),
    },
  }
}

function asking({ given }: Remote, event: RiskEvent<AskedKind>) {
  const { facts, at } = event
  const known = signatureOf(facts, { at, network: networkOf(facts['network.address']) })
  const { os, browser, language, screen, zone: timeZone, hour, weekday } = known
  const words = Object.fromEntries(
    Object.entries({ os, browser, language, screen, timeZone }).filter(([, value]) => value),
  )
  return {
    ...{ ref: event.id, userRef: subjectOf(event), event: event.kind },
    accessSignature: {
      ...words,
      ...{ ip: facts['network.address'], asn: facts['network.asn'] },
      geo: { country: facts['network.country'], town: facts['network.town'] },
      ...{ utcHour: Number(hour), weekday: Number(weekday) },
    },
    policy: {
      questionEvery: given.questionEvery,
      minMatch: given.minMatch,
      questionsToAsk: given.questionsToAsk,
    },
  }
}

const outcomes: Readonly<Record<string, boolean>> = {
  ...{ approved: true, genuine: true },
  ...{ denied: false, failed: false, expired: false, fraud: false },
}

async function recorded(remote: Remote, event: RiskEvent<ToldKind>, deadline: RiskDeadline): Promise<void> {
  const ref = event.reference?.access
  const success = outcomes[event.facts['result.outcome'] ?? '']
  if (ref === undefined || success === undefined) return
  await tellEngine(remote.engine, to(remote, 'recordOutcome', { ref, success }), deadline)
}

const verification = z.object({ ref: z.string(), result: z.enum(['passed', 'failed', 'locked']) })

const questionsOf = (
  remote: Remote,
): Required<Pick<RiskProvider, 'challenge' | 'authenticate' | 'questions'>> => ({
  async challenge({ facts, reference }, kind) {
    const { questionSetRef, questions = '' } = reference ?? {}
    const asked = questionTexts(questions.split(' '), facts['client.language'])
    if (kind !== 'questions' || questionSetRef === undefined || asked.length === 0)
      throw new RiskChallengeUnable('the engine asked no questions')
    return { kind, questions: asked, reference: { ...reference, questionSetRef } }
  },

  authenticate: (event, challenged, deadline) => verified(remote, event, { challenged, deadline }),

  questions: {
    list: async ({ facts }) => questionTexts(allQuestions, facts['client.language']),
    async enrol(event, answers, deadline) {
      const given = new Map(Object.entries(answers))
      const fault = answersFault(given)
      if (fault !== undefined) return { taken: false, fault }
      const userRef = subjectOf(event)
      const questions = await hashed(remote, userRef, given)
      await tellEngine(remote.engine, to(remote, 'enrolQuestions', { userRef, questions }), deadline)
      return { taken: true }
    },
  },
})

/** Answers never leave: the engine keeps and compares hashes that only we can make. */
const hashed = (remote: Remote, subject: string, answers: ReadonlyMap<string, string>) =>
  Promise.all(
    [...answers].map(async ([id, answer]) => ({
      id,
      answerHash: await remote.hash.of(remote.institution, { subject, question: id, answer: folded(answer) }),
    })),
  )

interface Verifying {
  readonly challenged: RiskChallenged
  readonly deadline: RiskDeadline
}

async function verified(remote: Remote, event: RiskEvent, { challenged, deadline }: Verifying) {
  const { questionSetRef: ref, questions = '' } = challenged.reference
  const { answers } = challenged
  if (answers === undefined) return { state: 'pending' } as const
  const given = new Map(Object.entries(answers))
  // What is too long is nobody's answer; the engine counts it as any other wrong one.
  const asked = questions.split(' ').map((id) => [id, (given.get(id) ?? '').slice(0, longestAnswer)] as const)
  const userRef = subjectOf(event)
  const sent = { ref, userRef, answers: await hashed(remote, userRef, new Map(asked)) }
  const said = read(verification, await askEngine(remote.engine, to(remote, 'verifyAnswers', sent), deadline))
  if (said.ref !== ref) throw new RiskAnswerMalformed('ref: of other questions')
  return { state: said.result }
}
