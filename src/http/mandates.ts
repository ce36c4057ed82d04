// The mandate API for the bank's back end: who may sign for an account (RFC 6750 bearer tokens of client credentials).
import type Router from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import { mandateScope } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import { isRole, mostSignatories } from '../domain/signatories.ts'
import { formats } from '../domain/transaction-formats.ts'
import type { MandateFlows, MandateOf, NamedSignatory } from '../flows/mandates.ts'
import type { RateLimits } from '../ports/stores.ts'
import type { AuthorizeClient } from './authorize.ts'
import { readJson } from './body.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'
import { replyOnce } from './reply.ts'
import { tellBackEnd } from './subjects.ts'

export interface MandateRoutePorts {
  readonly mandateFlows: MandateFlows
  readonly authorizeClient: AuthorizeClient
  readonly rateLimits: RateLimits
  readonly jsonBytes: number
}

const body = z.strictObject({
  signatories: z
    .array(z.strictObject({ sub: z.string().min(1).max(200), role: z.string().refine(isRole) }))
    .min(1)
    .max(mostSignatories),
})

export function mandateRoutes(router: Router, ports: MandateRoutePorts): void {
  const { mandateFlows, jsonBytes } = ports
  router.get('/mandates/:account', async (ctx) => {
    const of = await asked(ctx, ports)
    replyOnce(ctx, shown(await mandateFlows.get(of)))
  })
  router.put('/mandates/:account', async (ctx) => {
    const of = await asked(ctx, ports)
    const { signatories } = await readJson(ctx, body, jsonBytes)
    await mandateFlows.put(of, signatories)
    replyOnce(ctx, shown(signatories))
  })
  router.delete('/mandates/:account', async (ctx) => {
    await mandateFlows.remove(await asked(ctx, ports))
    replyOnce(ctx, shown([]))
  })
}

const shown = (signatories: readonly NamedSignatory[]) => ({ signatories })

/** Who calls, and of which account they speak. */
async function asked(ctx: Context, { authorizeClient, rateLimits }: MandateRoutePorts): Promise<MandateOf> {
  stateOf(ctx).tell = tellBackEnd(mandateScope)
  const { relyingParty } = await authorizeClient(ctx, mandateScope)
  const institution = tenantOf(ctx).institution.id
  await withinRate(rateLimits, 'gateway', `${institution}|${relyingParty}`)
  const account = ctx.params.account as string
  // As transactions name it: an IBAN or a number of the bank's own, without spaces.
  if (!formats.account(account)) throw new Refusal('request.malformed', { field: 'account' })
  return { institution, account, relyingParty }
}
