// The page that waits for the customer's answer on a phone: the same text as there, and the number to type there.
import type { Display } from '../../domain/transaction-display.ts'
import { textsOf } from '../words/catalogue.ts'
import { fill } from '../words/fill.ts'
import { type Html, html, trusted } from './html.ts'
import { filled, hiddenFields, notice } from './parts.ts'
import { type Answering, type Asking, deadlineFooter, page } from './shell.ts'
import { transactionFacts, transactionHeading, transactionTitle } from './transaction.ts'
import { waitingScript } from './waiting.ts'

/** Where the page stands. */
export type ApproveState =
  | { readonly kind: 'waiting'; readonly number: string | undefined; readonly until: number }
  /** The customer has approved it, and others are to sign it as well. */
  | { readonly kind: 'signing'; readonly until: number }
  /** Nobody answered in time, or the phone could not be asked: then it says why. */
  | { readonly kind: 'unasked'; readonly why?: { readonly words: string; readonly code: string } | undefined }

export interface ApproveView extends Asking {
  readonly institution: Answering
  readonly relyingParty: string
  /** Where the form posts to: `do` is `look`, `again`, `pin` or `deny`. */
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
  readonly transaction?: Display | undefined
  /** May the PIN be typed here instead? */
  readonly pinHere: boolean
  readonly state: ApproveState
  /** Where the page's script asks whether an answer is there, and the nonce that lets it run. */
  readonly asks: string
  readonly nonce: string
}

/** Works without the script, by its first button. */
export function approvePage(view: ApproveView): string {
  const { language, relyingParty: app, transaction, state } = view
  const texts = textsOf(language).approve
  const what = transaction ? transactionTitle(transaction) : fill(texts.signIn, { app })
  return page({
    ...view,
    title: `${state.kind === 'signing' ? texts.signTitle : texts.title} – ${what}`,
    bodyClass: 'ask',
    skipTo: 'question',
    heading: transaction ? transactionHeading(transaction) : signInHeading(view),
    main: html`${transaction && transactionFacts(transaction)}
${standing(view, state)}
<form method="post" action="${view.action}" class="stack-l">
${hiddenFields(view.hidden)}
${actions(view)}
</form>`,
    footer: deadlineFooter(view, { answerBy: state.kind === 'unasked' ? undefined : state.until }),
    tail:
      state.kind !== 'unasked'
        ? html`<script nonce="${view.nonce}">${trusted(waitingScript(view.asks))}</script>`
        : undefined,
  })
}

const signInHeading = ({ language, relyingParty: app }: ApproveView): Html =>
  html`<h1 class="question"><span class="lead">${textsOf(language).approve.lead}</span> ${filled(textsOf(language).approve.signIn, { app })}</h1>`

function standing(view: ApproveView, state: ApproveState): Html {
  if (state.kind === 'waiting') return waiting(view, state.number)
  return state.kind === 'signing' ? signing(view) : unasked(view, state.why)
}

function signing({ language, institution }: ApproveView): Html {
  const texts = textsOf(language).approve
  return html`<section class="stack" aria-labelledby="others">
<h2 id="others">${texts.signTitle}</h2>
<p>${filled(texts.signWho, { bank: institution.name })}</p>
<p role="status">${texts.signWaiting}</p>
</section>`
}

function waiting({ language, institution }: ApproveView, number: string | undefined): Html {
  const texts = textsOf(language).approve
  return html`<section class="stack" aria-labelledby="phone">
<h2 id="phone">${texts.title}</h2>
<p>${filled(texts.open, { bank: institution.name })}</p>
${number !== undefined && html`<p class="match"><span class="vh">${texts.number}</span> <output>${number}</output></p>`}
<p class="hint">${texts.notYours}</p>
<p role="status">${texts.waiting}</p>
</section>`
}

function unasked({ language }: ApproveView, why: { words: string; code: string } | undefined): Html {
  const texts = textsOf(language).approve
  return why === undefined ? notice('info', texts.lapsed, '') : notice('bad', texts.nobody, why.words)
}

function actions({ language, state, pinHere }: ApproveView): Html {
  const texts = textsOf(language).approve
  const first =
    state.kind !== 'unasked'
      ? html`<button class="btn primary" name="do" value="look">${state.kind === 'signing' ? texts.signCheck : texts.check}</button>`
      : html`<button class="btn primary" name="do" value="again">${texts.again}</button>`
  return html`<div class="actions">
${first}
${pinHere && html`<button class="btn" name="do" value="pin">${texts.withPin}</button>`}
<button class="btn danger-quiet" name="do" value="deny">${texts.stop}</button>
</div>`
}
