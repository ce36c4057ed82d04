// A page that leads on by itself, without a script: for the step from a form of ours to the bank's IdP.
import { textsOf } from '../words/catalogue.ts'
import { html } from './html.ts'
import { filled } from './parts.ts'
import { type Asking, page } from './shell.ts'

export interface OnwardView extends Asking {
  /** A path of our own, or an address of the IdP that the connector made. */
  readonly to: string
  /** Who the customer is taken to, by name. */
  readonly name: string
}

/**
 * Why no redirect: browsers hold every redirect after a form to `form-action` (CSP 3), and through which hosts an IdP
 * passes its visitors is not ours to know. A refresh is a visit of its own. WCAG technique H76: at once, so that
 * nothing is taken away from a reader.
 */
export function onwardPage(view: OnwardView): string {
  const { language, to, name } = view
  const texts = textsOf(language).passOn
  return page({
    ...view,
    title: texts.title,
    bodyClass: 'ask',
    skipTo: 'message',
    heading: html`<h1>${texts.title}</h1>`,
    head: html`<meta http-equiv="refresh" content="0;url=${to}">`,
    main: html`<p>${filled(texts.happened, { to: name })}</p>
<div class="actions"><a class="btn primary" href="${to}"><span>${filled(texts.go, { to: name })}</span></a></div>`,
  })
}
