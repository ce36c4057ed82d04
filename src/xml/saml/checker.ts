// A pool of workers that check SAML answers, each under a deadline (duty D20).
import { join } from 'node:path'
import pLimit from 'p-limit'
import { Piscina } from 'piscina'
import { Refusal } from '../../domain/refusal.ts'
import type { SamlChecker } from '../../ports/saml-checker.ts'
import type { Verdict } from './worker.ts'

export interface CheckerOptions {
  readonly workers: number
  readonly deadlineMs: number
}

// The deadline is for one message; a worker that replaces a killed one may take this long to start.
const startMs = 5000
const longestQueue = 64

/** Starts the pool and waits until its workers are warm. */
export async function createSamlChecker({ workers, deadlineMs }: CheckerOptions): Promise<SamlChecker> {
  const pool = new Piscina({
    filename: join(import.meta.dirname, 'worker.ts'),
    minThreads: workers,
    maxThreads: workers,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  })
  // The queue is in front of the pool, so that a message's deadline begins when a worker does.
  const limit = pLimit(workers)
  const run = async (task: object, ms: number): Promise<Verdict> => {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), ms)
    try {
      return await pool.run(task, { name: 'verdictOn', signal: stop.signal })
    } catch (error) {
      const late = error instanceof Error && error.name === 'AbortError'
      throw new Refusal(late ? 'saml.deadline' : 'saml.malformed', { error: String(error).slice(0, 200) })
    } finally {
      clearTimeout(timer)
    }
  }
  // A new worker compiles its schemas first; no customer's message should meet it before that.
  const warm = () => limit(() => run({ samlResponse: '', expected: {} }, startMs))
  await Promise.all(Array.from({ length: workers }, warm))
  return {
    async check(samlResponse, expected) {
      if (limit.pendingCount > longestQueue * workers) throw new Refusal('busy', { queue: 'saml' })
      const verdict = await limit(() => run({ samlResponse, expected }, deadlineMs)).catch(
        (error: unknown) => {
          // The worker was ended with its message; the next one warms up.
          void warm().catch(() => undefined)
          throw error
        },
      )
      if ('code' in verdict) throw new Refusal(verdict.code, verdict.detail)
      return verdict.subject
    },
    close: () => pool.destroy(),
  }
}
