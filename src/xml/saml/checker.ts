// A pool of workers that check SAML answers, each under a deadline (duty D20).
import { join } from 'node:path'
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

/** Starts the pool and waits until its first worker is warm. */
export async function createSamlChecker({ workers, deadlineMs }: CheckerOptions): Promise<SamlChecker> {
  const pool = new Piscina({
    filename: join(import.meta.dirname, 'worker.ts'),
    minThreads: 1,
    maxThreads: workers,
    idleTimeout: 60_000,
    maxQueue: 64 * workers,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  })
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
  await run({ samlResponse: '', expected: {} }, startMs)
  return {
    async check(samlResponse, expected) {
      const verdict = await run({ samlResponse, expected }, pool.queueSize > 0 ? startMs : deadlineMs)
      if ('code' in verdict) throw new Refusal(verdict.code, verdict.detail)
      return verdict.subject
    },
    close: () => pool.destroy(),
  }
}
