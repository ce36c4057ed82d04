// The pages that the OIDC provider shows: its errors, and signing out.
import type { Context } from 'koa'
import { stateOfRequest } from './context.ts'
import { type Departing, depart } from './departure.ts'
import { errorPage } from './page/error.ts'
import { noticePage } from './page/notice.ts'
import { signOutPage } from './page/sign-out.ts'
import { askingOf } from './page-context.ts'
import { formActionOf, pageHeaders } from './security-headers.ts'
import { noteFailure, type TellPorts, tellApp, tellFailure } from './told.ts'
import type { PageCode } from './words/groups.ts'

// What the library's errors mean to a person; everything else is a request that was not understood.
const codes: Readonly<Record<string, PageCode>> = {
  access_denied: 'login.cancelled',
  server_error: 'unexpected',
  temporarily_unavailable: 'busy',
}

/** The library's contexts are its own; ours is remembered beside the request. */
function carry(ctx: Context): void {
  ctx.state = stateOfRequest(ctx.req)
}

function show(ctx: Context, html: string, formActions: readonly string[] = []): void {
  const { tenant } = stateOfRequest(ctx.req)
  ctx.set(pageHeaders({ formActions, https: tenant?.issuer.startsWith('https:') ?? false }))
  ctx.type = 'html'
  ctx.body = html
}

// Of an answer that was begun, what must stay on the one that takes its place; no cookie and no code of what was not stored.
const kept = /^(x-request-reference|vary|access-control-.*)$/

function dropped(ctx: Context): void {
  for (const name of ctx.res.getHeaderNames()) if (!kept.test(name)) ctx.remove(name)
}

/** What takes the place of an answer, or stands beside one, when something was thrown. */
function failures(ports: TellPorts) {
  return {
    dropped,
    /** The answer to what was thrown, in the place of whatever the library had begun to say. */
    failed(ctx: Context, error: unknown): void {
      carry(ctx)
      dropped(ctx)
      tellFailure(ports, ctx, error)
    },
    /** The same without an answer: the library has told the app already. */
    noted(ctx: Context, error: unknown): void {
      carry(ctx)
      noteFailure(ports, ctx, error)
    },
  }
}

export function createProviderPages(ports: TellPorts) {
  const { now } = ports
  return {
    ...failures(ports),
    error(ctx: Context, { error, description }: { error: string; description: string | undefined }): void {
      carry(ctx)
      const gone = description?.includes('session') === true
      const code = gone ? 'interaction.expired' : (codes[error] ?? 'request.malformed')
      const { reference } = stateOfRequest(ctx.req)
      const support: [string, string][] = [
        ['OAuth', `${error}${description ? `: ${description}` : ''}`.slice(0, 300)],
      ]
      show(ctx, errorPage({ ...askingOf(ctx, []), code, reference, at: now(), support }))
    },
    signOut(ctx: Context, form: { action: string; xsrf: string; leadsTo: readonly string[] }): void {
      carry(ctx)
      const asking = askingOf(ctx, [])
      const { institution } = asking
      if (institution === undefined) return
      show(
        ctx,
        signOutPage({ ...asking, institution, action: form.action, hidden: { xsrf: form.xsrf } }),
        form.leadsTo.map(formActionOf),
      )
    },
    /** The way on to the IdP when our own session has ended. */
    depart(ctx: Context, leaving: Departing): void {
      carry(ctx)
      depart(ctx, leaving)
    },
    notFound(ctx: Context): void {
      carry(ctx)
      ctx.status = 404
      const { reference, face } = stateOfRequest(ctx.req)
      if (face === 'json') tellApp(ctx, 'request.not_found')
      else show(ctx, errorPage({ ...askingOf(ctx, []), code: 'request.not_found', reference, at: now() }))
    },
    signedOut(ctx: Context): void {
      carry(ctx)
      show(ctx, noticePage({ ...askingOf(ctx, []), kind: 'signed-out' }))
    },
  }
}
