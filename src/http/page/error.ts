// The error page: what happened, what did not happen, what to do, and a reference to read out.
import { textsOf, wordsOf } from '../words/catalogue.ts'
import { dateTimeText } from '../words/format.ts'
import { groupOf, type PageCode, uncertain } from '../words/groups.ts'
import { type Html, html } from './html.ts'
import { safeLink } from './link.ts'
import { filled, keyValues, notice, supportDetails } from './parts.ts'
import { type Asking, helpLink, page } from './shell.ts'

export interface ErrorView extends Asking {
  readonly code: PageCode
  readonly reference: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Where the customer can start again, where that is known. */
  readonly startAgain?: string | undefined
  /** The way back to the app, where that is known; a private-scheme address is fine. */
  readonly backToApp?: string | undefined
  /** More lines for support: label and value, of protocol facts only, never personal values. */
  readonly support?: readonly (readonly [label: string, value: string])[] | undefined
}

export function errorPage(view: ErrorView): string {
  const { language, code } = view
  const words = wordsOf(language, code)
  const tone = uncertain.has(groupOf[code]) ? 'warn' : 'ok'
  return page({
    ...view,
    title: words.title,
    bodyClass: 'ask',
    skipTo: 'message',
    heading: html`<h1>${words.title}</h1>`,
    main: html`<p>${words.happened}</p>
${notice(tone, words.unchanged, words.meaning)}
<p>${words.next}</p>
${actions(view)}
${facts(view)}
${supportDetails(view.language, view.code, view.support)}`,
    footer: html`${helpLink(view)}<span>${textsOf(language).error.readOut}</span>`,
  })
}

function actions({ language, startAgain, backToApp, relyingParty }: ErrorView): Html {
  const texts = textsOf(language).error
  const [again, back] = [safeLink(startAgain), safeLink(backToApp)]
  if (again === undefined && back === undefined) return html``
  const name = relyingParty ?? new URL(back ?? 'about:blank').host
  return html`<div class="actions">
${again && html`<a class="btn primary" href="${again}">${texts.again}</a>`}
${back && html`<a class="btn${!again && ' primary'}" href="${back}"><span>${filled(texts.back, { app: name })}</span></a>`}
</div>`
}

function facts({ language, reference, at, timeZone }: ErrorView): Html {
  return keyValues([
    [textsOf(language).shell.reference, html`<span class="ref">${reference}</span>`],
    [textsOf(language).error.time, html`<bdi class="num">${dateTimeText({ at, timeZone }, language)}</bdi>`],
  ])
}
