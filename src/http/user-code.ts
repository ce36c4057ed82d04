// The code by which customers let back ends ask them (CIBA 7.1 `user_code`): set and removed by their own app.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import { withDeviceAndPin } from '../domain/acr.ts'
import { approvalScope } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { UserCodeFlows } from '../flows/user-code.ts'
import type { RateLimits } from '../ports/stores.ts'
import type { Authorize } from './authorize.ts'
import { readJson } from './body.ts'
import { challengeOn } from './challenge.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'

export interface UserCodeRoutePorts {
  readonly userCodeFlows: UserCodeFlows
  readonly authorize: Authorize
  readonly rateLimits: RateLimits
  readonly jsonBytes: number
}

const body = z.strictObject({ code: z.string().max(32) })

export function userCodeRoutes(router: Router, ports: UserCodeRoutePorts): void {
  const set = async (ctx: Context, read: () => Promise<string | undefined>) => {
    stateOf(ctx).face = 'json'
    challengeOn(ctx, { acr: withDeviceAndPin })
    const { token, request } = await ports.authorize(ctx, async (caller) => {
      if (!caller.scope.includes(approvalScope)) throw new Refusal('token.scope', { needed: approvalScope })
      await withinRate(ports.rateLimits, 'device', `${caller.institution}|${caller.subject}`)
      return read()
    })
    await ports.userCodeFlows.set(tenantOf(ctx).institution, token, request)
    ctx.status = 204
  }
  router.put('/user-code', (ctx) => set(ctx, async () => (await readJson(ctx, body, ports.jsonBytes)).code))
  router.delete('/user-code', (ctx) => set(ctx, async () => undefined))
}
