// The frame of every console page: the bank, the way around, who is here, and the page's finding as its heading.
import type { Context } from 'koa'
import { type Permission, permits, type Visitor } from '../domain/administrator.ts'
import type { BreakGlassUse } from '../domain/break-glass.ts'
import { tenantOf } from '../http/context.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, notice } from '../http/page/parts.ts'
import { bank, page } from '../http/page/shell.ts'
import { askingOf } from '../http/page-context.ts'
import { pageHeaders } from '../http/security-headers.ts'
import { moment } from './words.ts'

/** The pages that everybody finds from everywhere; paths are below `/console`. */
export const places = [
  { path: '', name: 'Overview', needs: 'read-connections' },
  { path: '/connections', name: 'Connections', needs: 'read-connections' },
  { path: '/exchanges', name: 'Failed sign-ins', needs: 'read' },
  { path: '/transactions', name: 'Transactions', needs: 'transactions' },
  { path: '/approvals', name: 'Approvals', needs: 'transactions' },
  { path: '/freezes', name: 'Freezes', needs: 'transactions' },
  { path: '/cases', name: 'Cases', needs: 'cases' },
  { path: '/risk', name: 'Risk', needs: 'transactions' },
  { path: '/policy', name: 'Policy', needs: 'read' },
  { path: '/relying-parties', name: 'Apps', needs: 'read' },
  { path: '/administrators', name: 'Administrators', needs: 'administrators' },
] as const satisfies readonly { path: string; name: string; needs: Permission }[]
export type Place = (typeof places)[number]['path']

/** What a page shows; a finding rather than a label as its heading (look.md). */
export interface ConsoleView {
  readonly title: string
  /** The `h1`, where it says more than the title. */
  readonly heading?: Html | string | undefined
  /** Under the heading: when, how many, where from. */
  readonly lead?: Html | string | undefined
  /** Beside the heading: a badge, or the page's one primary action. */
  readonly aside?: Html | undefined
  readonly place: Place
  readonly main: Html
  readonly status?: number | undefined
  /** A page with a script of its own has its nonce. */
  readonly nonce?: string | undefined
}

/** What every form of a page sends along. */
export interface Frame {
  readonly visitor: Visitor
  readonly formToken: string
  /** Uses of break-glass that this person has not said to know. */
  readonly untold: readonly BreakGlassUse[]
}

const roleNames: Readonly<Record<string, string>> = {
  viewer: 'Viewer',
  'fraud-analyst': 'Fraud analyst',
  'federation-admin': 'Federation administrator',
  'security-admin': 'Security administrator',
  owner: 'Owner',
}

/** A role as people call it. */
export const roleName = (role: string): string => roleNames[role] ?? role

export function showConsole(ctx: Context, view: ConsoleView, frame: Frame): void {
  const { issuer } = tenantOf(ctx)
  // A test login departs by a page of its own (console/to-idp).
  ctx.set(pageHeaders({ formActions: [], nonce: view.nonce, https: issuer.startsWith('https:') }))
  ctx.status = view.status ?? 200
  ctx.type = 'html'
  ctx.body = page({
    ...askingOf(ctx, ['en']),
    title: `${view.title} – Drawbridge console`,
    bodyClass: 'console',
    skipTo: 'content',
    header: side(ctx, view, frame),
    heading: head(view),
    main: html`${told(ctx, frame)}${view.main}`,
  })
}

const head = ({ title, heading, lead, aside }: ConsoleView): Html => html`<div class="head">
<div><h1>${heading ?? title}</h1>${lead && html`<p class="quiet">${lead}</p>`}</div>
${aside}
</div>`

function side(ctx: Context, { place }: ConsoleView, { visitor, formToken }: Frame): Html {
  const { institution, prefix } = tenantOf(ctx)
  const open = places.filter(({ needs }) => permits(visitor, needs))
  return html`<header class="side"><div>
${bank(institution, 'Federation console')}
<nav aria-label="Console"><ul>
${open.map(({ path, name }) => html`<li><a href="${prefix}/console${path}"${path === place && html` aria-current="page"`}>${name}</a></li>\n`)}</ul></nav>
<div class="who"><strong>${bdi(visitor.name)}</strong><br><span class="quiet">${saidRoles(visitor)}</span>
<form method="post" action="${prefix}/console/sign-out">${hiddenFields({ form_token: formToken })}<button class="btn plain">Sign out</button></form></div>
</div></header>`
}

function saidRoles({ kind, roles }: Visitor): string {
  if (kind === 'set-up') return 'First steps, for an hour'
  if (kind === 'break-glass') return 'By passkey, for an hour; everybody is told'
  return roles.map(roleName).join(', ')
}

/** Above every page, whatever it is about, until this administrator says that they know. */
function told(ctx: Context, { untold, visitor, formToken }: Frame): Html | undefined {
  if (untold.length === 0) return undefined
  const { prefix } = tenantOf(ctx)
  const fields = {
    form_token: formToken,
    uses: untold.map(({ id }) => id).join(' '),
    onward: ctx.method === 'GET' ? `${ctx.path}${ctx.search}` : '/console',
  }
  return html`<section class="stack-l told" aria-label="Break-glass was used">${untold.map(
    ({ label, at, until }) =>
      notice(
        'bad',
        `Break-glass was used by key ${label}`,
        html`at ${moment(at)} (until ${moment(until)}). If you do not know why, call the operator.`,
      ),
  )}
${visitor.kind === 'workforce' && html`<form method="post" action="${prefix}/console/break-glass/seen" class="actions">${hiddenFields(fields)}<button class="btn">I know of this</button></form>`}</section>`
}
