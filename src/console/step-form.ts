// A step on a connection as a button; every one of them says at which version it was pressed.
import { type Html, html } from '../http/page/html.ts'
import { hiddenFields } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { Visit } from './desk.ts'

/** A step: where it goes, and what its button says. */
export interface StepForm {
  readonly to: string
  readonly button: string
  readonly tone?: '' | ' primary' | ' danger-quiet'
  readonly fields?: Readonly<Record<string, string>>
  /** Something to choose before the button is pressed. */
  readonly choice?: Html | undefined
}

/** A form with one button; every one of them says which version it was pressed at. */
export const stepForm = (visit: Visit, record: ConnectionRecord, step: StepForm): Html =>
  html`<form method="post" action="${visit.path(`/connections/${record.id}/${step.to}`)}">${hiddenFields({ form_token: visit.formToken, version: String(record.version), ...step.fields })}${step.choice}
<button class="btn${step.tone}">${step.button}</button></form>`
