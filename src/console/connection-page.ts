// One connection: how it stands, what to do next, what its IdP must be told, and what it says.
import type { FieldChange } from '../domain/connection.ts'
import type { Approval } from '../domain/connection-approval.ts'
import type { NamingApp } from '../flows/connection-removal.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { ConnectorPlugin } from '../ports/connector.ts'
import type { TestLogin } from '../ports/test-logins.ts'
import { appsCard } from './connection-apps.ts'
import { mayWrite } from './connection-ports.ts'
import { audienceName, findingOf } from './connection-words.ts'
import type { Visit } from './desk.ts'
import { difference } from './difference.ts'
import { type HealthView, healthCard } from './health-card.ts'
import { levelChoice } from './level-choice.ts'
import { type MetadataCard, metadataCard } from './metadata-card.ts'
import { oursView } from './our-addresses.ts'
import type { ConsoleView } from './page.ts'
import { settingRows } from './setting-rows.ts'
import { type StepForm, stepForm } from './step-form.ts'
import { testRows } from './test-rows.ts'
import { badge, moment, protocolName, stateBadge } from './words.ts'

export interface ConnectionView {
  readonly record: ConnectionRecord
  readonly plugin: ConnectorPlugin
  readonly label: (path: string) => string
  /** Of what waits, against what customers sign in by. */
  readonly changes: readonly FieldChange[]
  readonly proposedBy: string
  readonly approval: Approval
  readonly tests: readonly TestLogin[]
  readonly health: HealthView
  readonly lastSignIn: number | undefined
  /** Those that offer it to their customers; undefined where that is not asked, or not for this visitor. */
  readonly apps: readonly NamingApp[] | undefined
  /** A draft that nobody was ever let in by. */
  readonly removable: boolean
  /** Undefined where its IdP has none that is read again. */
  readonly metadata: Pick<MetadataCard, 'state'> | undefined
  /** Above everything else: what just happened, or did not. */
  readonly news: Html | undefined
  readonly now: number
}

export function connectionView(visit: Visit, view: ConnectionView): ConsoleView {
  const { record } = view
  // What is being made is finished by what it still needs; what there is, is worked on.
  const begun = record.state === 'active' || record.state === 'disabled'
  return {
    title: record.name,
    heading: html`${bdi(record.name)} ${findingOf(record)}`,
    lead: leadOf(view),
    aside: stateBadge(record),
    place: '/connections',
    main: html`<div class="grid">${view.news && html`<div>${view.news}</div>`}
${nextSteps(visit, view)}
${proposalCard(visit, view)}
${view.apps && appsCard(visit, record, view.apps)}
${healthCard(visit, record, view.health)}
${begun && moreCard(visit, view)}
${oursView(view.plugin.ours(visit.tenant.issuer, record.id))}
${settingsCard(view)}
${testsCard(visit, view)}
${view.metadata && metadataCard(visit, { ...view, ...view.metadata })}
${!begun && moreCard(visit, view)}</div>`,
  }
}

function leadOf({ record, lastSignIn }: ConnectionView): Html {
  const seen = lastSignIn === undefined ? undefined : html` · last sign-in ${moment(lastSignIn)}`
  const file = record.managedBy === 'file' && ' · ruled by a file'
  return html`${protocolName(record.type)} · ${audienceName(record)}${seen}${file}`
}

interface Todo {
  readonly badge: Html
  readonly fact: string
  readonly meaning: string
  readonly action: Html | undefined
}

function nextSteps(visit: Visit, view: ConnectionView): Html | undefined {
  const todos = todosOf(visit, view)
  if (todos.length === 0) return undefined
  return html`<section class="card" aria-labelledby="h-next"><h2 class="vh" id="h-next">What is next</h2><ul class="todo">
${todos.map((todo) => html`<li>${todo.badge}<div><strong>${todo.fact}</strong><p class="small quiet">${todo.meaning}</p></div>${todo.action}</li>`)}</ul></section>`
}

function todosOf(visit: Visit, view: ConnectionView): Todo[] {
  const { record } = view
  if (!mayWrite(visit, record) || record.managedBy === 'file') return []
  if (record.state === 'draft') return [tellIdp(view), tryIt(visit, view)]
  if (record.state === 'tested') return [goLive(visit, view)]
  if (record.state === 'disabled') return [tryAgain(visit, view)]
  return []
}

const tellIdp = ({ plugin, record }: ConnectionView): Todo => ({
  badge: html`<span class="badge info">First</span>`,
  fact: 'Tell the IdP about us',
  meaning: `Give its administrator what stands below${record.type === 'saml' ? ': the metadata URL is enough where the IdP can load it' : ''}.`,
  action: html`<a class="btn" href="#ours">${plugin.type === 'saml' ? 'Our metadata' : 'Our addresses'}</a>`,
})

const tryIt = (visit: Visit, { record }: ConnectionView): Todo => ({
  badge: html`<span class="badge info">Then</span>`,
  fact: 'Make a test login',
  meaning:
    'You go to the IdP, sign in as yourself, and come back to every check that was made. Nothing of it can be used as a sign-in here; at the IdP you stay signed in, in this browser.',
  action: stepForm(visit, record, { to: 'test', button: 'Test', tone: ' primary' }),
})

const tryAgain = (visit: Visit, { record }: ConnectionView): Todo => ({
  badge: html`<span class="badge info">To switch on</span>`,
  fact: 'Make a test login',
  meaning:
    'Nobody can sign in by this connection. It comes back by a test that passes, and is then activated. At the IdP you stay signed in, in this browser.',
  action: stepForm(visit, record, { to: 'test', button: 'Test', tone: ' primary' }),
})

const goLive = (visit: Visit, view: ConnectionView): Todo => ({
  badge: html`<span class="badge ok">Ready</span>`,
  fact: `Let ${audienceName(view.record).toLowerCase()} sign in by it`,
  meaning: approvalText(visit, view.approval, view.label) || 'From then on they can, at once.',
  action: mayTake(visit, view.approval)
    ? stepForm(visit, view.record, { to: 'activate', button: 'Activate', tone: ' primary' })
    : undefined,
})

/** The same question as the flow asks, but for the fresh proof: that is asked for on the way. */
export const mayTake = (visit: Visit, { needs }: Approval): boolean => needs === undefined || visit.may(needs)

/** Who takes the step where this visitor may not; undefined where they may. */
export function whoMustText(visit: Visit, record: ConnectionRecord, approval: Approval): string | undefined {
  if (approval.needs !== undefined && !mayTake(visit, approval)) return whoMust[approval.needs]
  return mayWrite(visit, record) ? undefined : 'Whoever may change connections must take this step.'
}

const whoMust: Readonly<Record<NonNullable<Approval['needs']>, string>> = {
  weaken: 'A security administrator must take this step.',
  'way-in': 'Staff come in here by it: an owner must take this step.',
}

/** What the step asks beside the button. */
export function approvalText(visit: Visit, approval: Approval, label: (path: string) => string): string {
  const paths = [...new Set(approval.loosened.map(label))].join(', ')
  const loose = paths === '' ? '' : `It may let somebody in who was not let in before: ${paths}. `
  if (!mayTake(visit, approval)) return `${loose}${whoMust[approval.needs ?? 'weaken']}`
  return approval.recent && !visit.proven ? `${loose}You are asked to sign in once more first.` : loose
}

function proposalCard(visit: Visit, view: ConnectionView): Html | undefined {
  const { record, changes, label } = view
  const { proposal } = record
  if (proposal === undefined) return undefined
  const said = proposal.why === '' ? undefined : html` “${bdi(proposal.why)}”`
  return html`<section class="card stack" aria-labelledby="h-waits"><header><h2 id="h-waits">A change is waiting</h2>${proposal.tested ? badge('info', 'Tested') : badge('warn', 'Not tested yet')}</header>
<p class="small quiet">Proposed by ${bdi(view.proposedBy)}, ${moment(proposal.at)}.${said} Until it is activated, people sign in as before.</p>
${difference({ caption: 'What would change', changes, label })}
<p class="small">${approvalText(visit, view.approval, label)}</p>
${mayWrite(visit, record) && proposalActions(visit, view, proposal.tested)}</section>`
}

function proposalActions(visit: Visit, view: ConnectionView, tested: boolean): Html {
  const { record } = view
  const activate = tested && mayTake(visit, view.approval)
  const test = {
    to: 'test',
    button: tested ? 'Test the change again' : 'Test the change',
    tone: tested ? '' : ' primary',
    fields: { what: 'proposal' },
    choice: record.proposal && levelChoice(record.proposal.content, undefined),
  } as const
  return html`<div class="actions">${activate && stepForm(visit, record, { to: 'activate', button: 'Activate the change', tone: ' primary' })}${stepForm(visit, record, test)}${stepForm(visit, record, { to: 'discard', button: 'Discard it' })}</div>`
}

const settingsCard = ({ record, plugin, now }: ConnectionView): Html =>
  html`<section class="card w8" aria-labelledby="h-settings"><header><h2 id="h-settings">What it says</h2><span class="small quiet">Version ${record.version}</span></header>
${settingRows({ record, fields: plugin.form, now })}</section>`

const testsCard = (visit: Visit, { record, tests, now }: ConnectionView): Html =>
  html`<section class="card w4" aria-labelledby="h-tests"><header><h2 id="h-tests">Test logins</h2></header>
${testRows(visit, { record, tests, now })}${tests.length > 0 && html`<p class="small"><a href="${visit.path(`/connections/${record.id}/tests`)}">All of the last seven days</a></p>`}</section>`

interface More {
  readonly link: Html
  readonly meaning: string
}

function moreCard(visit: Visit, { record, removable }: ConnectionView): Html {
  const here = (below: string) => visit.path(`/connections/${record.id}/${below}`)
  const writes = mayWrite(visit, record)
  const own = writes && record.managedBy === 'console'
  const step = (one: StepForm): Html => stepForm(visit, record, one)
  const all: (More | false)[] = [
    own && {
      link: html`<a class="btn" href="${here('edit')}">Edit</a>`,
      meaning: 'Change what it says. You see the difference before anything is saved.',
    },
    own && {
      link: html`<a class="btn" href="${here('import')}">Import</a>`,
      meaning:
        'Read again what the IdP says of itself, at its address, at another, or in a document. You see what would change.',
    },
    writes && {
      link: step({ to: 'test', button: 'Test', choice: levelChoice(record, undefined) }),
      meaning:
        'Try it as it is now, without an app. Works in every state. At the IdP you stay signed in, in this browser.',
    },
    own && {
      link: html`<a class="btn" href="${here('logo')}">Logo</a>`,
      meaning: 'Its picture, beside the name where customers choose.',
    },
    {
      link: html`<a class="btn" href="${here('history')}">History</a>`,
      meaning: 'Every version: who, when, why, and what it changed.',
    },
    visit.may('read') && {
      link: html`<a class="btn" href="${here('keys')}">Keys</a>`,
      meaning: 'Ours, for this connection: which one is in use, which one comes next.',
    },
    ...endings(visit, { record, removable }),
  ]
  const rows = all.filter((one) => one !== false)
  const file =
    record.managedBy === 'file' &&
    notice(
      'info',
      'A file of the operator rules this connection.',
      'It is changed by “drawbridge apply”; here it can be tested, and disabled in an emergency.',
    )
  return html`<section class="card stack" aria-labelledby="h-more"><h2 id="h-more">What you can do</h2>${file}
<ul class="deeds">${rows.map(({ link, meaning }) => html`<li>${link}<p class="small quiet">${meaning}</p></li>`)}</ul></section>`
}

/** What takes something away: each asks on a page of its own. */
function endings(
  visit: Visit,
  { record, removable }: Pick<ConnectionView, 'record' | 'removable'>,
): (More | false)[] {
  const writes = mayWrite(visit, record)
  const link = (to: string, word: string): Html =>
    html`<a class="btn danger-quiet" href="${visit.path(`/connections/${record.id}/${to}`)}">${word}</a>`
  return [
    writes &&
      record.state !== 'disabled' && {
        link: link('disable', 'Disable'),
        meaning: 'Nobody can sign in by it any more. You are told first whom that reaches.',
      },
    writes &&
      removable && {
        link: link('remove', 'Remove'),
        meaning: 'Throw this draft away, with its secrets, keys and test logins.',
      },
  ]
}
