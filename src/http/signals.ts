// The step of a sign-in in which the browser says what it tells of its device.
import type Router from '@koa/router'
import { nextStep } from '../domain/login.ts'
import { back, goOn, type InteractionPorts, pageOf, posted, questionOf, visited } from './interaction.ts'
import { collectPage } from './page/collect.ts'

export function signalRoutes(router: Router, ports: InteractionPorts): void {
  router.get('/interaction/:uid/signals', async (ctx) => {
    const login = await visited(ctx, ports)
    if (nextStep(login).step !== 'collect') return back(ctx, login)
    const { action, ...question } = await questionOf(ctx, ports, login)
    const nonce = ports.chance.token(16)
    pageOf(ctx, login, { html: collectPage({ ...question, nonce, action: action('signals') }), nonce })
  })
  router.post('/interaction/:uid/signals', async (ctx) => {
    const { login, form } = await posted(ctx, ports)
    // Whoever comes back to the page has said it before.
    if (nextStep(login).step !== 'collect') return back(ctx, login)
    await goOn(ctx, ports, await ports.login.collect(login, form.get('signals') ?? ''))
  })
}
