// The shop: where a customer buys without being signed in at the bank, and the bank asks them on their phone.
import { randomBytes } from 'node:crypto'
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Html } from '../http/page/html.ts'
import { type BackEnd, createBackEnd, Refused } from './back-end.ts'
import { readForm } from './forms.ts'
import { customers } from './idp.ts'
import { showPage } from './pages.ts'
import type { Scene } from './scene.ts'
import { type Order, orderPage, type Ware, wares, windowPage } from './shop-pages.ts'

export interface ShopOptions {
  readonly issuer: string
  readonly apiKey: Readonly<Record<string, unknown>>
  readonly scene: Pick<Scene, 'subjectOf'>
}

const mostOrders = 100

export function shopRoutes(router: Router, options: ShopOptions): void {
  const orders = new Map<string, Order>()
  let bank: Promise<BackEnd> | undefined
  const backEnd = () => {
    bank ??= createBackEnd(options)
    return bank
  }
  const known = () => Object.keys(customers).map((user) => [user, options.scene.subjectOf(user)] as const)
  const show = (ctx: Context, fault?: Html | string) => showPage(ctx, windowPage(known(), fault))

  router.get('/shop/', (ctx) => show(ctx))
  router.post('/shop/orders', async (ctx) => {
    const form = await readForm(ctx)
    const user = form.get('user') ?? ''
    const ware = wares.find(({ id }) => id === form.get('ware'))
    const sub = Object.hasOwn(customers, user) ? options.scene.subjectOf(user) : undefined
    if (ware === undefined || sub === undefined)
      return show(ctx, 'Sign in on the phone first: the shop’s bank has to know whom to ask.')
    try {
      const id = await ordered(await backEnd(), orders, { ware, user, sub })
      ctx.status = 303
      ctx.redirect(`/shop/orders/${id}`)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      show(ctx, error.code)
    }
  })
  router.get('/shop/orders/:id', async (ctx) => {
    const order = orders.get(ctx.params.id as string)
    if (order === undefined) return
    await lookAfter(await backEnd(), order)
    showPage(ctx, orderPage(order))
  })
  router.get('/shop/orders/:id/state', async (ctx) => {
    const order = orders.get(ctx.params.id as string)
    if (order === undefined) return
    await lookAfter(await backEnd(), order)
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { state: order.state }
  })
}

interface Ordering {
  readonly ware: Ware
  readonly user: string
  readonly sub: string
}

async function ordered(
  bank: BackEnd,
  orders: Map<string, Order>,
  { ware, user, sub }: Ordering,
): Promise<string> {
  const asked = await bank.ask({
    ...{ sub, detail: ware.detail, message: `Order ${ware.number}` },
    place: { device: 'Web browser at a shop' },
  })
  const id = randomBytes(9).toString('base64url')
  const open = { state: 'waiting', code: undefined, acr: undefined } as const
  orders.set(id, { ware, user, asked, ...open, nextLook: Date.now() + asked.interval })
  if (orders.size > mostOrders) orders.delete(orders.keys().next().value as string)
  return id
}

/** Asks the bridge once where that may be done already. */
async function lookAfter(bank: BackEnd, order: Order): Promise<void> {
  const now = Date.now()
  if (order.state !== 'waiting' || now < order.nextLook) return
  order.nextLook = now + order.asked.interval
  const looked = await bank.look(order.asked)
  if (looked.kind === 'approved') order.acr = String(looked.claims.acr)
  if (looked.kind === 'refused') order.code = looked.code
  order.state = looked.kind
}
