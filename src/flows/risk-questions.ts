// A customer's answers to the questions of the bank's risk engine: set in their own app, by whoever knows the PIN.
import { satisfies, withDeviceAndPin } from '../domain/acr.ts'
import type { CallerToken } from '../domain/gateway.ts'
import type { Institution } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { RiskEvent } from '../domain/risk-event.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type {
  QuestionsTaken,
  RiskDeadline,
  RiskProvider,
  RiskProviders,
  RiskQuestion,
} from '../ports/risk.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface RiskQuestionPorts {
  readonly riskProviders: Pick<RiskProviders, 'of'>
  readonly unit: Pick<UnitOfWork, 'caller' | 'checkpoint'>
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
}

export type RiskQuestionFlows = ReturnType<typeof createRiskQuestions>

/** Both inside a unit, which they commit before they ask (ruling R-1). */
export function createRiskQuestions(ports: RiskQuestionPorts) {
  return {
    /**
     * All that they may choose from, in their language. Refuses with `request.not_found` where no engine of this institution asks
     * questions, and with `challenge.unanswered` where it does not answer.
     */
    list: (institution: Institution, token: CallerToken): Promise<readonly RiskQuestion[]> =>
      asking(ports, { institution, token }, ({ list }, event) => list(event, deadline())),
    /**
     * Takes the answers in the place of all that were. Refuses as `list` does, with `acr.insufficient` without the PIN, and with
     * `questions.refused {fault}` for answers that the engine does not take.
     */
    async set(institution: Institution, token: CallerToken, answers: Answers): Promise<void> {
      if (
        !satisfies(token.acr, withDeviceAndPin) ||
        !token.amr.includes('pin') ||
        token.transaction !== undefined
      )
        throw new Refusal('acr.insufficient', { needed: withDeviceAndPin })
      const taken: QuestionsTaken = await asking(ports, { institution, token }, ({ enrol }, event) =>
        enrol(event, answers, deadline()),
      )
      if (!taken.taken) throw new Refusal('questions.refused', { fault: taken.fault })
      const trace = { relyingParty: token.relyingParty, subject: token.subject }
      ports.audit.record({ type: 'risk.questions_set', outcome: 'ok', ...trace })
    },
  }
}

type Answers = Readonly<Record<string, string>>

// Each answer is hashed slowly.
const deadline = (): RiskDeadline => ({ ms: 10_000, signal: new AbortController().signal })

interface Asking {
  readonly institution: Institution
  readonly token: CallerToken
}

async function asking<T>(
  ports: RiskQuestionPorts,
  { institution, token }: Asking,
  ask: (questions: NonNullable<RiskProvider['questions']>, event: RiskEvent) => Promise<T>,
): Promise<T> {
  const named = institution.risk?.providers.find(({ challenge = [] }) => challenge.includes('questions'))
  const open = ports.riskProviders.of(institution).find(({ id }) => id === named?.id)
  const questions = open?.provider.questions
  if (open === undefined || questions === undefined) throw new Refusal('request.not_found')
  await ports.unit.checkpoint()
  const known = { 'subject.id': token.subject, 'client.language': ports.unit.caller()?.language }
  const shared = Object.fromEntries(
    Object.entries(known).filter(([name]) => open.facts.some((one) => one === name)),
  )
  const base = { id: ports.chance.token(16), kind: 'access' as const, at: ports.clock.now() }
  try {
    return await ask(questions, { ...base, institution: institution.id, facts: shared })
  } catch (error) {
    ports.log.warn('risk.questions', { institution: institution.id, provider: open.id, error: nameOf(error) })
    throw new Refusal('challenge.unanswered')
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown')
