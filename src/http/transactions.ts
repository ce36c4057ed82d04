// Transactions for back ends of the bank: decided on, approved where they must be, and given out to be done once.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import { acrLadder } from '../domain/acr.ts'
import { longestApproval } from '../domain/approval.ts'
import { type HeldCase, shownCaseState } from '../domain/held-case.ts'
import { type RelyingParty, transactionScope } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import { approvalStateOf, type BackEndTransactions, type Standing } from '../flows/back-end-transactions.ts'
import type { Consume, Consumed } from '../flows/use-transaction.ts'
import type { Directory, RateLimits } from '../ports/stores.ts'
import { type AuthorizeClient, apiOf } from './authorize.ts'
import { readJson } from './body.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'
import { iso, replyOnce } from './reply.ts'
import { isMessage, placeOfContext, requestContext } from './request-context.ts'
import { tellBackEnd } from './subjects.ts'

export interface TransactionRoutePorts {
  readonly consume: Consume
  readonly backEndTransactions: BackEndTransactions
  readonly directory: Pick<Directory, 'relyingParty'>
  readonly rateLimits: RateLimits
  readonly authorizeClient: AuthorizeClient
  readonly jsonBytes: number
}

const body = z.strictObject({ token: z.string().min(1).max(500) })

const wantedBody = z.strictObject({
  sub: z.string().min(1).max(200),
  authorization_details: z.tuple([z.record(z.string(), z.unknown())]),
  acr: z.enum(acrLadder).optional(),
  binding_message: z.string().refine(isMessage).optional(),
  context: requestContext.default({}),
  expires_in: z.int().min(30).max(longestApproval).optional(),
})

export function transactionRoutes(router: Router, ports: TransactionRoutePorts): void {
  const { consume, authorizeClient, jsonBytes, backEndTransactions } = ports
  router.post('/transactions', async (ctx) => {
    const relyingParty = await backEnd(ctx, ports)
    const { institution } = tenantOf(ctx)
    const { sub, context, ...body } = await readJson(ctx, wantedBody, jsonBytes)
    const standing = await backEndTransactions.decide(institution, {
      ...{ relyingParty, sub, reference: stateOf(ctx).reference, detail: body.authorization_details[0] },
      ...{ acr: body.acr, bindingMessage: body.binding_message, seconds: body.expires_in },
      place: placeOfContext(context),
    })
    replyOnce(ctx, standingShown(standing, { number: true }))
    ctx.status = 201
  })
  router.get('/transactions/:id', async (ctx) => {
    const { id: api } = await backEnd(ctx, ports)
    const { institution } = tenantOf(ctx)
    const standing = await backEndTransactions.of(institution.id, ctx.params.id as string, api)
    replyOnce(ctx, standingShown(standing, { number: false }))
  })
  router.post('/transactions/:id/consume', async (ctx) => {
    const { id: api } = await backEnd(ctx, ports)
    const { id } = tenantOf(ctx).institution
    const used = await backEndTransactions.consume(id, ctx.params.id as string, api)
    const { type, hash, detail } = used.transaction
    replyOnce(ctx, { id: used.id, type, hash, authorization_details: [detail] })
  })
  // No budget of its own: an API carries out as many payments as there are, and asks about each by introspection as well.
  router.post('/transactions/consume', async (ctx) => {
    stateOf(ctx).tell = tellBackEnd(transactionScope)
    const { relyingParty: api } = await authorizeClient(ctx, transactionScope)
    const { token } = await readJson(ctx, body, jsonBytes)
    const { institution, issuer } = tenantOf(ctx)
    const consumed = await consume({
      ...{ institution: institution.id, audience: apiOf(issuer), token, api },
      concerns: ({ relyingParty, subject, transaction }) => {
        const hash = transaction?.hash
        const trace = { relyingParty, subject, ...(hash !== undefined && { transaction: hash }) }
        stateOf(ctx).concerns = async () => ({ ...trace, detail: { api } })
      },
    })
    replyOnce(ctx, shown(consumed))
  })
}

/** The API that calls, by its own token. */
export async function backEnd(
  ctx: Context,
  ports: Pick<TransactionRoutePorts, 'authorizeClient' | 'directory' | 'rateLimits'>,
): Promise<RelyingParty> {
  stateOf(ctx).tell = tellBackEnd(transactionScope)
  const { relyingParty: api } = await ports.authorizeClient(ctx, transactionScope)
  const { id } = tenantOf(ctx).institution
  await withinRate(ports.rateLimits, 'gateway', `${id}|${api}`)
  const party = await ports.directory.relyingParty(id, api)
  if (party === undefined) throw new Refusal('token.invalid')
  return party
}

/** `number` is told once, to whoever asked: it belongs on the screen on which the customer began. */
function standingShown(standing: Standing, { number }: { readonly number: boolean }) {
  const { transaction, approval, case: held, state, now, endsAt, code, signatories } = standing
  const { outcome, reason } = transaction.decision
  return {
    id: transaction.id,
    state,
    decision: { outcome: outcome.kind, reason, policy: transaction.policy },
    ...(code !== undefined && { code }),
    ...(signatories.length > 0 && { signatories }),
    hash: transaction.transaction.hash,
    ...(endsAt !== undefined && { expires_at: iso(endsAt) }),
    ...(approval && {
      approval: {
        id: approval.id,
        state: approvalStateOf(standing),
        ...(number && approval.number !== undefined && { number: approval.number }),
        expires_at: iso(approval.expiresAt),
      },
    }),
    ...(held && { case: caseShown(held, now) }),
  }
}

/** `until`: when somebody will have decided, or until when it can be sent again. */
function caseShown(held: HeldCase, now: number) {
  const state = shownCaseState(held, now)
  const until = state === 'released' ? held.sendUntil : held.deadline
  const sentAgain = held.usedBy !== undefined
  const over = state === 'stopped' || state === 'expired' || sentAgain
  return {
    state,
    ...(!over && until !== undefined && { until: iso(until) }),
    ...(sentAgain && { sent_again: true }),
  }
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)

const shown = ({ id, token, transaction, sub }: Consumed) => ({
  ...{ id, type: transaction.type, hash: transaction.hash, authorization_details: [transaction.detail] },
  ...{ sub, client_id: token.relyingParty, acr: token.acr, amr: token.amr },
  ...{ auth_time: seconds(token.authenticatedAt), exp: seconds(token.expiresAt) },
})
