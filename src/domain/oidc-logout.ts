// What a logout token of an OpenID provider must say beside an ID token's checks, and what it says then.
import { Refusal } from './refusal.ts'

/** A session of the customer at the provider that is over (OIDC Back-Channel Logout 1.0, 2.4). */
export interface LogoutToken {
  readonly id: string
  /** Undefined: whoever has this session. */
  readonly subject: string | undefined
  /** Undefined: all sessions of this subject. */
  readonly session: string | undefined
  /** For replay: until when its `jti` must be remembered (epoch milliseconds). */
  readonly rememberUntil: number
}

export interface LogoutTokenParts {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

export interface LogoutTokenRules {
  readonly clientId: string
  /** Epoch milliseconds. */
  readonly now: number
  readonly skewSeconds: number
}

export const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** How far an end may lie ahead; they are made when they are sent. */
const longestLifetimeMs = 24 * 3600_000
/** What section 2.4 asks for; so long lives one without an end, as providers older than the final standard make them. */
const usualLifetimeMs = 120_000
const longestName = 255

// Section 2.4 recommends the type and lets old providers leave it out; many write the general `JWT`. What tells a logout
// token from an ID token is the event and the missing nonce, which are always held.
const types: readonly unknown[] = ['logout+jwt', 'application/logout+jwt', 'jwt', undefined]

const refuse = (check: string, actual: unknown): never => {
  throw new Refusal('logout.refused', {
    cause: 'oidc.logout_token',
    check,
    actual: String(actual).slice(0, 100),
  })
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Absent is undefined; whatever is there must be a name. */
function nameIn(claims: LogoutTokenParts['claims'], claim: 'sub' | 'sid' | 'jti'): string | undefined {
  const value = claims[claim]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longestName) return value
  return refuse(claim, typeof value)
}

/**
 * Reads a token whose signature, issuer, audience and times were checked (2.6, steps 1 to 5). Refuses with
 * `logout.refused` what is no logout token, or names nobody.
 */
export function readLogoutToken(
  { header, claims }: LogoutTokenParts,
  { clientId, now, skewSeconds }: LogoutTokenRules,
): LogoutToken {
  const type = typeof header.typ === 'string' ? header.typ.toLowerCase() : header.typ
  if (!types.includes(type)) refuse('typ', header.typ)
  // As with ID tokens (attack 90): one that is for others too could be brought to us by them.
  const audiences = [claims.aud].flat()
  if (audiences.length !== 1 || audiences[0] !== clientId) refuse('aud', audiences.join(' '))
  if (!isRecord(claims.events) || !isRecord(claims.events[logoutEvent]))
    refuse('events', JSON.stringify(claims.events))
  // It must not be there, whatever it says: an ID token has one (2.4).
  if (Object.hasOwn(claims, 'nonce')) refuse('nonce', 'present')
  const [id, subject, session] = [nameIn(claims, 'jti'), nameIn(claims, 'sub'), nameIn(claims, 'sid')]
  if (id === undefined) return refuse('jti', '(none)')
  if (subject === undefined && session === undefined) refuse('sub or sid', '(none)')
  const rememberUntil = endOf(claims) + skewSeconds * 1000
  if (!(rememberUntil > now && rememberUntil <= now + longestLifetimeMs)) refuse('exp', claims.exp)
  return { id, subject, session, rememberUntil }
}

/** Epoch milliseconds. */
const endOf = ({ exp, iat }: LogoutTokenParts['claims']): number =>
  exp === undefined ? Number(iat) * 1000 + usualLifetimeMs : Number(exp) * 1000
