// Reading the audit back: for `audit verify`, for auditors, for the page that shows events as they arrive.
import type { RowColumns } from '../domain/audit-row.ts'

export interface AuditRow extends RowColumns {
  /** Canonical JSON (RFC 8785) of the event as it was committed. */
  readonly body: string
  /** Base64 leaf hash by RFC 6962: SHA-256(0x00 || body). */
  readonly leaf: string
  /** Position in the log; undefined until the sequencer has integrated it. */
  readonly index: number | undefined
}

export interface Checkpoint {
  readonly institution: string
  readonly size: number
  /** The signed note in the C2SP tlog-checkpoint format. */
  readonly note: string
}

/** An event that carries the digest of evidence, and what proves that it is in the log. */
export interface AuditProof {
  /** Canonical JSON, as it was committed. */
  readonly body: string
  /** Undefined until the sequencer has integrated it. */
  readonly logged: LoggedAt | undefined
}

export interface LoggedAt {
  readonly index: number
  /** RFC 6962 audit path to the tree of the checkpoint. */
  readonly path: readonly Buffer[]
  /** The signed note of the first tree that has the event in it. */
  readonly checkpoint: string
}

export interface AuditProofs {
  /** The event whose `detail.evidence` is this digest; within a unit as the unit sees it. */
  ofEvidence(institution: string, digest: string): Promise<AuditProof | undefined>
}

export interface AuditLog {
  /** Integrated rows in order of their index, `limit` at most, from `from` on. */
  range(institution: string, from: number, limit: number): Promise<readonly AuditRow[]>
  /** Committed rows not yet integrated. */
  pending(institution: string): Promise<readonly AuditRow[]>
  /** Checkpoints of more than `above` events in order of their size: all, or `limit` at most. */
  checkpoints(institution: string, above?: number, limit?: number): Promise<readonly Checkpoint[]>
}
