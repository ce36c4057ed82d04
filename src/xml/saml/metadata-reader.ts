// A thread of its own for IdP metadata, started when there is some: no sign-in ever waits for an import.
import { join } from 'node:path'
import { Piscina } from 'piscina'
import { longestMetadata } from '../../domain/idp-metadata.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { IdpMetadataReader } from '../../ports/idp-metadata.ts'
import type { MetadataTask, MetadataVerdict } from './metadata-worker.ts'

export interface MetadataReaderOptions {
  /** For one document, the start of the thread and the wait for those before it included. */
  readonly deadlineMs: number
}

const idleMs = 10_000
const longestQueue = 16

export function createMetadataReader({ deadlineMs }: MetadataReaderOptions): IdpMetadataReader {
  const pool = new Piscina<MetadataTask, MetadataVerdict>({
    filename: join(import.meta.dirname, 'metadata-worker.ts'),
    minThreads: 0,
    maxThreads: 1,
    maxQueue: longestQueue,
    idleTimeout: idleMs,
    resourceLimits: { maxOldGenerationSizeMb: 128 },
  })
  // Without a listener an idle thread's death would end the process; whoever waits for a reading learns by its own error.
  pool.on('error', () => undefined)
  return {
    async read(document, wish) {
      if (document.byteLength > longestMetadata)
        throw new Refusal('metadata.malformed', { check: 'metadata', actual: 'too large' })
      const signal = AbortSignal.timeout(deadlineMs)
      const verdict = await pool.run({ document, wish }, { name: 'readingOf', signal }).catch(unread)
      if ('code' in verdict) throw new Refusal(verdict.code, verdict.detail)
      return verdict.reading
    },
    close: () => pool.destroy(),
  }
}

function unread(error: unknown): never {
  const text = String(error).slice(0, 200)
  if (/queue/i.test(text)) throw new Refusal('busy', { queue: 'metadata' })
  const late = error instanceof Error && error.name === 'AbortError'
  throw new Refusal('metadata.malformed', { check: 'metadata', actual: late ? 'too slow to read' : text })
}
