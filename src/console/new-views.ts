// The pages of a new connection: three fields, and the preview of what they led to.
import type { IdpFacts } from '../domain/idp-facts.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, notice } from '../http/page/parts.ts'
import type { OurAddress, SettingField } from '../ports/connector-settings.ts'
import { audienceName } from './connection-words.ts'
import { audienceField } from './content-form.ts'
import type { Visit } from './desk.ts'
import { faultNotice } from './edit-views.ts'
import { factsView } from './idp-facts.ts'
import { oursView } from './our-addresses.ts'
import type { ConsoleView } from './page.ts'
import {
  type Fault,
  faultsAt,
  faultsBeside,
  labelled,
  nameAndSettings,
  settingsFields,
} from './settings-form.ts'
import { protocolName } from './words.ts'

/** What the first page asks. */
export interface NewFields {
  readonly name: string
  /** Of its metadata, or its issuer. */
  readonly address: string
  /** Pasted, or from a file. */
  readonly document: string
  readonly audience: 'customers' | 'workforce'
  /** Empty: made from the name. */
  readonly id: string
}

export interface BeginView {
  readonly fields: NewFields
  readonly faults: readonly Fault[]
}

const steps = (at: 1 | 2): Html =>
  html`<ol class="steps">${['The IdP', 'What was read', 'Test and activate'].map((name, i) => html`<li${i + 1 < at && html` class="done"`}${i + 1 === at && html` aria-current="step"`}>${name}${i + 1 < at && html`<span class="vh">, done</span>`}</li>`)}</ol>`

const action = (visit: Visit): string => visit.path('/connections/new')

export function beginView(visit: Visit, { fields, faults }: BeginView): ConsoleView {
  const { name, address, document, id } = fields
  const at = (path: string) => faultsAt(faults, path)
  const open = document !== '' || at('document').length > 0 || at('id').length > 0
  return {
    title: 'Connect an IdP',
    lead: 'Nothing is saved before you have seen what the IdP says of itself.',
    place: '/connections',
    status: faults.length > 0 ? 422 : 200,
    main: html`<div class="stack-l wide-form">${steps(1)}
<form method="post" action="${action(visit)}" enctype="multipart/form-data" class="card stack-l">${hiddenFields({ form_token: visit.formToken })}
${labelled({ name: 'name', label: 'Name', hint: 'As customers call it: they see it where they choose.', faults: at('name') }, (attributes) => html`<input class="input" value="${name}" maxlength="100" required autocomplete="off" ${attributes}>`)}
${labelled({ name: 'address', label: 'Metadata URL, or OpenID issuer', hint: 'Which of both it is, is found out.', faults: at('address') }, (attributes) => html`<input class="input" value="${address}" inputmode="url" maxlength="2000" spellcheck="false" autocomplete="off" ${attributes}>`)}
${audienceField(fields)}
<details class="more"${open && html` open`}><summary>No address, or another id</summary><div class="stack-l">
${documentFields({ document, faults: at('document') })}
${labelled({ name: 'id', label: 'Id', hint: 'Part of our addresses, for good. Left empty it is made from the name.', faults: at('id') }, (attributes) => html`<input class="input mono" value="${id}" maxlength="32" spellcheck="false" autocomplete="off" ${attributes}>`)}
</div></details>
<div class="actions"><button class="btn primary" name="do" value="look">Look at it</button></div></form></div>`,
  }
}

export interface SeveralView {
  /** The form that goes on with the one that is chosen. */
  readonly at: string
  readonly identifiers: readonly string[]
  readonly carried: string
}

const mostIdentifiers = 500

export function severalView(visit: Visit, { at, identifiers, carried }: SeveralView): ConsoleView {
  return {
    title: 'Which IdP?',
    heading: `The metadata describes ${identifiers.length} IdPs`,
    lead: 'Choose the one that people sign in at.',
    place: '/connections',
    main: html`<form method="post" action="${visit.path(at)}" class="card stack-l">${hiddenFields({ form_token: visit.formToken, carried })}
<fieldset class="field"><legend>Its entity ID</legend><div class="boxes list">${identifiers.slice(0, mostIdentifiers).map((one, i) => html`<label><input type="radio" name="identifier" value="${one}"${i === 0 && html` checked`}> ${bdi(one)}</label>`)}</div></fieldset>
<div class="actions"><button class="btn primary" name="do" value="look">Look at it</button></div></form>`,
  }
}

export interface PreviewView {
  readonly id: string
  readonly content: ConnectionContent
  readonly facts: IdpFacts
  readonly twins: readonly string[]
  /** The id of another connection that has this very name. */
  readonly namesake: string | undefined
  readonly faults: readonly Fault[]
  readonly form: readonly SettingField[]
  readonly ours: readonly OurAddress[]
  readonly carried: string
  readonly now: number
}

export function previewView(visit: Visit, view: PreviewView): ConsoleView {
  const { content, facts, faults, carried, id } = view
  const beside = faultsBeside(faults, nameAndSettings(view.form))
  return {
    title: `Preview of ${content.name}`,
    heading: 'This is what the IdP says of itself',
    lead: html`${bdi(content.name)} · ${protocolName(content.type)} · ${audienceName(content)} · id <code>${id}</code>. Nothing is saved yet.`,
    place: '/connections',
    main: html`<div class="stack-l">${steps(2)}
${view.namesake !== undefined && notice('warn', 'Another connection has this name.', html`Where an app offers both, its customers cannot tell it from <code>${view.namesake}</code>. Begin again to give it a name of its own.`)}
${faults.length > 0 && faultNotice(beside.map(({ message }) => message))}
<form method="post" action="${action(visit)}" class="stack-l">${hiddenFields({ form_token: visit.formToken, carried })}
${askedCard(view)}
${factsView(visit, { facts, twins: view.twins, now: view.now })}
${restCard(view)}
<div class="actions"><button class="btn primary" name="do" value="save">Save as draft</button><a class="btn" href="${action(visit)}">Begin again</a></div></form>
${oursView(view.ours)}</div>`,
  }
}

const fieldsOf = ({ content, faults, now }: PreviewView, fields: readonly SettingField[]): Html =>
  settingsFields({ fields, settings: content.settings, faults, now })

/** What only people know. */
function askedCard(view: PreviewView): Html | undefined {
  const asked = view.form.filter((field) => field.asked)
  if (asked.length === 0) return undefined
  return html`<section class="card stack" aria-labelledby="h-asked"><h2 id="h-asked">What the IdP’s administrator told you</h2>
${notice('info', 'Register us there first.', 'Our addresses stand at the end of this page; you are given a client ID for them.')}
${fieldsOf(view, asked)}</section>`
}

/** Everything else has a usual value, or was just read; open where something in it does not hold. */
function restCard(view: PreviewView): Html {
  const rest = view.form.filter((field) => !field.asked)
  const open = rest.some(({ path }) => faultsAt(view.faults, `settings.${path}`).length > 0)
  return html`<section class="card"><details class="more"${open && html` open`}><summary>All settings, as they will be saved</summary><div class="stack-l">${fieldsOf(view, rest)}</div></details></section>`
}

/** Metadata that comes without an address. What no page may hold is shown as its picture. */
/** A file that was no document is not put where one is pasted. */
const pasted = (document: string): string =>
  document.startsWith('data:') ? '' : document.replaceAll('\0', '\u2400')

export const documentFields = ({ document, faults }: { document: string; faults: readonly string[] }): Html =>
  html`${labelled({ name: 'file', label: 'SAML metadata as a file', faults: [] }, (attributes) => html`<input class="input" type="file" accept=".xml,application/samlmetadata+xml,application/xml,text/xml" ${attributes}>`)}
${labelled({ name: 'document', label: 'Or pasted', hint: 'The whole XML document.', faults }, (attributes) => html`<textarea class="input mono" rows="6" spellcheck="false" ${attributes}>${pasted(document)}</textarea>`)}`
