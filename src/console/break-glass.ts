// The door for the day on which the staff's own sign-in is broken: a passkey from the safe, an hour, and everybody told.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../domain/refusal.ts'
import { readForm } from '../http/body.ts'
import { checkForm, formToken } from '../http/browser.ts'
import { stateOf, tenantOf } from '../http/context.ts'
import { withinRate } from '../http/interaction.ts'
import { html } from '../http/page/html.ts'
import { notice } from '../http/page/parts.ts'
import type { Tenant } from '../http/tenant.ts'
import { passkeyAsked, sealing, sessionCookie, setSession } from './cookies.ts'
import { seeOther } from './desk.ts'
import { passkeyForm } from './passkey-page.ts'
import { type SignInPorts, safePath, show } from './sign-in.ts'

const formBytes = 64 * 1024

export function breakGlassDoor(router: Router, ports: SignInPorts): void {
  router.get('/console/break-glass', (ctx) => ask(ctx, ports))
  router.post('/console/break-glass', (ctx) => answered(ctx, ports))
}

const tokenFor = ({ keys }: SignInPorts, { institution }: Tenant, challenge: string): string =>
  formToken(keys.secret(institution.id, 'form-token'), `break-glass|${challenge}`)

async function ask(ctx: Context, ports: SignInPorts): Promise<void> {
  await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
  const tenant = tenantOf(ctx)
  const question = await ports.breakGlass.askForKnown(tenant)
  if (question === undefined) return showNoKeys(ctx)
  const { challenge, options } = question
  passkeyAsked.set(ctx, tenant, { ...sealing(ports), given: { challenge, as: 'door' } })
  const nonce = ports.chance.token(16)
  const fields = { form_token: tokenFor(ports, tenant, challenge), onward: safePath(ctx.query.then) }
  const action = `${tenant.prefix}/console/break-glass`
  show(ctx, {
    title: 'Open the console with a key from the safe',
    nonce,
    main: html`${notice('warn', 'Everybody is told.', 'Every administrator sees which key was used and when, an alarm is raised, and what you do is recorded.')}
<p>The key opens the console for one hour, with the rights of an owner.</p>
${passkeyForm({ action, kind: 'get', options, fields, button: 'Use the key', nonce })}`,
  })
}

function showNoKeys(ctx: Context): void {
  const { prefix } = tenantOf(ctx)
  show(ctx, {
    title: 'There is no key in a safe',
    status: 404,
    main: html`<p>No owner of this console has registered a break-glass key, so there is no way in by one.</p>
<div class="actions"><a class="btn primary" href="${prefix}/console/sign-in">Sign in</a></div>`,
  })
}

async function answered(ctx: Context, ports: SignInPorts): Promise<void> {
  const tenant = tenantOf(ctx)
  const { clientAddress } = stateOf(ctx)
  stateOf(ctx).startAgain = `${tenant.issuer}/console/break-glass`
  // By address: counted for the institution as a whole, a stranger could keep the bank itself out.
  await withinRate(ports.rateLimits, 'pin', `break-glass|${tenant.institution.id}|${clientAddress}`)
  const form = await readForm(ctx, formBytes)
  const asked = passkeyAsked.take(ctx, tenant, sealing(ports))
  if (asked?.as !== 'door') throw new Refusal('break_glass.late')
  const { challenge } = asked
  checkForm(ctx, tenant, { given: form.get('form_token'), expected: tokenFor(ports, tenant, challenge) })
  const credential = form.get('credential') ?? ''
  const before = sessionCookie(ctx, tenant)
  setSession(ctx, tenant, await ports.breakGlass.open({ place: tenant, challenge, credential, before }))
  seeOther(ctx, `${tenant.prefix}${safePath(form.get('onward'))}`)
}
