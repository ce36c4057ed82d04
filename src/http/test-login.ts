// The way back of a test login: from the IdP to its result, and nowhere else.
import type Router from '@koa/router'
import type { TestLoginFlows } from '../flows/test-login.ts'
import type { RateLimits } from '../ports/stores.ts'
import type { TestLogin } from '../ports/test-logins.ts'
import { browserOf } from './browser.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'

export interface TestLoginPorts {
  readonly testLogin: TestLoginFlows
  readonly rateLimits: RateLimits
}

/** Where the console shows the result, below the institution's prefix. */
export const testResultPath = ({ connection, id }: Pick<TestLogin, 'connection' | 'id'>): string =>
  `/console/connections/${connection}/tests/${id}`

export function testLoginRoutes(router: Router, { testLogin, rateLimits }: TestLoginPorts): void {
  router.get('/test-login/:handle', async (ctx) => {
    await withinRate(rateLimits, 'interaction', stateOf(ctx).clientAddress)
    const tenant = tenantOf(ctx)
    const browser = browserOf(ctx, tenant)
    const test = await testLogin.complete(tenant.institution, ctx.params.handle as string, browser)
    ctx.set('Cache-Control', 'no-store')
    ctx.status = 303
    ctx.redirect(`${tenant.prefix}${testResultPath(test)}`)
  })
}
