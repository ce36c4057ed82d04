// Signing out where an app asks for it by POST (OIDC RP-Initiated Logout 2).
import type Router from '@koa/router'
import type { RateLimits } from '../ports/stores.ts'
import { readForm } from './body.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'

export interface SignOutPorts {
  readonly rateLimits: RateLimits
  readonly formBytes: number
}

const parameters = [
  'id_token_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'ui_locales',
  'logout_hint',
]

export function signOutRoutes(router: Router, { rateLimits, formBytes }: SignOutPorts): void {
  // A POST from another site carries no SameSite=Lax cookie (ruling R-13): the browser asks again by GET, with ours.
  router.post('/sign-out', async (ctx) => {
    await withinRate(rateLimits, 'interaction', stateOf(ctx).clientAddress)
    const form = await readForm(ctx, formBytes)
    const known = [...form].filter(([name]) => parameters.includes(name))
    ctx.set('Cache-Control', 'no-store')
    ctx.status = 303
    ctx.redirect(`${tenantOf(ctx).prefix}/sign-out?${new URLSearchParams(known)}`)
  })
}
