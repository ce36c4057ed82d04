// The demo's SMS: a gateway that speaks Kannel's sendsms, and the messages of all phones on one page.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { type Html, html } from '../http/page/html.ts'
import { page } from '../http/page/shell.ts'
import { readForm } from './forms.ts'
import { showPage } from './pages.ts'

export interface Sms {
  readonly at: number
  readonly from: string
  readonly to: string
  readonly text: string
}

/** What the demo bank's channel says to get in. */
export const smsAccount = { username: 'alder', password: 'alder-sms' } as const

const kept = 50

export interface SmsInbox {
  /** The newest last. */
  readonly messages: readonly Sms[]
}

export function smsRoutes(router: Router): SmsInbox {
  const messages: Sms[] = []
  const send = async (ctx: Context) => {
    const fields = ctx.method === 'POST' ? await readForm(ctx) : new URLSearchParams(ctx.querystring)
    const given = (name: string) => fields.get(name) ?? ''
    // As Kannel says it.
    const say = (status: number, words: string) => {
      ctx.status = status
      ctx.body = words
    }
    if (given('username') !== smsAccount.username || given('password') !== smsAccount.password)
      return say(403, 'Authorization failed for sendsms')
    if (given('to') === '') return say(400, 'Missing receiver number, rejected')
    messages.push({ at: Date.now(), from: given('from'), to: given('to'), text: given('text') })
    if (messages.length > kept) messages.shift()
    say(202, '0: Accepted for delivery')
    arrived(given('dlr-url'))
  }
  router.get('/sms/sendsms', send)
  router.post('/sms/sendsms', send)
  router.get('/sms/', (ctx) => showPage(ctx, inboxPage(messages)))
  return { messages }
}

/** Phones of the demo are always on: the receipt goes at once, type 1 for delivered. */
function arrived(receipt: string): void {
  if (receipt === '') return
  fetch(receipt.replaceAll('%d', '1'), { redirect: 'error', signal: AbortSignal.timeout(5000) }).catch(
    () => undefined,
  )
}

const time = (at: number): string => new Date(at).toISOString().slice(11, 19)

const shown = ({ at, from, to, text }: Sms): Html =>
  html`<li class="ok"><strong>${text}</strong><div class="quiet small">From ${from} to <bdi>${to}</bdi></div><time datetime="${new Date(at).toISOString()}">${time(at)}</time></li>`

function inboxPage(messages: readonly Sms[]): string {
  const header = html`<header><span class="bank"><span>Text messages</span></span>
<div class="actions"><a class="btn primary" href="/sms/">Look again</a><a class="btn" href="/">Control room</a></div></header>`
  const list =
    messages.length === 0
      ? html`<p class="quiet">No message has come yet.</p>`
      : html`<ol class="timeline">${messages.toReversed().map(shown)}</ol>`
  const heading = html`<div class="head"><div><h1>${messages.length === 0 ? 'No messages' : 'What the phones got'}</h1>
<p class="quiet">The phones of <code>alice</code> and <code>bob</code>. The bank’s record has their numbers, and nobody can type another.</p></div></div>`
  return page({
    language: 'en',
    base: '',
    title: 'Text messages',
    bodyClass: 'room',
    skipTo: 'content',
    header,
    heading,
    main: html`<section class="card">${list}</section>`,
  })
}
