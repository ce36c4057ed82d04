// The page on which a risk engine makes sure of a customer who signs in: by a code, by its call, or by questions.
import { textsOf } from '../words/catalogue.ts'
import { fill } from '../words/fill.ts'
import { counted } from '../words/format.ts'
import { type Html, html, trusted } from './html.ts'
import { filled, hiddenFields, icon, notice, supportDetails } from './parts.ts'
import { type Answering, type Asking, deadlineFooter, page } from './shell.ts'
import { waitingScript } from './waiting.ts'

/** What came of the answer before. */
export interface ChallengeFault {
  /** A stable code, for support. */
  readonly code: string
  readonly kind: 'wrong' | 'missing' | 'expired' | 'later' | 'callFailed' | 'lapsed' | 'unanswered'
  /** Tries that are left. */
  readonly left?: number | undefined
}

/** Where the page stands. */
export type ChallengeState =
  | { readonly kind: 'code' }
  | {
      readonly kind: 'questions'
      readonly questions: readonly { readonly id: string; readonly text: string }[]
    }
  | { readonly kind: 'out-of-band'; readonly token: string }
  /** Nothing is under way; `of` is what would be begun. */
  | { readonly kind: 'none'; readonly of: 'code' | 'questions' | 'out-of-band' }

export interface ChallengeView extends Asking {
  readonly institution: Answering
  readonly relyingParty: string
  /** Where the form posts to: `do` is `answer`, `look`, `again` or `deny`; answers are `code`, or `answer.` and the question. */
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
  readonly state: ChallengeState
  readonly fault?: ChallengeFault | undefined
  /** Epoch milliseconds. */
  readonly answerBy: number
  /** Where the page's script asks whether the call is over, and the nonce that lets it run. */
  readonly asks: string
  readonly nonce: string
}

/** Works without the script. An answer is never echoed. */
export function challengePage(view: ChallengeView): string {
  const { language, relyingParty: app, state, fault } = view
  const texts = textsOf(language)
  const title = fill(texts.pin.title, { app })
  const said = fault && faultText(view, fault)
  return page({
    ...view,
    // The fault comes first in the title, which is what a screen reader says when the page comes back.
    title: said === undefined ? title : `${said} – ${title}`,
    bodyClass: 'ask',
    skipTo: 'question',
    heading: html`<h1 class="question"><span class="lead">${texts.pin.lead}</span> ${filled(texts.pin.question, { app })}</h1>`,
    main: html`<p>${texts.challenge.why}</p>
<form method="post" action="${view.action}" class="stack-l">
${hiddenFields(view.hidden)}
${asked(view, said)}
${actions(view)}
</form>
${fault !== undefined && supportDetails(language, fault.code)}`,
    footer: deadlineFooter(view, { answerBy: view.answerBy }),
    tail:
      state.kind === 'out-of-band'
        ? html`<script nonce="${view.nonce}">${trusted(waitingScript(view.asks))}</script>`
        : undefined,
  })
}

function faultText({ language }: ChallengeView, { kind, left }: ChallengeFault): string {
  const { challenge, pin } = textsOf(language)
  if (kind !== 'wrong' || left === undefined) return challenge[kind]
  return `${challenge.wrong} ${fill(counted(pin.triesLeft, left, language), { left })}`
}

function asked(view: ChallengeView, fault: string | undefined): Html {
  const { state, language } = view
  const texts = textsOf(language).challenge
  if (state.kind === 'code') return codeField(view, fault)
  if (state.kind === 'questions') return questionFields(view, fault)
  if (state.kind === 'none')
    return notice(
      'bad',
      fault ?? texts.unanswered,
      view.fault?.kind === 'unanswered' && texts.unansweredMeaning,
    )
  return html`<section class="stack">
<p>${texts.call}</p>
<p class="match"><span class="vh">${texts.number}</span> <output>${state.token}</output></p>
<p class="hint">${texts.notYours}</p>
${fault && html`<p class="error">${icon('warn')}<span>${fault}</span></p>`}
<p role="status">${texts.waiting}</p>
</section>`
}

/** How a field says that the answer before was wrong. */
const marks = (fault: string | undefined, first: boolean): Html =>
  fault === undefined
    ? html` aria-describedby="hint"`
    : html` aria-invalid="true" aria-describedby="error hint"${first && html` autofocus`}`

const faultLine = (fault: string | undefined): Html | undefined =>
  fault === undefined ? undefined : html`<p class="error" id="error">${icon('warn')}<span>${fault}</span></p>`

function codeField({ language }: ChallengeView, fault: string | undefined): Html {
  const texts = textsOf(language).challenge
  return html`<p role="status">${texts.sent}</p>
<div class="field">
<label for="code">${texts.code}</label>
<input id="code" name="code" type="text" class="input" maxlength="12" required autocomplete="one-time-code" autocapitalize="none" spellcheck="false"${marks(fault, true)}>
${faultLine(fault)}
<p class="hint" id="hint">${texts.hint}</p>
</div>`
}

function questionFields({ state, language }: ChallengeView, fault: string | undefined): Html {
  const texts = textsOf(language).challenge
  const questions = state.kind === 'questions' ? state.questions : []
  return html`<p id="hint">${texts.answer}</p>
${faultLine(fault)}
${questions.map(
  ({ id, text }, i) => html`<div class="field">
<label for="answer-${String(i)}"><bdi>${text}</bdi></label>
<input id="answer-${String(i)}" name="answer.${id}" type="text" class="input" maxlength="200" required autocomplete="off" spellcheck="false"${marks(fault, i === 0)}>
</div>
`,
)}`
}

function actions({ language, state, fault }: ChallengeView): Html {
  const { challenge: texts, pin } = textsOf(language)
  const button = (answer: string, text: string, first: boolean) =>
    html`<button class="btn${first && ' primary'}" name="do" value="${answer}"${!first && html` formnovalidate`}>${text}</button>`
  const kind = state.kind === 'none' ? state.of : state.kind
  const again = kind === 'code' ? texts.newCode : kind === 'out-of-band' ? texts.newCall : texts.tryAgain
  const nothing = state.kind === 'none'
  return html`<div class="actions">
${!nothing && (kind === 'out-of-band' ? button('look', texts.check, true) : button('answer', texts.goOn, true))}
${nothing && button('again', fault?.kind === 'unanswered' ? texts.tryAgain : again, true)}
${!nothing && kind !== 'questions' && button('again', again, false)}
<button class="btn danger-quiet" name="do" value="deny" formnovalidate>${pin.refuse}</button>
</div>`
}
