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

/** Where a sign-in led, and what it left. */
export interface Return {
  readonly to: string
  /** The uid of the browser's session at that moment. */
  readonly session: string | undefined
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
    async keep({ institution, uid, browser }: ReturnPlace, { to, session }: Return): Promise<void> {
      if (browser === undefined) return
      const row = { browser, to: seal.seal(institution, to), session }
      await tokens.upsert(key(institution, uid), row, seconds)
    },
    /** Undefined when nothing is kept for this browser, or no longer. */
    async of({ institution, uid, browser }: ReturnPlace): Promise<Return | undefined> {
      if (browser === undefined) return undefined
      const { payload } = (await tokens.find(key(institution, uid))) ?? {}
      if (payload?.browser !== browser) return undefined
      const { to, session } = payload as { to: string; session?: string }
      return { to: seal.open(institution, to), session }
    },
  }
}
