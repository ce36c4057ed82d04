// The first page: is everything working, and what needs somebody.
import type { CaseFlows } from '../flows/cases.ts'
import type { ConsoleAccess } from '../flows/console-access.ts'
import type { ConnectionLine, Overview, OverviewFacts } from '../flows/overview.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi } from '../http/page/parts.ts'
import type { WaitingCases } from '../ports/cases.ts'
import { spanText } from './case-words.ts'
import { signInsChart, sparkline } from './chart.ts'
import { actorText, audienceName } from './connection-words.ts'
import type { Desk, Visit } from './desk.ts'
import { isFailing, overviewFinding, urgentDays } from './findings.ts'
import { dataTable } from './table.ts'
import { badge, count, endsText, moment, momentText, protocolName, stateBadge } from './words.ts'

export interface OverviewPagePorts {
  readonly overview: Overview
  readonly consoleAccess: Pick<ConsoleAccess, 'nameOf'>
  readonly caseFlows: Pick<CaseFlows, 'waiting'>
}

export function overviewPages(desk: Desk, { overview, consoleAccess, caseFlows }: OverviewPagePorts): void {
  desk.page('', 'read-connections', async (visit) => {
    const facts = await overview(visit.institution.id)
    const { id } = visit.institution
    const proposers = await proposersOf(facts, (subject) => consoleAccess.nameOf(id, subject))
    const cases = visit.may('cases') ? await caseFlows.waiting(id) : undefined
    const todo = [...held(visit, cases, facts.at), ...todoOf(facts, visit, proposers)]
    return {
      title: 'Overview',
      heading: overviewFinding(facts),
      lead: `${momentText(facts.at)} · ${todo.length === 0 ? 'Nothing needs you' : `${count(todo.length, 'thing needs', 'things need')} you`}`,
      place: '',
      main: html`<div class="grid">
${todo.length > 0 && html`<section class="card" aria-labelledby="needs"><h2 class="vh" id="needs">Needs you</h2><ul class="todo">${todo}</ul></section>`}
<section class="card w8 fill" aria-labelledby="hours"><header><h2 id="hours">Sign-ins per hour</h2><ul class="legend"><li>Signed in</li><li class="c2">Failed</li></ul></header>
${signInsChart({ title: 'Sign-ins per hour, the last 24 hours', span: 'day', steps: facts.hours })}</section>
<section class="card w4 fill" aria-labelledby="figures"><header><h2 id="figures">The last 24 hours</h2></header>${figures(facts)}</section>
<section class="card fill" aria-labelledby="connections"><header><h2 id="connections">Connections</h2><a class="small" href="${visit.path('/connections')}">All connections</a></header>
${connectionTable(facts, visit)}</section>
</div>`,
    }
  })
}

interface Task {
  readonly badge: Html
  readonly what: string
  readonly why: string
  readonly action: string
  readonly path: string
}

const task = (visit: Visit, { badge: mark, what, why, action, path }: Task): Html =>
  html`<li>${mark}<div><strong>${what}</strong><p class="small quiet">${why}</p></div><a class="btn" href="${visit.path(path)}">${action}</a></li>\n`

/** By the connection: who proposed what waits there, as people call them. */
async function proposersOf(
  { connections }: OverviewFacts,
  nameOf: (subject: string) => Promise<string>,
): Promise<ReadonlyMap<string, string>> {
  const waits = connections.flatMap(({ record: { id, proposal } }) =>
    proposal === undefined ? [] : [{ id, by: proposal.by }],
  )
  return new Map(
    await Promise.all(waits.map(async ({ id, by }) => [id, await actorText(by, nameOf)] as const)),
  )
}

function todoOf(facts: OverviewFacts, visit: Visit, proposers: ReadonlyMap<string, string>): Html[] {
  const names = new Map(facts.connections.map(({ record }) => [record.id, record.name]))
  return [
    ...facts.connections.flatMap((line) => failing(line)),
    ...facts.expiring.map((one) => ({
      badge: badge(one.daysLeft <= urgentDays ? 'bad' : 'warn', one.daysLeft < 0 ? 'Ended' : 'Ends'),
      what: `${names.get(one.connection) ?? one.connection}: ${endsText(one)}`,
      why: 'Sign-ins by this connection may fail from that day on.',
      action: 'Look at it',
      path: `/connections/${one.connection}`,
    })),
    ...facts.connections.flatMap((line) => waiting(line, proposers)),
  ].map((one) => task(visit, one))
}

/** What is held, for those who decide on it: it ends by itself, and customers wait. */
function held(visit: Visit, waiting: WaitingCases | undefined, now: number): Html[] {
  if (waiting === undefined) return []
  const left = waiting.deadline - now
  const one = {
    badge: badge('warn', 'Held'),
    what: count(waiting.count, 'case waits', 'cases wait'),
    why:
      left > 0 ? `The first has to be decided within ${spanText(left)}.` : 'The time of the first is over.',
    action: 'Look at them',
    path: '/cases',
  }
  return [task(visit, one)]
}

function failing(line: ConnectionLine): Task[] {
  if (!isFailing(line)) return []
  const { record, health } = line
  return [
    {
      badge: badge('bad', 'Failing'),
      what: `${record.name}: the last answer was refused`,
      why: `${count(health.refused, 'answer', 'answers')} refused within 24 hours, and none was taken since the last of them.`,
      action: 'See why',
      path: `/exchanges?connection=${record.id}&outcome=failed&of=people`,
    },
  ]
}

function waiting({ record }: ConnectionLine, proposers: ReadonlyMap<string, string>): Task[] {
  const { proposal } = record
  const path = `/connections/${record.id}`
  if (proposal !== undefined) {
    const why = `Proposed by ${proposers.get(record.id)}${proposal.why === '' ? '' : `: ${proposal.why}`}. Customers go on with what was tested before.`
    return [
      {
        badge: badge('warn', 'Waiting'),
        what: `${record.name}: a change waits`,
        why,
        action: 'See the change',
        path,
      },
    ]
  }
  const next = { draft: 'Make a test login.', tested: 'It passed its test login and can go live.' } as const
  if (record.state !== 'draft' && record.state !== 'tested') return []
  return [
    {
      badge: badge('info', 'Unfinished'),
      what: `${record.name}: not live yet`,
      why: next[record.state],
      action: 'Go on',
      path,
    },
  ]
}

const figure = (name: string, value: number, note?: string): Html =>
  html`<div><dt>${name}</dt><dd>${new Intl.NumberFormat('en').format(value)}${note && html` <small>${note}</small>`}</dd></div>\n`

function figures({ signedIn, failed, steppedUp, calls, callsRefused, newDevices }: OverviewFacts): Html {
  const share = signedIn + failed === 0 ? '' : `${((100 * failed) / (signedIn + failed)).toFixed(1)} %`
  return html`<dl class="figures">${figure('Signed in', signedIn)}${figure('Failed', failed, share)}${figure('Stepped up', steppedUp)}${figure('Signed calls', calls, callsRefused === 0 ? 'none refused' : `${callsRefused} refused`)}${figure('New devices', newDevices)}</dl>`
}

function connectionTable({ connections }: OverviewFacts, visit: Visit): Html {
  if (connections.length === 0)
    return html`<div class="empty"><h3>No IdP is connected</h3><p>Customers and staff sign in by connections to the bank’s own IdPs.</p>${visit.may('connections') && html`<a class="btn primary" href="${visit.path('/connections/new')}">Connect an IdP</a>`}</div>`
  return dataTable({
    caption: 'Connections, their state and how they do',
    label: 'Connections table',
    columns: [
      { name: 'Connection' },
      { name: 'Protocol', as: 'opt' },
      { name: 'State' },
      { name: 'Last success', as: 'opt' },
      { name: 'The last 24 hours' },
      { name: 'Signed in', as: 'num' },
      { name: 'Refused', as: 'num' },
    ],
    rows: connections.map((line) => connectionRow(visit, line)),
  })
}

const connectionRow = (visit: Visit, { record, health, hours }: ConnectionLine) => [
  html`<a href="${visit.path(`/connections/${record.id}`)}">${bdi(record.name)}</a><small>${audienceName(record)}</small>`,
  protocolName(record.type),
  stateBadge(record),
  health.lastTakenAt === undefined ? '–' : moment(health.lastTakenAt),
  sparkline(hours),
  health.taken,
  health.refused,
]
