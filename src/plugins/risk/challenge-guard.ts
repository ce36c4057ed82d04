// A risk engine's own challenges behind a breaker and a bulkhead of their own: what fails there says nothing of how it judges.
import { bulkhead } from 'cockatiel'
import { RiskChallengeUnable, type RiskProvider } from '../../ports/risk.ts'
import { type BreakerSettings, type Breaking, createBreaker, throughBreaker } from './breaker.ts'
import { CustomerFailure } from './failure.ts'

export interface ChallengeGuardSettings extends BreakerSettings {
  /** Challenges under way at once, on this node. */
  readonly atOnce: number
}

/**
 * The same provider, whose challenges and questions are refused at once while they are left alone: the customer is told, and does
 * not wait for the deadline. An engine's calls may be down while it judges as ever, and the other way round, so that neither
 * breaker hears of the other's failures. That it has no such challenge for this customer, or stops them alone, is an
 * answer: nobody's account can be used to have all others refused (attack 169).
 */
export function guardChallenges(
  provider: RiskProvider,
  { atOnce, ...settings }: ChallengeGuardSettings,
  breaking: Pick<Breaking, 'institution' | 'id' | 'log'>,
): RiskProvider {
  const isFailure = (thrown: unknown) =>
    !(thrown instanceof RiskChallengeUnable || thrown instanceof CustomerFailure)
  const breaker = createBreaker(settings, { ...breaking, of: 'challenges', isFailure })
  const places = bulkhead(atOnce)
  const within = <T>(work: () => Promise<T>): Promise<T> =>
    places.execute(() => throughBreaker(breaker, work))
  const { challenge, authenticate, questions } = provider
  return {
    ...provider,
    ...(challenge && { challenge: (...asked) => within(() => challenge(...asked)) }),
    ...(authenticate && { authenticate: (...asked) => within(() => authenticate(...asked)) }),
    ...(questions && {
      questions: {
        list: (...asked) => within(() => questions.list(...asked)),
        enrol: (...asked) => within(() => questions.enrol(...asked)),
      },
    }),
  }
}
