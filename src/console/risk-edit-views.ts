// The forms by which risk engines are changed: one engine from its type's schema, one event, and what holds for all.
import { acrLadder, levelName } from '../domain/acr.ts'
import {
  type AskedProvider,
  challengeKinds,
  combinings,
  fallbacks,
  type RiskAction,
  type RiskChallengeKind,
  type RiskEventPolicy,
  riskActions,
} from '../domain/risk.ts'
import { type AskedKind, type RiskFact, riskFactNames, riskFacts } from '../domain/risk-event.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, icon } from '../http/page/parts.ts'
import type { RiskPlugin } from '../ports/risk.ts'
import type { Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import {
  coded,
  type Editing,
  editFields,
  editNotices,
  removeForm,
  statusOf,
  whyField,
} from './risk-edit-parts.ts'
import { actionNames, combiningNames, kindNames } from './risk-words.ts'
import { isSecret, nameOfField, type Settings } from './setting-values.ts'
import { check, faultSentences, faultsAt, faultsBeside, foldedFields, labelled } from './settings-form.ts'
import { badge } from './words.ts'

const list = '/risk/providers'
const place = '/risk'

interface Framed {
  readonly title: string
  readonly to: string
  readonly editing: Editing
  /** Of the fields at which faults are said. */
  readonly names: readonly string[]
  readonly hidden?: Readonly<Record<string, string>>
  readonly fields: Html
  readonly button: string
  readonly below?: Html | undefined
}

function framed(
  visit: Visit,
  { title, to, editing, names, hidden, fields, button, below }: Framed,
): ConsoleView {
  const status = statusOf(editing)
  const open = !editing.loosens || visit.may('weaken')
  return {
    title: status === 200 ? title : `Not saved – ${title}`,
    heading: title,
    lead: 'It is in force when you press the button, on every node within two seconds.',
    ...{ place, status },
    main: html`<div class="grid"><form method="post" action="${visit.path(to)}" class="card stack-l">${editFields(visit, editing, hidden)}
${editNotices(visit, editing, faultsBeside(coded(editing.faults), names))}
${fields}
${whyField(editing)}
<div class="actions">${open && html`<button class="btn primary">${button}</button>`}<a class="btn" href="${visit.path(list)}">Cancel</a></div></form>
${below}</div>`,
  }
}

/** Which type the new engine is of. */
export function typesView(visit: Visit, plugins: readonly RiskPlugin[]): ConsoleView {
  return {
    title: 'Add a risk engine',
    lead: 'Which kind of engine is it? It is asked about nothing until an event names it.',
    place,
    main: html`<div class="grid"><section class="card fill" aria-label="Types"><ul class="todo">${plugins.map(
      ({ type, meaning }) =>
        html`<li><code>${type}</code><span>${meaning}</span><a class="btn" href="${visit.path(`${place}/add?${new URLSearchParams({ type })}`)}">Add<span class="vh"> ${type}</span></a></li>`,
    )}</ul></section></div>`,
  }
}

export interface EngineForm {
  readonly editing: Editing
  readonly plugin: RiskPlugin
  /** Of one that is there; undefined of a new one, whose id is typed. */
  readonly known: string | undefined
  readonly id: string
  readonly settings: Settings
  readonly facts: readonly RiskFact[]
  readonly challenge: readonly RiskChallengeKind[]
  readonly now: number
}

export function engineView(visit: Visit, form: EngineForm): ConsoleView {
  const { editing, plugin, known, id, settings, facts, challenge, now } = form
  const faults = coded(editing.faults)
  const idField = labelled(
    {
      name: 'id',
      label: 'Name of the engine',
      hint: 'Lower-case letters, digits and hyphens. Events, audit and reasons name it so, and it cannot be changed later.',
      faults: faultsAt(faults, 'id'),
    },
    (attributes) =>
      html`<input class="input" maxlength="32" required spellcheck="false" autocapitalize="off" autocomplete="off" value="${id}" ${attributes}>`,
  )
  return framed(visit, {
    title: known === undefined ? `Add an engine of type ${plugin.type}` : `Change the engine ${known}`,
    to: known === undefined ? `${place}/add` : `${list}/${known}/edit`,
    editing,
    ...(known === undefined && { hidden: { type: plugin.type } }),
    names: ['id', 'facts', 'challenge', ...plugin.fields.map(nameOfField)],
    fields: html`<p class="quiet">${plugin.meaning}</p>
${known === undefined && idField}
${foldedFields({ fields: plugin.fields, settings, faults, now })}
${statusOf(editing) !== 200 && plugin.fields.some(isSecret) && html`<p class="small quiet">A secret that you typed is not shown again: type it once more.</p>`}
${factChoices(facts, plugin, faultsAt(faults, 'facts'))}
${plugin.challenges !== undefined && challengeChoices(challenge, faultsAt(faults, 'challenge'))}`,
    button: known === undefined ? 'Add the engine' : 'Change the engine',
    below:
      known === undefined
        ? undefined
        : removeForm(visit, editing, { to: `${list}/${known}/remove`, what: `Take out ${known}` }),
  })
}

const challengeWords: Readonly<Record<RiskChallengeKind, string>> = {
  code: 'A code of its own, which the bank sends by text message',
  'out-of-band': 'A call or message of its own, which the customer answers with a number from the page',
  questions: 'Questions of its own',
}

/** Which challenges of its own meet a step-up of a sign-in that it asks for. */
function challengeChoices(chosen: readonly RiskChallengeKind[], faults: readonly string[]): Html {
  const choices = challengeKinds.map((kind) =>
    check({
      name: `challenge.${kind}`,
      label: html`${challengeWords[kind]} <code>${kind}</code>`,
      checked: chosen.includes(kind),
    }),
  )
  return html`<fieldset class="field"><legend>Where a customer has no factor of ours, a sign-in may be met by</legend>${choiceFaults(faults)}${choices}</fieldset>`
}

const choiceFaults = (faults: readonly string[]) =>
  faults.length > 0 && html`<p class="error">${icon('warn')}<span>${faultSentences(faults)}</span></p>`

/** Which facts may leave for it; folded where they are those of its type, and nothing is wrong with them. */
function factChoices(facts: readonly RiskFact[], plugin: RiskPlugin, faults: readonly string[]): Html {
  const usual = facts.length === plugin.facts.length && plugin.facts.every((name) => facts.includes(name))
  return html`<details class="more"${(!usual || faults.length > 0) && html` open`}><summary>What may leave for it${usual && ': as its type needs it'}</summary><fieldset class="field"><legend>Facts that may leave for it</legend>${choiceFaults(faults)}<div class="finder">${riskFactNames.map(
    (name) =>
      check({
        name: `fact.${name}`,
        label: html`<code>${name}</code>${riskFacts[name].by === 'caller' && html` ${badge('warn', 'Untrusted')}`}<br><span class="hint">${riskFacts[name].meaning}</span>`,
        checked: facts.includes(name),
      }),
  )}</div></fieldset></details>`
}

export interface EventForm {
  readonly editing: Editing
  readonly kind: AskedKind
  readonly policy: RiskEventPolicy
}

export function eventView(visit: Visit, { editing, kind, policy }: EventForm): ConsoleView {
  const { risk } = editing.present
  const faults = coded(editing.faults)
  const options = <T extends string>(all: readonly T[], chosen: T, words: (one: T) => string) =>
    html`${all.map((one) => html`<option value="${one}"${one === chosen && html` selected`}>${words(one)}</option>`)}`
  const one = (name: string, label: string, hint: string, inner: Html) =>
    labelled(
      { name, label, hint, faults: faultsAt(faults, name) },
      (attributes) => html`<select class="input" ${attributes}>${inner}</select>`,
    )
  return framed(visit, {
    title: `${kindNames[kind]}: who is asked`,
    to: `${place}/events/${kind}`,
    editing,
    names: ['ask', 'combine', 'on_failure', 'bands'],
    fields: html`${faultsAt(faults, 'ask').map((fault) => html`<p class="field"><span class="error">${fault}</span></p>`)}
${(risk?.providers ?? []).map(({ id }) => askedFields(id, policy))}
${one(
  'combine',
  'How answers are combined',
  'Weighted needs the least score of an action at least.',
  options(combinings, policy.combine, (name) => combiningNames[name]),
)}
${one(
  'on_failure',
  'Where an engine gives no answer',
  'That it passes is allowed, and stands in the audit.',
  options(fallbacks, policy.onFailure, (name) => actionNames[name]),
)}
${bandFields(policy, faultsAt(faults, 'bands'))}`,
    button: 'Ask so from now on',
    below:
      risk?.events[kind] === undefined
        ? undefined
        : removeForm(visit, editing, { to: `${place}/events/${kind}/remove`, what: 'Ask nobody about it' }),
  })
}

const askings = {
  no: 'Not asked',
  yes: 'Asked',
  optional: 'Asked, optional',
  shadow: 'In shadow: asked afterwards, without effect',
} as const

/** One engine: whether it is asked, what its score counts, and in which order. */
function askedFields(id: string, { ask, shadow = [] }: RiskEventPolicy): Html {
  const at = ask.findIndex(({ provider }) => provider === id)
  const asked = ask[at]
  const chosen = howAsked(asked, shadow.includes(id))
  const plain = { faults: [] }
  return html`<fieldset class="field"><legend>${bdi(id)}</legend><div class="finder">${labelled({ ...plain, name: `ask.${id}`, label: 'Is it asked?' }, (attributes) => html`<select class="input" ${attributes}>${Object.entries(askings).map(([value, words]) => html`<option value="${value}"${value === chosen && html` selected`}>${words}</option>`)}</select>`)}
${labelled({ ...plain, name: `weight.${id}`, label: 'Weight' }, (attributes) => html`<input class="input" type="number" min="0" max="1000" step="any" value="${asked?.weight ?? 1}" ${attributes}>`)}
${labelled({ ...plain, name: `order.${id}`, label: 'Order' }, (attributes) => html`<input class="input" type="number" min="1" max="20" value="${asked === undefined ? '' : at + 1}" ${attributes}>`)}</div></fieldset>`
}

function howAsked(asked: AskedProvider | undefined, inShadow: boolean): keyof typeof askings {
  if (asked === undefined) return inShadow ? 'shadow' : 'no'
  return asked.optional ? 'optional' : 'yes'
}

const banded: readonly RiskAction[] = riskActions.filter((action) => action !== 'allow')

function bandFields({ bands, combine }: RiskEventPolicy, faults: readonly string[]): Html {
  return html`<details class="more"${(combine === 'weighted' || faults.length > 0) && html` open`}><summary>Least score of each action, for weighted scores</summary><fieldset class="field"><legend>From which score on</legend>${faults.map((fault) => html`<p class="error">${fault}</p>`)}<div class="finder">${banded.map(
    (action) =>
      labelled(
        { name: `band.${action}`, label: `${actionNames[action]} (optional)`, faults: [] },
        (attributes) =>
          html`<input class="input" type="number" min="0" max="1000" value="${bands[action] ?? ''}" ${attributes}>`,
      ),
  )}</div></fieldset></details>`
}

export interface CommonForm {
  readonly editing: Editing
  readonly budgetMs: number
  readonly stepUp: string
}

export function commonView(visit: Visit, { editing, budgetMs, stepUp }: CommonForm): ConsoleView {
  const faults = coded(editing.faults)
  return framed(visit, {
    title: 'For every event',
    to: `${place}/common`,
    editing,
    names: ['budget_ms', 'step_up'],
    fields: html`${labelled({ name: 'budget_ms', label: 'Time for all engines together, in milliseconds', hint: 'Customers wait for it. From 50 to 10000.', faults: faultsAt(faults, 'budget_ms') }, (attributes) => html`<input class="input" type="number" min="50" max="10000" value="${budgetMs}" ${attributes}>`)}
${labelled(
  {
    name: 'step_up',
    label: 'What a step-up asks for',
    hint: 'Also where an engine wants a new factor.',
    faults: faultsAt(faults, 'step_up'),
  },
  (attributes) =>
    html`<select class="input" ${attributes}>${acrLadder.slice(1).map((acr) => html`<option value="${acr}"${acr === stepUp && html` selected`}>${levelName(acr)}</option>`)}</select>`,
)}`,
    button: 'Change it',
  })
}
