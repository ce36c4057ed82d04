// The chooser's page and its answer. It has an address of its own, so that the way back from the IdP leads to it.
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { LoginTransaction } from '../domain/login.ts'
import { logoIn } from '../domain/logo.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Choice } from '../flows/login-choice.ts'
import { bindBrowser } from './browser.ts'
import { tenantOf } from './context.ts'
import { back, goOn, type InteractionPorts, pageOf, posted, questionOf, visited } from './interaction.ts'
import { choosePage } from './page/choose.ts'
import { onwardPage } from './page/onward.ts'
import { rememberChoice, rememberedChoice } from './remembered.ts'

export interface ChoosePorts extends InteractionPorts {
  readonly choice: Choice
}

export function chooseRoutes(router: Router, ports: ChoosePorts): void {
  router.get('/interaction/:uid/choose', async (ctx) => {
    const login = await visited(ctx, ports)
    const { step } = ports.login.next(login)
    if (step === 'choose' || step === 'upstream') await showChoices(ctx, ports, { login })
    else back(ctx, login)
  })
  router.get('/connections/:connection/logo', (ctx) => showLogo(ctx, ports))
  router.post('/interaction/:uid/choose', async (ctx) => {
    const { login, form } = await posted(ctx, ports)
    if (form.get('do') === 'cancel') return goOn(ctx, ports, await ports.login.cancel(login))
    const address = form.get('address')
    const next =
      address === undefined
        ? await ports.choice.take(login, form.get('connection') ?? '')
        : await ports.choice.takeByAddress(login, address)
    if (next !== undefined) return leadOn(ctx, ports, next)
    await showChoices(ctx, ports, { login, homeless: address })
    ctx.status = 400
  })
}

/** The choice is remembered, and the browser sent on as by a visit of its own. */
async function leadOn(ctx: Context, ports: ChoosePorts, login: LoginTransaction): Promise<void> {
  const tenant = tenantOf(ctx)
  rememberChoice(ctx, tenant, login.connection ?? '')
  const { action, ...question } = await questionOf(ctx, ports, login)
  const connection = await ports.directory.connection(login.institution, login.connection ?? '')
  const to = `${tenant.prefix}/interaction/${login.uid}`
  pageOf(ctx, login, onwardPage({ ...question, to, name: connection?.name ?? question.institution.name }))
}

interface Showing {
  readonly login: LoginTransaction
  readonly homeless?: string | undefined
}

async function showChoices(ctx: Context, ports: ChoosePorts, { login, homeless }: Showing): Promise<void> {
  const offered = await ports.choice.offered(login)
  // Now, so that a double press of a button goes out from one browser and not from two.
  bindBrowser(ctx, tenantOf(ctx), ports.chance)
  const { action, ...question } = await questionOf(ctx, ports, login)
  const html = choosePage({
    ...question,
    action: action('choose'),
    choices: offered.map(({ id, name, logo, version }) => ({
      id,
      name,
      ...(logo !== undefined && { logo: `${tenantOf(ctx).prefix}/connections/${id}/logo?v=${version}` }),
    })),
    last: login.connection ?? rememberedChoice(ctx, tenantOf(ctx)),
    byAddress: offered.some(({ domains = [] }) => domains.length > 0),
    homeless,
  })
  pageOf(ctx, login, html)
}

/** The picture, as nothing but a picture: whoever opens it alone runs nothing. */
async function showLogo(ctx: Context, { directory }: ChoosePorts): Promise<void> {
  const { institution } = tenantOf(ctx)
  const connection = await directory.connection(institution.id, String(ctx.params.connection))
  const logo = logoIn(connection?.logo ?? '')
  if (logo === undefined) throw new Refusal('request.not_found')
  ctx.set('Cache-Control', 'public, max-age=300')
  ctx.set('X-Content-Type-Options', 'nosniff')
  ctx.set('Content-Security-Policy', "default-src 'none'; sandbox")
  ctx.type = logo.type
  ctx.body = Buffer.from(logo.bytes)
}
