// Away from a form of the console to an IdP, for a test login.
import type { Context } from 'koa'
import { tenantOf } from '../http/context.ts'
import { depart } from '../http/departure.ts'
import { onwardPage } from '../http/page/onward.ts'
import { askingOf } from '../http/page-context.ts'
import { pageHeaders } from '../http/security-headers.ts'
import type { UpstreamDeparture } from '../ports/connector.ts'

export interface Leaving {
  readonly departure: UpstreamDeparture
  /** The IdP as the console calls it. */
  readonly to: string
  readonly nonce: string
}

/** By a page of its own and no redirect: those are held against the form's policy (docs/decisions/0013). */
export function leaveForIdp(ctx: Context, { departure, to, nonce }: Leaving): void {
  if (departure.kind === 'post') {
    depart(ctx, { departure, to, nonce, leadsTo: [] })
    return
  }
  const { issuer } = tenantOf(ctx)
  ctx.set(pageHeaders({ formActions: [], https: issuer.startsWith('https:') }))
  ctx.status = 200
  ctx.type = 'html'
  ctx.body = onwardPage({ ...askingOf(ctx, ['en']), to: departure.url, name: to })
}
