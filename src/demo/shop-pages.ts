// The shop's two pages: what can be bought, and an order that waits for its customer's answer.
import { type Html, html } from '../http/page/html.ts'
import { keyValues, notice } from '../http/page/parts.ts'
import { page } from '../http/page/shell.ts'
import type { Asked } from './back-end.ts'
import { bank } from './pages.ts'
import { newPayee, payment } from './payment.ts'

/** What is paid for, and the payment as the customer will read it on the phone. */
export interface Ware {
  readonly id: string
  readonly words: string
  readonly number: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** Where an order stands. */
export type OrderState = 'waiting' | 'approved' | 'refused'

export interface Order {
  readonly ware: Ware
  readonly user: string
  readonly asked: Asked
  state: OrderState
  /** Why not. */
  code: string | undefined
  /** The level that the customer reached. */
  acr: string | undefined
  /** Epoch milliseconds: a poll that comes sooner only makes the next one wait longer (CIBA 11). */
  nextLook: number
}

export const wares: readonly Ware[] = [
  {
    ...{ id: 'lamp', words: 'A lamp, €25.00', number: '4711' },
    detail: payment('25.00'),
  },
  {
    ...{ id: 'heating', words: 'A heat pump, €2,500.00', number: '4712' },
    detail: payment('2500.00'),
  },
  {
    ...{ id: 'books', words: 'Books, €150.00, from another seller', number: '4713' },
    detail: payment('150.00', newPayee),
  },
]

type Customers = readonly (readonly [user: string, sub: string | undefined])[]

/** What the bridge refused, as the shop words it. */
const refusals: Readonly<Record<string, string>> = {
  'approval.no_device':
    'No phone of this customer answers for them yet. Open the phone and use it for approvals.',
  'approval.too_many': 'This customer was asked too often without a yes. Wait a minute or more.',
  'approval.denied': 'The customer did not approve it.',
  'approval.number': 'Another number was typed on the phone, so it was stopped.',
  'transaction.denied': 'The bank’s policy does not let it through.',
  'transaction.held': 'Somebody at the bank looks at it first.',
  expired_token: 'Nobody answered in time.',
}

const told = (code: string): Html =>
  html`${refusals[code] ?? 'The bank said no.'}${/^[a-z_.]+$/.test(code) && html` <small>(<code>${code}</code>)</small>`}`

/** `fault`: words, or a code. */
export function windowPage(known: Customers, fault?: Html | string): string {
  const some = known.some(([, sub]) => sub !== undefined)
  const words = typeof fault === 'string' && /^[a-z_.]+$/.test(fault) ? told(fault) : fault
  const main = html`${words !== undefined && notice('bad', 'Nothing was ordered.', words)}
<p>Nobody signs in here. The bank’s back end asks the customer on their phone (OpenID CIBA), and the shop waits.</p>
${
  some
    ? html`<form method="post" action="/shop/orders" class="stack-l">
<div class="field"><label for="user">Who buys?</label><select class="input" id="user" name="user">${known.map(([user, sub]) => sub !== undefined && html`<option value="${user}">${user}</option>`)}</select><p class="hint">Those who have signed in on the phone since this demo was started.</p></div>
<div class="actions">${wares.map(({ id, words }) => html`<button class="btn" name="ware" value="${id}">${words}</button>`)}</div>
</form>`
    : html`<p><strong>Nobody is known yet.</strong> <a href="/phone/">Open the phone</a>, sign in, make it yours and use it for approvals.</p>`
}`
  return shopPage('What would you like?', main)
}

const outcomes = {
  approved: ['ok', 'The customer approved it.', 'The shop may send it.'],
  refused: ['bad', 'It was not approved.', ''],
} as const

export function orderPage(order: Order): string {
  const { ware, user, state, code, acr } = order
  if (state === 'waiting') return shopPage('Approve on your phone', waiting(order))
  const [tone, outcome, meaning] = outcomes[state]
  const main = html`${notice(tone, outcome, code === undefined ? meaning : told(code))}
${keyValues([
  ['Order', `${ware.number}: ${ware.words}`],
  ['Customer', user],
  acr === undefined ? undefined : ['Level', html`<code>${acr}</code>`],
])}
<div class="actions"><a class="btn primary" href="/shop/">Back to the shop</a></div>`
  return shopPage(state === 'approved' ? 'Thank you' : 'Nothing was bought', main)
}

const waiting = ({ ware, user, asked }: Order): Html => html`<div class="stack" data-state="waiting">
<p>${user}, open your bank’s app on your phone. It asks for this number:</p>
${asked.number !== undefined && html`<p class="match"><span class="vh">Number</span> <output>${asked.number}</output></p>`}
<p class="hint">Never give this number to anybody. Nobody calls to ask for it.</p>
</div>
${keyValues([
  ['Order', `${ware.number}: ${ware.words}`],
  ['Answer by', `${new Date(asked.expiresAt).toISOString().slice(11, 19)} UTC`],
])}
<p role="status">We are waiting for your answer there.</p>
<form method="get" class="actions"><button class="btn primary">Look again</button></form>`

const shopPage = (heading: string, main: Html): string =>
  page({
    ...{ language: 'en', base: '', institution: { ...bank, name: 'Nordhaven Shop' } },
    ...{ title: heading, bodyClass: 'ask', skipTo: 'content' },
    header: html`<header><span class="bank"><span>Nordhaven Shop</span></span></header>`,
    heading: html`<h1>${heading}</h1>`,
    main,
    footer: html`<a href="/">Control room</a><span>Demo</span>`,
    tail: html`<script type="module" src="/demo/shop.js"></script>`,
  })
