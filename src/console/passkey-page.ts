// The form that a passkey fills in: a question for the browser, the script that puts it, and what is said where that fails.
import { type Html, html, trusted } from '../http/page/html.ts'
import { hiddenFields } from '../http/page/parts.ts'

export interface PasskeyForm {
  readonly action: string
  /** Is a key made, or one asked for? */
  readonly kind: 'create' | 'get'
  /** Text of JSON for the browser. */
  readonly options: string
  readonly fields: Readonly<Record<string, string>>
  /** Above the button: what else is asked. */
  readonly before?: Html | undefined
  readonly button: string
  /** The one of `pageHeaders({nonce})`. */
  readonly nonce: string
}

// By the browser's own readers and writers of JSON (WebAuthn Level 3, 5.1.8 to 5.1.10); the answer goes as a form does.
const script = `
const form = document.getElementById('passkey')
const said = document.getElementById('passkey-said')
form.addEventListener('submit', async (event) => {
  event.preventDefault()
  said.textContent = ''
  try {
    const asked = JSON.parse(form.dataset.options)
    const answer = form.dataset.kind === 'create'
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) })
    form.elements.namedItem('credential').value = JSON.stringify(answer.toJSON())
    HTMLFormElement.prototype.submit.call(form)
  } catch (error) {
    said.textContent = error.name === 'InvalidStateError' ? form.dataset.present : form.dataset.failed
  }
})
`

export function passkeyForm({ action, kind, options, fields, before, button, nonce }: PasskeyForm): Html {
  const hidden = hiddenFields({ ...fields, credential: '' })
  const failed = 'The browser got no answer from a key. Put it in and try again; it asks for its PIN.'
  const present = 'This key is registered already. The second safe needs another one.'
  return html`<form method="post" action="${action}" class="stack-l" id="passkey" data-kind="${kind}" data-options="${options}" data-failed="${failed}" data-present="${present}">
${hidden}${before}
<div class="field"><p class="error" id="passkey-said" role="alert"></p></div>
<div class="actions"><button class="btn primary">${button}</button></div>
<noscript><p>This page needs JavaScript: only a script may talk to a key.</p></noscript>
</form>
<script nonce="${nonce}">${trusted(script)}</script>`
}
