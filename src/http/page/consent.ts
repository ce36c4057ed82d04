// The consent page: what the app will be able to do, allowed or not, and a way out.
import type { Display } from '../../domain/transaction-display.ts'
import { textsOf } from '../words/catalogue.ts'
import { fill } from '../words/fill.ts'
import type { Language } from '../words/language.ts'
import { type Html, html } from './html.ts'
import { bdi, filled, hiddenFields, icon, keyValues, type Row } from './parts.ts'

import { type Answering, type Asking, helpLink, page } from './shell.ts'
import { transactionActions, transactionFacts, transactionHeading, transactionTitle } from './transaction.ts'

/** One thing that the app asks to be able to do. */
export type Permission =
  | {
      readonly kind:
        | 'identity'
        | 'profile'
        | 'email'
        | 'phone'
        | 'offline'
        | 'device'
        | 'approvals'
        | 'limits'
    }
  | { readonly kind: 'core'; readonly name: string }
  | { readonly kind: 'other'; readonly scope: string }

export interface ConsentView extends Asking {
  readonly institution: Answering
  readonly relyingParty: string
  /** Where the form posts to: `do` is `allow`, `deny` or `cancel`; with a transaction `approve`, `deny` or `cancel`. */
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
  readonly permissions: readonly Permission[]
  /** A transaction that needs no PIN rides on this sign-in: it is the question then. */
  readonly transaction?: Display | undefined
  /** The customer's name as the IdP gave it, so that a shared phone does not consent for somebody else. */
  readonly signedInAs?: string | undefined
  /** Host or scheme that the answer goes to. */
  readonly returnsTo?: string | undefined
  /** Allowed before, asked each time all the same (ruling R-22). */
  readonly again?: boolean | undefined
}

const kinds = {
  openid: 'identity',
  profile: 'profile',
  email: 'email',
  phone: 'phone',
  offline_access: 'offline',
  device: 'device',
  approvals: 'approvals',
  limits: 'limits',
} as const

/** What the scopes mean to a customer; a core is told by its name, an unknown scope by itself, never left out. */
export function permissionsOf(
  scopes: readonly string[],
  coreNames: ReadonlyMap<string, string>,
): Permission[] {
  return scopes.map((scope) => {
    if (Object.hasOwn(kinds, scope)) return { kind: kinds[scope as keyof typeof kinds] }
    const core = scope.startsWith('core:') ? coreNames.get(scope.slice('core:'.length)) : undefined
    return core === undefined ? { kind: 'other', scope } : { kind: 'core', name: core }
  })
}

export function consentPage(view: ConsentView): string {
  const { language, relyingParty: app, transaction } = view
  const texts = textsOf(language).consent
  const rows = rowsOf(view)
  return page({
    ...view,
    title: transaction ? transactionTitle(transaction) : fill(texts.title, { app }),
    bodyClass: 'ask',
    skipTo: 'question',
    heading: transaction ? transactionHeading(transaction) : heading(view),
    main: html`<form method="post" action="${view.action}" class="stack-l" id="answer">
${hiddenFields(view.hidden)}
${transaction && transactionFacts(transaction, rows)}
${permissionList(view)}
${!transaction && rows.length > 0 && keyValues(rows)}
${view.again && html`<p class="small quiet">${texts.again}</p>`}
${transaction ? transactionActions(transaction, language) : actions(language)}
</form>`,
    footer: html`<button class="btn plain" form="answer" name="do" value="cancel" formnovalidate>${texts.cancel}</button>${helpLink(view)}`,
  })
}

function heading({ language, relyingParty: app }: ConsentView): Html {
  const texts = textsOf(language).consent
  return html`<h1 class="question"><span class="lead">${texts.lead}</span> ${filled(texts.question, { app })}</h1>`
}

function permissionList({ language, relyingParty: app, permissions }: ConsentView): Html {
  const texts = textsOf(language).consent
  if (permissions.length === 0) return html``
  return html`<ul class="rules" aria-label="${fill(texts.listed, { app })}">
${permissions.map((permission) => html`<li>${icon('ok')}<span>${permissionText(permission, language)}</span></li>`)}
<li class="bad">${icon('stop')}<span>${texts.never}</span></li>
</ul>`
}

function permissionText(permission: Permission, language: Language): Html | string {
  const texts = textsOf(language).consent
  if (permission.kind === 'core') return filled(texts.core, { core: permission.name })
  if (permission.kind === 'other') return filled(texts.other, { scope: permission.scope })
  return texts[permission.kind]
}

function rowsOf({ language, signedInAs, returnsTo }: ConsentView): Row[] {
  const texts = textsOf(language).consent
  const rows: Row[] = []
  if (signedInAs !== undefined) rows.push([texts.signedInAs, bdi(signedInAs)])
  if (returnsTo !== undefined) rows.push([texts.returnsTo, bdi(returnsTo)])
  return rows
}

function actions(language: Language): Html {
  const texts = textsOf(language).consent
  return html`<div class="actions">
<button class="btn primary" name="do" value="allow">${texts.allow}</button>
<button class="btn" name="do" value="deny">${texts.refuse}</button>
</div>`
}
