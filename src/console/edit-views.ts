// The pages of an edit: the form, the difference before it is saved, and what to do when somebody else was first.
import { fieldChanges } from '../domain/connection.ts'
import type { Approval } from '../domain/connection-approval.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import type { ChangePreview } from '../flows/connections.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import { approvalText, mayTake } from './connection-page.ts'
import { type ConnectionPagePorts, pluginFor } from './connection-ports.ts'
import { type ContentFormView, contentFields } from './content-form.ts'
import type { Visit } from './desk.ts'
import { difference, pathLabel } from './difference.ts'
import type { ConsoleView } from './page.ts'
import { faultSentences, faultsBeside, nameAndSettings } from './settings-form.ts'
import { withCode } from './words.ts'

export interface EditView extends ContentFormView {
  readonly record: ConnectionRecord
  readonly carried: string
}

const here = (visit: Visit, { id }: Pick<ConnectionRecord, 'id'>, below = ''): string =>
  visit.path(`/connections/${id}${below}`)

const hidden = (visit: Visit, { record, carried }: Pick<EditView, 'record' | 'carried'>): Html =>
  hiddenFields({ form_token: visit.formToken, version: String(record.version), carried })

export function editView(visit: Visit, view: EditView): ConsoleView {
  const { record, typed } = view
  const beside = faultsBeside(typed.faults, nameAndSettings(view.fields))
  return {
    title: `Edit ${record.name}`,
    heading: html`Edit ${bdi(record.name)}`,
    lead: leadOf(record),
    place: '/connections',
    main: html`<form method="post" action="${here(visit, record, '/edit')}" class="stack-l wide-form">${hidden(visit, view)}
${typed.faults.length > 0 && faultNotice(beside.map(({ message }) => message))}
${contentFields(view)}
<div class="actions"><button class="btn primary" name="do" value="check">Check the change</button><a class="btn" href="${here(visit, record)}">Leave it as it is</a></div>
</form>`,
  }
}

export const faultNotice = (messages: readonly string[]): Html =>
  notice(
    'bad',
    'Nothing was saved.',
    messages.length > 0 ? faultSentences(messages) : 'What does not hold is said at its field.',
  )

function leadOf({ proposal, state }: ConnectionRecord): string {
  if (proposal !== undefined) return 'You go on with the change that is waiting; people sign in as before.'
  return state === 'active'
    ? 'People go on signing in as before: what touches the exchange with the IdP waits until it was tested.'
    : 'Nothing is saved before you have seen the difference.'
}

export interface CheckView {
  readonly ports: ConnectionPagePorts
  readonly record: ConnectionRecord
  readonly preview: ChangePreview
  readonly approval: Approval
  readonly carried: string
}

export function checkView(visit: Visit, view: CheckView): ConsoleView {
  const { ports, record, preview, approval } = view
  const label = pathLabel(ports.connectors.plugins(), record.type)
  const none = preview.changes.length === 0
  return {
    title: `Check the change of ${record.name}`,
    heading: none ? 'Nothing would change' : html`Save this change of ${bdi(record.name)}?`,
    lead: none ? undefined : effectText(record, preview),
    place: '/connections',
    main: html`<form method="post" action="${here(visit, record, '/edit')}" class="card stack">${hidden(visit, view)}
${difference({ caption: record.state === 'active' ? 'Against what people sign in by now' : 'Against what is saved now', changes: preview.changes, label })}
${looseNotice(visit, { preview, approval, label })}
${!none && whyField}
<div class="actions">${saveButton(visit, view)}<button class="btn" name="do" value="again">Change it further</button><a class="btn plain" href="${here(visit, record)}">Leave it as it is</a></div></form>`,
  }
}

/** Where nothing would change, what waits can still be taken back. */
function saveButton(visit: Visit, { record, preview, approval }: CheckView): Html | undefined {
  if (preview.changes.length === 0 && record.proposal === undefined) return undefined
  if (!mayTake(visit, approval)) return undefined
  const word = preview.changes.length === 0 ? 'Drop the change that waits' : saveWord(record, preview)
  return html`<button class="btn primary" name="do" value="save">${word}</button>`
}

const saveWord = ({ state }: ConnectionRecord, { needsTest }: ChangePreview): string =>
  state === 'active' && needsTest ? 'Save as a proposal' : 'Save'

export const whyField = html`<div class="field"><label for="why">Why (optional)</label><input class="input" id="why" name="why" maxlength="300" aria-describedby="why-h"><p class="hint" id="why-h">Stands in the history, beside your name.</p></div>`

function effectText({ state }: ConnectionRecord, { needsTest }: ChangePreview): string {
  if (state === 'active')
    return needsTest
      ? 'It waits as a proposal until it was tested and activated. People sign in as before.'
      : 'It reaches people at once: it does not touch the exchange with the IdP.'
  if (state === 'tested')
    return needsTest ? 'It needs a new test login before it can go live.' : 'The test login stays good.'
  return 'It needs a test login before it can go live, as it did.'
}

interface Loose {
  readonly preview: ChangePreview
  readonly approval: Approval
  readonly label: (path: string) => string
}

function looseNotice(visit: Visit, { preview, approval, label }: Loose): Html | undefined {
  if (preview.loosened.length === 0) return undefined
  const paths = [...new Set(preview.loosened.map(label))].join(', ')
  const now = approval.recent ? approvalText(visit, { ...approval, loosened: [] }, label) : ''
  return notice(
    'warn',
    'It may let somebody in who was not let in before.',
    `Not proven to ask more of an answer: ${paths}. ${now}`,
  )
}

export interface StaleView {
  readonly ports: ConnectionPagePorts
  readonly record: ConnectionRecord
  /** The version that was edited. */
  readonly version: number
  readonly opened: ConnectionContent | undefined
  readonly now: ConnectionContent
  readonly typed: ConnectionContent
}

/** The form stays, with everything that was typed; above it what the others did, and what was typed here. */
export function staleView(form: ConsoleView, view: StaleView): ConsoleView {
  const { ports, record, version, opened, now, typed } = view
  const label = pathLabel(ports.connectors.plugins(), record.type)
  const { secrets } = pluginFor(ports, record.type)
  const since = (after: ConnectionContent) =>
    opened === undefined ? [] : fieldChanges(opened, after, secrets)
  return {
    ...form,
    status: 409,
    heading: 'Somebody changed it meanwhile',
    lead: withCode(
      `You opened version ${version}; it is at ${record.version} now. Nothing was saved, and nothing of yours is lost.`,
      'connection.stale',
    ),
    main: html`<div class="stack-l"><section class="card stack"><h2>What they changed</h2>${difference({ caption: `From version ${version} to ${record.version}`, changes: since(now), label })}</section>
<section class="card stack"><h2>What you changed</h2>${difference({ caption: 'As you typed it', changes: since(typed), label })}</section>
${notice('info', 'Below is the form as you typed it.', 'Take over from theirs what should stay, then check the change again.')}
${form.main}</div>`,
  }
}
