// The chooser: by which of the institution's connections the customer signs in; the one of last time comes first.
import { textsOf } from '../words/catalogue.ts'
import { type Html, html } from './html.ts'
import { bdi, filled, hiddenFields, icon } from './parts.ts'
import { type Answering, type Asking, helpLink, page } from './shell.ts'

/** One way to sign in, as the institution calls it. */
export interface ChoiceView {
  readonly id: string
  readonly name: string
  /** The address of its picture, on our own origin. */
  readonly logo?: string | undefined
}

export interface ChooseView extends Asking {
  readonly institution: Answering
  readonly relyingParty: string
  /** Where the forms post to: `connection` is an id, `address` a mail address, `do` is `find` or `cancel`. */
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
  readonly choices: readonly ChoiceView[]
  /** The id of the choice that this browser made last. */
  readonly last?: string | undefined
  /** Is a mail address asked for: do any of the connections have domains? */
  readonly byAddress: boolean
  /** An address that led nowhere, as it was typed. */
  readonly homeless?: string | undefined
}

export function choosePage(view: ChooseView): string {
  const texts = textsOf(view.language).choose
  return page({
    ...view,
    title: view.homeless === undefined ? texts.title : `${texts.homeless} – ${texts.title}`,
    bodyClass: 'ask',
    skipTo: 'question',
    heading: html`<h1 class="question"><span class="lead">${filled(texts.lead, { app: view.relyingParty })}</span> ${texts.title}</h1>`,
    main: html`${choicesForm(view)}
${view.byAddress && addressForm(view)}`,
    footer: html`${helpLink(view)}${cancelForm(view)}`,
  })
}

function choicesForm(view: ChooseView): Html {
  const texts = textsOf(view.language).choose
  const last = view.choices.find(({ id }) => id === view.last)
  const others = view.choices.filter((choice) => choice !== last)
  const label = last === undefined ? texts.all : texts.others
  return html`<form method="post" action="${view.action}" class="stack-l">
${hiddenFields(view.hidden)}
${
  last &&
  html`<div class="choices"><p class="small quiet" id="last">${texts.last}</p>
<button class="btn primary" name="connection" value="${last.id}" aria-describedby="last">${picture(last)}<span>${filled(texts.continueWith, { name: last.name })}</span></button></div>`
}
<div class="choices" role="group" aria-labelledby="ways"><h2 class="small${last === undefined && ' vh'}" id="ways">${label}</h2>
${others.map((choice) => html`<button class="btn" name="connection" value="${choice.id}">${picture(choice)}<span>${bdi(choice.name)}</span></button>\n`)}</div>
</form>`
}

// The name stands beside it, so the picture says nothing of its own.
const picture = ({ logo }: ChoiceView): Html | undefined =>
  logo === undefined ? undefined : html`<img src="${logo}" alt="" width="28" height="28">`

function addressForm({ language, action, hidden, homeless }: ChooseView): Html {
  const texts = textsOf(language).choose
  const fault = homeless !== undefined
  return html`<form method="post" action="${action}" class="choices">
${hiddenFields(hidden)}
<div class="field"><label for="address">${texts.address}</label>
<input class="input" id="address" name="address" type="email" autocomplete="email" required maxlength="320" value="${homeless ?? ''}" aria-describedby="${fault && 'address-error '}address-hint"${fault && html` aria-invalid="true" autofocus`}>
${fault && html`<p class="error" id="address-error">${icon('warn')}<span>${texts.homeless}</span></p>`}
<p class="hint" id="address-hint">${texts.addressHint}</p></div>
<button class="btn" name="do" value="find">${texts.find}</button>
</form>`
}

const cancelForm = ({ language, action, hidden }: ChooseView): Html =>
  html`<form method="post" action="${action}">${hiddenFields(hidden)}<button class="btn plain" name="do" value="cancel">${textsOf(language).choose.cancel}</button></form>`
