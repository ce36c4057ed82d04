// The PIN page: to sign in at a higher level, or to approve one transaction.
import type { Display } from '../../domain/transaction-display.ts'
import { textsOf } from '../words/catalogue.ts'
import { fill } from '../words/fill.ts'
import { clockText, counted } from '../words/format.ts'
import { type Html, html } from './html.ts'
import { filled, hiddenFields, icon, notice, supportDetails } from './parts.ts'
import { type Answering, type Asking, deadlineFooter, page } from './shell.ts'
import { transactionActions, transactionFacts, transactionHeading, transactionTitle } from './transaction.ts'

/** Where the page stands: first shown, answered wrongly, answered in the wrong form, or closed for a while. */
export type PinState =
  | { readonly kind: 'ask' }
  | { readonly kind: 'wrong'; readonly left: number }
  | { readonly kind: 'format' }
  | { readonly kind: 'locked'; readonly until: number | undefined }

export interface PinView extends Asking {
  readonly institution: Answering
  readonly relyingParty: string
  /** Where the form posts to: `pin` (digits) and `do`, which is `approve` or `deny`. */
  readonly action: string
  /** The form's token and the like. */
  readonly hidden: Readonly<Record<string, string>>
  readonly digits: number
  /** Without one the PIN is for the sign-in itself. */
  readonly transaction?: Display | undefined
  /** Epoch milliseconds. */
  readonly answerBy?: number | undefined
  /** Where the form posts to by which the customer chooses a phone instead; undefined where none can answer. */
  readonly elsewhere?: string | undefined
  readonly state: PinState
}

/** The page as a document. A wrong PIN is never echoed; a locked page has no field. */
export function pinPage(view: PinView): string {
  return view.state.kind === 'locked' ? lockedPage(view, view.state.until) : openPage(view)
}

function openPage(view: PinView): string {
  const { language, relyingParty: app, transaction } = view
  const texts = textsOf(language).pin
  const title = transaction ? transactionTitle(transaction) : fill(texts.title, { app })
  const fault = faultText(view)
  return page({
    ...view,
    // The fault comes first in the title, which is what a screen reader says when the page comes back.
    title: fault === undefined ? title : `${fault} – ${title}`,
    bodyClass: 'ask',
    skipTo: 'question',
    heading: transaction ? transactionHeading(transaction) : signInHeading(view),
    main: html`<form method="post" action="${view.action}" class="stack-l">
${hiddenFields(view.hidden)}
${transaction && transactionFacts(transaction)}
${pinField(view, fault)}
${transaction ? transactionActions(transaction, language) : signInActions(view)}
</form>
${elsewhereForm(view)}
${fault !== undefined && supportDetails(language, `pin.${view.state.kind}`)}`,
    footer: deadlineFooter(view, { answerBy: view.answerBy }),
  })
}

const elsewhereForm = ({ language, elsewhere, hidden }: PinView): Html | false =>
  elsewhere !== undefined &&
  html`<form method="post" action="${elsewhere}">
${hiddenFields(hidden)}
<div class="actions"><button class="btn" name="do" value="phone">${textsOf(language).approve.onPhone}</button></div>
</form>`

function signInHeading({ language, relyingParty: app }: PinView): Html {
  const texts = textsOf(language).pin
  return html`<h1 class="question"><span class="lead">${texts.lead}</span> ${filled(texts.question, { app })}</h1>`
}

function signInActions({ language }: PinView): Html {
  const texts = textsOf(language).pin
  return html`<div class="actions">
<button class="btn primary" name="do" value="approve">${texts.approve}</button>
<button class="btn danger-quiet" name="do" value="deny" formnovalidate>${texts.refuse}</button>
</div>`
}

function faultText({ language, state, digits }: PinView): string | undefined {
  const texts = textsOf(language).pin
  if (state.kind === 'format') return fill(texts.format, { digits })
  if (state.kind !== 'wrong') return undefined
  return `${texts.wrong} ${fill(counted(texts.triesLeft, state.left, language), { left: state.left })}`
}

// The cells are drawn for these lengths; any other length is a plain field.
const drawn: Readonly<Record<number, string>> = { 4: ' n4', 6: '', 8: ' n8' }

function pinField({ language, relyingParty: app, digits }: PinView, fault: string | undefined): Html {
  const texts = textsOf(language).pin
  const cells = drawn[digits]
  const state = fault
    ? html` aria-invalid="true" aria-describedby="pin-error pin-hint" autofocus`
    : html` aria-describedby="pin-hint"`
  const input = html`<input id="pin" name="pin" type="password" inputmode="numeric" pattern="[0-9]*" maxlength="${digits}" required autocomplete="current-password"${cells === undefined && html` class="input"`}${state}>`
  return html`<div class="field">
<label for="pin">${filled(texts.label, { digits: String(digits), app })}</label>
${cells === undefined ? input : html`<div class="digits${cells}">${input}</div>`}
${fault && html`<p class="error" id="pin-error">${icon('warn')}<span>${fault}</span></p>`}
<p class="hint" id="pin-hint">${texts.hint}</p>
</div>`
}

function lockedPage(view: PinView, until: number | undefined): string {
  const { language, relyingParty: app, institution, transaction, timeZone } = view
  const texts = textsOf(language).locked
  const happened = until
    ? fill(texts.until, { time: clockText({ at: until, timeZone }, language) })
    : texts.forNow
  return page({
    ...view,
    title: texts.title,
    bodyClass: 'ask',
    skipTo: 'message',
    heading: html`<h1>${texts.title}</h1>`,
    main: html`<p>${happened}</p>
${notice('ok', texts.safe, transaction ? texts.nothingDone : texts.notSignedIn)}
<p>${filled(texts.notYou, { bank: institution.name })}</p>
<form method="post" action="${view.action}">
${hiddenFields(view.hidden)}
<div class="actions"><button class="btn primary" name="do" value="deny"><span>${filled(texts.back, { app })}</span></button></div>
</form>
${supportDetails(language, 'pin.locked')}`,
  })
}
