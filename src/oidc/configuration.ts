// The provider's configuration for one institution: every default that we change, with the reason where it is not plain.
import type { Account, Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { acrLadder } from '../domain/acr.ts'
import { approvalSeconds } from '../domain/approval.ts'
import { type Claims, claimsOfScope } from '../domain/claims.ts'
import type { Institution, RelyingParty } from '../domain/institution.ts'
import { isStorable } from '../domain/plain-text.ts'
import { Refusal } from '../domain/refusal.ts'
import { keptTransaction, onlyTransaction } from '../domain/transaction.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Introspected } from '../flows/use-transaction.ts'
import type { Departing } from '../http/departure.ts'
import { type CibaPorts, ciba } from './ciba.ts'
import { checkDeviceSignals } from './device-signals.ts'
import type { Hold, LevelPorts } from './levels.ts'
import { confirm, extraTokenClaims, levelOf, needOf, reached, transactionOfRequest } from './levels.ts'
import { policy } from './policy.ts'
import { requestObjects } from './request-objects.ts'
import { oidcScopes, resourceIndicators } from './resources.ts'
import { sessionSeconds } from './session.ts'
import { cookieOptions, sessionCookieOptions } from './session-cookie.ts'

/** Lifetimes in seconds. */
export interface Lifetimes {
  readonly session: number
  readonly interaction: number
  readonly code: number
  readonly accessToken: number
  /** An access token that carries a transaction. */
  readonly transactionToken: number
  readonly refreshToken: number
}

export interface Secrets {
  readonly idTokenKey: Readonly<Record<string, unknown>>
  readonly cookieKey: string
  readonly dpopNonce: Uint8Array
}

/** What the pages of the provider are made of; given by the edge that owns pages. */
export interface ProviderPages {
  error(ctx: KoaContextWithOIDC, error: { error: string; description: string | undefined }): void
  signOut(ctx: KoaContextWithOIDC, form: { action: string; xsrf: string; leadsTo: readonly string[] }): void
  signedOut(ctx: KoaContextWithOIDC): void
  /** The way on to the IdP when our own session has ended. */
  depart(ctx: KoaContextWithOIDC, leaving: Departing): void
  /** An address that nothing answers. */
  notFound(ctx: KoaContextWithOIDC): void
  /** Takes back the answer that was begun, with its cookies. */
  dropped(ctx: KoaContextWithOIDC): void
  /** The answer to what was thrown, in the place of the one that was begun. */
  failed(ctx: KoaContextWithOIDC, error: unknown): void
  /** Notes what was thrown where the app has its answer. */
  noted(ctx: KoaContextWithOIDC, error: unknown): void
}

export interface ConfigurationPorts extends LevelPorts, CibaPorts {
  readonly prefix: string
  readonly secrets: Secrets
  readonly lifetimes: Lifetimes
  readonly adapter: Configuration['adapter']
  readonly claims: (subject: string) => Promise<Claims | undefined>
  readonly hold: Hold
  /** Opens our record of the sign-in; resolves with nothing, refuses like any flow. */
  readonly begin: (
    ctx: KoaContextWithOIDC,
    interaction: { uid: string; prompt: { name: string } },
  ) => Promise<void>
  /** Remembers which browser session the sign-in became that this authorization comes from. */
  readonly linkUpstream: (ctx: KoaContextWithOIDC) => Promise<void>
  /** Origins that signing this browser session out leads to, beside the app's. */
  readonly signOutLeadsTo: (uid: string) => Promise<readonly string[]>
  /** A customer that the bank has disabled is nobody's account. */
  readonly isDisabled: (subject: string) => Promise<boolean>
  /** Is this payee's account frozen by the bank? */
  readonly isPayeeFrozen: (account: string) => Promise<boolean>
  /** The name by which this app knows the customer (OIDC Core 8.1). */
  readonly pairwise: (ctx: unknown, subject: string, client: string) => Promise<string>
  /** Uses up the transaction of a token; true for the first one who asks. */
  readonly useByIntrospection: (introspected: Introspected) => Promise<boolean>
  readonly pages: ProviderPages
}

export function configuration(ports: ConfigurationPorts): Configuration {
  const { issuer, prefix, institution, relyingParty } = ports
  const needed = async (ctx: KoaContextWithOIDC) =>
    needOf(ctx, { institution, relyingParty: await clientOf(ctx, ports), now: ports.now() })
  return {
    adapter: ports.adapter,
    jwks: { keys: [{ ...ports.secrets.idTokenKey }] as never },
    acrValues: [...acrLadder],
    scopes: [...oidcScopes],
    claims: Object.fromEntries(Object.entries(claimsOfScope).map(([scope, names]) => [scope, [...names]])),
    responseTypes: ['code'],
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: (ctx, subject, client) => ports.pairwise(ctx, subject, client.clientId),
    pkce: { required: () => true },
    enabledJWA: jwa,
    clientAuthMethods: ['none', 'private_key_jwt'],
    routes,
    cookies: cookies(ports),
    ttl: ttl(ports.lifetimes),
    features: features(ports, resourceIndicators({ issuer, relyingParty })),
    interactions: {
      policy: policy({ ...ports, needed, offered: async (ctx) => (await clientOf(ctx, ports)).connections }),
      url: async (ctx, interaction) => {
        await ports.begin(ctx, interaction).catch(asProviderError)
        return `${prefix}/interaction/${interaction.uid}`
      },
    },
    findAccount: (ctx, sub, token) => accountOf(ports, { ctx, sub, token }),
    extraTokenClaims: (ctx, token) => extraTokenClaims(ctx, token),
    // Ruling R-22: by the client's grant types. `offline_access` is dropped by the library unless consent was prompted.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    // Tokens outlive the browser's session but not a sign-out, which revokes them by session.
    expiresWithSession: async (ctx, code) => {
      await beforeCode(ports, ctx, code)
      return false
    },
    ...extensions,
    clientBasedCORS: (_ctx, origin, client) => webOriginsOf(client).includes(origin),
    renderError: (ctx, out) =>
      ports.pages.error(ctx, { error: out.error, description: out.error_description }),
    discovery: { ui_locales_supported: ['en', 'es'], protected_resources: [`${issuer}/api`] },
  }
}

interface Named {
  readonly ctx: KoaContextWithOIDC
  readonly sub: string
  readonly token: unknown
}

async function accountOf(
  ports: ConfigurationPorts,
  { ctx, sub: named, token }: Named,
): Promise<Account | undefined> {
  // The ID token of a hint has the name by which this app knows the customer.
  const hinted = ctx.oidc?.route === 'backchannel_authentication' && token === undefined
  const sub = hinted ? ((await ports.meant(named)) ?? named) : named
  if (await ports.isDisabled(sub)) return undefined
  await confirm(ctx, { subject: sub, source: token }, ports)
  // Ruling R-17: an ID token names the customer and the login, nothing more; the rest is userinfo's.
  return {
    accountId: sub,
    claims: async (use) => ({ sub, ...(use === 'userinfo' && (await ports.claims(sub))) }),
  }
}

/** The last hook before a code is saved: the level belongs to this authorization, not to the session (ruling R-18). */
async function beforeCode(ports: ConfigurationPorts, ctx: KoaContextWithOIDC, code: object): Promise<void> {
  const level = await reached(ctx, ports)
  await ports.linkUpstream(ctx)
  Object.assign(code, { acr: level?.acr, amr: level === undefined ? [] : [...level.amr] })
}

const extensions: Configuration = {
  // Which connection the app would like: a wish, read where the sign-in begins.
  // Its check is called for every request, with all of its parameters: none may be what no database keeps.
  extraParams: { idp_hint: (ctx) => checkStorable(ctx), device_signals: checkDeviceSignals },
  extraClientMetadata: { properties: ['web_origins'] },
}

function checkStorable({ oidc }: KoaContextWithOIDC): void {
  for (const [name, value] of Object.entries(oidc.params ?? {}))
    if (typeof value === 'string' && !isStorable(value))
      throw new errors.InvalidRequest(`${name} has characters that cannot be kept`)
}

const jwa = {
  idTokenSigningAlgValues: ['ES256'],
  dPoPSigningAlgValues: ['ES256'],
  clientAuthSigningAlgValues: ['ES256'],
  requestObjectSigningAlgValues: ['ES256'],
} as unknown as Configuration['enabledJWA']

const routes: Configuration['routes'] = {
  authorization: '/authorize',
  token: '/token',
  pushed_authorization_request: '/par',
  backchannel_authentication: '/backchannel',
  userinfo: '/userinfo',
  introspection: '/introspect',
  revocation: '/revoke',
  end_session: '/sign-out',
  jwks: '/jwks',
}

async function clientOf(
  ctx: KoaContextWithOIDC,
  { relyingParty }: ConfigurationPorts,
): Promise<RelyingParty> {
  const found = await relyingParty(ctx.oidc.client?.clientId ?? '')
  if (!found) throw new errors.InvalidClient('client is unknown', 'client not found')
  return found
}

const webOriginsOf = (client: object): readonly string[] =>
  (client as { web_origins?: readonly string[] }).web_origins ?? []

/** A refusal of ours in the provider's own terms; anything else stays a server error. */
function asProviderError(error: unknown): never {
  if (!(error instanceof Refusal)) throw error
  throw new errors.CustomOIDCProviderError(
    'temporarily_unavailable',
    `the sign-in cannot be started (${error.code})`,
  )
}

function cookies({ issuer, prefix, secrets }: ConfigurationPorts): Configuration['cookies'] {
  const short = cookieOptions({ issuer })
  // Ruling R-10: __Host- cannot hold where the library sets a path of its own.
  const name = (plain: string) => `${short.secure ? '__Secure-' : ''}db_${plain}`
  return {
    keys: [secrets.cookieKey],
    names: { session: name('session'), interaction: name('interaction'), resume: name('resume') },
    long: sessionCookieOptions({ issuer, prefix }),
    short,
  }
}

const hasTransaction = (token: object): boolean => (token as { rar?: unknown[] }).rar?.length === 1

function requestedExpiry(ctx: KoaContextWithOIDC | undefined): number | undefined {
  const asked = ctx?.oidc?.params?.requested_expiry
  return asked === undefined ? undefined : Number(asked)
}

function ttl(lifetimes: Lifetimes): Configuration['ttl'] {
  return {
    AccessToken: (_ctx, token) =>
      hasTransaction(token) ? lifetimes.transactionToken : lifetimes.accessToken,
    ClientCredentials: lifetimes.accessToken,
    AuthorizationCode: lifetimes.code,
    IdToken: lifetimes.accessToken,
    BackchannelAuthenticationRequest: (ctx) => approvalSeconds(requestedExpiry(ctx)),
    Interaction: lifetimes.interaction,
    Grant: lifetimes.refreshToken,
    RefreshToken: lifetimes.refreshToken,
    Session: (ctx, session) => sessionSeconds(ctx, session, lifetimes.session),
  }
}

function features(
  ports: ConfigurationPorts,
  resources: ReturnType<typeof resourceIndicators>,
): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true, assertClaimsParameter: (_ctx, claims) => checkClaims(claims) },
    dPoP: { enabled: true, nonceSecret: ports.secrets.dpopNonce as never, requireNonce: () => false },
    introspection: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => mayIntrospect(ports, client.clientId, token),
    },
    // Another's token is like one that is not there: RFC 7009 2.2 answers both alike.
    revocation: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
    },
    clientCredentials: { enabled: true },
    userinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    requestObjects: requestObjects({ ...ports, institution: ports.institution.id }) as never,
    ciba: ciba(ports),
    resourceIndicators: resources as never,
    richAuthorizationRequests: transactions(ports) as never,
    // The library would post within the request; provider.ts has it write into the outbox instead (ruling R-1).
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (ctx) => ports.pages.signOut(ctx, await signOutForm(ctx, ports)),
      postLogoutSuccessSource: (ctx) => ports.pages.signedOut(ctx),
    },
  }
}

// OIDC Core 5.5: three levels are all that the parameter has; deeper ones only serve to exhaust a stack (attack 115).
const deepestClaims = 4

async function checkClaims(claims: object): Promise<void> {
  checkDepth(claims)
  const containers = Object.entries(claims).filter(([name]) => name === 'userinfo' || name === 'id_token')
  for (const [name, members] of containers) {
    const good = Object.values(members ?? {}).every(
      (value) => value === null || (typeof value === 'object' && !Array.isArray(value)),
    )
    if (!good) throw new errors.InvalidRequest(`claims.${name} members must be null or objects`)
  }
  checkAcrClaim((claims as AskedClaims).id_token?.acr ?? {})
}

interface AskedClaims {
  readonly id_token?: { readonly acr?: Readonly<Record<string, unknown>> | null } | null
}

/** OIDC Core 5.5.1: a level that is misread is one that nobody holds. */
function checkAcrClaim({ essential, value, values }: Readonly<Record<string, unknown>>): void {
  const isText = (one: unknown) => typeof one === 'string'
  const good =
    (essential === undefined || typeof essential === 'boolean') &&
    (value === undefined || isText(value)) &&
    (values === undefined || (Array.isArray(values) && values.length > 0 && values.every(isText)))
  if (!good) throw new errors.InvalidRequest('claims.id_token.acr cannot be read')
}

function checkDepth(value: unknown, depth = 0): void {
  if (depth > deepestClaims) throw new errors.InvalidRequest('claims parameter is nested too deeply')
  if (typeof value !== 'object' || value === null) return
  for (const inner of Object.values(value)) checkDepth(inner, depth + 1)
}

async function signOutForm(ctx: KoaContextWithOIDC, { issuer, signOutLeadsTo }: ConfigurationPorts) {
  const { uid, state } = ctx.oidc.session as unknown as { uid: string; state: { secret: string } }
  const to = ctx.oidc.params?.post_logout_redirect_uri
  return {
    action: `${issuer}/sign-out/confirm`,
    xsrf: state.secret,
    leadsTo: [...(await signOutLeadsTo(uid)), ...(typeof to === 'string' ? [to] : [])],
  }
}

interface Introspectable {
  readonly kind: string
  readonly jti: string
  readonly clientId: string
  readonly grantId: string
  readonly aud?: string
  readonly accountId?: string
  readonly extra?: { readonly transaction?: string; readonly device?: string }
  readonly rar?: unknown
}

/**
 * Only an API of the bank may look into tokens for the API; an app never may (attack 121). For one that is registered so,
 * to look at a transaction is to use it up: in the unit of this request, so that the answer leaves once.
 */
async function mayIntrospect(ports: ConfigurationPorts, clientId: string, shown: unknown): Promise<boolean> {
  const caller = await ports.relyingParty(clientId)
  const token = shown as Introspectable
  const { aud, accountId: subject, extra } = token
  if (caller?.kind !== 'api' || aud !== `${ports.issuer}/api`) return false
  if (subject === undefined) return true
  // A token that was issued at the very moment of the disabling.
  if (await ports.isDisabled(subject)) return false
  if (extra?.transaction === undefined) return true
  if (caller.introspection !== 'consume') return !(await isStopped(ports, token))
  const { clientId: relyingParty, grantId: grant, jti } = token
  const of = { institution: ports.institution.id, relyingParty, subject, grant, device: extra.device }
  const granted = { ...of, hash: extra.transaction }
  return ports.useByIntrospection({ granted, token: jti, api: clientId })
}

/** An API that carries transactions out by what it reads here must not read of one whose payee the bank has frozen. */
async function isStopped(ports: ConfigurationPorts, { rar }: Introspectable): Promise<boolean> {
  const account = keptTransaction(rar, typesOf(ports.institution))?.creditorAccount
  return account !== undefined && ports.isPayeeFrozen(account)
}

/** The grants that an approval of the customer stands behind: never a refresh. */
const approving = ['authorization_code', 'urn:openid:params:grant-type:ciba']

/** RFC 9396: one transaction an authorization; it rides on the code and its first access token, never on a refresh. */
function transactions({ institution }: ConfigurationPorts) {
  const validate = (ctx: KoaContextWithOIDC) => validateTransaction(ctx, institution)
  return {
    enabled: true,
    types: Object.fromEntries(typesOf(institution).map(({ type }) => [type, { validate }])),
    authorizationDetailsForGrantSource: (ctx: KoaContextWithOIDC) => approvedDetails(ctx, institution),
    authorizationDetailsForAccessToken: (
      _ctx: unknown,
      _token: unknown,
      source: { rar?: unknown },
      grant: string,
    ) => (approving.includes(grant) ? source.rar : undefined),
    authorizationDetailsForIntrospection: (_ctx: unknown, token: { rar?: unknown }) => token.rar,
  }
}

function validateTransaction(ctx: KoaContextWithOIDC, institution: Institution): void {
  try {
    onlyTransaction(JSON.parse(String(ctx.oidc.params?.authorization_details)), typesOf(institution))
  } catch (error) {
    const field = error instanceof Refusal ? String(error.detail.field) : 'JSON'
    throw new errors.InvalidAuthorizationDetails(`authorization_details cannot be accepted: ${field}`)
  }
}

function approvedDetails(ctx: KoaContextWithOIDC, institution: Institution): unknown {
  const transaction = transactionOfRequest(ctx, institution)
  if (transaction === undefined || levelOf(ctx)?.transaction !== transaction.hash) return undefined
  return JSON.parse(String(ctx.oidc.params?.authorization_details))
}
