// The policy as text in a form, and the page that says what it would change, loosen and tighten.
import type { Policy } from '../domain/policy.ts'
import { isUnchanged, policyChanges } from '../domain/policy-changes.ts'
import type { Weaker } from '../domain/policy-strictness.ts'
import type { PolicyProposal } from '../flows/policy-change.ts'
import type { Trial } from '../flows/policy-trial.ts'
import { type Html, html } from '../http/page/html.ts'
import { hiddenFields, icon, notice } from '../http/page/parts.ts'
import type { TextFault } from '../ports/policy-text.ts'
import { signInAgain, type Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { policyDifference } from './policy-difference.ts'
import { trialCard } from './policy-trial-view.ts'
import { policyView } from './policy-view.ts'
import { outcomeText } from './policy-words.ts'
import { withCode } from './words.ts'

const place = '/policy'

export interface Editor {
  readonly text: string
  /** The version in force when the person began. */
  readonly base: string
  /** The version that the text is of, where it is not the one in force. */
  readonly from?: string | undefined
  readonly faults: readonly TextFault[]
}

export function editorView(visit: Visit, { text, base, from, faults }: Editor): ConsoleView {
  const title = 'Edit the policy'
  return {
    title: faults.length > 0 ? `Not saved – ${title}` : title,
    heading: title,
    lead: 'You see what would change before anything does.',
    place,
    status: faults.length > 0 ? 422 : 200,
    main: html`<form method="post" action="${visit.path(`${place}/edit`)}" class="card stack-l">${hiddenFields({ form_token: visit.formToken, base })}
${from !== undefined && notice('info', 'This is a policy of before.', html`It was in force as <code>${from}</code>.`)}
${faults.length > 0 && notice('bad', 'Nothing was changed.', 'What has to be mended is said below the text.')}
${textField(text, faults)}
<div class="actions"><button class="btn primary">Show what would change</button><a class="btn" href="${visit.path(place)}">Cancel</a></div></form>`,
  }
}

function textField(text: string, faults: readonly TextFault[]): Html {
  const invalid = faults.length > 0 && html` aria-invalid="true"`
  const rows = Math.min(40, Math.max(16, text.split('\n').length + 2))
  return html`<div class="field"><label for="document">Rules and limits (YAML)</label>
<textarea class="input mono" id="document" name="document" rows="${rows}" spellcheck="false" autocapitalize="off" autocomplete="off" aria-describedby="document-h${faults.length > 0 && ' document-e'}"${invalid}>
${text}</textarea>
<div id="document-h"><p class="hint">The same words as <code>policy</code> in an institution’s file. Account numbers stand here whole. The amounts of <code>step_up_over</code> and the <code>rates</code> are not part of it: they are the file’s.</p></div>
${faults.length > 0 && html`<div id="document-e">${faults.map((fault) => html`<p class="error">${icon('warn')}<span>${faultText(fault)}</span></p>`)}<p class="small quiet">Code policy.malformed.</p></div>`}</div>`
}

const faultText = ({ line, message }: TextFault): string =>
  `${line === undefined ? 'The text' : `Line ${line}`}${line === undefined ? ' ' : ': '}${message}.`

export interface Preview {
  readonly proposal: PolicyProposal
  readonly text: string
  readonly why: string
  /** Undefined for who may not see transactions, and where nothing would change. */
  readonly trial: Trial | undefined
  /** Why the step was not taken. */
  readonly news: 'stale' | 'recent' | 'reason' | undefined
}

const statusOf = { stale: 409, recent: 403, reason: 422 } as const

/** May this person put it in force, whatever else they are asked for? */
const mayPutInForce = (visit: Visit, { weaker }: PolicyProposal): boolean =>
  weaker.length === 0 || visit.may('weaken')

export function previewView(visit: Visit, preview: Preview): ConsoleView {
  const { proposal, news, trial } = preview
  const unchanged = isUnchanged(policyChanges(proposal.before, proposal.after))
  return {
    title: news === undefined ? 'What would change' : 'Not changed – what would change',
    heading: headingOf(proposal, unchanged),
    lead: html`From <code>${proposal.base}</code>, which is in force, to <code>${proposal.version}</code>.`,
    place,
    status: news === undefined ? 200 : statusOf[news],
    main: html`<div class="grid">${news === 'stale' && html`<div>${staleNotice}</div>`}
<section class="card fill stack-l" aria-labelledby="judged"><header><h2 id="judged">Before it is in force</h2></header>${judgement(proposal, unchanged)}${stepForm(visit, preview, unchanged)}</section>
<section class="card fill stack-l" aria-labelledby="differs"><header><h2 id="differs">What would change</h2></header>${policyDifference(proposal.before, proposal.after)}</section>
${trial && trialCard(trial)}${!unchanged && policyView(proposal.after)}</div>`,
  }
}

function headingOf({ weaker, stronger }: PolicyProposal, unchanged: boolean): string {
  if (unchanged) return 'Nothing would change'
  if (weaker.length > 0) return 'This change loosens the policy'
  return stronger.length > 0 ? 'This change asks more than today' : 'This change asks the same as today'
}

const staleNotice = notice(
  'warn',
  'Nothing was changed: another policy came into force since you opened the page.',
  withCode(
    'Below, your text is compared with the one in force now. Look again, then decide.',
    'policy.stale',
  ),
)

function judgement({ weaker, stronger, before, after }: PolicyProposal, unchanged: boolean): Html {
  if (unchanged) return html`<p>The text says in every word what is in force already.</p>`
  const names = stronger.map(({ kind, id }) => html`<li>${kindName[kind]} <code>${id}</code></li>`)
  return html`${
    weaker.length > 0
      ? html`<p>What is stopped or approved today may pass. Whatever is not proven to be as strict counts as loosening:</p>
<ul class="facts">${weaker.map((one) => html`<li>${weakness(one, before, after)}</li>`)}</ul>`
      : html`<p>Whatever is stopped or approved today is stopped or approved at least as strictly.</p>`
  }${names.length > 0 && html`<p>More may be asked by:</p><ul class="facts">${names}</ul>`}`
}

const kindName = { rule: 'Rule', limit: 'Limit' } as const

/** What becomes weaker, in a sentence. */
function weakness({ kind, id, weakness: why }: Weaker, before: Policy, after: Policy): Html {
  const [was, is] = [before, after].map((policy) =>
    (kind === 'rule' ? policy.rules : policy.limits).find((one) => one.id === id),
  )
  const what = html`${kindName[kind]} <code>${id}</code>`
  switch (why) {
    case 'gone':
      return html`${what} is gone${was && html`; it led to: ${outcomeText(was.outcome)}`}.`
    case 'outcome':
      return html`${what} leads to less${was && is && html`: ${outcomeText(is.outcome)}, and before ${outcomeText(was.outcome)}`}.`
    case 'condition':
      return html`${what} has another condition, which may not hold where the old one did.`
    case 'about':
      return html`${what} may be about fewer transactions than before.`
    case 'threshold':
      return html`${what} may be reached later than before, or not at all.`
  }
}

function stepForm(visit: Visit, { proposal, text, why, news }: Preview, unchanged: boolean): Html {
  const loosens = proposal.weaker.length > 0
  const fields = { form_token: visit.formToken, base: proposal.base, document: text }
  const open = !unchanged && mayPutInForce(visit, proposal)
  const button = loosens ? 'Loosen the policy' : 'Put it in force'
  return html`<form method="post" action="${visit.path(`${place}/confirm`)}" class="stack-l">${hiddenFields(fields)}
${open && loosens && !visit.proven && proveNotice(visit)}${open && whyField(loosens, why, news === 'reason')}
${!unchanged && !open && html`<p>A security administrator must take this step: it loosens the policy.</p>`}
<div class="actions">${open && html`<button class="btn ${loosens ? 'danger' : 'primary'}" name="do" value="confirm">${button}</button>`}<button class="btn" name="do" value="edit" formnovalidate>Back to the text</button><a class="btn" href="${visit.path(place)}">Cancel</a></div></form>`
}

/** The text is too much to take along through a sign-in. */
const proveNotice = (visit: Visit): Html =>
  notice(
    'warn',
    'Sign in once more before you loosen it.',
    html`<a href="${visit.path(signInAgain(place))}" target="_blank">Sign in in another window</a>, then come back to this one. ${withCode('', 'console.recent').trim()}`,
  )

function whyField(needed: boolean, why: string, missing: boolean): Html {
  const error = html`<p class="error" id="why-e">${icon('warn')}<span>${withCode('Say why it is loosened.', 'policy.reason')}</span></p>`
  return html`<div class="field"><label for="why">Why${!needed && ' (optional)'}</label><input class="input" id="why" name="why" value="${why}" maxlength="300" autocomplete="off"${needed && html` required`} aria-describedby="why-h${missing && ' why-e'}"${missing && html` aria-invalid="true"`}>
<p class="hint" id="why-h">Stands in the audit log, beside your name.</p>${missing && error}</div>`
}
