// The last redirect to an app, remembered for as long as its code lives: for the second press of a button.
import type { FieldSeal } from '../ports/field-seal.ts'
import type { TokenStore } from '../ports/tokens.ts'

export interface ReturnPorts {
  readonly tokens: TokenStore
  readonly seal: FieldSeal
  /** As long as a code lives. */
  readonly seconds: number
}

export interface ReturnPlace {
  readonly institution: string
  readonly uid: string
  /** Hash of our binding cookie; without one nothing is kept. */
  readonly browser: string | undefined
}

export type Returns = ReturnType<typeof createReturns>

/**
 * Whoever presses twice makes the browser drop the redirect that carries the code, after the code was made: it would be
 * lost, and the customer with it. The address is a bearer value while its code lives: so it is sealed, and given again
 * to the browser alone that our own cookie tells apart. The provider's cookies may have been planted there (attack 116).
 */
export function createReturns({ tokens, seal, seconds }: ReturnPorts) {
  const key = (institution: string, uid: string) => ({ institution, model: 'Return', id: uid })
  return {
    async keep({ institution, uid, browser }: ReturnPlace, to: string): Promise<void> {
      if (browser === undefined) return
      await tokens.upsert(key(institution, uid), { browser, to: seal.seal(institution, to) }, seconds)
    },
    /** Undefined when nothing is kept for this browser, or no longer. */
    async of({ institution, uid, browser }: ReturnPlace): Promise<string | undefined> {
      if (browser === undefined) return undefined
      const { payload } = (await tokens.find(key(institution, uid))) ?? {}
      return payload?.browser === browser ? seal.open(institution, payload.to as string) : undefined
    },
  }
}
