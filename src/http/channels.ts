// Where channels are told from outside what became of their messages; whoever tells it must prove to be the other side.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../domain/refusal.ts'
import type { HearReceipt } from '../flows/deliveries.ts'
import type { Channels } from '../ports/channel.ts'
import type { RateLimits } from '../ports/stores.ts'
import { once, readForm } from './body.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'

export interface ChannelRoutePorts {
  readonly channels: Channels
  readonly hearReceipt: HearReceipt
  readonly rateLimits: RateLimits
  readonly formBytes: number
}

export function channelRoutes(router: Router, ports: ChannelRoutePorts): void {
  const heard = async (ctx: Context & { params: Record<string, string> }) => {
    stateOf(ctx).face = 'json'
    await withinRate(ports.rateLimits, 'token', stateOf(ctx).clientAddress)
    const { institution } = tenantOf(ctx)
    const { id = '', rest = '' } = ctx.params
    const open = ports.channels.named(institution, id)
    if (open?.channel.heard === undefined) throw new Refusal('channel.unknown')
    const fields = await fieldsOf(ctx, ports.formBytes)
    const request = { institution: institution.id, channel: id, path: rest.split('/'), fields }
    const news = open.channel.heard(request)
    if (news.receipt !== undefined) await ports.hearReceipt(institution.id, news.delivery, news.receipt)
    // With a word, for gateways that take 200 alone for heard.
    ctx.body = 'heard'
  }
  router.get('/channels/:id/receipts/*rest', heard)
  router.post('/channels/:id/receipts/*rest', heard)
}

/** Of the query and of the form together; a name in both came twice. */
async function fieldsOf(ctx: Context, limit: number): Promise<ReadonlyMap<string, string>> {
  const form = ctx.method === 'POST' ? await readForm(ctx, limit) : []
  return once([...new URLSearchParams(ctx.querystring), ...form])
}
