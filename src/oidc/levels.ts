// acr and amr of tokens, computed at issuance in one place (ruling R-18).
import type { Account, KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import {
  type Acr,
  acrOf,
  highest,
  isAcr,
  lowestRequested,
  withDeviceAndPin,
  withoutDevice,
} from '../domain/acr.ts'
import type { Institution, RelyingParty } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import { isOver, onlyTransaction, type Transaction } from '../domain/transaction.ts'
import type { UpstreamSessions } from '../ports/sign-out.ts'

/** What a finished interaction says of the authorization that it was for. */
export interface InteractionLevel {
  readonly acr: Acr
  readonly amr: readonly string[]
  readonly device: string | undefined
  /** Hash of the transaction that the customer approved. */
  readonly transaction: string | undefined
  /** The upstream session ends then (duty D14); epoch seconds. */
  readonly sessionUntil: number | undefined
  /** The sign-in of ours that asked upstream; undefined when the browser's session was enough. */
  readonly upstreamLogin: string | undefined
  /** Where the customer signed in; undefined when this interaction went on with a session. */
  readonly connection: string | undefined
}

/** Is the device with this key present for this customer? Its id if so. */
export type Presence = (subject: string, jkt: string | undefined) => Promise<string | undefined>

/** The level that our own interaction put into its result, if this request resumes one. */
export const levelOf = (ctx: KoaContextWithOIDC): InteractionLevel | undefined =>
  (ctx.oidc.result as { level?: InteractionLevel } | undefined)?.level

/** The transaction that rides on this authorization request; validated when the request came in. */
export function transactionOfRequest(ctx: KoaContextWithOIDC): Transaction | undefined {
  const raw = ctx.oidc.params?.authorization_details
  return typeof raw === 'string' ? onlyTransaction(JSON.parse(raw)) : undefined
}

/** The key that PAR proved (ruling R-18); a `dpop_jkt` parameter alone proves nothing. */
export function provenJkt(ctx: KoaContextWithOIDC): string | undefined {
  const pushed = ctx.oidc.entities.PushedAuthorizationRequest as { dpopJkt?: string } | undefined
  return pushed?.dpopJkt
}

/** The level that this authorization needs: what the app asks, its floor, and the limits on its transaction. */
export function neededAcr(
  ctx: KoaContextWithOIDC,
  { institution, relyingParty }: { institution: Institution; relyingParty: RelyingParty },
): Acr | undefined {
  const transaction = transactionOfRequest(ctx)
  const overLimit = transaction !== undefined && isOver(transaction.amount, institution.stepUpOver)
  const asked = highest(requestedAcr(ctx), relyingParty.acrFloor)
  return overLimit ? highest(asked, withDeviceAndPin) : asked
}

function requestedAcr(ctx: KoaContextWithOIDC): Acr | undefined {
  const values = ctx.oidc.params?.acr_values
  const voluntary = typeof values === 'string' ? values.split(' ').filter((value) => value !== '') : []
  return highest(lowestKnown(voluntary), lowestKnown(essentialAcrs(ctx)))
}

/** OIDC Core 5.5.1.1: an essential acr claim must be met or the request fails. */
function essentialAcrs(ctx: KoaContextWithOIDC): string[] {
  const acr: unknown = ctx.oidc.claims?.id_token?.acr
  if (typeof acr !== 'object' || acr === null || !('essential' in acr) || acr.essential !== true) return []
  const value = 'value' in acr ? [acr.value] : []
  const values = 'values' in acr && Array.isArray(acr.values) ? acr.values : []
  return [...value, ...values].map(String)
}

function lowestKnown(values: readonly string[]): Acr | undefined {
  const lowest = lowestRequested(values)
  // RFC 9470 5: a level that nobody here can give is told, not silently dropped.
  if (values.length > 0 && lowest === undefined) {
    throw new errors.UnmetAuthenticationRequirements('none of the requested acr values can be reached here')
  }
  return lowest
}

/** The level of this authorization as it stands: what the interaction reached, else the session plus a present device. */
export async function reached(
  ctx: KoaContextWithOIDC,
  present: Presence,
): Promise<InteractionLevel | undefined> {
  const level = levelOf(ctx)
  if (level !== undefined) return level
  const subject = ctx.oidc.session?.accountId
  if (subject === undefined) return undefined
  const device = await present(subject, provenJkt(ctx))
  const session = withoutDevice(ctx.oidc.session?.amr ?? [])
  const amr = device === undefined ? session : [...session, 'pop']
  return {
    acr: acrOf(amr),
    amr,
    device,
    transaction: undefined,
    sessionUntil: undefined,
    upstreamLogin: undefined,
    connection: undefined,
  }
}

/** Says which browser session this sign-in became: only the resumed authorization knows both. */
export function linkUpstream(institution: string, sessions: UpstreamSessions) {
  return async (ctx: KoaContextWithOIDC): Promise<void> => {
    const login = levelOf(ctx)?.upstreamLogin
    const uid = ctx.oidc.session?.uid
    if (login !== undefined && uid !== undefined) await sessions.link(institution, login, uid)
  }
}

/** A code or refresh token on its way to becoming an access token. */
interface Source {
  kind?: string
  acr?: string
  amr?: string[]
  jkt?: string
  dpopJkt?: string
}

const devices = new WeakMap<object, string>()

/**
 * Confirms at the token endpoint what the source claims: a code whose device is gone is refused, a refresh token loses
 * the device factor; neither ever gains one.
 */
export async function confirm(
  ctx: KoaContextWithOIDC,
  subject: string,
  source: unknown,
  present: Presence,
): Promise<void> {
  const token = source as Source | undefined
  if (token?.kind !== 'AuthorizationCode' && token?.kind !== 'RefreshToken') return
  if (!token.amr?.includes('pop')) return
  const device = await present(subject, token.kind === 'AuthorizationCode' ? token.dpopJkt : token.jkt)
  if (device !== undefined) {
    devices.set(ctx, device)
    return
  }
  if (token.kind === 'AuthorizationCode') throw new errors.InvalidGrant('the device is no longer active')
  token.amr = withoutDevice(token.amr)
  token.acr = acrOf(token.amr)
}

/** What an access token carries besides what the library puts there; introspection shows it to APIs. */
export function extraTokenClaims(ctx: KoaContextWithOIDC, token: { rar?: unknown; kind?: string }) {
  // No customer, no level.
  if (token.kind === 'ClientCredentials') return undefined
  const { AuthorizationCode: code, RefreshToken: refresh } = ctx.oidc.entities
  const source = (refresh ?? code) as { acr?: string; amr?: string[]; authTime?: number } | undefined
  const device = devices.get(ctx)
  const transaction = safeTransaction(token.rar)
  return {
    acr: isAcr(source?.acr) ? source.acr : acrOf(source?.amr ?? []),
    amr: source?.amr ?? [],
    auth_time: source?.authTime,
    ...(device !== undefined && { device }),
    ...(transaction !== undefined && { transaction: transaction.hash }),
  }
}

function safeTransaction(rar: unknown): Transaction | undefined {
  try {
    return onlyTransaction(rar)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

export type FindAccount = (ctx: KoaContextWithOIDC, sub: string, token?: unknown) => Promise<Account>
