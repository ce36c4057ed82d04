// What a change of a connection asks of the person who makes customers sign in by it.
import { weakens } from './administrator.ts'
import type { FieldChange } from './connection.ts'
import { loosened } from './connection.ts'

export interface Approval {
  /** Paths that are not proven to ask more than before (ruling R-34). */
  readonly loosened: readonly string[]
  /** The person must have proven themselves just now. */
  readonly recent: boolean
  /** They need the permission `weaken`: the IdP may prove less than before. */
  readonly weaken: boolean
}

export const nothingAsked: Approval = { loosened: [], recent: false, weaken: false }

/** The first time there is nothing to be weaker than: whoever may make connections may say what this one is. */
export const firstActivation: Approval = { loosened: [], recent: true, weaken: false }

/** What it takes to let these changes reach customers. */
export function approvalOf(changes: readonly FieldChange[]): Approval {
  const paths = loosened(changes)
  return { loosened: paths, recent: paths.length > 0, weaken: weakens(paths) }
}
