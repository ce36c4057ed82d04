// Where network addresses are.
import type { Place } from '../domain/place.ts'

export interface Places {
  /**
   * Undefined where nobody knows, and always of an address that is not public. Waits for nothing and never throws: what it
   * knows is in memory.
   */
  of(address: string): Place | undefined
}
