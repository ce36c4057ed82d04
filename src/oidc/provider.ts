// One provider an institution, made when first asked for and kept in an LRU; its state is in the database.
import { LRUCache } from 'lru-cache'
import { type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { apiScopes } from '../domain/institution.ts'
import { maskedDetail } from '../domain/mask.ts'
import { Refusal } from '../domain/refusal.ts'
import { keptTransaction } from '../domain/transaction.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { EndSession } from '../flows/end-session.ts'
import type { SignOut } from '../flows/sign-out.ts'
import { bindBrowser, browserOf } from '../http/browser.ts'
import { scopeOf, stateOfRequest } from '../http/context.ts'
import { withinRate } from '../http/interaction.ts'
import { notingRefusals } from '../http/noted.ts'
import type { Tenant } from '../http/tenant.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Pings } from '../ports/pings.ts'
import type { Directory, RateLimits } from '../ports/stores.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { type EventPorts, failureOf, recordEvents, whoOf } from './audit.ts'
import { type ConfigurationPorts, configuration, type ProviderPages } from './configuration.ts'
import type { ReturnPlace, Returns } from './returns.ts'
import { keepOwnFields } from './session.ts'
import { giveNoEmptySessions, rejoin } from './session-cookie.ts'

export interface ProviderPorts extends EventPorts {
  readonly directory: Directory
  readonly unit: UnitOfWork
  readonly rateLimits: RateLimits
  readonly keys: KeyStore
  readonly pages: ProviderPages
  readonly endSession: EndSession
  readonly signOut: SignOut
  readonly pings: Pick<Pings, 'due'>
  readonly clock: Clock
  readonly chance: Chance
  readonly returns: Returns
  /** Everything of the configuration but the secrets, which come from the key store. */
  readonly settingsOf: (tenant: Tenant) => Omit<ConfigurationPorts, 'secrets'>
}

const providersKept = 200

/**
 * Finds the provider of a tenant; a changed institution row gives a new one. Its keys are those of the moment when it
 * was made: a new key is used by providers that are made after it.
 */
export function createProviders(ports: ProviderPorts): (tenant: Tenant) => Promise<Provider> {
  const cache = new LRUCache<string, Promise<Provider>>({ max: providersKept })
  return (tenant) => {
    const key = JSON.stringify([tenant.issuer, tenant.prefix, tenant.institution])
    const kept = cache.get(key)
    if (kept) return kept
    const made = make(ports, tenant)
    cache.set(key, made)
    made.catch(() => cache.delete(key))
    return made
  }
}

async function make(ports: ProviderPorts, tenant: Tenant): Promise<Provider> {
  const { id } = tenant.institution
  const secrets = {
    idTokenKey: await ports.keys.privateJwk(id, 'id-token'),
    cookieKey: Buffer.from(ports.keys.secret(id, 'cookies')).toString('base64url'),
    dpopNonce: Buffer.from(ports.keys.secret(id, 'dpop-nonce')),
  }
  const provider = new Provider(tenant.issuer, configuration({ ...ports.settingsOf(tenant), secrets }))
  // The entry has stripped what no trusted proxy sent, and put our own scheme and host in place.
  provider.proxy = true
  oweNotices(provider, ports.endSession, id)
  owePings(provider, ports, id)
  keepOwnFields(provider)
  giveNoEmptySessions(provider)
  recordEvents(provider, ports)
  provider.use((ctx, next) => inUnit(ports, tenant, { ctx: ctx as KoaContextWithOIDC, next }))
  return provider
}

/** What the library would post to an app within the request becomes a row of the same unit (ruling R-1). */
function oweNotices(provider: Provider, { owe }: EndSession, institution: string): void {
  Object.defineProperty(provider.Client.prototype, 'backchannelLogout', {
    value(this: { clientId: string }, subject: string, sid: string): Promise<void> {
      return owe(institution, { relyingParty: this.clientId, subject, sid })
    },
  })
}

/** And so does what it would post to a back end as soon as it has stored what it was asked for (CIBA 10.2). */
function owePings(
  provider: Provider,
  { pings, clock }: Pick<ProviderPorts, 'pings' | 'clock'>,
  institution: string,
): void {
  Object.defineProperty(provider.Client.prototype, 'backchannelPing', {
    value: ({ jti }: { readonly jti: string }): Promise<void> => pings.due(institution, jti, clock.now()),
  })
}

interface Handling {
  readonly ctx: KoaContextWithOIDC
  readonly next: () => Promise<unknown>
}

/**
 * Ruling R-1: inside the provider's own app, so that the commit is done before its answer leaves. What was thrown, be it
 * by the commit, is told as everywhere else, and nothing of the answer that was begun goes out.
 */
async function inUnit(ports: ProviderPorts, tenant: Tenant, handling: Handling): Promise<void> {
  const { ctx } = handling
  const state = stateOfRequest(ctx.req)
  state.concerns = async () => whoOf(ctx)
  const scope = { institution: tenant.institution.id, ...scopeOf(state, ctx.req) }
  try {
    await ports.unit.run(scope, () =>
      notingRefusals(ports.audit, state, () => handled(ports, tenant, handling)),
    )
  } catch (error) {
    ports.pages.dropped(ctx)
    const led = await ledAfterFailure(ports, tenant, { ctx, error }).catch(() => false)
    if (led) ports.pages.noted(ctx, error)
    else ports.pages.failed(ctx, error)
  }
}

interface Failed {
  readonly ctx: KoaContextWithOIDC
  readonly error: unknown
}

/** Of two presses at the same moment one changes the session's row; the other, which cannot, is led where that one led. */
async function ledAfterFailure(
  ports: ProviderPorts,
  tenant: Tenant,
  { ctx, error }: Failed,
): Promise<boolean> {
  if (error instanceof Refusal && error.code !== 'busy') return false
  const place = resumedPlace(ctx, tenant)
  return place !== undefined && ledAsBefore(ports, tenant, { ctx, place })
}

async function handled(ports: ProviderPorts, tenant: Tenant, { ctx, next }: Handling): Promise<void> {
  await withinBudget(ports, tenant, ctx)
  await next()
  const failure = failureOf(ctx)
  if (failure !== undefined) return failed(ports, ctx, failure)
  if (ctx.status === 404 && ctx.body === undefined) ports.pages.notFound(ctx)
  if (ctx.status >= 500) return ports.unit.fail()
  await afterwards(ports, tenant, ctx)
  withReference(ctx)
}

/** A failure behind the library's `server_error`: the app that was told of it by a redirect has its answer (RFC 6749 4.1.2.1). */
function failed({ unit, pages }: ProviderPorts, ctx: KoaContextWithOIDC, failure: unknown): void {
  const toldApp = ctx.status < 400 && !(failure instanceof Refusal)
  if (!toldApp) throw failure
  pages.noted(ctx, failure)
  unit.fail()
}

/** As the library's routes read it: in letters of any size, and with a slash at its end or without. */
const pathOf = ({ path }: KoaContextWithOIDC): string => path.toLowerCase().replace(/(?<=.)\/$/, '')

/** Tokens by the client's address, and so is whatever begins or goes on with a sign-in. */
async function withinBudget({ rateLimits }: ProviderPorts, { institution }: Tenant, ctx: KoaContextWithOIDC) {
  const { clientAddress } = stateOfRequest(ctx.req)
  const path = pathOf(ctx)
  if (path === '/token' || path === '/par' || path === '/backchannel')
    await withinRate(rateLimits, 'token', `${institution.id}|${clientAddress}`)
  if (/^\/(authorize|sign-out)(\/|$)/.test(path)) await withinRate(rateLimits, 'interaction', clientAddress)
}

/** OAuth errors carry, beside what the standard says, the code that audit and log have and the reference. */
function withReference(ctx: KoaContextWithOIDC): void {
  const body: unknown = ctx.body
  if (ctx.status < 400 || typeof body !== 'object' || body === null || !('error' in body)) return
  ctx.body = { code: body.error, ...body, reference: stateOfRequest(ctx.req).reference }
}

async function afterwards(ports: ProviderPorts, tenant: Tenant, ctx: KoaContextWithOIDC): Promise<void> {
  const path = pathOf(ctx)
  if (path === '/token') maskDetails(ctx, tenant)
  if (path.startsWith('/.well-known/')) await nameApiScopes(ports, tenant, ctx)
  await remembered(ports, tenant, ctx)
  // Ruling R-22: sign-out ends every grant of the session, also those of levels that were stepped up to.
  const session = ctx.oidc?.session as { uid: string; destroyed?: boolean } | undefined
  if (path === '/sign-out/confirm' && session?.destroyed) await signedOut(ports, tenant, ctx)
  if (path === '/sign-out' && ctx.status === 200) nobodyToAsk(ports, tenant, ctx)
}

/**
 * The interaction is over once it has led to the app. A second press makes the browser ask again here: it is led to
 * where the first one led, if it holds the cookies of this very sign-in.
 */
async function remembered(ports: ProviderPorts, tenant: Tenant, ctx: KoaContextWithOIDC): Promise<void> {
  const place = resumedPlace(ctx, tenant)
  const location = ctx.response.get('Location') ?? ''
  const to = location === '' ? undefined : new URL(location, tenant.issuer)
  if (place === undefined || to?.href.startsWith(`${tenant.issuer}/`)) return
  const failed = to === undefined || to.searchParams.has('error')
  if (failed && (await ledAsBefore(ports, tenant, { ctx, place }))) return
  if (to) await ports.returns.keep(place, { to: location, session: ctx.oidc.session?.uid })
}

/** The sign-in that this request goes on with; undefined for any other, and without the provider's cookie of it. */
function resumedPlace(ctx: KoaContextWithOIDC, tenant: Tenant): ReturnPlace | undefined {
  if (ctx.oidc?.route !== 'resume') return undefined
  const uid = ctx.cookies.get(ctx.oidc.provider.cookieName('resume'), { signed: true })
  if (uid === undefined || !ctx.path.endsWith(`/${uid}`)) return undefined
  return { institution: tenant.institution.id, uid, browser: browserOf(ctx, tenant).hash }
}

interface Resuming {
  readonly ctx: KoaContextWithOIDC
  readonly place: ReturnPlace
}

async function ledAsBefore(ports: ProviderPorts, tenant: Tenant, { ctx, place }: Resuming): Promise<boolean> {
  const before = await ports.returns.of(place)
  if (before === undefined) return false
  await rejoin(ctx.oidc.provider, { ctx, tenant, session: before.session })
  ctx.status = 303
  ctx.redirect(before.to)
  return true
}

/**
 * Where nobody is signed in there is nothing to ask, and the browser goes on by itself. The library's page for that knows
 * nothing of where it leads, so that no policy of ours would let it through (ruling R-14); its form is sent by our page.
 */
function nobodyToAsk({ pages, chance }: ProviderPorts, tenant: Tenant, ctx: KoaContextWithOIDC): void {
  const { session, params } = ctx.oidc as unknown as SignOutContext
  if (session === undefined || session.accountId !== undefined) return
  const to = params?.post_logout_redirect_uri
  const fields = { xsrf: session.state?.secret ?? '', logout: 'yes' }
  const departure = { kind: 'post', url: `${tenant.issuer}/sign-out/confirm`, fields } as const
  const leadsTo = typeof to === 'string' ? [to] : []
  pages.depart(ctx, { departure, to: tenant.institution.name, nonce: chance.token(16), leadsTo })
}

interface SignOutContext {
  readonly session?: { readonly accountId?: string; readonly state?: { readonly secret?: string } }
  readonly params?: { readonly post_logout_redirect_uri?: unknown }
}

/** The library has ended the session; what is left of it goes too, and then the browser goes on to the IdP. */
async function signedOut(ports: ProviderPorts, tenant: Tenant, ctx: KoaContextWithOIDC): Promise<void> {
  const { institution } = tenant
  const { uid } = ctx.oidc.session as { uid: string }
  const leaving = {
    uid,
    returnTo: ctx.response.get('Location'),
    browserHash: bindBrowser(ctx, tenant, ports.chance),
  }
  const onward = await ports.signOut.goUpstream(institution, leaving)
  if (onward === undefined) return
  const { departure, connection } = onward
  const nonce = ports.chance.token(16)
  ports.pages.depart(ctx, { departure, to: connection.name, nonce, leadsTo: [leaving.returnTo] })
}

/** The library lists the scopes of OpenID Connect; those of our API are the institution's cores of today. */
async function nameApiScopes(
  { directory }: ProviderPorts,
  { institution }: Tenant,
  ctx: KoaContextWithOIDC,
): Promise<void> {
  const metadata = ctx.body as { scopes_supported?: string[] } | undefined
  if (metadata?.scopes_supported === undefined) return
  const cores = (await directory.everything(institution.id))?.cores ?? []
  ctx.body = { ...metadata, scopes_supported: [...metadata.scopes_supported, ...apiScopes(cores)] }
}

/** Ruling R-17: towards a device, account numbers are masked; introspection shows them to APIs. */
function maskDetails(ctx: KoaContextWithOIDC, { institution }: Tenant): void {
  const body = ctx.body as { authorization_details?: unknown } | undefined
  if (body?.authorization_details === undefined) return
  const types = typesOf(institution)
  const transaction = keptTransaction(body.authorization_details, types)
  if (transaction === undefined) return
  const { detail, type } = transaction
  ctx.body = { ...body, authorization_details: [maskedDetail(detail, typeNamed(types, type))] }
}
