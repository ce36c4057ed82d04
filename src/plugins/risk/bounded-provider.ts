// A risk engine as the flows see it beside its assessments: each call ends by its deadline, each answer is judged by its form.
import { TimeoutStrategy, timeout } from 'cockatiel'
import { type RiskEvent, type RiskEventKind, type RiskFact, sharedWith } from '../../domain/risk-event.ts'
import type { RiskDeadline, RiskProvider } from '../../ports/risk.ts'
import {
  judgedAssessment,
  judgedChallenge,
  judgedChallengeResult,
  judgedPictures,
  judgedQuestions,
  judgedQuestionsTaken,
  judgedSiteToUser,
} from './answer.ts'

export interface Bounds {
  /** Nothing else of an event leaves for it. */
  readonly facts: readonly RiskFact[]
  /** Keeps the engine open for as long as the call goes on. */
  readonly held: <T>(call: Promise<T>) => Promise<T>
}

/** Offers what the engine offers. Calls reject at their deadline, and where the answer is none. */
export function boundedProvider(provider: RiskProvider, { facts, held }: Bounds): RiskProvider {
  const share = <K extends RiskEventKind>(event: RiskEvent<K>) => sharedWith(event, facts)
  const { report, challenge, authenticate, siteToUser, questions } = membersOf(provider)
  const within = <T>(given: RiskDeadline, work: (deadline: RiskDeadline) => Promise<T>): Promise<T> =>
    held(
      timeout(Math.max(1, given.ms), TimeoutStrategy.Aggressive).execute(
        async ({ signal }) => work({ signal, ms: given.ms }),
        given.signal,
      ),
    )
  return {
    assess: (event, deadline) =>
      within(deadline, async (until) =>
        judgedAssessment(await provider.assess(share(event), until), event.id),
      ),
    ...(report && {
      report: (event, deadline) =>
        within(deadline, async (until) => void (await report(share(event), until))),
    }),
    ...(challenge && {
      challenge: (event, kind, deadline) =>
        within(deadline, async (until) => judgedChallenge(await challenge(share(event), kind, until), kind)),
    }),
    ...(authenticate && {
      authenticate: (event, challenged, deadline) =>
        within(deadline, async (until) =>
          judgedChallengeResult(await authenticate(share(event), challenged, until)),
        ),
    }),
    ...(questions && { questions: boundedQuestions(questions, { share, within }) }),
    ...(siteToUser && {
      siteToUser: {
        get: (event, deadline) =>
          within(deadline, async (until) => judgedSiteToUser(await siteToUser.get(share(event), until))),
        set: (event, chosen, deadline) =>
          within(deadline, async (until) => void (await siteToUser.set(share(event), chosen, until))),
        browse: (event, category, deadline) =>
          within(deadline, async (until) =>
            judgedPictures(await siteToUser.browse(share(event), category, until)),
          ),
      },
    }),
  }
}

type Questions = NonNullable<RiskProvider['questions']>

interface Bounding {
  readonly share: (event: RiskEvent) => RiskEvent
  readonly within: <T>(given: RiskDeadline, work: (deadline: RiskDeadline) => Promise<T>) => Promise<T>
}

const boundedQuestions = (questions: Questions, { share, within }: Bounding): Questions => ({
  list: (event, deadline) =>
    within(deadline, async (until) => judgedQuestions(await questions.list(share(event), until))),
  enrol: (event, answers, deadline) =>
    within(deadline, async (until) =>
      judgedQuestionsTaken(await questions.enrol(share(event), answers, until)),
    ),
})

/** Bound, so that a provider may be a class. */
const membersOf = (provider: RiskProvider) => ({
  report: provider.report?.bind(provider),
  challenge: provider.challenge?.bind(provider),
  authenticate: provider.authenticate?.bind(provider),
  siteToUser: provider.siteToUser,
  questions: provider.questions,
})
