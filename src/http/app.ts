// The Koa app: every request gets a reference, an institution, one unit of work, and an answer whatever happens.
import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import { Refusal } from '../domain/refusal.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { attach, type RequestState, scopeOf, stateOf, tenantOf } from './context.ts'
import { ownCors } from './cors.ts'
import { loggedPath } from './logging.ts'
import { notingRefusals } from './noted.ts'
import { type Asset, asset, brandAsset, cacheControlOf } from './page/assets.ts'
import type { OidcGate } from './provider-port.ts'
import { createTenancy } from './tenant.ts'
import { tellRefusals } from './told.ts'
import type { TrustedProxies } from './trusted-proxy.ts'

export interface AppPorts {
  readonly publicUrl: string
  readonly directory: Directory
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly keys: Pick<KeyStore, 'ready'>
  readonly oidc: OidcGate
  readonly proxies: TrustedProxies
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly chance: Chance
  /** Edges hang their routes here; paths are without the institution's prefix. */
  readonly routes: readonly ((router: Router) => void)[]
}

type Next = () => Promise<unknown>

/** An address names what may be in the database, which has no NUL. */
async function storableAddress(ctx: Context, next: Next): Promise<void> {
  if (/%00/.test(ctx.url)) throw new Refusal('request.malformed', { nul: true })
  await next()
}

export function createApp(ports: AppPorts): Koa {
  const app = new Koa({ proxy: true })
  const router = new Router()
  for (const add of ports.routes) add(router)
  assetRoutes(router)
  const own = router.routes()
  app.use(entry(ports))
  app.use(tellRefusals({ log: ports.log, metrics: ports.metrics, now: ports.clock.now }))
  app.use(bareAssets)
  app.use(tenancy(ports))
  app.use(storableAddress)
  app.use(ownCors(ports))
  app.use((ctx) => inUnit(ports, ctx, () => own(ctx as never, async () => undefined)))
  app.on('error', (error) => ports.log.error('http.error', { error: String(error) }))
  return app
}

/** The reference, the client's address, and the line in the log. */
function entry({ proxies, metrics, log, chance }: AppPorts) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const started = performance.now()
    const clientAddress = proxies.clientAddress(ctx.req.socket.remoteAddress, ctx.req.headers)
    const state: RequestState = {
      reference: chance.reference(),
      clientAddress,
      // Browsers name HTML; who takes anything is an app.
      face: ctx.accepts('json', 'html') === 'html' ? 'page' : 'json',
      tenant: undefined,
      startAgain: undefined,
      concerns: undefined,
      tell: undefined,
    }
    ctx.state = state
    attach(ctx.req, state)
    ctx.set('X-Request-Reference', state.reference)
    await next()
    const seconds = (performance.now() - started) / 1000
    const status = String(ctx.res.headersSent ? ctx.res.statusCode : ctx.status)
    const labels = { method: ctx.method, status, route: routeOf(ctx) }
    metrics.count('drawbridge_requests_total', labels)
    metrics.time('drawbridge_request_seconds', seconds)
    log.info('request', {
      ...labels,
      path: loggedPath(ctx.path),
      reference: state.reference,
      ms: Math.round(seconds * 1000),
      client: clientAddress,
    })
  }
}

/** The route without its values, so that a label has few. */
const routeOf = (ctx: Context): string => `/${ctx.path.split('/')[1] ?? ''}`

/** Finds the institution, and puts our own scheme and host in the place of what the request claims (attack 224). */
function tenancy({ directory, publicUrl, keys }: AppPorts) {
  const find = createTenancy({ directory, publicUrl })
  return async (ctx: Context, next: Next): Promise<void> => {
    const { headers } = ctx.req
    const forwarded = headers['x-forwarded-host']
    const host = typeof forwarded === 'string' ? forwarded : (headers.host ?? '')
    const tenant = await find(host.toLowerCase(), ctx.path)
    stateOf(ctx).tenant = tenant
    await keys.ready(tenant.institution.id)
    const { protocol, host: ownHost } = new URL(tenant.issuer)
    headers.host = ownHost
    headers['x-forwarded-host'] = ownHost
    headers['x-forwarded-proto'] = protocol.slice(0, -1)
    ctx.path = tenant.path
    await next()
  }
}

/**
 * Our own routes run in one unit of work; what none of them answers is the provider's, which has a unit of its own,
 * committed before its answer leaves (ruling R-1).
 */
async function inUnit(ports: AppPorts, ctx: Context, routes: () => Promise<unknown>): Promise<void> {
  const { institution } = tenantOf(ctx)
  let matched = true
  await ports.unit.run({ institution: institution.id, ...scopeOf(stateOf(ctx), ctx.req) }, async () => {
    await notingRefusals(ports.audit, stateOf(ctx), routes)
    matched = ctx.body !== undefined || ctx.status !== 404
    if (ctx.status >= 500) ports.unit.fail()
  })
  if (!matched) await ports.oidc.handle(ctx, tenantOf(ctx))
}

function assetRoutes(router: Router): void {
  router.get('/assets/:name', (ctx) => {
    const name = ctx.params.name as string
    serveAsset(ctx, name === 'brand.css' ? brandAsset(tenantOf(ctx).institution.accent) : asset(name))
  })
}

/** The page that says there is no such institution needs its stylesheet too. */
async function bareAssets(ctx: Context, next: Next): Promise<void> {
  const [, name] = /^\/assets\/([\w.-]+)$/.exec(ctx.path) ?? []
  if (name === undefined) await next()
  else serveAsset(ctx, asset(name))
}

function serveAsset(ctx: Context, found: Asset | undefined): void {
  if (!found) throw new Refusal('request.not_found')
  ctx.set('Cache-Control', cacheControlOf(found, ctx.query.v as string | undefined))
  ctx.set('X-Content-Type-Options', 'nosniff')
  ctx.type = found.type
  ctx.etag = found.etag
  ctx.body = found.body
  ctx.status = 200
  if (ctx.fresh) ctx.status = 304
}
