// Signed requests (RFC 9101, CIBA 7.1.1): short-lived, and where they begin something by themselves good once.
import type { KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { isStorable } from '../domain/plain-text.ts'
import type { Replays } from '../ports/stores.ts'

export interface RequestObjectPorts {
  readonly institution: string
  readonly replays: Replays
  readonly now: () => number
}

interface Claims {
  readonly exp?: unknown
  readonly iat?: unknown
  readonly jti?: unknown
}

// FAPI 2.0 Message Signing 5.3.1: no longer than an hour.
const longestSeconds = 3600

/** The `requestObjects` feature: only by value, only ES256, and no older than an hour. */
export function requestObjects(ports: RequestObjectPorts) {
  return {
    enabled: true,
    assertJwtClaimsAndHeader: async (
      ctx: KoaContextWithOIDC,
      claims: Claims,
      _header: unknown,
      client: { clientId: string },
    ) => {
      const { exp, iat, jti } = claims
      const now = ports.now() / 1000
      const bad = (what: string) => new errors.InvalidRequestObject(what)
      if (typeof exp !== 'number' || exp - now > longestSeconds)
        throw bad('exp is needed, an hour ahead at most')
      if (ctx.oidc.route !== 'backchannel_authentication') return
      if (typeof iat !== 'number' || now - iat > longestSeconds)
        throw bad('iat is needed, an hour back at most')
      if (typeof jti !== 'string' || jti === '' || jti.length > 200 || !isStorable(jti))
        throw bad('jti is needed')
      const seen = { kind: 'request-object', id: `${client.clientId}|${jti}`, expiresAt: exp * 1000 } as const
      if (!(await ports.replays.once(ports.institution, seen))) throw bad('the request was sent before')
    },
  }
}
