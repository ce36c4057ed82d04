// The step of a sign-in that waits for others to sign what its customer has approved.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import type { LoginSigning } from '../flows/login-signing.ts'
import { stateOf, tenantOf } from './context.ts'
import {
  back,
  goOn,
  type InteractionPorts,
  pageOf,
  posted,
  questionOf,
  refuse,
  shownOf,
  visited,
} from './interaction.ts'
import { approvePage } from './page/approve.ts'

export interface SignPorts extends InteractionPorts {
  readonly loginSigning: LoginSigning
}

export function signRoutes(router: Router, ports: SignPorts): void {
  router.get('/interaction/:uid/signatories', async (ctx) => {
    const login = await visited(ctx, ports)
    if (nextStep(login).step !== 'sign') return back(ctx, login)
    const signing = await ports.loginSigning.state(tenantOf(ctx).institution, login)
    if (signing.kind === 'signed') return goOn(ctx, ports, signing.login)
    if (signing.kind === 'refused') return refuse(ctx, ports, { login, code: signing.code })
    await show(ctx, ports, { login, until: signing.until })
  })
  router.get('/interaction/:uid/signatories/state', async (ctx) => {
    stateOf(ctx).face = 'json'
    const login = await visited(ctx, ports)
    const waits = await ports.loginSigning.waits(login)
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { state: waits ? 'waiting' : 'over' }
  })
  router.post('/interaction/:uid/signatories', async (ctx) => {
    const { login, form } = await posted(ctx, ports)
    if (nextStep(login).step !== 'sign' || form.get('do') !== 'deny') return back(ctx, login)
    await ports.loginSigning.withdraw(login)
    await goOn(ctx, ports, await ports.login.cancel(login))
  })
}

interface Show {
  readonly login: LoginTransaction
  readonly until: number
}

async function show(ctx: Context, ports: SignPorts, { login, until }: Show): Promise<void> {
  const { action, ...question } = await questionOf(ctx, ports, login)
  const nonce = ports.chance.token(16)
  const view = {
    ...question,
    ...{ transaction: shownOf(login, question), pinHere: false, state: { kind: 'signing', until } as const },
    ...{ nonce, action: action('signatories'), asks: action('signatories/state') },
  }
  pageOf(ctx, login, { html: approvePage(view), nonce })
}
