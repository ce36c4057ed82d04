// The browser leaves for an IdP: by a redirect, or by a form that sends itself on (ruling R-14).
import type { Context } from 'koa'
import type { UpstreamDeparture } from '../ports/connector.ts'
import { tenantOf } from './context.ts'
import { postFormPage } from './page/post-form.ts'
import { askingOf } from './page-context.ts'
import { formActionOf, pageHeaders } from './security-headers.ts'

/** A way on for the browser; what the connector must remember of it stands elsewhere. */
type WayOn =
  | Pick<Extract<UpstreamDeparture, { kind: 'post' }>, 'kind' | 'url' | 'fields'>
  | Pick<Extract<UpstreamDeparture, { kind: 'redirect' }>, 'kind' | 'url'>

export interface Departing {
  readonly departure: WayOn
  /** Who the customer is taken to, by name. */
  readonly to: string
  readonly nonce: string
  /** Where the IdP's answer leads afterwards, beside ourselves: browsers hold redirects of a form against its page. */
  readonly leadsTo: readonly string[]
}

/** Answers with the departure. */
export function depart(ctx: Context, { departure, to, nonce, leadsTo }: Departing): void {
  ctx.set('Cache-Control', 'no-store')
  if (departure.kind === 'redirect') {
    ctx.status = 303
    ctx.redirect(departure.url)
    return
  }
  const { issuer } = tenantOf(ctx)
  const formActions = [departure.url, ...leadsTo].map(formActionOf)
  ctx.remove('Location')
  ctx.set(pageHeaders({ formActions, nonce, https: issuer.startsWith('https:') }))
  ctx.status = 200
  ctx.type = 'html'
  const { url: action, fields } = departure
  ctx.body = postFormPage({ ...askingOf(ctx, []), action, fields, to, nonce })
}
