// Connections as their administrators see them: always fresh, with every version that ever was.
import type { Connection, ConnectionContent, ConnectionState, ManagedBy } from '../domain/institution.ts'
import type { DroppedKey } from './own-keys.ts'

/** An edit of an active connection that waits until it was tested and activated; customers go on with the present one. */
export interface Proposal {
  /** The version that brought it. */
  readonly version: number
  readonly content: ConnectionContent
  readonly tested: boolean
  /** Who asked for it: `administrator:ID`, `schedule`, `command`, `file`. */
  readonly by: string
  readonly why: string
  readonly at: number
  /** It is what the IdP published: the next reading of its metadata may replace or drop it, as it never does a person's own. */
  readonly read?: true
}

export interface ConnectionRecord extends Connection {
  readonly managedBy: ManagedBy
  readonly updatedAt: number
  readonly proposal: Proposal | undefined
}

export const connectionChanges = [
  'created',
  'saved',
  'proposed',
  'discarded',
  'tested',
  'activated',
  'disabled',
  'restored',
  'refreshed',
  'applied',
  'removed',
] as const
export type ConnectionChange = (typeof connectionChanges)[number]

/**
 * One line of a connection's history. Versions are never removed, and never changed but for one thing: what the versions of a
 * removed draft said is emptied, for it may hold secrets that nobody could see or end any more.
 */
export interface ConnectionVersion {
  readonly version: number
  readonly change: ConnectionChange
  /** The state that the connection had afterwards. */
  readonly state: ConnectionState
  /** What this version brought: of a `proposed` one the proposal, else what customers sign in by. */
  readonly content: ConnectionContent
  readonly by: string
  readonly why: string
  readonly at: number
}

/** Who does it and why; both stand in the history. */
export interface Actor {
  readonly by: string
  readonly why: string
}

export interface ConnectionWrite {
  /** The row as it shall be; its `version` is the one after the present one. */
  readonly record: Omit<ConnectionRecord, 'updatedAt'>
  readonly change: ConnectionChange
  /** What the history keeps as this version's content. */
  readonly content: ConnectionContent
  readonly actor: Actor
  readonly at: number
}

/** Which row is to go, as it was seen. */
export interface ConnectionRemoval {
  readonly record: ConnectionRecord
  readonly actor: Actor
  readonly at: number
}

export interface ConnectionStore {
  /**
   * Waits for whoever changes connections of this institution at this moment, and keeps others waiting until this unit ends: what
   * is read of the connections from then on is so when the unit commits. Needs a unit.
   */
  lock(institution: string): Promise<void>
  get(institution: string, id: string): Promise<ConnectionRecord | undefined>
  list(institution: string): Promise<readonly ConnectionRecord[]>
  /** The number that the next version of this id has, also after a removal: numbers are never used twice. */
  nextVersion(institution: string, id: string): Promise<number>
  /** Adds the row with its first version; false when there is one of this id. */
  create(write: ConnectionWrite): Promise<boolean>
  /** Changes the row and adds the version; false when the row has moved on since: of two writers one wins. */
  change(write: ConnectionWrite): Promise<boolean>
  /**
   * Removes the row with all that is kept for it alone: keys, test logins, what was read of its IdP, warnings; what its versions
   * said is emptied. Resolves with the keys that were destroyed; undefined when the row has moved on since.
   */
  remove(removal: ConnectionRemoval): Promise<readonly DroppedKey[] | undefined>
  /** Newest first. */
  versions(institution: string, id: string): Promise<readonly ConnectionVersion[]>
}
