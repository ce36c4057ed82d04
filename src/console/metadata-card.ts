// When the IdP's metadata was last read, and reading it now.
import type { RefreshReport } from '../flows/metadata-refresh.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { MetadataState } from '../ports/metadata-states.ts'
import type { Visit } from './desk.ts'
import { stepForm } from './step-form.ts'
import { moment } from './words.ts'

export interface MetadataCard {
  readonly record: ConnectionRecord
  /** Undefined before the first reading. */
  readonly state: MetadataState | undefined
  readonly label: (path: string) => string
}

export function metadataCard(visit: Visit, { record, state, label }: MetadataCard): Html {
  const failed = state !== undefined && state.error !== ''
  return html`<section class="card stack" aria-labelledby="h-meta"><h2 id="h-meta">Its metadata</h2>
${failed && notice('warn', 'The last reading failed.', html`<code>${state.error}</code>, ${state.failures} in a row. What was read before goes on to count.`)}
${state !== undefined && state.waits.length > 0 && notice('info', 'Something new waits.', `${state.waits.map(label).join(', ')}: ${record.managedBy === 'file' ? 'for whoever keeps the file' : 'see the change that is waiting'}.`)}
${keyValues([
  ['Read again', state?.fetchedAt === undefined ? notAgain(record) : moment(state.fetchedAt)],
  state === undefined ? undefined : ['Next time', moment(state.nextAt)],
  state?.validUntil === undefined ? undefined : ['Good until', moment(state.validUntil)],
  ['From', html`<code class="copy">${bdi(String(record.settings.metadataUrl ?? ''))}</code>`],
])}
${visit.may('connections') && stepForm(visit, record, { to: 'refresh', button: 'Read it now' })}</section>`
}

/** What it says was read before anything was saved; by itself the bridge reads within a minute, but for nobody who is off. */
const notAgain = ({ state }: ConnectionRecord): string =>
  state === 'disabled'
    ? 'Not while the connection is off'
    : 'Not since it was looked at here; it is within a minute'

/** What a reading by hand came to. */
export function refreshNews({ error, applied, waits }: RefreshReport, label: (path: string) => string): Html {
  const said = (paths: readonly string[]) => [...new Set(paths.map(label))].join(', ')
  if (error !== '')
    return notice(
      'bad',
      'The metadata could not be read. Nothing was changed.',
      html`The reason: <code>${error}</code>.`,
    )
  if (waits.length > 0)
    return notice('warn', 'Something new waits for you.', `${said(waits)}. People sign in as before.`)
  if (applied.length > 0)
    return notice('ok', 'Something new took over.', `${said(applied)}, as this connection allows.`)
  return notice('ok', 'The metadata was read. Nothing is new.')
}
