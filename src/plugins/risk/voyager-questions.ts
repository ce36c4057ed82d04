// Challenge questions of the local engine: answers kept as salted slow hashes, two asked, locked after three wrong ones.
import { z } from 'zod'
import type { RiskEvent } from '../../domain/risk-event.ts'
import {
  allQuestions,
  answersFault,
  askedOf,
  folded,
  longestAnswer,
  questionTexts,
} from '../../domain/voyager-questions.ts'
import type { PinHash } from '../../ports/pin-hash.ts'
import {
  type RiskChallengeResult,
  RiskChallengeUnable,
  type RiskMemory,
  type RiskProvider,
} from '../../ports/risk.ts'

export interface QuestionPorts {
  readonly institution: string
  readonly memory: RiskMemory
  readonly hash: PinHash
  readonly now: () => number
  readonly questionsToAsk: number
  readonly lockHours: number
}

const attempts = 3
const hourMs = 3_600_000
const keptMs = 5 * 365 * 24 * hourMs

/** `round` goes up with each right answer and each enrolment: other questions come, and wrong answers are counted anew. */
const record = z.object({ round: z.number().int(), answers: z.record(z.string(), z.string()) })
type Answers = z.infer<typeof record>

/** Who an event is about; of nobody can anything be remembered. */
export function subjectOf({ facts }: RiskEvent): string {
  const subject = facts['subject.id']
  if (subject === undefined || subject === '') throw new Error('the fact subject.id is needed')
  return subject
}

const keptKey = (subject: string) => `answers:${subject}`
const lockKey = (subject: string) => `locked:${subject}`

/** Until when the customer's answers are locked, in epoch milliseconds; undefined where they are not. */
export async function lockedUntil(memory: RiskMemory, subject: string): Promise<number | undefined> {
  const until = await memory.get(lockKey(subject))
  return until === undefined ? undefined : Number(until)
}

async function keptAnswers(memory: RiskMemory, subject: string): Promise<Answers | undefined> {
  const text = await memory.get(keptKey(subject))
  return text === undefined ? undefined : record.parse(JSON.parse(text))
}

/** What a verifier is of: one that is moved to another customer or question matches nothing. */
const bound = (subject: string, question: string, answer: string): string =>
  JSON.stringify([subject, question, folded(answer)])

const askedIn = ({ institution, questionsToAsk }: QuestionPorts, subject: string, kept: Answers) =>
  askedOf(Object.keys(kept.answers), {
    seed: [institution, subject, String(kept.round)],
    count: questionsToAsk,
  })

export const voyagerQuestions = (
  ports: QuestionPorts,
): Required<Pick<RiskProvider, 'challenge' | 'authenticate' | 'questions'>> => ({
  async challenge(event, kind) {
    if (kind !== 'questions') throw new RiskChallengeUnable('this engine asks questions and nothing else')
    const subject = subjectOf(event)
    const kept = await keptAnswers(ports.memory, subject)
    if (kept === undefined) throw new RiskChallengeUnable('the customer has given no answers yet')
    const questions = questionTexts(askedIn(ports, subject, kept), event.facts['client.language'])
    return { kind, questions, reference: { ...event.reference, round: String(kept.round) } }
  },

  authenticate: (event, { reference, answers }) =>
    answers === undefined
      ? Promise.resolve({ state: 'pending' })
      : compared(ports, subjectOf(event), { round: reference.round, answers }),

  questions: {
    list: async ({ facts }) => questionTexts(allQuestions, facts['client.language']),
    enrol: (event, answers) => enrolled(ports, subjectOf(event), new Map(Object.entries(answers))),
  },
})

interface Given {
  readonly round: string | undefined
  readonly answers: Readonly<Record<string, string>>
}

async function compared(ports: QuestionPorts, subject: string, given: Given): Promise<RiskChallengeResult> {
  const { memory, now, lockHours } = ports
  const [kept, until] = await Promise.all([keptAnswers(memory, subject), lockedUntil(memory, subject)])
  if (until !== undefined) return { state: 'locked' }
  // Answers to what was asked before a right answer or an enrolment are answers to other questions.
  if (kept === undefined || given.round !== String(kept.round)) return { state: 'failed' }
  const over = now() + lockHours * hourMs
  // Counted before it is compared: of any number at once no more than three are.
  const tries = await memory.count(`wrong:${subject}:${kept.round}`, over)
  if (tries <= attempts && (await allRight(ports, subject, { kept, answers: given.answers }))) {
    await memory.put(
      keptKey(subject),
      JSON.stringify({ ...kept, round: kept.round + 1 } satisfies Answers),
      now() + keptMs,
    )
    return { state: 'passed' }
  }
  if (tries < attempts) return { state: 'failed' }
  await memory.put(lockKey(subject), String(over), over)
  return { state: 'locked' }
}

async function allRight(
  ports: QuestionPorts,
  subject: string,
  { kept, answers }: { readonly kept: Answers; readonly answers: Given['answers'] },
): Promise<boolean> {
  const given = new Map(Object.entries(answers))
  const asked = askedIn(ports, subject, kept)
  // Every one is compared: how long it takes says nothing of which was wrong.
  const right = await Promise.all(
    asked.map(async (id) => {
      const answer = given.get(id) ?? ''
      const verifier = kept.answers[id] ?? ''
      if (answer.length > longestAnswer) return false
      return ports.hash.matches(ports.institution, bound(subject, id, answer), verifier)
    }),
  )
  return right.length > 0 && right.every((one) => one)
}

async function enrolled(ports: QuestionPorts, subject: string, answers: ReadonlyMap<string, string>) {
  const fault = answersFault(answers)
  if (fault !== undefined) return { taken: false, fault } as const
  const { memory, hash, institution, now } = ports
  const verifiers = await Promise.all(
    [...answers].map(
      async ([id, answer]) => [id, await hash.make(institution, bound(subject, id, answer))] as const,
    ),
  )
  // A lock stays: new answers are no way around it.
  const before = await keptAnswers(memory, subject)
  const next: Answers = { round: (before?.round ?? 0) + 1, answers: Object.fromEntries(verifiers) }
  await memory.put(keptKey(subject), JSON.stringify(next), now() + keptMs)
  return { taken: true } as const
}
