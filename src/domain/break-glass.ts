// Break-glass: the two passkeys in their safes that open the console when nothing else does, and what each use leaves behind.
import type { Visitor } from './administrator.ts'

/** One for each of two safes: one key alone is lost with one fire, and three are not watched. */
export const keysWanted = 2

/** How long a browser has to answer with its key, in seconds: somebody has to find the slot, and then the PIN. */
export const challengeSeconds = 5 * 60

export interface BreakGlassKey {
  readonly institution: string
  /** Our own name for it, as sessions and the audit have it. */
  readonly id: string
  /** What stands on the envelope. */
  readonly label: string
  /** base64url, as the browser names it. */
  readonly credentialId: string
  /** COSE, base64url. */
  readonly publicKey: string
  /** The signature counter that was seen last; stays 0 for keys that do not count. */
  readonly counter: number
  readonly transports: readonly string[]
  readonly registeredBy: string
  /** Epoch milliseconds. */
  readonly registeredAt: number
  readonly lastUsedAt: number | undefined
}

/** That a key was used: everybody is told until they have said that they know. Times in epoch milliseconds. */
export interface BreakGlassUse {
  readonly institution: string
  readonly id: string
  readonly key: string
  readonly label: string
  readonly at: number
  /** When the session that it opened ends at the latest. */
  readonly until: number
}

/** A label as it is kept; undefined for one that nobody could read aloud from an envelope. */
export function labelOf(given: string): string | undefined {
  const label = given.normalize('NFC').trim()
  return label.length >= 1 && label.length <= 60 && !/[\p{C}\p{Zl}\p{Zp}]/u.test(label) ? label : undefined
}

/** May this person register and remove keys? Not by a key from a safe: a stolen one must not make itself another. */
export const mayChangeKeys = ({ kind, roles }: Pick<Visitor, 'kind' | 'roles'>): boolean =>
  kind === 'workforce' && roles.includes('owner')
