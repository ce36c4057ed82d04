// How the console says what is frozen: kinds, names, what each stops, and the ways that lead to freezing it.
import type { Freeze, FreezeKind } from '../domain/freeze.ts'
import { maskedText } from '../domain/masked-display.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, masked } from '../http/page/parts.ts'
import type { Visit } from './desk.ts'

export const kindNames: Readonly<Record<FreezeKind, string>> = {
  customer: 'Customer',
  device: 'Device',
  payee: 'Payee',
  core: 'Core',
}

/** What stops, and what goes on once the freeze is over. */
export const freezeMeans: Readonly<Record<FreezeKind, string>> = {
  customer:
    'Sessions and tokens end, what waits for an answer is withdrawn, and nobody signs in by this name. When it is lifted the customer signs in again.',
  device:
    'Its tokens end; it answers no question and counts in no sign-in, also where its key is enrolled anew. When it is lifted it counts again.',
  payee:
    'Nothing more is paid to the account: what is asked for is refused, what is open cannot be approved, and what was approved cannot be used. When it is lifted, what has not lapsed goes on.',
  core: 'The gateway signs no call to it. When it is lifted, calls pass again.',
}

/** What somebody wrote of it. */
export const freezeReason = ({ kind, name }: Pick<Freeze, 'kind' | 'name'>, why: string): Html =>
  bdi(maskedText(why, kind === 'payee' ? { creditorAccount: name } : {}))

/** Accounts may end alike, or be too short to show an end: a few letters of the token tell them apart, as the audit log has it. */
export const accountMark = ({ kind, key }: Pick<Freeze, 'kind' | 'key'>): Html | false =>
  kind === 'payee' && html`<small><code>${key.slice(0, 8)}</code></small>`

/** Of an account only the end. */
export const frozenName = ({ kind, name }: Pick<Freeze, 'kind' | 'name'>): Html =>
  kind === 'payee' ? masked('en', name) : html`<code>${name}</code>`

interface Freezable {
  readonly subject?: string | undefined
  readonly device?: string | undefined
  /** By whose id its payee is meant: an account number stands in no address. */
  readonly transaction?: string | undefined
}

/** For whoever may freeze. */
export function freezeLinks(visit: Visit, { subject, device, transaction }: Freezable): Html | undefined {
  if (!visit.may('freeze')) return undefined
  const link = (query: Readonly<Record<string, string>>, words: string): Html =>
    html`<a class="btn" href="${visit.path(`/freezes/new?${new URLSearchParams(query)}`)}">${words}</a>\n`
  return html`<div class="actions">${subject !== undefined && link({ kind: 'customer', name: subject }, 'Freeze this customer')}
${device !== undefined && link({ kind: 'device', name: device }, 'Freeze this device')}
${transaction !== undefined && link({ kind: 'payee', transaction }, 'Freeze this payee')}</div>`
}
