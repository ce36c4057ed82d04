// What counts as an answer of a risk engine: bounded, plain, and about the very event that was asked (attacks 167, 170).
import { z } from 'zod'
import { type Assessment, type RiskChallengeKind, riskActions, worstScore } from '../../domain/risk.ts'
import {
  type BrowsedPicture,
  type QuestionsTaken,
  RiskAnswerMalformed,
  type RiskChallenge,
  type RiskChallengeResult,
  type RiskQuestion,
  type SiteToUser,
} from '../../ports/risk.ts'

/** Controls, unseen marks, line breaks that are none, and halves of characters. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

const plain = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => text.isWellFormed() && !unseen.test(text), 'characters that cannot be seen')

const most = {
  reasons: 20,
  references: 16,
  answerText: 200,
  token: 4096,
  pictures: 500,
  questions: 200,
  pictureBytes: 262_144,
}

const reference = z.record(z.string().regex(/^[A-Za-z0-9][\w.:-]{0,63}$/), plain(1024))

const assessment = z.strictObject({
  event: z.string().max(200),
  action: z.enum(riskActions),
  score: z.int().min(0).max(worstScore).optional(),
  band: plain(40).optional(),
  reasons: z
    .array(z.strictObject({ code: plain(64), text: plain(most.answerText).optional() }))
    .max(most.reasons),
  reference: reference.optional(),
  deviceToken: plain(most.token).optional(),
})

/** A copy of the answer: what the engine does with its own afterwards changes nothing. Throws RiskAnswerMalformed. */
export function judgedAssessment(answer: unknown, event: string): Assessment {
  const judged = shaped(assessment, answer)
  if (judged.event !== event) throw new RiskAnswerMalformed('event: of another event')
  return judged
}

function shaped<T>(schema: z.ZodType<T>, answer: unknown): T {
  if (isHuge(answer)) throw new RiskAnswerMalformed('too many members')
  const { data, error } = schema.safeParse(answer)
  if (error === undefined) return data as T
  const [issue] = error.issues
  // The engine's own names of members are left out: they are its words.
  const path = (issue?.path ?? []).map((part) => (typeof part === 'number' ? '[]' : String(part)))
  const known = path.filter((part) => part === '[]' || knownNames.has(part)).join('.')
  throw new RiskAnswerMalformed(`${known === '' ? 'answer' : known}: ${issue?.code ?? 'invalid'}`)
}

const knownNames = new Set([
  ...Object.keys(assessment.shape),
  ...[
    'code',
    'text',
    'kind',
    'token',
    'state',
    'questions',
    'id',
    'taken',
    'fault',
    'phrase',
    'picture',
    'data',
  ],
])

/** Every item is looked at before there are found to be too many, so many are not looked at. */
function isHuge(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false
  const inner = Object.values(answer).filter((value) => typeof value === 'object' && value !== null)
  return [answer, ...inner].some(
    (value) => !(value instanceof Uint8Array) && Object.keys(value).length > most.pictures,
  )
}

const question = z.strictObject({ id: plain(200), text: plain(500) })

const challenge: z.ZodType<RiskChallenge> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('code'), code: plain(32), reference }),
  z.strictObject({ kind: z.literal('out-of-band'), token: plain(200), reference }),
  z.strictObject({
    kind: z.literal('questions'),
    questions: z.array(question).min(1).max(20),
    reference,
  }),
])

/** Throws RiskAnswerMalformed, also where it is a challenge of another kind. */
export function judgedChallenge(answer: unknown, kind: RiskChallengeKind): RiskChallenge {
  const judged = shaped(challenge, answer)
  if (judged.kind !== kind) throw new RiskAnswerMalformed('kind: of another kind')
  return judged
}

const questions = z.array(question).min(1).max(most.questions)

export const judgedQuestions = (answer: unknown): readonly RiskQuestion[] => shaped(questions, answer)

const questionsTaken: z.ZodType<QuestionsTaken> = z.discriminatedUnion('taken', [
  z.strictObject({ taken: z.literal(true) }),
  z.strictObject({
    taken: z.literal(false),
    fault: z.enum(['count', 'unknown', 'short', 'long', 'same']),
  }),
])

export const judgedQuestionsTaken = (answer: unknown): QuestionsTaken => shaped(questionsTaken, answer)

const challengeResult = z.strictObject({
  state: z.enum(['pending', 'passed', 'failed', 'locked']),
  deviceToken: plain(most.token).optional(),
})

export const judgedChallengeResult = (answer: unknown): RiskChallengeResult => shaped(challengeResult, answer)

const siteToUser = z.strictObject({
  phrase: plain(200).optional(),
  picture: z
    .strictObject({
      id: plain(500),
      text: plain(200),
      data: z
        .instanceof(Uint8Array)
        .refine(({ length }) => length <= most.pictureBytes)
        .optional(),
    })
    .optional(),
})

export const judgedSiteToUser = (answer: unknown): SiteToUser => shaped(siteToUser, answer)

const pictures = z
  .array(z.strictObject({ id: plain(500), text: plain(200), kind: z.enum(['category', 'picture']) }))
  .max(most.pictures)

export const judgedPictures = (answer: unknown): readonly BrowsedPicture[] => shaped(pictures, answer)
