// The store of what is frozen. What is read of it is never older than the freeze's own commit, on whichever node.
import type { Freeze, FreezeTarget, Lifting } from '../domain/freeze.ts'

export interface Freezes {
  /**
   * In force from the unit's commit on. Waits for every unit that holds the target, and those that come meanwhile wait for this
   * one. False where there is one of this id already.
   */
  set(freeze: Omit<Freeze, 'lifted'>): Promise<boolean>
  /** False where it was in force no more. */
  lift(institution: string, id: string, lifting: Lifting): Promise<boolean>
  get(institution: string, id: string): Promise<SeenFreeze | undefined>
  /** Newest first: those in force, or those that are over; 101 at most, which go on behind this one. */
  list(institution: string, which: FreezeState, behind?: FreezePlace): Promise<readonly SeenFreeze[]>
  /**
   * Is it frozen? Whoever would freeze it waits from here until the unit around the caller has ended: what goes on by this
   * answer comes before the freeze, or not at all.
   */
  hold(institution: string, target: FreezeTarget): Promise<boolean>
  /** The same as of this moment, and nobody waits. */
  has(institution: string, target: FreezeTarget): Promise<boolean>
}

export type FreezePlace = Pick<Freeze, 'at' | 'id'>
export type FreezeState = 'in-force' | 'over'

/** By the clock of the database, which is one for all nodes. */
export interface SeenFreeze extends Freeze {
  readonly state: FreezeState
}
