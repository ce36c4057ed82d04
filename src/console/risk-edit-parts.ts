// What the forms of risk engines have in common: which version they are of, why something is changed, and why it was not.
import type { PresentRisk } from '../flows/risk-change.ts'
import { type Html, html } from '../http/page/html.ts'
import { hiddenFields, icon, notice } from '../http/page/parts.ts'
import { type Form, signInAgain, type Visit } from './desk.ts'
import type { Fault } from './settings-form.ts'
import { withCode } from './words.ts'

/** Why a step was not taken, though what was typed holds. */
export type News = 'stale' | 'recent' | 'reason'

export const newsOf: Readonly<Record<string, News>> = {
  'risk.stale': 'stale',
  'console.recent': 'recent',
  'risk.reason': 'reason',
}

/** A form as it is shown: what was typed comes back with what is wrong in it. */
export interface Editing {
  readonly present: PresentRisk
  /** Does it change what is asked today? Then it may loosen, and is asked why. */
  readonly loosens: boolean
  readonly faults: readonly Fault[]
  readonly why: string
  readonly news: News | undefined
}

export const freshly = (present: PresentRisk, loosens: boolean): Editing => ({
  ...{ present, loosens, faults: [], why: '', news: undefined },
})

const statuses = { stale: 409, recent: 403, reason: 422 } as const

export const statusOf = ({ faults, news }: Editing): number =>
  faults.length > 0 ? 422 : news === undefined ? 200 : statuses[news]

/** Every message with the code that stands in the list of codes. */
export const coded = (faults: readonly Fault[]): readonly Fault[] =>
  faults.map(({ path, message }) => ({ path, message: withCode(`${message}.`, 'risk.settings') }))

/** Above the form: why nothing was changed. `beside`: what no field of the form explains. */
export function editNotices(
  visit: Visit,
  { faults, news, loosens }: Editing,
  beside: readonly Fault[],
): Html {
  if (faults.length > 0)
    return notice(
      'bad',
      'Nothing was changed.',
      beside.length === 0
        ? 'What has to be mended is said at its field.'
        : html`${beside.map(({ message }) => html`${message} `)}`,
    )
  if (news === 'stale')
    return notice(
      'warn',
      'Nothing was changed: somebody else changed the engines since you opened the page.',
      withCode('What you typed is still here. Look at the engines again, then decide.', 'risk.stale'),
    )
  if (!loosens || visit.proven) return html``
  return notice(
    'warn',
    'Sign in once more before you change it.',
    html`<a href="${visit.path(signInAgain('/risk/providers'))}" target="_blank">Sign in in another window</a>, then come back to this one. ${withCode('', 'console.recent').trim()}`,
  )
}

/** `of` tells the fields of two forms of one page apart. */
export function whyField({ loosens, why, news }: Editing, of = ''): Html {
  const id = `why${of}`
  const missing = news === 'reason'
  const error = html`<p class="error" id="${id}-e">${icon('warn')}<span>${withCode('Say why it is changed.', 'risk.reason')}</span></p>`
  return html`<div class="field"><label for="${id}">Why${!loosens && ' (optional)'}</label><input class="input" id="${id}" name="why" value="${why}" maxlength="300" autocomplete="off"${loosens && html` required`} aria-describedby="${id}-h${missing && ` ${id}-e`}"${missing && html` aria-invalid="true"`}>
<p class="hint" id="${id}-h">Stands in the audit log, beside your name.${loosens && ' Whatever changes what is asked today counts as loosening.'}</p>${missing && error}</div>`
}

/** First in a form: what follows a hidden field stands without a gap. */
export const editFields = (
  visit: Visit,
  { present }: Editing,
  more: Readonly<Record<string, string>> = {},
): Html => hiddenFields({ form_token: visit.formToken, version: String(present.version), ...more })

/** Taking it out, in a form of its own. */
export const removeForm = (
  visit: Visit,
  editing: Editing,
  { to, what }: { readonly to: string; readonly what: string },
): Html =>
  html`<form method="post" action="${visit.path(to)}" class="card stack-l">${editFields(visit, editing)}<h2>${what}</h2>${whyField({ ...editing, why: '', news: undefined }, '-remove')}
<div class="actions"><button class="btn danger">${what}</button></div></form>`

/** What was typed as a number, or as it was typed where it is none: the rules say what is wrong with it. */
export function numberIn(form: Form, name: string): number | undefined {
  const text = (form.get(name) ?? '').trim()
  return text === '' ? undefined : Number(text)
}
