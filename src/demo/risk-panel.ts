// The control room's risk: the dial that a visitor turns, and what the bank's engines said last.
import type Router from '@koa/router'
import { type Html, html } from '../http/page/html.ts'
import { type Ended, lastAssessed } from './assessed.ts'
import { shownEvent } from './event-words.ts'
import { readForm } from './forms.ts'
import {
  asRiskFault,
  asRiskLevel,
  type RiskDial,
  type RiskDialState,
  type RiskFault,
  type RiskLevel,
} from './risk-dial.ts'
import type { Scene } from './scene.ts'

/** By plain form posts, so that it works without scripts. What is neither a level nor a fault changes nothing. */
export function dialRoutes(router: Router, dial: RiskDial): void {
  router.post('/dial', async (ctx) => {
    const form = await readForm(ctx)
    const level = asRiskLevel(form.get('level') ?? '')
    const fault = asRiskFault(form.get('fault') ?? '')
    dial.set({ ...(level && { level }), ...(fault && { fault }) })
    ctx.status = 303
    ctx.redirect('/#risk')
  })
}

const levels: Readonly<Record<RiskLevel, { readonly label: string; readonly leads: string }>> = {
  low: { label: 'Low', leads: 'They find nothing: what is asked for is what the bank’s own rules ask for.' },
  raised: {
    label: 'Raised',
    leads:
      'They want more: a sign-in or a payment asks for the PIN of an enrolled phone. Without one it is refused.',
  },
  high: {
    label: 'High',
    leads: 'A sign-in is refused, and a payment is held, until the bank has looked at it.',
  },
  block: { label: 'Block', leads: 'They know it for fraud: sign-ins, phones and payments are refused.' },
}

const failed = 'A sign-in asks for the PIN then, and a payment is refused: not to know is no yes.'

const leftAlone = 'An engine that failed often is left alone for some seconds, also when it works again.'

const faults: Readonly<Record<RiskFault, { readonly label: string; readonly leads: string }>> = {
  none: { label: 'Nothing', leads: '' },
  slow: { label: 'Slow', leads: 'They take half a second. The bank waits for 800 ms, so they count.' },
  hang: { label: 'They hang', leads: `They never answer, and the bank waits for 800 ms. ${failed}` },
  error: { label: 'They fail', leads: `They answer with an error. ${failed}` },
  garbage: { label: 'Garbage', leads: `They answer, but what they say is no answer. ${failed}` },
}

function leadsTo({ level, fault }: RiskDialState): string {
  if (fault === 'none') return levels[level].leads
  return fault === 'slow'
    ? `${faults.slow.leads} ${levels[level].leads}`
    : `${faults[fault].leads} ${leftAlone}`
}

interface Choice {
  readonly name: 'level' | 'fault'
  readonly legend: string
  readonly labels: Readonly<Record<string, { readonly label: string }>>
  readonly now: string
}

const choice = ({ name, legend, labels, now }: Choice): Html =>
  html`<form method="post" action="/dial"><fieldset class="field"><legend>${legend}</legend><div class="actions">${Object.entries(labels).map(([value, { label }]) => html`<button class="btn" name="${name}" value="${value}" aria-pressed="${String(value === now)}">${label}</button>`)}</div></fieldset></form>`

/** The dial itself; it is not renewed with the panes, so that whoever stands on a button stays there. */
export function dialCard(dial: RiskDial): Html {
  const state = dial.get()
  return html`<section class="card stack" id="risk" aria-labelledby="risk-title"><h2 id="risk-title">Turn the risk up</h2>
<p class="small">The bank asks an engine over SOAP, one over HTTP, and signals of Drawbridge’s own. Say what both engines find, then sign in or pay on the phone.</p>
${choice({ name: 'level', legend: 'What they find', labels: levels, now: state.level })}
${choice({ name: 'fault', legend: 'What is wrong with them', labels: faults, now: state.fault })}
<p class="small">${leadsTo(state)}</p></section>`
}

const kinds: Readonly<Record<string, string>> = {
  ...{ 'sign-in': 'Sign-in', enrolment: 'First phone', 'device-change': 'Another phone', payment: 'Payment' },
  ...{ payee: 'New payee', 'limit-change': 'Limit', 'contact-change': 'Contact', access: 'Access' },
}

/** Answers, and why there is none. */
const words: Readonly<Record<string, string>> = {
  ...{ allow: 'allow', review: 'allow, and look at it', 'step-up': 'ask for more', enrol: 'ask for more' },
  ...{ hold: 'hold', deny: 'deny', locked: 'customer locked' },
  ...{
    timeout: 'no answer in time',
    error: 'an error',
    malformed: 'not an answer',
    open: 'left alone',
    busy: 'busy',
  },
}

const wordOf = (list: Readonly<Record<string, string>>, name: string): string =>
  Object.hasOwn(list, name) ? (list[name] as string) : name

const badges: Readonly<Record<string, string>> = {
  ...{ allow: 'ok', review: 'ok', 'step-up': 'warn', enrol: 'warn', hold: 'bad', deny: 'bad', locked: 'bad' },
}

/** Where nothing that came after tells more. */
const alone: Readonly<Record<string, string>> = {
  ...{
    allow: 'It went on',
    review: 'It went on',
    'step-up': 'It waits for more',
    enrol: 'It waits for more',
  },
  ...{ hold: 'It is held for the bank', deny: 'It was stopped', locked: 'It was stopped' },
}

const why = ({ reason }: Ended): string => {
  if (reason === 'risk.unanswered') return 'not all answered'
  return reason === 'risk.allowed' ? 'nobody objects' : `by ${reason.replace(/^risk\./, '')}`
}

const saying = ({ providers }: Ended): Html =>
  html`<ul>${providers.map(({ provider, said }) => html`<li><bdi>${provider}</bdi>: ${wordOf(words, said)}</li>`)}</ul>`

function row(one: Ended): Html {
  const { event, kind, action, end } = one
  const badge = html`<span class="badge ${wordOf(badges, action)}">${wordOf(words, action)}</span>`
  return html`<tr><th scope="row">${wordOf(kinds, kind)}<small><time datetime="${event.at}">${event.at.slice(11, 19)}</time></small></th><td class="keep" data-label="They said">${saying(one)}</td><td data-label="Together">${badge}<small>${why(one)}</small></td><td data-label="Then">${end?.words ?? wordOf(alone, action)}</td></tr>`
}

const most = 5

/** The last times that the engines were asked, the newest first. */
export function riskPane({ scene }: { readonly scene: Scene }): Html {
  const asked = lastAssessed(scene.events.map(shownEvent), most)
  const body =
    asked.length === 0
      ? html`<p class="quiet">They have not been asked yet.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="What the risk engines said"><table class="table stacks"><thead><tr><th scope="col">Asked about</th><th scope="col">They said</th><th scope="col">Together</th><th scope="col">Then</th></tr></thead><tbody>${asked.map(row)}</tbody></table></div>`
  return html`<section class="card pane" id="pane-risk" aria-labelledby="p6"><header><span class="n" aria-hidden="true">6</span><h2 id="p6">Risk engines</h2></header>${body}</section>`
}
