// How the console says what became of a transaction.
import { type CustomerTransaction, type ShownState, shownState } from '../domain/customer-transaction.ts'
import { maskedParties } from '../domain/masked-display.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { TransactionType } from '../domain/transaction-type.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, masked } from '../http/page/parts.ts'
import { moneyText } from './policy-words.ts'
import { badge } from './words.ts'

export const stateNames: Readonly<Record<ShownState, string>> = {
  open: 'Waiting',
  signing: 'Waiting for signatories',
  lapsed: 'Not answered',
  approved: 'Approved',
  used: 'Used',
  released: 'Not approved',
  refused: 'Refused',
  held: 'Held',
}

const tones = {
  open: 'info',
  signing: 'info',
  lapsed: '',
  approved: 'ok',
  used: 'ok',
  released: '',
  refused: 'bad',
  held: 'warn',
} as const

export function stateBadge(
  one: Pick<CustomerTransaction, 'state' | 'expiresAt' | 'signingAt'>,
  now: number,
): Html {
  const state = shownState(one, now)
  return badge(tones[state], stateNames[state])
}

export const amountText = (amount: Transaction['amount']): string =>
  amount === undefined ? '–' : moneyText(amount.minor, amount.currency)

/** Whom it is about, with its type and the ends of accounts. */
export function partiesText(transaction: Transaction, type: TransactionType | undefined): Html {
  const { name, from, to } = maskedParties(transaction, type)
  return html`${name === undefined ? html`<code>${transaction.type}</code>` : bdi(name)}
<small>${name !== undefined && html`<code>${transaction.type}</code>`}${from && html` from ${masked('en', from)}`}${to && html` to ${masked('en', to)}`}</small>`
}

/** What it means, in a sentence; of `allow` nobody had to step up. */
export const stateMeans: Readonly<Record<ShownState, string>> = {
  open: 'The customer has yet to answer. Until then it counts against limits.',
  signing: 'The customer has approved it, and others have yet to sign. Until then it counts against limits.',
  lapsed: 'Nobody answered within the time. It counts no more.',
  approved: 'It may be done once, and counts.',
  used: 'It was carried out, or handed to whoever carries it out, and cannot be again. It counts.',
  released: 'The customer or a signatory declined, or the sign-in did not end well. It does not count.',
  refused: 'The policy refused it, or too few people could sign it. It does not count.',
  held: 'The policy holds it, or the customer approved it far from where it was asked for. It does not count. Two people can release it to be sent again.',
}
