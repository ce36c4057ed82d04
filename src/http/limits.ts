// The limits that a customer sets themselves, for apps: read as a whole, changed as a whole.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import { withDeviceAndPin } from '../domain/acr.ts'
import { limitScope } from '../domain/institution.ts'
import { type Limit, longestMinutes, periods, type Threshold } from '../domain/limit.ts'
import { mostOwnLimits, type OwnLimits } from '../domain/own-limits.ts'
import { ownOutcome } from '../domain/policy.ts'
import { isMoney } from '../domain/transaction.ts'
import type { OwnLimitFlows } from '../flows/own-limits.ts'
import { readJson } from './body.ts'
import { tenantOf } from './context.ts'
import { type CustomerCallPorts, customerCall } from './customer-call.ts'
import { iso, replyOnce } from './reply.ts'

export interface LimitPorts extends CustomerCallPorts {
  readonly ownLimitFlows: OwnLimitFlows
  readonly jsonBytes: number
}

const account = z.string().regex(/^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/)
const amounts = z
  .record(z.string().max(3), z.string().max(20))
  .refine((all) => Object.entries(all).every(([currency, amount]) => isMoney(amount, currency)))
  .refine((all) => Object.keys(all).length > 0)

const threshold = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('amount'),
      per: z.enum(periods),
      over: amounts,
      in: z.string().max(3).optional(),
    })
    // What has no rate at the bank is over the limit: it needs no check here.
    .refine(({ over, in: into }) => into === undefined || Object.hasOwn(over, into)),
  z.strictObject({
    kind: z.literal('count'),
    minutes: z.int().min(1).max(longestMinutes),
    over: z.int().min(0).max(1000),
  }),
  z.strictObject({ kind: z.literal('new-payee') }),
  z.strictObject({ kind: z.literal('always') }),
])

const limit = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/),
  from: z.array(account).max(50).default([]),
  to: z.array(account).max(50).default([]),
  threshold,
})

const body = z.strictObject({
  version: z.int().min(0),
  limits: z
    .array(limit)
    .max(mostOwnLimits)
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length),
})

export function limitRoutes(router: Router, ports: LimitPorts): void {
  router.get('/limits', async (ctx) => {
    const { token } = await asked(ctx, ports, async () => undefined)
    reply(ctx, await ports.ownLimitFlows.of(token))
  })
  router.put('/limits', async (ctx) => {
    const { token, request } = await asked(ctx, ports, () => readJson(ctx, body, ports.jsonBytes))
    const limits = request.limits.map(limitOf)
    reply(ctx, await ports.ownLimitFlows.change(tenantOf(ctx).institution, token, { ...request, limits }))
  })
}

const asked = <T>(ctx: Context, ports: LimitPorts, read: () => Promise<T>) =>
  customerCall(ctx, ports, { scope: limitScope, acr: withDeviceAndPin, read })

// Every customer's limit is about payments, and leads to their approval: nothing else can be asked for.
const limitOf = ({ id, from, to, threshold: given }: z.infer<typeof limit>): Limit => ({
  ...{ id, from, to, types: [], outcome: ownOutcome },
  threshold: given as Threshold,
})

const shown = ({ id, from, to, threshold: given }: Limit) => ({ id, from, to, threshold: given })

function reply(ctx: Context, { version, limits, leaving }: OwnLimits): void {
  const still = leaving && { limits: leaving.limits.map(shown), until: iso(leaving.at) }
  replyOnce(ctx, { version, limits: limits.map(shown), ...(still && { leaving: still }) })
}
