// What a verified ID token, and the userinfo beside it, say of the customer.
import type { IDToken, UserInfoResponse } from 'openid-client'
import type { Check } from '../../domain/exchange.ts'
import { Refusal, type RefusalCode } from '../../domain/refusal.ts'
import type { UpstreamSubject } from '../../domain/subject.ts'
import { acceptedClasses, type LevelTable } from '../../domain/upstream-level.ts'
import type { UpstreamReply } from '../../ports/connector.ts'
import type { OidcSettings } from './oidc-settings.ts'

export interface VerifiedAnswer {
  readonly idToken: IDToken
  readonly userinfo: UserInfoResponse | undefined
  /** Hash of the ID token as it came. */
  readonly verified: string
}

/** What the connection says. */
export interface OidcTerms {
  readonly settings: OidcSettings
  readonly levels: LevelTable | undefined
}

/** How `sub` is told apart from NameIDs of SAML in the key of a subject. */
export const subjectFormat = 'urn:drawbridge:subject:oidc'

/** A `sub` as the name of a customer. */
export const nameIdOf = (sub: string): UpstreamSubject['nameId'] => ({
  format: subjectFormat,
  value: sub,
  nameQualifier: undefined,
  spNameQualifier: undefined,
})

const longestLifetimeMs = 24 * 3600_000

/**
 * The last checks, and the subject. Signature, issuer, nonce, and that we are in the audience, were checked before; here
 * it is checked that nobody else is, that the token is of now, and that the customer was asked as we wanted.
 */
export function readClaims(
  answer: VerifiedAnswer,
  { settings, levels }: OidcTerms,
  reply: UpstreamReply,
): UpstreamSubject {
  const { idToken, verified } = answer
  const checks = checksOf(idToken, settings)
  const hold = (check: Check, code: RefusalCode = 'oidc.id_token') => {
    checks.push(check)
    const { name, expected, actual } = check
    if (!check.ok)
      throw new Refusal(code, {
        ...{ check: name, expected, actual: actual.slice(0, 200), checks: [...checks] },
        // Its signature held: a clock that is off is measured by the very answer that fails for it.
        issuedAt: idToken.iat * 1000,
      })
  }
  checkAudience(idToken, settings, hold)
  checkTimes(idToken, { settings, reply }, hold)
  const { acrValues: usual } = settings
  const asked = { usual, comparison: 'exact', table: levels, asked: reply.askedAcr } as const
  checkAcr(idToken, acceptedClasses(asked), hold)
  return {
    issuer: idToken.iss,
    nameId: nameIdOf(idToken.sub),
    authenticatedAt: (idToken.auth_time ?? idToken.iat) * 1000,
    undated: idToken.auth_time === undefined,
    issuedAt: idToken.iat * 1000,
    authnContext: acrOf(idToken) ?? '',
    sessionIndex: typeof idToken.sid === 'string' ? idToken.sid : undefined,
    sessionNotOnOrAfter: undefined,
    attributes: attributesOf(answer),
    answerId: verified,
    rememberUntil: (idToken.exp + settings.skewSeconds) * 1000,
    inResponseTo: reply.requestId,
    checks,
    verified,
  }
}

type Hold = (check: Check, code?: RefusalCode) => void

/** What the library has held by now, told for people. */
const checksOf = (idToken: IDToken, settings: OidcSettings): Check[] => [
  { name: 'state and iss', ok: true, expected: settings.issuer, actual: settings.issuer },
  { name: 'signature', ok: true, expected: settings.idTokenAlgorithm, actual: settings.idTokenAlgorithm },
  { name: 'iss', ok: true, expected: settings.issuer, actual: idToken.iss },
  { name: 'nonce', ok: true, expected: 'ours', actual: 'ours' },
]

/** OpenID Connect Core 3.1.3.7: a token that is for others too could be replayed to us by them (attack 90). */
function checkAudience({ aud, azp, sub }: IDToken, { clientId }: OidcSettings, hold: Hold): void {
  const audiences = [aud].flat()
  const alone = audiences.length === 1 && audiences[0] === clientId
  hold({ name: 'aud', ok: alone, expected: clientId, actual: audiences.join(' ') })
  if (azp !== undefined) hold({ name: 'azp', ok: azp === clientId, expected: clientId, actual: String(azp) })
  const fits = sub.trim() !== '' && sub.length <= 255
  hold({ name: 'sub', ok: fits, expected: '1 to 255 characters', actual: `${sub.length} characters` })
}

interface Timed {
  readonly settings: OidcSettings
  readonly reply: UpstreamReply
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()

function checkTimes({ iat, exp, auth_time: asked }: IDToken, { settings, reply }: Timed, hold: Hold): void {
  const skew = settings.skewSeconds
  const now = reply.now / 1000
  hold({
    name: 'iat',
    ok: iat <= now + skew && iat >= reply.askedAt / 1000 - skew,
    expected: 'since we asked',
    actual: iso(iat),
  })
  hold({
    name: 'exp',
    ok: exp * 1000 <= reply.now + longestLifetimeMs,
    expected: 'within a day',
    actual: iso(exp),
  })
  if (!reply.fresh && !settings.forceLogin) return
  const anew = asked !== undefined && asked >= reply.askedAt / 1000 - skew
  const actual = asked === undefined ? '(none)' : iso(asked)
  hold({ name: 'asked anew', ok: anew, expected: `after ${iso(reply.askedAt / 1000)}`, actual })
}

const acrOf = ({ acr }: IDToken): string | undefined => (typeof acr === 'string' ? acr : undefined)

function checkAcr(idToken: IDToken, accepted: readonly string[], hold: Hold): void {
  const acr = acrOf(idToken)
  if (accepted.length === 0) return
  const ok = acr !== undefined && accepted.includes(acr)
  hold({ name: 'acr', ok, expected: accepted.join(' | '), actual: acr ?? '(none)' })
}

type Claims = Readonly<Record<string, unknown>>

/**
 * By source: an address counts only where the very source that names it says that it is verified (attack 91). Into a
 * Map, so that no name is special; texts, numbers, truths and lists of them, nothing deeper.
 */
function attributesOf({ idToken, userinfo }: VerifiedAnswer): Map<string, readonly string[]> {
  return new Map([...flat(idToken), ...(userinfo ? flat(userinfo) : [])])
}

function flat(claims: Claims): [string, readonly string[]][] {
  const verified: Readonly<Record<string, boolean>> = {
    email: claims.email_verified === true,
    phone_number: claims.phone_number_verified === true,
  }
  return Object.entries(claims).flatMap(([name, value]): [string, readonly string[]][] => {
    const values = [value]
      .flat()
      .filter((one) => ['string', 'number', 'boolean'].includes(typeof one))
      .map(String)
    if (values.length === 0) return []
    return [[verified[name] === false ? `unverified_${name}` : name, values]]
  })
}
