// The question of RP-initiated sign-out: an app asked for it, the customer decides (OIDC RP-Initiated Logout 2).
import { textsOf } from '../words/catalogue.ts'
import { fill } from '../words/fill.ts'
import { html } from './html.ts'
import { filled, hiddenFields } from './parts.ts'
import { type Answering, type Asking, page } from './shell.ts'

export interface SignOutView extends Asking {
  readonly institution: Answering
  /** The provider's confirmation address. */
  readonly action: string
  /** The provider's `xsrf` field. `logout=yes` is sent by the first button only. */
  readonly hidden: Readonly<Record<string, string>>
}

export function signOutPage(view: SignOutView): string {
  const { language, institution, relyingParty: app } = view
  const texts = textsOf(language).signOut
  const bank = institution.name
  return page({
    ...view,
    title: fill(texts.title, { bank }),
    bodyClass: 'ask',
    skipTo: 'question',
    heading: html`<h1 class="question">${app && html`<span class="lead">${filled(texts.lead, { app })}</span> `}${filled(texts.title, { bank })}</h1>`,
    main: html`<form method="post" action="${view.action}" class="stack-l">
${hiddenFields(view.hidden)}
<p>${texts.ends}</p>
<div class="actions">
<button class="btn primary" name="logout" value="yes">${texts.yes}</button>
<button class="btn">${texts.no}</button>
</div>
</form>`,
  })
}
