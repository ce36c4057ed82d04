// CORS for the bridge's own APIs: only origins that the institution listed for one of its apps, exactly (attack 114).
import type { Context } from 'koa'
import type { Directory } from '../ports/stores.ts'
import { tenantOf } from './context.ts'

const paths = /^\/(devices|soap|approvals|messages)(\/|$)/

const allowHeaders = 'authorization, content-type, dpop, soapaction'
const exposeHeaders = 'WWW-Authenticate, DPoP-Nonce, Retry-After'

/** Middleware: answers pre-flights and marks answers; origins that are not listed get nothing. */
export function ownCors({ directory }: { directory: Directory }) {
  return async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    const origin = ctx.get('origin')
    if (origin === '' || !paths.test(ctx.path)) return void (await next())
    ctx.vary('Origin')
    const set = await directory.everything(tenantOf(ctx).institution.id)
    const known = set?.relyingParties.some(({ webOrigins }) => webOrigins.includes(origin)) ?? false
    if (known) {
      ctx.set('Access-Control-Allow-Origin', origin)
      ctx.set('Access-Control-Expose-Headers', exposeHeaders)
    }
    if (ctx.method !== 'OPTIONS') return void (await next())
    if (known) {
      ctx.set('Access-Control-Allow-Methods', 'GET, POST, PUT, DELETE')
      ctx.set('Access-Control-Allow-Headers', allowHeaders)
      ctx.set('Access-Control-Max-Age', '3600')
    }
    ctx.status = 204
  }
}
