// What somebody had before their eyes at a version: the change that waited, or what customers signed in by.
import type { ConnectionContent } from '../domain/institution.ts'
import type { HistoryEntry } from '../flows/connections.ts'

type Version = Pick<HistoryEntry, 'version' | 'change' | 'state' | 'content'>

/** Newest first, as the history is. Undefined for a version that there never was. */
export function contentAt(history: readonly Version[], version: number): ConnectionContent | undefined {
  const at = history.findIndex((one) => one.version === version)
  const found = history[at]
  if (found === undefined) return undefined
  // The test of a proposal keeps what customers sign in by; what was looked at is the proposal before it.
  const before = history[at + 1]
  const ofProposal = found.change === 'tested' && found.state === 'active' && before !== undefined
  return ofProposal ? contentAt(history, before.version) : found.content
}
