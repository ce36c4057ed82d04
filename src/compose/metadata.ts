// Reading IdP metadata again: every node looks at what is due, and each document is read by one of them.
import type { MetadataRefresh } from '../flows/metadata-refresh.ts'
import { startBackground } from './background.ts'
import type { Foundation, Stores } from './foundation.ts'

const everyMs = 30_000

/** Starts looking; `stop` waits for what is under way. */
export function startMetadata(
  { log }: Foundation,
  { directory }: Stores,
  { metadataRefresh }: { readonly metadataRefresh: MetadataRefresh },
): { stop(): Promise<void> } {
  const pass = async () => {
    for (const { id } of await directory.institutions()) await metadataRefresh.pass(id)
  }
  return startBackground({ name: 'metadata', everyMs, pass }, log)
}
