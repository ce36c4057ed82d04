// What a connection says, as facts: secrets hidden, certificates by their fingerprint, what is usual kept apart.
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, type Row } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { SettingField } from '../ports/connector-settings.ts'
import { certificateFacts, certificateView } from './certificates.ts'
import { audienceName, levelLabels, raisedByChoices, raisedByLabel } from './connection-words.ts'
import { isSecret, valueAt } from './setting-values.ts'

export interface SettingRowsView {
  readonly record: Pick<
    ConnectionRecord,
    'id' | 'name' | 'settings' | 'claims' | 'domains' | 'audience' | 'levels' | 'raisedBy'
  >
  readonly fields: readonly SettingField[]
  readonly now: number
}

export function settingRows({ record, fields, now }: SettingRowsView): Html {
  const { settings, claims, domains = [] } = record
  const said = fields.filter(({ path }) => valueAt(settings, path) !== undefined)
  const usual = fields.filter((field) => !said.includes(field) && field.usual !== undefined)
  const rows: Row[] = [
    ['Id', html`<code>${record.id}</code>`],
    ['Who signs in by it', audienceName(record)],
    ...(domains.length > 0 ? ([['Mail domains', listed(domains)]] satisfies Row[]) : []),
    ['Claims', claimsText(claims)],
    ...levelRows(record),
    ...said.map((field): Row => [field.label, shown(field, { value: valueAt(settings, field.path), now })]),
  ]
  return html`${keyValues(rows)}${usual.length > 0 && html`<details class="more"><summary>Everything else is as usual</summary>${keyValues(usual.map((field): Row => [field.label, shown(field, { value: field.usual, now })]))}</details>`}`
}

/** None of an IdP that is never asked for a level: then every answer is a plain sign-in. */
function levelRows({ levels = {}, raisedBy = 'bridge' }: SettingRowsView['record']): Row[] {
  const counted = Object.entries(levels).filter(([, classes]) => classes.length > 0)
  if (counted.length === 0) return []
  return [
    ...counted.map(([name, classes]): Row => [levelLabels[name] ?? name, listed(classes)]),
    [raisedByLabel, raisedByChoices[raisedBy]],
  ]
}

const claimsText = (claims: Readonly<Record<string, string>>): Html | string => {
  const all = Object.entries(claims)
  return all.length === 0
    ? 'None: apps learn nothing but who it is'
    : listed(all.map(([claim, attribute]) => `${claim} ← ${attribute}`))
}

const listed = (all: readonly string[]): Html =>
  html`${all.map((one, i) => html`${i > 0 && html`<br>`}${bdi(one)}`)}`

/** A value for people; that of a secret is never part of a page. */
export function shown(field: SettingField, { value, now }: { value: unknown; now: number }): Html | string {
  if (isSecret(field)) return html`<span class="quiet">Set, and not shown</span>`
  if (field.kind === 'switch') return value === true ? 'Yes' : 'No'
  if (field.kind === 'certificate' || field.kind === 'certificates') return certificates([value].flat(), now)
  if (Array.isArray(value)) return value.length === 0 ? 'None' : listed(value.map(textOf))
  return bdi(textOf(value))
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const certificates = (pems: readonly unknown[], now: number): Html =>
  html`<ul class="facts">${pems.map((pem) => {
    const facts = certificateFacts(String(pem))
    return html`<li>${facts === undefined ? 'Not readable' : certificateView(facts, now)}</li>`
  })}</ul>`
