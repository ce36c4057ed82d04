// The subject API for the bank's back end: a customer is disabled and enabled (RFC 6750 bearer tokens of client credentials).
import type Router from '@koa/router'
import type { Context } from 'koa'
import { subjectScope } from '../domain/institution.ts'
import type { Refusal } from '../domain/refusal.ts'
import type { SubjectFlows } from '../flows/subjects.ts'
import type { RateLimits } from '../ports/stores.ts'
import type { AuthorizeClient } from './authorize.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'
import { replyOnce } from './reply.ts'
import { tellApp } from './told.ts'
import { oauthErrorOf } from './words/codes.ts'

export interface SubjectRoutePorts {
  readonly subjects: SubjectFlows
  readonly authorizeClient: AuthorizeClient
  readonly rateLimits: RateLimits
}

export function subjectRoutes(
  router: Router,
  { subjects, authorizeClient, rateLimits }: SubjectRoutePorts,
): void {
  const change = async (ctx: Context) => {
    stateOf(ctx).tell = tellBackEnd(subjectScope)
    const { relyingParty } = await authorizeClient(ctx, subjectScope)
    const institution = tenantOf(ctx).institution.id
    await withinRate(rateLimits, 'gateway', `${institution}|${relyingParty}`)
    return { institution, relyingParty, sub: ctx.params.sub as string }
  }
  router.post('/subjects/:sub/disable', async (ctx) => {
    const asked = await change(ctx)
    await subjects.disable(asked)
    replyOnce(ctx, { sub: asked.sub, state: 'disabled' })
  })
  router.post('/subjects/:sub/enable', async (ctx) => {
    const asked = await change(ctx)
    await subjects.enable(asked)
    replyOnce(ctx, { sub: asked.sub, state: 'enabled' })
  })
}

/** Tells the bank's back end; RFC 6750 3: what a token with this scope could mend is answered by a challenge. */
export const tellBackEnd =
  (scope: string) =>
  (ctx: Context, { code }: Refusal): void => {
    if (code.startsWith('token.'))
      ctx.set('WWW-Authenticate', `Bearer scope="${scope}", error="${oauthErrorOf(code)}"`)
    tellApp(ctx, code)
  }
