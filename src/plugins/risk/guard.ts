// One risk engine behind its deadline, breaker and bulkhead: whatever it does, there is an answer in time.
import {
  type BulkheadPolicy,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConstantBackoff,
  handleWhen,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  isTaskCancelledError,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel'
import type { Assessment } from '../../domain/risk.ts'
import { type AskedKind, type RiskEvent, type RiskFact, sharedWith } from '../../domain/risk-event.ts'
import type { Log } from '../../ports/log.ts'
import {
  type GuardedProvider,
  RiskAnswerMalformed,
  type RiskHealth,
  RiskLearnsNothing,
  type RiskProvider,
} from '../../ports/risk.ts'
import { judgedAssessment } from './answer.ts'
import { boundedProvider } from './bounded-provider.ts'
import { type BreakerSettings, createBreaker, Probing, stateNames, throughBreaker } from './breaker.ts'
import { guardChallenges } from './challenge-guard.ts'
import { type Failed, isConnectionFault, reasonOf } from './failure.ts'

export interface GuardSettings extends BreakerSettings {
  /** Open questions to it at once, on this node. */
  readonly atOnce: number
  /** What it is waited before a broken connection is tried again. */
  readonly retryMs: number
}

/** For every provider of every institution by itself: an engine that one bank has broken says nothing of another's. */
export const guardDefaults: GuardSettings = {
  failing: 0.4,
  window: 20,
  least: 5,
  openMs: 5000,
  longestOpenMs: 60_000,
  atOnce: 64,
  retryMs: 25,
}

export interface Guarding {
  readonly institution: string
  readonly id: string
  readonly type: string
  /** Nothing else leaves for it. */
  readonly facts: readonly RiskFact[]
  readonly provider: RiskProvider
  readonly now: () => number
  readonly log: Log
  readonly settings?: Partial<GuardSettings> | undefined
}

export interface ClosingGuard extends GuardedProvider {
  /** After what is asked of it has ended. */
  close(): Promise<void>
}

/** Longer than any budget: no wait is without an end. */
const longestMs = 60_000
const closeMs = 5000
const kept = 100

/** What was seen of the engine. */
interface Seen {
  readonly latencies: number[]
  answered: number
  failed: number
  last: RiskHealth['lastFailure']
}

export function guardRiskProvider(guarding: Guarding): ClosingGuard {
  const { id, type, facts, provider } = guarding
  const settings = { ...guardDefaults, ...guarding.settings }
  const parts = partsOf(settings, guarding)
  const seen: Seen = { latencies: [], answered: 0, failed: 0, last: undefined }
  const running = new Set<Promise<unknown>>()
  const held = <T>(call: Promise<T>): Promise<T> => {
    running.add(call)
    const done = () => void running.delete(call)
    call.then(done, done)
    return call
  }
  const bounded = boundedProvider(provider, { facts, held })
  return {
    ...{ id, type, facts, provider: guardChallenges(bounded, settings, guarding) },
    async assess(event, ms) {
      const began = performance.now()
      const asked = ask({ parts, guarding }, event, allowed(ms))
      const outcome = await held(asked).then(
        (assessment) => ({ assessment }),
        (thrown: unknown) => failedBy(thrown),
      )
      const took = Math.round(performance.now() - began)
      if ('assessment' in outcome)
        return answered(seen, took, { provider: id, assessment: outcome.assessment })
      noted(seen, guarding, outcome)
      return { provider: id, ms: took, failure: outcome.failure }
    },
    async report(event, ms) {
      if (bounded.report === undefined) return false
      const deadline = { ms: allowed(ms), signal: new AbortController().signal }
      return told(parts, async () => bounded.report?.(event, deadline))
    },
    health: () => healthOf(seen, parts.breaker),
    async close() {
      await Promise.allSettled([...running])
      await limited(closeMs, async () => provider.close?.()).catch((error: unknown) =>
        guarding.log.warn('risk.unclosed', { provider: id, reason: reasonOf(error) }),
      )
    },
  }
}

const allowed = (ms: number): number => (ms > 0 ? Math.min(ms, longestMs) : 0)

/** The work, or TaskCancelledError at the end of the time, whether the work ends or not. */
const limited = <T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  timeout(ms, TimeoutStrategy.Aggressive).execute(({ signal }) => work(signal))

interface Parts {
  readonly bulkhead: BulkheadPolicy
  /** What is told to it must not take the places of what is asked. */
  readonly reports: BulkheadPolicy
  readonly breaker: CircuitBreakerPolicy
  readonly retryMs: number
}

function partsOf({ atOnce, retryMs, ...settings }: GuardSettings, guarding: Guarding): Parts {
  const breaker = createBreaker(settings, guarding)
  return { bulkhead: bulkhead(atOnce), reports: bulkhead(atOnce), breaker, retryMs }
}

interface Asking {
  readonly parts: Parts
  readonly guarding: Guarding
}

/**
 * From without: bulkhead, breaker, deadline, retry. A place is free again at the deadline, and an engine that hangs fails in
 * the breaker's eyes when its time is over, not when it answers after all. Its answer is judged inside: what is no answer counts against it.
 */
async function ask(
  { parts, guarding: { provider, facts } }: Asking,
  event: RiskEvent<AskedKind>,
  ms: number,
): Promise<Assessment> {
  // Its time was used up before it was asked: that says nothing of it.
  if (ms === 0) throw new TaskCancelledError()
  const { bulkhead, breaker, retryMs } = parts
  const shared = sharedWith(event, facts)
  const ends = performance.now() + ms
  const again = retry(handleWhen(isConnectionFault), {
    maxAttempts: 1,
    backoff: new ConstantBackoff(retryMs),
  })
  const once = (signal: AbortSignal) =>
    again.execute(async () => {
      signal.throwIfAborted()
      return provider.assess(shared, { signal, ms: Math.max(0, ends - performance.now()) })
    }, signal)
  const judged = async (signal: AbortSignal) => {
    const answer = await once(signal).catch((thrown: unknown) => {
      // Whatever it says when it is given up, it was late.
      throw signal.aborted ? new TaskCancelledError() : thrown
    })
    return judgedAssessment(answer, event.id)
  }
  return bulkhead.execute(() => throughBreaker(breaker, () => limited(ms, judged)))
}

/** An engine that is left alone is not told either: whoever waits for it takes the places of those that are there. */
async function told({ reports, breaker }: Parts, work: () => Promise<void>): Promise<boolean> {
  if (breaker.state === CircuitState.Open) throw new Error('open')
  try {
    await reports.execute(work)
    return true
  } catch (thrown) {
    if (thrown instanceof RiskLearnsNothing) return false
    // Whoever logs it must not log the engine's own words.
    throw new Error(failedBy(thrown).reason)
  }
}

function failedBy(thrown: unknown): Failed {
  if (thrown instanceof Probing || isBrokenCircuitError(thrown)) return { failure: 'open', reason: 'open' }
  if (isBulkheadRejectedError(thrown)) return { failure: 'busy', reason: 'too many at once' }
  if (isTaskCancelledError(thrown)) return { failure: 'timeout', reason: 'no answer in time' }
  if (thrown instanceof RiskAnswerMalformed) return { failure: 'malformed', reason: reasonOf(thrown) }
  return { failure: 'error', reason: reasonOf(thrown) }
}

function answered(
  seen: Seen,
  ms: number,
  answer: { readonly provider: string; readonly assessment: Assessment },
) {
  seen.answered += 1
  seen.latencies.push(ms)
  if (seen.latencies.length > kept) seen.latencies.shift()
  return { ...answer, ms }
}

function noted(seen: Seen, { institution, id, log, now }: Guarding, { failure, reason }: Failed): void {
  seen.failed += 1
  // That it is left alone is no news: why it is was noted before.
  if (failure === 'open') return
  seen.last = { at: now(), failure, reason }
  log.warn('risk.failed', { institution, provider: id, failure, reason })
}

function healthOf({ latencies, answered, failed, last }: Seen, breaker: CircuitBreakerPolicy): RiskHealth {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.floor(sorted.length * part)]
  return {
    breaker: stateNames[breaker.state],
    ...{ medianMs: at(0.5), p99Ms: at(0.99), answered, failed, lastFailure: last },
  }
}
