// Access tokens, as the resource servers of the bridge itself see them.
import type { CallerToken } from '../domain/gateway.ts'

export interface BoundToken extends CallerToken {
  /** The key that the token is bound to (RFC 9449 6); tokens without one are bearer tokens. */
  readonly jkt: string | undefined
  readonly audience: string | undefined
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** A token that an API of the bank got for itself (RFC 6749 4.4): nobody's customer is behind it. */
export interface ClientToken {
  readonly relyingParty: string
  readonly scope: readonly string[]
  readonly audience: string | undefined
  /** The key that it is bound to; undefined for a bearer token. */
  readonly jkt: string | undefined
}

/** Looks an opaque token up; undefined when it is unknown, expired, revoked or of another institution. */
export interface AccessTokens {
  find(institution: string, token: string): Promise<BoundToken | undefined>
  /** Is it there and alive? Then whatever would end it waits until the unit around the caller has ended. */
  hold(institution: string, token: string): Promise<boolean>
  findClient(institution: string, token: string): Promise<ClientToken | undefined>
  /** The customer's name at the app that the token was given to (OIDC Core 8.1), as introspection tells it. */
  nameOf(token: BoundToken): Promise<string>
}
