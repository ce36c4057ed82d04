// Deleting what an institution keeps no longer, a little at a time.
import type { RecordKind } from '../domain/retention.ts'

export interface RetentionLook {
  /** Records that were created from then on, and before `before`; epoch milliseconds. */
  readonly from: number
  readonly before: number
  readonly now: number
  /** How many are looked at; a few more where several are of one moment. */
  readonly most: number
}

export interface RetentionLooked {
  readonly removed: number
  /** Everything that was created before then was looked at; `before` where nothing is left to look at. */
  readonly until: number
}

export interface RetentionStore {
  /**
   * Deletes what has ended before `before` and nothing needs any more: no transaction that evidence, an approval or a case is kept of, that
   * is open, or by which somebody could still be told to carry it out; no approval with evidence; no case that waits; no assessment whose end is
   * owed. What another node deletes at this moment is left to it. Where this node's clock is ahead of the database's, the latter counts.
   */
  removeOld(institution: string, kind: RecordKind, look: RetentionLook): Promise<RetentionLooked>
}
