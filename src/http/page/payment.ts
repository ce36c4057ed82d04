// A payment as the customer is shown it: exactly the facts that the approval is bound to (invariant 4).
import type { PaymentInitiation } from '../../domain/transaction.ts'
import { textsOf } from '../words/catalogue.ts'
import { fill } from '../words/fill.ts'
import { amountText } from '../words/format.ts'
import type { Language } from '../words/language.ts'
import { type Html, html } from './html.ts'
import { bdi, filled, keyValues, masked, type Row } from './parts.ts'

/** The transaction's own detail; account numbers are masked on the way out. */
export type PaymentView = PaymentInitiation

export const amountOf = ({ instructedAmount }: PaymentView, language: Language): string =>
  amountText(instructedAmount.amount, instructedAmount.currency, language)

export const paymentTitle = (payment: PaymentView, language: Language): string =>
  fill(textsOf(language).payment.title, { amount: amountOf(payment, language), payee: payment.creditorName })

/** The question whose heading holds the facts that decide: amount and payee. */
export function paymentHeading(payment: PaymentView, language: Language): Html {
  const texts = textsOf(language).payment
  return html`<h1 class="question">
<span class="lead">${texts.lead}</span>
<span class="amount">${bdi(amountOf(payment, language))}</span>
<span class="to">${filled(texts.to, { payee: payment.creditorName })}</span>
</h1>`
}

/** The facts below the question; `more` rows follow the payment's own. */
export function paymentFacts(payment: PaymentView, language: Language, more: readonly Row[] = []): Html {
  const texts = textsOf(language).payment
  const { debtorAccount, creditorAccount, remittanceInformation } = payment
  return keyValues([
    [texts.from, masked(language, debtorAccount.iban)],
    [texts.account, masked(language, creditorAccount.iban)],
    remittanceInformation === undefined ? undefined : [texts.message, bdi(remittanceInformation)],
    [texts.when, texts.now],
    ...more,
  ])
}

/** The two answers to a payment; `do` says which. */
export function paymentActions(payment: PaymentView, language: Language): Html {
  const texts = textsOf(language).payment
  return html`<div class="actions">
<button class="btn primary" name="do" value="approve"><span>${filled(texts.approve, { amount: amountOf(payment, language) })}</span></button>
<button class="btn" name="do" value="deny" formnovalidate>${texts.refuse}</button>
</div>`
}
