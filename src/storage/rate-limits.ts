// How often something may be done.
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
} from 'rate-limiter-flexible'
import type { Log } from '../ports/log.ts'
import type { RateBucket, RateLimits } from '../ports/stores.ts'
import type { Database } from './open.ts'

export type RateBudgets = Readonly<Record<RateBucket, { readonly points: number; readonly seconds: number }>>

// Where the counter itself fails, guessing must not become free, nor what costs the bank money; ordinary traffic goes on.
const failClosed: ReadonlySet<RateBucket> = new Set(['pin', 'device', 'channel'])

/**
 * Guesses (`pin`, `device`) and messages that cost (`channel`) are counted in the database for all nodes together, floods by each node in its memory: a
 * round trip for every request would cost more than it protects. The embedded database has one process anyway.
 */
export function createRateLimits(database: Database, budgets: RateBudgets, log: Log): RateLimits {
  const limiters = new Map<RateBucket, RateLimiterAbstract>()
  for (const [bucket, budget] of Object.entries(budgets)) {
    limiters.set(bucket as RateBucket, open(database, bucket, budget))
  }
  return {
    async take(bucket, key) {
      try {
        await limiters.get(bucket)?.consume(key)
        return { allowed: true, retryAfterSeconds: 0 }
      } catch (reason) {
        if (reason instanceof RateLimiterRes) {
          return { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(reason.msBeforeNext / 1000)) }
        }
        log.error('rate_limit.failed', { bucket, error: String(reason) })
        return { allowed: !failClosed.has(bucket), retryAfterSeconds: 5 }
      }
    },
  }
}

function open(
  { aside, kind }: Database,
  bucket: string,
  { points, seconds }: { points: number; seconds: number },
): RateLimiterAbstract {
  const common = { keyPrefix: bucket, points, duration: seconds }
  // Floods are told apart well enough by each node; guesses are counted for all of them together.
  if (kind === 'embedded' || !failClosed.has(bucket as RateBucket)) return new RateLimiterMemory(common)
  return new RateLimiterPostgres({
    ...common,
    storeClient: aside,
    storeType: 'knex',
    tableName: 'rate_limit',
    // By a migration: who serves may have no right to make tables (`migrate --help`).
    tableCreated: true,
    inMemoryBlockOnConsumed: points + 1,
  })
}
