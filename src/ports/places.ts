// Where network addresses are.
import type { Covered, Place } from '../domain/place.ts'

export interface Places {
  /**
   * Undefined where nobody knows, and always of an address that is not public. Waits for nothing and never throws: what it
   * knows is in memory.
   */
  of(address: string): Place | undefined
}

/** Places by the databases of the operator. */
export interface PlaceDatabases extends Places {
  readonly covered: Covered
}
