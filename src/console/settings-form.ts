// A form for the settings of any connector, drawn from its list of fields; what is at fault is said at its field.
import { type Html, html } from '../http/page/html.ts'
import { icon } from '../http/page/parts.ts'
import type { SettingField } from '../ports/connector-settings.ts'
import { certificateFacts, certificateView } from './certificates.ts'
import { isSecret, nameOfField, type Settings, typedText, valueAt } from './setting-values.ts'
import { withCode } from './words.ts'

/** What is wrong, by the name of the field or a part of it. */
export interface Fault {
  readonly path: string
  readonly message: string
}

export interface SettingsFormView {
  readonly fields: readonly SettingField[]
  readonly settings: Settings
  readonly faults: readonly Fault[]
  readonly now: number
}

export const settingsFields = (view: SettingsFormView): Html =>
  html`${view.fields.map((field) => settingField(field, view))}`

/** First what is said or needed; what is as usual can be opened, and is open where something in it does not hold. */
export function foldedFields(view: SettingsFormView): Html {
  const said = (field: SettingField) => field.required || valueAt(view.settings, field.path) !== undefined
  const usual = view.fields.filter((field) => !said(field))
  const open = usual.some((field) => faultsAt(view.faults, nameOfField(field)).length > 0)
  return html`${settingsFields({ ...view, fields: view.fields.filter(said) })}${usual.length > 0 && html`<details class="more"${open && html` open`}><summary>Everything else is as usual</summary><div class="stack">${settingsFields({ ...view, fields: usual })}</div></details>`}`
}

/** Faults that none of these names explains; they are told above the form. */
export const faultsBeside = (faults: readonly Fault[], names: readonly string[]): Fault[] =>
  faults.filter(({ path }) => !names.some((name) => isAt(path, name)))

const isAt = (path: string, name: string): boolean => path === name || path.startsWith(`${name}.`)

/** Every place of a content form at which a fault can be said. */
export const nameAndSettings = (fields: readonly SettingField[]): string[] => [
  'name',
  'domains',
  'audience',
  'claims',
  'levels',
  'raisedBy',
  ...fields.map(nameOfField),
]

export const faultsAt = (faults: readonly Fault[], name: string): string[] => [
  ...new Set(faults.filter(({ path }) => isAt(path, name)).map(({ message }) => message)),
]

/** `settings.compat.until` as an id. */
export const idOf = (name: string): string => `f-${name.replace(/[^\w-]/g, '-')}`

export interface Labelled {
  readonly name: string
  readonly label: string
  readonly hint?: Html | string | undefined
  readonly faults: readonly string[]
}

/** Label above, input, hint or fault below; `input` gets the attributes that tie them together. */
export function labelled({ name, label, hint, faults }: Labelled, input: (attributes: Html) => Html): Html {
  const id = idOf(name)
  const described = [hint && `${id}-h`, faults.length > 0 && `${id}-e`].filter(Boolean).join(' ')
  const invalid = faults.length > 0 && html` aria-invalid="true"`
  const attributes = html`id="${id}" name="${name}"${invalid}${described !== '' && html` aria-describedby="${described}"`}`
  return html`<div class="field"><label for="${id}">${label}</label>${input(attributes)}
${hint && html`<p class="hint" id="${id}-h">${hint}</p>`}${faultText(`${id}-e`, faults)}</div>`
}

/** One sentence each; where none of them has a code of its own, they have that of settings that do not hold. */
export function faultSentences(faults: readonly string[]): string {
  const said = faults.map((fault) => (fault.endsWith('.') ? fault : `${fault}.`)).join(' ')
  return /\bCode [a-z_.]+\.$/.test(said) ? said : withCode(said, 'connection.settings')
}

const faultText = (id: string, faults: readonly string[]): Html | undefined =>
  faults.length === 0
    ? undefined
    : html`<p class="error" id="${id}">${icon('warn')}<span>${faultSentences(faults)}</span></p>`

function settingField(field: SettingField, view: SettingsFormView): Html {
  if (field.kind === 'choices') return choices(field, view)
  if (field.kind === 'switch') return switchOf(field, view)
  const { label } = field
  const name = nameOfField(field)
  const faults = faultsAt(view.faults, name)
  // Of what is asked, its meaning says when it is needed.
  const optional = field.required || field.asked || field.usual !== undefined ? '' : ' (optional)'
  const shownLabel = `${label}${optional}`
  const value = valueAt(view.settings, field.path)
  const typed = value ?? (isSecret(field) ? undefined : field.usual)
  const one = labelled({ name, label: shownLabel, hint: hintOf(field, value), faults }, (attributes) =>
    inputOf(field, typed, attributes),
  )
  return html`${one}${secretSwitch(field, value)}${certificatesBelow(field, { value, now: view.now })}`
}

function hintOf(field: SettingField, value: unknown): Html {
  const usual = typeof field.usual === 'number' ? ` Usually ${field.usual}.` : ''
  const each = field.kind === 'list' ? ' One a line.' : ''
  const kept = isSecret(field) && value !== undefined ? ' One is set; leave this empty to keep it.' : ''
  return html`${spoken(field.meaning)}${each}${usual}${kept}`
}

/** Words of the protocol stand between backticks in what a setting means. */
const spoken = (meaning: string): Html[] =>
  meaning.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))

function inputOf(field: SettingField, value: unknown, attributes: Html): Html {
  const text = typedText(field, value)
  switch (field.kind) {
    case 'select':
      return html`<select class="input" ${attributes}>${selectOptions(field, value)}</select>`
    case 'list':
      return html`<textarea class="input mono" rows="3" spellcheck="false" ${attributes}>${text}</textarea>`
    case 'certificate':
    case 'certificates':
    case 'secret-lines':
    case 'json':
      return html`<textarea class="input mono" rows="5" spellcheck="false" autocomplete="off" ${attributes}>${text}</textarea>`
    case 'secret':
      return html`<input class="input" type="password" autocomplete="new-password" ${attributes}>`
    case 'number':
      return html`<input class="input" type="number"${field.range.least !== undefined && html` min="${field.range.least}"`}${field.range.most !== undefined && html` max="${field.range.most}"`} value="${text}" ${attributes}>`
    default:
      return html`<input class="input" type="${field.kind}" spellcheck="false" autocomplete="off" value="${text}" ${attributes}>`
  }
}

function selectOptions({ options, usual }: SettingField, value: unknown): Html[] {
  const chosen = value ?? usual
  const none = usual === undefined ? [html`<option value="">(none)</option>`] : []
  return [
    ...none,
    ...options.map(
      (option) =>
        html`<option value="${option}"${option === chosen && html` selected`}>${option}${option === usual && ' (usual)'}</option>`,
    ),
  ]
}

/** A secret that may be missing can be taken out. */
function secretSwitch(field: SettingField, value: unknown): Html | undefined {
  if (!isSecret(field) || field.required || value === undefined) return undefined
  return check({ name: `${nameOfField(field)}.forget`, label: `Take out: ${field.label}`, checked: false })
}

export const check = ({
  name,
  label,
  checked,
}: {
  name: string
  label: Html | string
  checked: boolean
}): Html =>
  html`<p class="check"><input type="checkbox" id="${idOf(name)}" name="${name}" value="on"${checked && html` checked`}><label for="${idOf(name)}">${label}</label></p>`

function switchOf(field: SettingField, { settings, faults }: SettingsFormView): Html {
  const name = nameOfField(field)
  const checked = (valueAt(settings, field.path) ?? field.usual) === true
  return html`<div class="field">${check({ name, label: html`<strong>${field.label}</strong><br><span class="hint">${spoken(field.meaning)}</span>`, checked })}${faultText(`${idOf(name)}-e`, faultsAt(faults, name))}</div>`
}

function choices(field: SettingField, { settings, faults }: SettingsFormView): Html {
  const name = nameOfField(field)
  const chosen = valueAt(settings, field.path) ?? field.usual
  const isChosen = (option: string) => Array.isArray(chosen) && chosen.includes(option)
  return html`<fieldset class="field"><legend>${field.label}</legend>${field.meaning !== '' && html`<p class="hint">${spoken(field.meaning)}</p>`}
${field.options.map((option) => check({ name: `${name}.${option}`, label: html`<code>${option}</code>`, checked: isChosen(option) }))}${faultText(`${idOf(name)}-e`, faultsAt(faults, name))}</fieldset>`
}

/** Whose they are, under the field that holds them: nobody compares base64. */
function certificatesBelow(
  { kind }: SettingField,
  { value, now }: { value: unknown; now: number },
): Html | undefined {
  if (kind !== 'certificates' && kind !== 'certificate') return undefined
  const facts = [value].flat().flatMap((pem) => certificateFacts(String(pem)) ?? [])
  if (facts.length === 0) return undefined
  return html`<ul class="facts">${facts.map((one) => html`<li>${certificateView(one, now)}</li>`)}</ul>`
}
