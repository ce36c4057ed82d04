// The page that asks for a code from a text message, for one transaction.
import type { Display } from '../../domain/transaction-display.ts'
import { textsOf } from '../words/catalogue.ts'
import { type Html, html } from './html.ts'
import { filled, hiddenFields, icon, supportDetails } from './parts.ts'
import { type Answering, type Asking, deadlineFooter, page } from './shell.ts'
import { transactionActions, transactionFacts, transactionHeading, transactionTitle } from './transaction.ts'

/** What was wrong with the answer before. */
export type CodeFault = 'wrong' | 'expired' | 'later'

export interface CodeView extends Asking {
  readonly institution: Answering
  readonly relyingParty: string
  /** Where the form posts to: `code` (digits) and `do`, which is `approve`, `again` or `deny`. */
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
  readonly digits: number
  readonly transaction: Display
  /** Epoch milliseconds. */
  readonly answerBy: number
  readonly fault?: CodeFault | undefined
}

/** A wrong code is never echoed. */
export function codePage(view: CodeView): string {
  const { language, transaction, fault } = view
  const title = transactionTitle(transaction)
  const said = fault && textsOf(language).code[fault]
  return page({
    ...view,
    // The fault comes first in the title, which is what a screen reader says when the page comes back.
    title: said === undefined ? title : `${said} – ${title}`,
    bodyClass: 'ask',
    skipTo: 'question',
    heading: transactionHeading(transaction),
    main: html`<form method="post" action="${view.action}" class="stack-l">
${hiddenFields(view.hidden)}
${transactionFacts(transaction)}
${field(view, said)}
${transactionActions(transaction, language)}
<div class="actions"><button class="btn" name="do" value="again" formnovalidate>${textsOf(language).code.again}</button></div>
</form>
${fault !== undefined && supportDetails(language, fault === 'later' ? 'code.too_many' : `code.${fault}`)}`,
    footer: deadlineFooter(view, { answerBy: view.answerBy }),
  })
}

function field({ language, digits }: CodeView, fault: string | undefined): Html {
  const texts = textsOf(language).code
  const state = fault
    ? html` aria-invalid="true" aria-describedby="code-error code-hint" autofocus`
    : html` aria-describedby="code-hint"`
  return html`<p role="status">${texts.sent}</p>
<div class="field">
<label for="code">${filled(texts.label, { digits: String(digits) })}</label>
<div class="digits"><input id="code" name="code" type="text" inputmode="numeric" pattern="[0-9]*" maxlength="${digits}" required autocomplete="one-time-code"${state}></div>
${fault && html`<p class="error" id="code-error">${icon('warn')}<span>${fault}</span></p>`}
<p class="hint" id="code-hint">${texts.hint}</p>
</div>`
}
