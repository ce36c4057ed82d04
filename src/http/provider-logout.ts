// Where OpenID providers speak of signing out: the way back from them, their logout tokens, and their frames.
import { timingSafeEqual } from 'node:crypto'
import type Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../domain/refusal.ts'
import type { ProviderLogout } from '../flows/provider-logout.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { RateLimits } from '../ports/stores.ts'
import { readForm } from './body.ts'
import { browserOf, formToken } from './browser.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'
import { pageHeaders } from './security-headers.ts'
import type { Tenant } from './tenant.ts'

export interface ProviderLogoutPorts {
  readonly providerLogout: ProviderLogout
  readonly keys: KeyStore
  readonly rateLimits: RateLimits
  readonly formBytes: number
}

export function providerLogoutRoutes(router: Router, ports: ProviderLogoutPorts): void {
  const { providerLogout, rateLimits } = ports
  router.get('/oidc/:connection/signed-out', async (ctx) => {
    await withinRate(rateLimits, 'interaction', stateOf(ctx).clientAddress)
    const tenant = tenantOf(ctx)
    const state = new URLSearchParams(ctx.querystring).get('state') ?? ''
    const back = { connection: connectionIn(ctx), state, browser: browserOf(ctx, tenant) }
    ctx.set('Cache-Control', 'no-store')
    const to = await providerLogout.returned(tenant.institution, back)
    ctx.status = 303
    ctx.redirect(to)
  })
  router.post('/oidc/:connection/backchannel-logout', async (ctx) => {
    stateOf(ctx).face = 'json'
    // A whole bank may sign out in the evening: the budget is the one of machines.
    await withinRate(rateLimits, 'token', `logout|${stateOf(ctx).clientAddress}`)
    const logoutToken = (await readForm(ctx, ports.formBytes)).get('logout_token')
    if (logoutToken === undefined)
      throw new Refusal('logout.refused', { cause: 'oidc.logout_token', check: 'logout_token' })
    await providerLogout.heard(tenantOf(ctx).institution, { connection: connectionIn(ctx), logoutToken })
    ctx.set('Cache-Control', 'no-store')
    ctx.status = 200
    ctx.body = ''
  })
  router.get('/oidc/:connection/frontchannel-logout', (ctx) => frame(ctx, ports))
}

const connectionIn = (ctx: Context): string => ctx.params.connection as string

async function frame(ctx: Context, ports: ProviderLogoutPorts): Promise<void> {
  await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
  const tenant = tenantOf(ctx)
  const connection = connectionIn(ctx)
  if (!(await ports.providerLogout.takesFrames(tenant.institution, connection)))
    throw new Refusal('request.not_found')
  const query = new URLSearchParams(ctx.querystring)
  const [iss, sid] = [query.getAll('iss'), query.getAll('sid')]
  const login = provenLogin(ctx, tenant, { keys: ports.keys, connection })
  if (login === undefined || iss.length !== 1 || sid.length !== 1)
    throw new Refusal('logout.refused', { cause: 'oidc.front_channel', check: login ? 'iss, sid' : 'cookie' })
  const named = { connection, iss: iss[0] as string, sid: sid[0] as string, login }
  const framedBy = await ports.providerLogout.framed(tenant.institution, named)
  setCookie(ctx, tenant, { connection, value: '', maxAge: 0 })
  ctx.set(pageHeaders({ formActions: [], https: tenant.issuer.startsWith('https:'), framedBy }))
  ctx.status = 200
  ctx.type = 'text/plain'
  ctx.body = ''
}

interface Marking {
  readonly keys: KeyStore
  readonly connection: string
}

const nameFor = ({ issuer }: Tenant): string =>
  issuer.startsWith('https:') ? '__Secure-db_frame' : 'db_frame'

// A sign-in's id stands in addresses of pages; with this beside it nobody else can name it here.
const macOf = ({ institution }: Tenant, { keys, connection }: Marking, login: string): string =>
  formToken(keys.secret(institution.id, 'form-token'), `frame|${connection}|${login}`)

/**
 * Gives the browser what it must bring in a frame of the provider, and to nothing else: no other cookie of ours crosses
 * sites (docs/decisions/0020).
 */
export function markForFrames(ctx: Context, tenant: Tenant, marking: Marking & { login: string }): void {
  const { connection, login } = marking
  setCookie(ctx, tenant, {
    connection,
    value: `${login}.${macOf(tenant, marking, login)}`,
    maxAge: undefined,
  })
}

function provenLogin(ctx: Context, tenant: Tenant, marking: Marking): string | undefined {
  const [login = '', given = ''] = (ctx.cookies.get(nameFor(tenant)) ?? '').split('.')
  const [a, b] = [Buffer.from(given), Buffer.from(macOf(tenant, marking, login))]
  return a.length === b.length && timingSafeEqual(a, b) ? login : undefined
}

interface FrameCookie {
  readonly connection: string
  readonly value: string
  /** Seconds; undefined: until the browser is closed. */
  readonly maxAge: number | undefined
}

// By hand: SameSite=None must be Secure, which the library refuses over http, and browsers take on loopback.
function setCookie(ctx: Context, tenant: Tenant, { connection, value, maxAge }: FrameCookie): void {
  const path = `${tenant.prefix}/oidc/${connection}/frontchannel-logout`
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`
  ctx.append('Set-Cookie', `${nameFor(tenant)}=${value}; Path=${path}; HttpOnly; Secure; SameSite=None${age}`)
}
