// The steps of a case as forms: those that this person can take now, each with the version that they see.
import { actorOf } from '../domain/administrator.ts'
import { type CaseStep, caseHindrance, type HeldCase, needsReason } from '../domain/held-case.ts'
import { type Html, html } from '../http/page/html.ts'
import { hiddenFields, icon } from '../http/page/parts.ts'
import type { CaseNews } from './case-words.ts'
import type { Visit } from './desk.ts'
import { withCode } from './words.ts'

/** What was typed for a step that was not taken. */
export interface TypedStep {
  readonly step: CaseStep
  readonly why: string
  readonly news: CaseNews
}

interface Offered {
  readonly title: string
  readonly means: string
  readonly button: string
  readonly tone: 'primary' | 'danger' | 'plain'
  readonly reason: string
}

const offers: Readonly<Record<CaseStep, Offered>> = {
  propose: {
    title: 'Release it',
    means:
      'You propose it, and somebody else has to agree. Nothing is carried out: the customer may send it again.',
    button: 'Propose to release it',
    tone: 'primary',
    reason: 'What you looked at, for whoever is to agree.',
  },
  confirm: {
    title: 'Agree',
    means:
      'The customer is told that they may send it again. What else the policy says still holds, and they approve it by PIN.',
    button: 'Agree, and release it',
    tone: 'primary',
    reason: 'Stands in the history, beside your name.',
  },
  'send-back': {
    title: 'Send it back',
    means: 'It waits again for a proposal. Its deadline stays.',
    button: 'Send the proposal back',
    tone: 'plain',
    reason: 'What is missing, for whoever proposed it.',
  },
  stop: {
    title: 'Stop it',
    means: 'It will not be carried out, and the customer is told. This cannot be taken back.',
    button: 'Stop it for good',
    tone: 'danger',
    reason: 'Stands in the history, beside your name.',
  },
}

/** Of one's own proposal. */
const takeBack: Offered = {
  ...offers['send-back'],
  title: 'Take it back',
  button: 'Take your proposal back',
  reason: 'Stands in the history, beside your name.',
}

const order: readonly CaseStep[] = ['confirm', 'propose', 'send-back', 'stop']

/** Could they, if they gave a reason and had just proven themselves? */
const isOffered = (
  { visitor }: Visit,
  one: HeldCase,
  { step, now }: { step: CaseStep; now: number },
): boolean => {
  const hindered = caseHindrance(one, { visitor, step, why: 'given' }, now)
  return hindered === undefined || hindered === 'console.recent'
}

/** The cards of what this person can do; a sentence where others have to. */
export function caseForms(
  visit: Visit,
  one: HeldCase,
  { now, typed }: { readonly now: number; readonly typed: TypedStep | undefined },
): Html {
  const steps = order.filter((step) => isOffered(visit, one, { step, now }))
  const own = isOwn(visit, one)
  return html`${own && steps.length > 0 && html`<p>You proposed it. Somebody else has to agree.</p>`}${
    visit.visitor.kind === 'break-glass' &&
    steps.length > 0 &&
    html`<p>A key from the safe has no name, so that it releases nothing: two people who signed in have to.</p>`
  }${steps.map((step) => stepForm(visit, one, { step, typed: typed?.step === step ? typed : undefined }))}`
}

const isOwn = ({ visitor }: Visit, { state, proposedBy }: HeldCase): boolean =>
  state === 'proposed' && proposedBy === actorOf(visitor)

interface Shown {
  readonly step: CaseStep
  readonly typed: TypedStep | undefined
}

function stepForm(visit: Visit, one: HeldCase, { step, typed }: Shown): Html {
  const offer = step === 'send-back' && isOwn(visit, one) ? takeBack : offers[step]
  const { title, means, button, tone, reason } = offer
  const fields = { form_token: visit.formToken, version: String(one.version) }
  const kind = { primary: ' primary', danger: ' danger', plain: '' }[tone]
  return html`<form method="post" action="${visit.path(`/cases/${one.id}/${step}`)}" class="card stack-l" aria-labelledby="${step}">${hiddenFields(fields)}<h2 id="${step}">${title}</h2><p>${means}${step === 'confirm' && !visit.proven && ' You will be asked to sign in once more.'}</p>
${reasonField({ step, typed }, reason)}${step === 'stop' && fraudBox}
<div class="actions"><button class="btn${kind}">${button}</button></div></form>`
}

function reasonField({ step, typed }: Shown, hint: string): Html {
  const id = `why-${step}`
  const needed = needsReason(step)
  const missing = typed?.news === 'case.reason'
  const error = html`<p class="error" id="${id}-e">${icon('warn')}<span>${withCode('Say why, in 300 characters at most.', 'case.reason')}</span></p>`
  return html`<div class="field"><label for="${id}">Why${!needed && ' (optional)'}</label><input class="input" id="${id}" name="why" value="${typed?.why ?? ''}" maxlength="300" autocomplete="off"${needed && html` required`} aria-describedby="${id}-h${missing && ` ${id}-e`}"${missing && html` aria-invalid="true"`}>
<p class="hint" id="${id}-h">${hint}</p>${missing && error}</div>`
}

const fraudBox = html`<p class="check"><input type="checkbox" id="fraud" name="fraud" value="on"><label for="fraud">This was fraud: tell the risk engines</label></p>`
