// Into the console: through the institution's own provider by a workforce connection; the first time with an invitation.
import { createHash } from 'node:crypto'
import type Router from '@koa/router'
import type { Context } from 'koa'
import { consoleCallback, consoleId } from '../domain/console-party.ts'
import { Refusal } from '../domain/refusal.ts'
import { readForm } from '../http/body.ts'
import { checkForm, formToken } from '../http/browser.ts'
import { stateOf, tenantOf } from '../http/context.ts'
import { withinRate } from '../http/interaction.ts'
import { type Html, html } from '../http/page/html.ts'
import { onwardPage } from '../http/page/onward.ts'
import { hiddenFields, notice } from '../http/page/parts.ts'
import { page } from '../http/page/shell.ts'
import { askingOf } from '../http/page-context.ts'
import type { OidcGate } from '../http/provider-port.ts'
import { pageHeaders } from '../http/security-headers.ts'
import type { Tenant } from '../http/tenant.ts'
import type { Chance } from '../ports/clock.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import { sessionCookie, setSession, setUnderWay, takeUnderWay, type UnderWay } from './cookies.ts'
import { type DeskPorts, seeOther } from './desk.ts'

export interface SignInPorts extends DeskPorts {
  readonly oidc: OidcGate
  readonly seal: FieldSeal
  readonly chance: Chance
}

export function signInRoutes(router: Router, ports: SignInPorts): void {
  router.get('/console/sign-in', async (ctx) => {
    await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
    const fresh = ctx.query.fresh === 'yes'
    if (fresh && (await cameByKey(ctx, ports))) return seeOther(ctx, keyAgain(ctx))
    await leave(ctx, ports, { onward: safePath(ctx.query.then), invitation: undefined, fresh })
  })
  router.get('/console/callback', (ctx) => comeBack(ctx, ports))
  router.post('/console/sign-out', (ctx) => signOut(ctx, ports))
  router.get('/console/signed-out', (ctx) => showSignedOut(ctx))
  router.get('/console/invitation/:token', (ctx) => showInvitation(ctx, ports))
  router.post('/console/invitation/:token', (ctx) => takeInvitation(ctx, ports))
}

/** Only a path of the console's own, never an address: nothing that a link says leads elsewhere. */
export function safePath(given: unknown): string {
  return typeof given === 'string' && /^\/console(\/[\w-][\w.-]*)*(\?[\w.&=%-]*)?$/.test(given)
    ? given
    : '/console'
}

/** Whoever came in by a key from the safe proves themselves by it again: the staff's own sign-in may be what is broken. */
async function cameByKey(ctx: Context, { consoleAccess }: SignInPorts): Promise<boolean> {
  const tenant = tenantOf(ctx)
  const visitor = await consoleAccess.visitor(tenant.institution.id, sessionCookie(ctx, tenant))
  return visitor?.kind === 'break-glass'
}

const keyAgain = (ctx: Context): string =>
  `${tenantOf(ctx).prefix}/console/break-glass?then=${encodeURIComponent(safePath(ctx.query.then))}`

/** In small print: it is for the day on which nothing else works. */
const smallPrint = (prefix: string) =>
  html`<p class="small quiet"><a href="${prefix}/console/break-glass">Open the console with a key from the safe</a></p>`

interface Leaving {
  readonly onward: string
  readonly invitation: string | undefined
  readonly fresh: boolean
}

async function leave(
  ctx: Context,
  ports: SignInPorts,
  { onward, invitation, fresh }: Leaving,
): Promise<void> {
  const tenant = tenantOf(ctx)
  if (!(await ports.consoleAccess.hasWayIn(tenant.institution.id))) return showNoWayIn(ctx)
  const now = ports.clock.now()
  const [state, nonce, verifier] = [ports.chance.token(24), ports.chance.token(24), ports.chance.token(48)]
  const given = { state, nonce, verifier, onward, invitation, freshSince: fresh ? now : undefined }
  setUnderWay(ctx, tenant, { seal: ports.seal, now, given })
  const query = new URLSearchParams({
    client_id: consoleId,
    response_type: 'code',
    redirect_uri: consoleCallback(tenant.issuer),
    scope: 'openid profile email',
    state,
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(fresh && { prompt: 'login' }),
  })
  leadOn(ctx, `${tenant.prefix}/authorize?${query}`)
}

/**
 * By a visit of its own, not by a redirect: where a form led here, `form-action` would hold the whole way to the IdP to
 * our own origin (ruling R-14, decision 0013).
 */
function leadOn(ctx: Context, to: string): void {
  const { institution, issuer } = tenantOf(ctx)
  ctx.set(pageHeaders({ formActions: [], https: issuer.startsWith('https:') }))
  ctx.type = 'html'
  ctx.body = onwardPage({ ...askingOf(ctx, ['en']), institution, to, name: institution.name })
}

// Clocks of ours and the IdP's may differ by what connections allow at most.
const skewMs = 180_000

async function comeBack(ctx: Context, ports: SignInPorts): Promise<void> {
  await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
  const tenant = tenantOf(ctx)
  stateOf(ctx).startAgain = `${tenant.issuer}/console/sign-in`
  const begun = takeUnderWay(ctx, tenant, { seal: ports.seal, now: ports.clock.now() })
  if (begun === undefined || ctx.query.state !== begun.state)
    throw new Refusal('console.signed_out', { check: 'state' })
  if (typeof ctx.query.error === 'string') throw new Refusal('login.cancelled', { error: ctx.query.error })
  const { authenticatedAt, ...person } = await redeemed(ctx, ports, begun)
  if (begun.freshSince !== undefined && authenticatedAt < begun.freshSince - skewMs)
    throw new Refusal('console.recent', { authenticatedAt })
  const before = sessionCookie(ctx, tenant)
  const signedIn = { ...person, authenticatedAt, invitation: begun.invitation, before }
  setSession(ctx, tenant, await ports.consoleAccess.signIn(tenant.institution.id, signedIn))
  seeOther(ctx, `${tenant.prefix}${begun.onward}`)
}

function redeemed(ctx: Context, { oidc }: SignInPorts, { verifier, nonce }: UnderWay) {
  const tenant = tenantOf(ctx)
  const redirectUri = consoleCallback(tenant.issuer)
  return oidc.redeem(tenant, {
    code: String(ctx.query.code ?? ''),
    relyingParty: consoleId,
    redirectUri,
    verifier,
    nonce,
  })
}

async function signOut(ctx: Context, ports: SignInPorts): Promise<void> {
  const tenant = tenantOf(ctx)
  const cookie = sessionCookie(ctx, tenant)
  const form = await readForm(ctx, ports.consoleFormBytes)
  const secret = ports.keys.secret(tenant.institution.id, 'form-token')
  checkForm(ctx, tenant, { given: form.get('form_token'), expected: formToken(secret, `console|${cookie}`) })
  if (cookie !== undefined) await ports.consoleAccess.signOut(tenant.institution.id, cookie)
  setSession(ctx, tenant, undefined)
  seeOther(ctx, `${tenant.prefix}/console/signed-out`)
}

export interface DoorView {
  readonly title: string
  readonly main: Html
  readonly status?: number
  /** A page with a script of its own has its nonce. */
  readonly nonce?: string
}

/** A page in front of the console: nobody is signed in yet. */
export function show(ctx: Context, view: DoorView): void {
  const { issuer } = tenantOf(ctx)
  ctx.set(pageHeaders({ formActions: [], nonce: view.nonce, https: issuer.startsWith('https:') }))
  ctx.status = view.status ?? 200
  ctx.type = 'html'
  const heading = html`<h1>${view.title}</h1>`
  ctx.body = page({ ...askingOf(ctx, ['en']), ...view, bodyClass: 'ask', skipTo: 'message', heading })
}

function showSignedOut(ctx: Context): void {
  const { prefix } = tenantOf(ctx)
  show(ctx, {
    title: 'You are signed out of the console',
    main: html`${notice('ok', 'Your console session is over.', 'Your session at your own sign-in page may still be open.')}
<div class="actions"><a class="btn primary" href="${prefix}/console/sign-in">Sign in again</a>
<a class="btn" href="${prefix}/sign-out?client_id=${consoleId}">End that session too</a></div>
${smallPrint(prefix)}`,
  })
}

function showNoWayIn(ctx: Context): void {
  const { prefix } = tenantOf(ctx)
  show(ctx, {
    title: 'There is no way in for staff yet',
    status: 404,
    main: html`<p>Nobody has connected the sign-in of the bank’s own people.</p>
${notice('info', 'The operator has a first link.', 'It was printed when the bridge was started, and opens the console for the first hour.')}
${smallPrint(prefix)}`,
  })
}

/** Shown before anything is used up: whoever merely looks at the link (a mail scanner) does not spend it. */
async function showInvitation(ctx: Context, ports: SignInPorts): Promise<void> {
  await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
  const tenant = tenantOf(ctx)
  const token = String(ctx.params.token)
  const { roles } = await ports.consoleAccess.invitation(tenant.institution.id, token)
  const wayIn = await ports.consoleAccess.hasWayIn(tenant.institution.id)
  const hidden = hiddenFields({ form_token: invitationToken(ports, tenant, token) })
  show(ctx, {
    title: wayIn ? `Join the console of ${tenant.institution.name}` : 'Connect the staff’s sign-in first',
    main: html`<p>${wayIn ? 'Sign in as yourself; this link then makes you' : 'The console is opened through the staff’s own IdP, which is not connected yet. You have an hour to connect it; the link then makes you'} ${roles.join(', ')}.</p>
<form method="post" action="${tenant.prefix}/console/invitation/${token}" class="actions">${hidden}
<button class="btn primary">${wayIn ? 'Sign in and join' : 'Begin'}</button></form>`,
  })
}

const invitationToken = ({ keys }: SignInPorts, { institution }: Tenant, token: string): string =>
  formToken(keys.secret(institution.id, 'form-token'), `invitation|${token}`)

async function takeInvitation(ctx: Context, ports: SignInPorts): Promise<void> {
  await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
  const tenant = tenantOf(ctx)
  const token = String(ctx.params.token)
  const form = await readForm(ctx, ports.consoleFormBytes)
  checkForm(ctx, tenant, { given: form.get('form_token'), expected: invitationToken(ports, tenant, token) })
  await ports.consoleAccess.invitation(tenant.institution.id, token)
  if (await ports.consoleAccess.hasWayIn(tenant.institution.id))
    return leave(ctx, ports, { onward: '/console', invitation: token, fresh: false })
  setSession(ctx, tenant, await ports.consoleAccess.setUp(tenant.institution.id, token))
  seeOther(ctx, `${tenant.prefix}/console/connections`)
}
