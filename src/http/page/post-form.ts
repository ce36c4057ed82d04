// A form that sends itself on, for protocols that travel by POST; with a button where scripts are off (ruling R-14).
import { textsOf } from '../words/catalogue.ts'
import { html, trusted } from './html.ts'
import { safeLink } from './link.ts'
import { filled, hiddenFields } from './parts.ts'
import { type Asking, page } from './shell.ts'

export interface PostFormView extends Asking {
  /** `https:` (or `http:` on loopback). The same origin belongs into `pageHeaders({formActions})`. */
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
  /** Who the customer is taken to, by name. */
  readonly to: string
  /** The one of `pageHeaders({nonce})`. */
  readonly nonce: string
}

/** Throws for an address that no page of ours may send a customer to: it is checked where it is configured. */
export function postFormPage(view: PostFormView): string {
  const { language, fields, to, nonce } = view
  const texts = textsOf(language).passOn
  const action = safeLink(view.action)
  if (action === undefined || !/^https?:/.test(action)) throw new Error('a form goes on to https only')
  return page({
    ...view,
    title: texts.title,
    bodyClass: 'ask',
    skipTo: 'message',
    heading: html`<h1>${texts.title}</h1>`,
    main: html`<p>${filled(texts.happened, { to })}</p>
<form method="post" action="${action}" class="stack-l" id="pass-on">
${hiddenFields(fields)}
<noscript><p>${texts.press}</p><div class="actions"><button class="btn primary"><span>${filled(texts.go, { to })}</span></button></div></noscript>
</form>`,
    // The prototype's own method: a field that is named `submit` would hide the form's.
    tail: html`<script nonce="${nonce}">${trusted("HTMLFormElement.prototype.submit.call(document.getElementById('pass-on'))")}</script>`,
  })
}
