// The code by which customers let back ends ask them (CIBA 7.1 `user_code`): set and removed by their own app.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import { withDeviceAndPin } from '../domain/acr.ts'
import { approvalScope } from '../domain/institution.ts'
import type { UserCodeFlows } from '../flows/user-code.ts'
import { readJson } from './body.ts'
import { tenantOf } from './context.ts'
import { type CustomerCallPorts, customerCall } from './customer-call.ts'

export interface UserCodeRoutePorts extends CustomerCallPorts {
  readonly userCodeFlows: UserCodeFlows
  readonly jsonBytes: number
}

const body = z.strictObject({ code: z.string().max(32) })

export function userCodeRoutes(router: Router, ports: UserCodeRoutePorts): void {
  const set = async (ctx: Context, read: () => Promise<string | undefined>) => {
    const call = { scope: approvalScope, acr: withDeviceAndPin, read }
    const { token, request } = await customerCall(ctx, ports, call)
    await ports.userCodeFlows.set(tenantOf(ctx).institution, token, request)
    ctx.status = 204
  }
  router.put('/user-code', (ctx) => set(ctx, async () => (await readJson(ctx, body, ports.jsonBytes)).code))
  router.delete('/user-code', (ctx) => set(ctx, async () => undefined))
}
