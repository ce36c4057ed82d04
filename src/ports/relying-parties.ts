// Relying parties as their administrators see them: always fresh, each with its version.
import type { ManagedBy, RelyingParty } from '../domain/institution.ts'

export interface RelyingPartyRecord {
  readonly party: RelyingParty
  readonly managedBy: ManagedBy
  /** Grows with each change made in the console. */
  readonly version: number
}

export interface RelyingPartyStore {
  list(institution: string): Promise<readonly RelyingPartyRecord[]>
  get(institution: string, id: string): Promise<RelyingPartyRecord | undefined>
  /** False when there is one of this id. */
  create(party: RelyingParty): Promise<boolean>
  /** False when the row has moved on from that version, or a file rules it. */
  change(party: RelyingParty, version: number): Promise<boolean>
  /** False as above. */
  remove(institution: string, id: string, version: number): Promise<boolean>
}
