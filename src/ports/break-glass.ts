// What is kept of break-glass: its keys, each use of one, and who has seen that.
import type { BreakGlassKey, BreakGlassUse } from '../domain/break-glass.ts'

export interface BreakGlassKeys {
  /** Oldest first. */
  list(institution: string): Promise<readonly BreakGlassKey[]>
  /**
   * False when there are `limit` keys already, or this credential is one of them; under a lock that the unit holds, so
   * that of two who add at once none comes over the limit.
   */
  add(key: BreakGlassKey, limit: number): Promise<boolean>
  /** What was removed; undefined when there was no such key. */
  remove(institution: string, id: string): Promise<BreakGlassKey | undefined>
  /**
   * Notes a use and moves the counter on, in one statement. False when the counter does not go forward, unless it is 0
   * and always was (WebAuthn 6.1.1); of two with the same counter one wins.
   */
  used(institution: string, use: { id: string; counter: number; at: number }): Promise<boolean>
}

export interface BreakGlassUses {
  add(use: BreakGlassUse): Promise<void>
  /** Uses that this administrator has not said to have seen; newest first. */
  unseen(institution: string, administrator: string): Promise<readonly BreakGlassUse[]>
  /** Notes that this administrator has seen these; resolves with those that are uses of the institution, the rest is passed over. */
  see(
    institution: string,
    seen: { administrator: string; uses: readonly string[]; at: number },
  ): Promise<readonly string[]>
}
