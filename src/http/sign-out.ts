// Signing out where an app asks for it by POST (OIDC RP-Initiated Logout 2), and where an IdP speaks of it (SAML SLO).
import type Router from '@koa/router'
import type { Context } from 'koa'
import { Refusal } from '../domain/refusal.ts'
import type { AfterLogout, Heard, SignOut } from '../flows/sign-out.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { RateLimits, UpstreamAnswers } from '../ports/stores.ts'
import { readForm } from './body.ts'
import { browserOf } from './browser.ts'
import { stateOf, tenantOf } from './context.ts'
import { depart } from './departure.ts'
import { withinRate } from './interaction.ts'
import { noticePage } from './page/notice.ts'
import { askingOf } from './page-context.ts'
import { pageHeaders } from './security-headers.ts'

export interface SignOutPorts {
  readonly signOut: SignOut
  readonly answers: UpstreamAnswers
  readonly rateLimits: RateLimits
  readonly clock: Clock
  readonly chance: Chance
  readonly formBytes: number
  readonly samlBytes: number
}

const parameters = [
  'id_token_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'ui_locales',
  'logout_hint',
]
const answerSeconds = 120
// An IdP's own value, given back to it as it was; longer ones are dropped.
const longestRelayState = 1024

export function signOutRoutes(router: Router, ports: SignOutPorts): void {
  // A POST from another site carries no SameSite=Lax cookie (ruling R-13): the browser asks again by GET, with ours.
  router.post('/sign-out', async (ctx) => {
    await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
    const form = await readForm(ctx, ports.formBytes)
    const known = [...form].filter(([name]) => parameters.includes(name))
    seeOther(ctx, `${tenantOf(ctx).prefix}/sign-out?${new URLSearchParams(known)}`)
  })
  router.get('/saml/:connection/slo', async (ctx) => {
    await withinRate(ports.rateLimits, 'acs', stateOf(ctx).clientAddress)
    const relayState = new URLSearchParams(ctx.querystring).get('RelayState') ?? ''
    // The raw query: what was signed are its octets (attack 81).
    const query = ctx.req.url?.split('?').slice(1).join('?') ?? ''
    await hear(ctx, ports, { message: { binding: 'redirect', query }, relayState })
  })
  router.post('/saml/:connection/slo', (ctx) => posted(ctx, ports))
  router.get('/saml/:connection/slo/:handle', async (ctx) => {
    await withinRate(ports.rateLimits, 'acs', stateOf(ctx).clientAddress)
    const { connection, handle } = ctx.params as Record<string, string>
    const answer = await ports.answers.take(tenantOf(ctx).institution.id, handle as string)
    if (answer?.connection !== connection) throw new Refusal('upstream.handle_unknown')
    const message = { binding: 'post', name: 'SAMLResponse', value: answer?.payload as string } as const
    await hear(ctx, ports, { message, relayState: '' })
  })
}

/** A request needs no cookie: its signature says all. An answer must be this browser's, whose cookie a POST lacks. */
async function posted(ctx: Context, ports: SignOutPorts): Promise<void> {
  await withinRate(ports.rateLimits, 'acs', stateOf(ctx).clientAddress)
  const form = await readForm(ctx, ports.samlBytes)
  const [request, response] = [form.get('SAMLRequest'), form.get('SAMLResponse')]
  if ((request === undefined) === (response === undefined))
    throw new Refusal('logout.refused', { cause: 'saml.malformed', check: 'one message' })
  const { institution, prefix } = tenantOf(ctx)
  const connection = ctx.params.connection as string
  if (request !== undefined) {
    const message = { binding: 'post', name: 'SAMLRequest', value: request } as const
    return hear(ctx, ports, { message, relayState: form.get('RelayState') ?? '' })
  }
  const handle = ports.chance.token(32)
  const answer = { handle, connection, relayState: '', payload: response as string }
  await ports.answers.put(institution.id, answer, ports.clock.now() + answerSeconds * 1000)
  seeOther(ctx, `${prefix}/saml/${connection}/slo/${handle}`)
}

async function hear(
  ctx: Context,
  { signOut, chance }: SignOutPorts,
  { message, relayState }: Pick<Heard, 'message' | 'relayState'>,
): Promise<void> {
  const tenant = tenantOf(ctx)
  const heard = {
    connection: ctx.params.connection as string,
    message,
    relayState: relayState.length > longestRelayState ? '' : relayState,
    browser: browserOf(ctx, tenant),
  }
  show(ctx, await signOut.hear(tenant.institution, heard), chance.token(16))
}

function show(ctx: Context, after: AfterLogout, nonce: string): void {
  if (after.kind === 'return') seeOther(ctx, after.to)
  else if (after.kind === 'depart')
    depart(ctx, { departure: after.departure, to: after.connection.name, nonce, leadsTo: [] })
  else showOver(ctx)
}

function showOver(ctx: Context): void {
  const { issuer } = tenantOf(ctx)
  ctx.set(pageHeaders({ formActions: [], https: issuer.startsWith('https:') }))
  ctx.type = 'html'
  ctx.body = noticePage({ ...askingOf(ctx, []), kind: 'signed-out' })
}

function seeOther(ctx: Context, to: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 303
  ctx.redirect(to)
}
