// Access signatures judged by somebody else's engine, over HTTP and JSON by a contract that this project defines.
// No wire format of Corillian's was ever published: an engine has to be made to speak this one (docs/risk-signals.md).
import { z } from 'zod'
import type { Assessment, RiskAction, riskActions } from '../../domain/risk.ts'
import type { AskedKind, RiskEvent, ToldKind } from '../../domain/risk-event.ts'
import { accessDecisions, signatureOf } from '../../domain/voyager.ts'
import {
  allQuestions,
  answersFault,
  folded,
  longestAnswer,
  questionTexts,
} from '../../domain/voyager-questions.ts'
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import type {
  RiskChallenged,
  RiskDeadline,
  RiskPlace,
  RiskPlugin,
  RiskPluginPorts,
  RiskProvider,
} from '../../ports/risk.ts'
import { type AnswerHash, createAnswerHash } from '../keys/pin-hash.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { networkOf, voyagerFacts } from './voyager.ts'
import { subjectOf } from './voyager-questions.ts'

const settings = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'an http or https address is needed' })
    .max(2000)
    .describe('Where the engine is; the operations are below it. http only on loopback.'),
  token: z.string().trim().min(1).max(4096).optional().describe('Sent as a bearer token with each call.'),
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

const labels = {
  url: 'Address of the engine',
  token: 'Token',
  minMatch: 'Least match',
  questionEvery: 'Ask each so many sign-ins',
  questions: 'Challenge questions',
  questionsToAsk: 'Questions to ask',
}

export const voyagerRemote = ({ fetch, keys }: Pick<RiskPluginPorts, 'fetch' | 'keys'>): RiskPlugin => ({
  type: 'voyager-ia-remote',
  meaning: 'An engine of access signatures of your own, asked by a contract that this project defines.',
  facts: voyagerFacts,
  fields: settingFields(settings, { labels, secrets: ['token'], asked: [] }),
  check: (given) => checkSettings(settings, given),
  open: (place) => openRemote({ fetch, hash: createAnswerHash(keys) }, place),
})

interface Remote {
  readonly institution: string
  readonly given: z.infer<typeof settings>
  readonly hash: AnswerHash
  readonly call: Call
}

type Call = (operation: string, body: unknown, deadline: RiskDeadline) => Promise<unknown>

function openRemote(
  { fetch, hash }: { readonly fetch: GuardedFetch; readonly hash: AnswerHash },
  place: RiskPlace,
): RiskProvider {
  const given = settings.parse(place.settings)
  const remote = { institution: place.institution.id, given, hash, call: calling(fetch, given) }
  return {
    assess: (event, deadline) => evaluated(remote, event, deadline),
    report: (event, deadline) => recorded(remote, event, deadline),
    ...(given.questions && questionsOf(remote)),
  }
}

function calling(fetch: GuardedFetch, { url, token }: Remote['given']): Call {
  const base = url.replace(/\/+$/, '')
  const headers = {
    ...{ accept: 'application/json', 'content-type': 'application/json' },
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  return async (operation, body, { signal }) => {
    const request = { method: 'POST', headers, body: JSON.stringify(body), signal }
    const answer = await fetch(`${base}/${operation}`, request)
    if (answer.status < 200 || answer.status > 299) throw new Error(`${operation} answered ${answer.status}`)
    const text = Buffer.from(answer.body).toString('utf8')
    return text === '' ? undefined : JSON.parse(text)
  }
}

const evaluation = z.object({
  ref: z.string(),
  match: z.number().min(0).max(1),
  decision: z.enum(accessDecisions),
  reasons: z
    .array(z.object({ code: z.string().min(1).max(64), text: z.string().max(300).optional() }))
    .max(20),
  questionSetRef: z.string().min(1).max(200).optional(),
  questions: z
    .array(z.enum(allQuestions as [string, ...string[]]))
    .min(1)
    .max(5)
    .optional(),
})

const actions = { ALLOW: 'allow', QUESTION: 'step-up', DENY: 'deny' } as const satisfies Record<
  string,
  (typeof riskActions)[number]
>

async function evaluated(
  remote: Remote,
  event: RiskEvent<AskedKind>,
  deadline: RiskDeadline,
): Promise<Assessment> {
  const said = evaluation.parse(await remote.call('evaluateAccess', asking(remote, event), deadline))
  if (said.ref !== event.id) throw new Error('the engine answered another question')
  const action: RiskAction = actions[said.decision]
  return {
    ...{ event: event.id, action, band: said.decision, reasons: said.reasons },
    score: Math.round((1 - said.match) * 1000),
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
  const { os, browser, language, hour, weekday } = known
  const words = Object.fromEntries(Object.entries({ os, browser, language }).filter(([, value]) => value))
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
  await remote.call('recordOutcome', { ref, success }, deadline)
}

const verification = z.object({ ref: z.string(), result: z.enum(['passed', 'failed', 'locked']) })

const questionsOf = (
  remote: Remote,
): Required<Pick<RiskProvider, 'challenge' | 'authenticate' | 'questions'>> => ({
  async challenge({ facts, reference }, kind) {
    const { questionSetRef, questions = '' } = reference ?? {}
    const asked = questionTexts(questions.split(' '), facts['client.language'])
    if (kind !== 'questions' || questionSetRef === undefined || asked.length === 0)
      throw new Error('the engine asked no questions')
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
      await remote.call('enrolQuestions', { userRef, questions }, deadline)
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
  const said = verification.parse(await remote.call('verifyAnswers', sent, deadline))
  if (said.ref !== ref) throw new Error('the engine answered another question')
  return { state: said.result }
}
