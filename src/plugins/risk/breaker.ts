// When a risk engine that fails is left alone, and when it is tried again.
import {
  type CircuitBreakerPolicy,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  noJitterGenerator,
} from 'cockatiel'
import type { Log } from '../../ports/log.ts'
import type { RiskHealth } from '../../ports/risk.ts'

export interface BreakerSettings {
  /** Part of the last answers that must have failed for the engine to be left alone. */
  readonly failing: number
  /** How many answers are looked back on. */
  readonly window: number
  /** With fewer answers than this nothing is concluded. */
  readonly least: number
  /** How long it is left alone; then one event is tried on it, and where that fails, twice as long. */
  readonly openMs: number
  readonly longestOpenMs: number
}

export interface Breaking {
  readonly institution: string
  readonly id: string
  readonly log: Log
  /** Which of its calls; undefined for those that judge. */
  readonly of?: 'challenges'
  /** What was thrown says that it does not answer; everything does unless told. */
  readonly isFailure?: (thrown: unknown) => boolean
}

export function createBreaker(settings: BreakerSettings, breaking: Breaking): CircuitBreakerPolicy {
  const { failing, window, least, openMs, longestOpenMs } = settings
  const { institution, id, log, of, isFailure = () => true } = breaking
  const breaker = circuitBreaker(handleWhen(isFailure), {
    breaker: new CountBreaker({ threshold: failing, size: window, minimumNumberOfCalls: least }),
    halfOpenAfter: new ExponentialBackoff({
      ...{ initialDelay: openMs, maxDelay: longestOpenMs, generator: noJitterGenerator },
    }),
  })
  breaker.onStateChange((state) =>
    log.warn('risk.breaker', { institution, provider: id, state: stateNames[state], ...(of && { of }) }),
  )
  return breaker
}

export const stateNames: Readonly<Record<CircuitState, RiskHealth['breaker']>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
}

/** Nobody waits while one event is tried on an engine that failed; the library would have them wait. */
export class Probing extends Error {}

export function throughBreaker<T>(breaker: CircuitBreakerPolicy, work: () => Promise<T>): Promise<T> {
  if (breaker.state === CircuitState.HalfOpen) throw new Probing()
  return breaker.execute(work)
}
