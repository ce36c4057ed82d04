// Transactions for APIs of the bank that carry them out without the gateway: each is given out to be done once.
import type Router from '@koa/router'
import { z } from 'zod'
import { transactionScope } from '../domain/institution.ts'
import type { Consume, Consumed } from '../flows/use-transaction.ts'
import { type AuthorizeClient, apiOf } from './authorize.ts'
import { readJson } from './body.ts'
import { stateOf, tenantOf } from './context.ts'
import { replyOnce, tellBackEnd } from './subjects.ts'

export interface TransactionRoutePorts {
  readonly consume: Consume
  readonly authorizeClient: AuthorizeClient
  readonly jsonBytes: number
}

const body = z.strictObject({ token: z.string().min(1).max(500) })

export function transactionRoutes(
  router: Router,
  { consume, authorizeClient, jsonBytes }: TransactionRoutePorts,
): void {
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

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)

const shown = ({ id, token, transaction, sub }: Consumed) => ({
  ...{ id, type: transaction.type, hash: transaction.hash, authorization_details: [transaction.detail] },
  ...{ sub, client_id: token.relyingParty, acr: token.acr, amr: token.amr },
  ...{ auth_time: seconds(token.authenticatedAt), exp: seconds(token.expiresAt) },
})
