// acr and amr of tokens, computed at issuance in one place (ruling R-18).
import type { Account, KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import {
  type Acr,
  acrOf,
  delegated,
  elsewhere,
  highest,
  isAcr,
  levelReached,
  lowestRequested,
  type Need,
  withDeviceAndPin,
  withoutDevice,
} from '../domain/acr.ts'
import type { Institution, RelyingParty } from '../domain/institution.ts'
import { isOverStepUp } from '../domain/policy-default.ts'
import { Refusal } from '../domain/refusal.ts'
import { keptHash, onlyTransaction, type Transaction } from '../domain/transaction.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import { amrOfGrant, grantAt, grantIn } from '../domain/upstream-level.ts'
import type { UpstreamSessions } from '../ports/sign-out.ts'

/** What a finished interaction says of the authorization that it was for. */
export interface InteractionLevel {
  readonly acr: Acr
  readonly amr: readonly string[]
  readonly device: string | undefined
  /** Hash of the transaction that the customer approved. */
  readonly transaction: string | undefined
  /** When the IdP asked the customer, as far as it is known; epoch seconds. */
  readonly authTime: number
  /** The upstream session ends then (duty D14); epoch seconds. */
  readonly sessionUntil: number | undefined
  /** The sign-in of ours that asked upstream; undefined when the browser's session was enough. */
  readonly upstreamLogin: string | undefined
  /** Where the customer signed in; undefined when this interaction went on with a session. */
  readonly connection: string | undefined
  /** The IdP did not say when it asked the customer. */
  readonly undated?: boolean | undefined
}

/** Is the device with this key present for this customer? Its id if so. */
export type Presence = (subject: string, jkt: string | undefined) => Promise<string | undefined>

/** What levels are judged by. */
export interface LevelPorts {
  readonly present: Presence
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Until the unit ends, the device with this key cannot be ended by another. */
export type Hold = (jkt: string) => Promise<void>

/** The level that our own interaction put into its result, if this request resumes one. */
export const levelOf = (ctx: KoaContextWithOIDC): InteractionLevel | undefined =>
  (ctx.oidc.result as { level?: InteractionLevel } | undefined)?.level

/** The transaction that rides on this authorization request; validated when the request came in. */
export function transactionOfRequest(
  ctx: KoaContextWithOIDC,
  institution: Institution,
): Transaction | undefined {
  const raw = ctx.oidc.params?.authorization_details
  return typeof raw === 'string' ? onlyTransaction(JSON.parse(raw), typesOf(institution)) : undefined
}

/** The hash of that transaction alone. */
export function hashOfRequest(ctx: KoaContextWithOIDC): string | undefined {
  const raw = ctx.oidc.params?.authorization_details
  return typeof raw === 'string' ? keptHash(JSON.parse(raw)) : undefined
}

/** The key that PAR proved (ruling R-18); a `dpop_jkt` parameter alone proves nothing. */
export function provenJkt(ctx: KoaContextWithOIDC): string | undefined {
  const pushed = ctx.oidc.entities.PushedAuthorizationRequest as { dpopJkt?: string } | undefined
  return pushed?.dpopJkt
}

/** What this authorization needs: what the app asks, its floor, and the limits on its transaction. */
export function needOf(
  ctx: KoaContextWithOIDC,
  { institution, relyingParty, now }: { institution: Institution; relyingParty: RelyingParty; now: number },
): Need {
  const transaction = transactionOfRequest(ctx, institution)
  // A first guess, so that the IdP is not asked in vain; the policy decides once the customer is known (flows/decide).
  const overLimit =
    transaction?.type === 'payment_initiation' &&
    transaction.amount !== undefined &&
    isOverStepUp(institution, transaction.amount, now)
  const asked = highest(requestedAcr(ctx), relyingParty.acrFloor)
  const approval = overLimit ? withDeviceAndPin : undefined
  return { acr: highest(asked, approval), approval }
}

/** What the app asks for; refuses what nobody here can give (RFC 9470 5). */
export function requestedAcr(ctx: KoaContextWithOIDC): Acr | undefined {
  const values = ctx.oidc.params?.acr_values
  const voluntary = typeof values === 'string' ? values.split(' ').filter((value) => value !== '') : []
  return highest(lowestKnown(voluntary), lowestKnown(essentialAcrs(ctx)))
}

interface AcrClaims {
  readonly id_token?: {
    readonly acr?: {
      readonly essential?: boolean
      readonly value?: string
      readonly values?: readonly string[]
    } | null
  } | null
}

/**
 * OIDC Core 5.5.1.1: an essential acr claim must be met or the request fails. Read from the parameter, which was checked
 * when the request came in: where there are `acr_values` too, the library keeps them in the place of the claim.
 */
function essentialAcrs(ctx: KoaContextWithOIDC): readonly string[] {
  const { claims } = ctx.oidc.params ?? {}
  const { id_token: asked }: AcrClaims = typeof claims === 'string' ? JSON.parse(claims) : {}
  const { essential = false, value, values = [] } = asked?.acr ?? {}
  if (!essential) return []
  return value === undefined ? values : [value, ...values]
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
  { present, now }: LevelPorts,
): Promise<InteractionLevel | undefined> {
  const level = levelOf(ctx)
  // The customer may have read our pages for long: what the IdP granted counts for its hour, not until the code.
  if (level !== undefined) return { ...level, ...stillHeld(level, now()) }
  const subject = ctx.oidc.session?.accountId
  if (subject === undefined) return undefined
  const device = await present(subject, provenJkt(ctx))
  const session = sessionLevel(ctx.oidc.session ?? {}, now())
  const amr = device === undefined ? session.amr : [...session.amr, 'pop']
  return {
    acr: levelReached(amr, session.granted),
    amr,
    device,
    transaction: undefined,
    authTime: ctx.oidc.session?.loginTs ?? 0,
    sessionUntil: undefined,
    upstreamLogin: undefined,
    connection: undefined,
  }
}

interface Held {
  readonly acr?: string | undefined
  readonly amr: readonly string[]
  /** Epoch seconds. */
  readonly authTime: number
}

/** Level and methods as they are now: what rests on the IdP goes when its hour is over, what is ours stays. */
function stillHeld({ acr, amr, authTime }: Held, now: number): { acr: Acr; amr: string[] } {
  const granted = grantAt({ acr: grantIn({ acr, amr }), authenticatedAt: authTime * 1000 }, now)
  const kept = granted === delegated ? amr.filter((method) => method !== 'mfa') : [...amr]
  return { acr: levelReached(kept, granted), amr: kept }
}

interface SessionFacts {
  readonly acr?: string | undefined
  readonly loginTs?: number | undefined
}

/**
 * What a session of the browser is still worth: the level that the IdP granted when the customer was last asked there,
 * for as long as that counts. Never a device of ours (ruling R-18).
 */
export function sessionLevel({ acr, loginTs = 0 }: SessionFacts, now: number) {
  const granted = isAcr(acr) ? grantAt({ acr, authenticatedAt: loginTs * 1000 }, now) : delegated
  return { granted, amr: amrOfGrant(granted) }
}

/**
 * Says which browser session this sign-in became: only the resumed authorization knows both. A session that the IdP has
 * ended meanwhile, while the customer was still reading our pages, becomes none.
 */
export function linkUpstream(institution: string, sessions: UpstreamSessions) {
  return async (ctx: KoaContextWithOIDC): Promise<void> => {
    const login = levelOf(ctx)?.upstreamLogin
    const { session } = ctx.oidc
    if (login === undefined || session === undefined) return
    if (await sessions.link(institution, login, session.uid)) return
    await session.destroy()
    throw new errors.AccessDenied('the session at the identity provider has ended')
  }
}

/** A code or refresh token on its way to becoming an access token. */
interface Source {
  kind?: string
  acr?: string
  amr?: string[]
  /** Epoch seconds. */
  authTime?: number
  jkt?: string
  dpopJkt?: string
}

const devices = new WeakMap<object, string>()

/** Whose token it is, and what is to become an access token of theirs. */
interface Issuing {
  readonly subject: string
  readonly source: unknown
}

/**
 * Confirms at the token endpoint what the source claims: a code whose device is gone is refused, a refresh token loses
 * the device factor, and both what the IdP granted too long ago; neither ever gains anything.
 */
export async function confirm(
  ctx: KoaContextWithOIDC,
  { subject, source }: Issuing,
  { present, hold, now }: LevelPorts & { readonly hold: Hold },
): Promise<void> {
  const token = source as Source | undefined
  if (token?.kind !== 'AuthorizationCode' && token?.kind !== 'RefreshToken') return
  const { acr, amr = [], authTime = 0 } = token
  const fromCode = token.kind === 'AuthorizationCode'
  const jkt = fromCode ? token.dpopJkt : token.jkt
  // Also where no device counts: ending one ends every token that is bound to its key.
  if (jkt !== undefined && ctx.oidc.route === 'token') await hold(jkt)
  // What was approved on a phone rests on that phone's answer, not on the key of whoever asked; and only this once.
  const away = amr.includes(elsewhere)
  const device = amr.includes('pop') && !away ? await present(subject, jkt) : undefined
  if (device !== undefined) devices.set(ctx, device)
  if (fromCode && !away && device === undefined && amr.includes('pop'))
    throw new errors.InvalidGrant('the device is no longer active')
  const held = stillHeld({ acr, amr, authTime }, now())
  if (fromCode && held.amr.length === amr.length) return
  const { amr: kept } = held
  token.amr = fromCode || device !== undefined ? kept : withoutDevice(kept)
  const granted = kept.includes('mfa') ? grantIn({ acr, amr }) : delegated
  token.acr = levelReached(token.amr, granted)
}

/** What an access token carries besides what the library puts there; introspection shows it to APIs. */
export function extraTokenClaims(ctx: KoaContextWithOIDC, token: { rar?: unknown; kind?: string }) {
  // No customer, no level.
  if (token.kind === 'ClientCredentials') return undefined
  const { AuthorizationCode: code, RefreshToken: refresh } = ctx.oidc.entities
  const { BackchannelAuthenticationRequest: asked } = ctx.oidc.entities as { [name: string]: unknown }
  const source = (refresh ?? code ?? asked) as { acr?: string; amr?: string[]; authTime?: number } | undefined
  const device = devices.get(ctx)
  const transaction = safeHash(token.rar)
  return {
    acr: isAcr(source?.acr) ? source.acr : acrOf(source?.amr ?? []),
    amr: source?.amr ?? [],
    auth_time: source?.authTime,
    ...(device !== undefined && { device }),
    ...(transaction !== undefined && { transaction }),
  }
}

function safeHash(rar: unknown): string | undefined {
  try {
    return keptHash(rar)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

export type FindAccount = (ctx: KoaContextWithOIDC, sub: string, token?: unknown) => Promise<Account>
