// The pages of the staff directory: its login, its question at sign-out, and what it says afterwards.
import { randomBytes } from 'node:crypto'
import type { Context } from 'koa'
import { type Html, html } from '../http/page/html.ts'
import { page } from '../http/page/shell.ts'
import { pageHeaders } from '../http/security-headers.ts'
import { bank } from './pages.ts'

const institution = { ...bank, name: 'Alder Staff' }

interface Rules {
  readonly nonce?: string
  readonly formActions?: readonly string[]
}

function show(ctx: Context, body: string, { nonce, formActions = [] }: Rules = {}): void {
  ctx.set(pageHeaders({ formActions, nonce, https: false }))
  ctx.type = 'html'
  ctx.body = body
}

function staffPage(title: string, main: Html, tail?: Html): string {
  const heading = html`<h1>${title}</h1>`
  return page({
    language: 'en',
    base: '',
    institution,
    title,
    bodyClass: 'ask',
    skipTo: 'question',
    heading,
    main,
    tail,
  })
}

/** The bridge's origin is where the forms of these pages lead in the end, by redirects (ruling R-14). */
export function showLogin(
  ctx: Context,
  { action, fault, bridge }: { action: string; fault: string | undefined; bridge: string },
): void {
  const error = fault && html`<div class="notice bad" role="alert"><p><strong>${fault}</strong></p></div>`
  const main = html`${error}<form method="post" action="${action}" class="stack-l">
<div class="field"><label for="username">User name</label><input class="input" id="username" name="username" autocomplete="username" required></div>
<div class="field"><label for="password">Password</label><input class="input" id="password" name="password" type="password" autocomplete="current-password" required></div>
<div class="actions"><button class="btn primary" name="do" value="sign-in">Sign in</button><button class="btn" name="do" value="cancel" formnovalidate>Cancel</button></div>
</form>
<p class="hint">This is a demo. Sign in as <code>marta</code> with <code>marta-pw</code>, or as <code>jaan</code> with <code>jaan-pw</code>.</p>`
  show(ctx, staffPage('Sign in to Alder Staff', main), { formActions: [new URL(bridge).origin] })
}

export interface SignOutQuestion {
  /** The provider's own form, with its field against forgery; its id is `op.logoutForm`. */
  readonly form: string
  /** Ask first; else the form sends itself. */
  readonly ask: boolean
  readonly bridge: string
}

/** A form that sends itself where a service has brought its ID token; else a question. */
export function showSignOut(ctx: Context, { form, ask, bridge }: SignOutQuestion): void {
  const [action, xsrf] = [/action="([^"]*)"/, /value="([^"]*)"/].map((part) => part.exec(form)?.[1] ?? '')
  const nonce = randomBytes(16).toString('base64url')
  const main = html`<form method="post" action="${action}" class="stack-l">
<input type="hidden" name="xsrf" value="${xsrf}"><input type="hidden" name="logout" value="yes">
<p>You will be signed out of every service of the bank that you reached from here.</p>
<div class="actions"><button class="btn primary">Sign out</button></div>
</form>`
  const tail = html`<script nonce="${nonce}">document.forms[0].submit()</script>`
  const body = staffPage('Sign out of Alder Staff', main, ask ? undefined : tail)
  show(ctx, body, { ...(!ask && { nonce }), formActions: [new URL(bridge).origin] })
}

export function showSignedOut(ctx: Context): void {
  show(ctx, staffPage('You are signed out', html`<p>Your session at Alder Staff has ended.</p>`))
}

export function showFault(ctx: Context, error: string): void {
  show(ctx, staffPage('That did not work', html`<p>The request was refused: <code>${error}</code>.</p>`))
}
