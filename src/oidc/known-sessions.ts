// Which sessions a request has found, so that saving one of them can be told from making a new one.
import type { KoaContextWithOIDC } from 'oidc-provider'

export interface KnownSessions {
  found(id: string): void
  /** Does the library remove this identifier only because the session gets another? */
  leaves(id: string): boolean
  /** The identifier under which the row of this session stands; undefined where the request has not found it. */
  saved(id: string): string | undefined
}

/** `request` is the request around the caller; outside of one nothing is known. */
export function createKnownSessions(request: () => KoaContextWithOIDC | undefined): KnownSessions {
  const found = new WeakMap<object, Set<string>>()
  const leaving = new WeakMap<object, string>()
  const known = (ctx: object, id: string): boolean => found.get(ctx)?.has(id) ?? false
  return {
    found(id) {
      const ctx = request()
      if (ctx === undefined) return
      found.set(ctx, (found.get(ctx) ?? new Set()).add(id))
    },
    leaves(id) {
      const ctx = request()
      const session = ctx?.oidc?.session as { oldId?: string; jti?: string } | undefined
      if (ctx === undefined || session?.oldId !== id || session.jti === id) return false
      // What was moved already, or never found, is not there to be removed.
      if (known(ctx, id)) leaving.set(ctx, id)
      return true
    },
    saved(id) {
      const ctx = request()
      if (ctx === undefined) return undefined
      const was = leaving.get(ctx) ?? id
      if (!known(ctx, was)) return undefined
      leaving.delete(ctx)
      found.get(ctx)?.delete(was)
      found.get(ctx)?.add(id)
      return was
    },
  }
}
