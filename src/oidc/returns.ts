// The last redirect to an app, remembered for as long as its code lives: for the second press of a button.
import type { FieldSeal } from '../ports/field-seal.ts'
import type { TokenStore } from '../ports/tokens.ts'

export interface ReturnPorts {
  readonly tokens: TokenStore
  readonly seal: FieldSeal
  /** As long as a code lives. */
  readonly seconds: number
}

export type Returns = ReturnType<typeof createReturns>

/**
 * Whoever presses twice makes the browser drop the redirect that carries the code, after the code was made: it would be
 * lost, and the customer with it. The address is a bearer value while its code lives, and so it is sealed.
 */
export function createReturns({ tokens, seal, seconds }: ReturnPorts) {
  const key = (institution: string, uid: string) => ({ institution, model: 'Return', id: uid })
  return {
    keep: (institution: string, uid: string, to: string): Promise<void> =>
      tokens.upsert(key(institution, uid), { to: seal.seal(institution, to) }, seconds),
    /** Undefined when nothing is kept, or no longer. */
    async of(institution: string, uid: string): Promise<string | undefined> {
      const row = await tokens.find(key(institution, uid))
      return row && seal.open(institution, row.payload.to as string)
    },
  }
}
