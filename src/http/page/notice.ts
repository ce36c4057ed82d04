// Pages that only tell: already finished, signed out, still signed in, cancelled.
import { textsOf } from '../words/catalogue.ts'
import { html } from './html.ts'
import { safeLink } from './link.ts'
import { filled, notice } from './parts.ts'
import { type Asking, page } from './shell.ts'

export interface NoticeView extends Asking {
  readonly kind: 'finished' | 'signed-out' | 'still-signed-in' | 'cancelled'
  readonly backToApp?: string | undefined
}

export function noticePage(view: NoticeView): string {
  const texts = textsOf(view.language).notice[view.kind]
  const back = safeLink(view.backToApp)
  return page({
    ...view,
    title: texts.title,
    bodyClass: 'ask',
    skipTo: 'message',
    heading: html`<h1>${texts.title}</h1>`,
    main: html`${notice('ok', texts.outcome, texts.meaning)}
${
  back &&
  view.relyingParty &&
  html`<div class="actions"><a class="btn primary" href="${back}"><span>${filled(textsOf(view.language).error.back, { app: view.relyingParty })}</span></a></div>`
}`,
  })
}
