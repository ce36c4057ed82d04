// Every version of a connection: who, when, why, what it changed; and the way back to any of them.
import { Refusal } from '../domain/refusal.ts'
import { contentOfRecord, type HistoryEntry } from '../flows/connections.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import {
  atOf,
  type ConnectionPagePorts,
  connectionOf,
  contentNews,
  mayWrite,
  namesFor,
  orProve,
  takerIn,
} from './connection-ports.ts'
import { changeName } from './connection-words.ts'
import type { Desk, Form, Next, Visit } from './desk.ts'
import { difference, pathLabel } from './difference.ts'
import type { ConsoleView } from './page.ts'
import { badge, count, moment, withCode } from './words.ts'

export function connectionHistory(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id/history', 'read-connections', (visit) => historyView(ports, visit, undefined))
  desk.form('/connections/:id/history/:version/restore', 'connections', (visit, form) =>
    restore(ports, visit, form),
  )
}

async function historyView(
  ports: ConnectionPagePorts,
  visit: Visit,
  news: Html | undefined,
): Promise<ConsoleView> {
  const record = await connectionOf(ports, visit)
  const history = await ports.connections.history(visit.institution.id, record.id)
  const nameOf = namesFor(ports, visit)
  const names = new Map(
    await Promise.all(
      [...new Set(history.map(({ by }) => by))].map(async (by) => [by, await nameOf(by)] as const),
    ),
  )
  const label = pathLabel(ports.connectors.plugins(), record.type)
  return {
    title: `History of ${record.name}`,
    heading: html`${count(history.length, 'version', 'versions')} of ${bdi(record.name)}`,
    lead: 'The newest first. Versions are never changed.',
    aside: html`<a class="btn" href="${visit.path(`/connections/${record.id}`)}">To the connection</a>`,
    place: '/connections',
    main: html`${news}<ol class="card timeline">${history.map((entry) => entryView(visit, { record, entry, name: names.get(entry.by) ?? entry.by, label }))}</ol>`,
  }
}

interface EntryView {
  readonly record: ConnectionRecord
  readonly entry: HistoryEntry
  readonly name: string
  readonly label: (path: string) => string
}

function entryView(visit: Visit, { record, entry, name, label }: EntryView): Html {
  const { version, change, state, changes, why, at } = entry
  const present = version === record.version
  const restorable = !present && mayWrite(visit, record) && record.managedBy === 'console'
  return html`<li class="${toneOf(entry)} stack"><div class="head"><div><strong>Version ${version}: ${changeName(change)}</strong> ${present && badge('info', 'Present')}
${moment(at)}<span class="small quiet">${bdi(name)}${why !== '' && html`: “${bdi(why)}”`} · ${stateWord[state]} afterwards</span></div>
${restorable && restoreForm(visit, record, version)}</div>
${changes.length > 0 && html`<details class="more"><summary>${count(changes.length, 'difference', 'differences')}</summary>${difference({ caption: `Version ${version}`, changes, label })}</details>`}</li>`
}

const stateWord: Readonly<Record<ConnectionRecord['state'], string>> = {
  draft: 'a draft',
  tested: 'tested',
  active: 'live',
  disabled: 'off',
}

const toneOf = ({ change }: HistoryEntry): string =>
  ({ activated: 'ok', tested: 'ok', disabled: 'bad', proposed: 'warn', discarded: 'bad' })[
    change as 'tested'
  ] ?? ''

const restoreForm = (visit: Visit, { id, version: present }: ConnectionRecord, version: number): Html =>
  html`<form method="post" action="${visit.path(`/connections/${id}/history/${version}/restore`)}">${hiddenFields({ form_token: visit.formToken, version: String(present) })}<button class="btn">Restore this version</button></form>`

async function restore(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<Next> {
  const { ctx } = visit
  const at = atOf(visit, form)
  const version = Number(ctx.params.version)
  const record = await connectionOf(ports, visit)
  const taker = takerIn(visit, form)
  const said = taker.why === '' ? { ...taker, why: `version ${version}` } : taker
  try {
    return await orProve(`/connections/${at.id}/history`, async () => {
      const after = await ports.connections.restore(at, version, said)
      return `/connections/${at.id}?done=${doneOf(record, after)}`
    })
  } catch (error) {
    const news = contentNews(error, 'Nothing was restored: that version does not hold any more.')
    if (news !== undefined) return { ...(await historyView(ports, visit, news)), status: 422 }
    if (!(error instanceof Refusal) || error.code !== 'connection.stale') throw error
    return { ...(await historyView(ports, visit, staleNews(at.version))), status: 409 }
  }
}

const staleNews = (opened: number): Html =>
  notice(
    'warn',
    'Nothing was restored.',
    withCode(
      `Somebody changed this connection since you opened the page at version ${opened}: what they did stands above it. Look again, then take the step.`,
      'connection.stale',
    ),
  )

function doneOf(before: ConnectionRecord, after: ConnectionRecord): string {
  if (after.proposal !== undefined) return 'proposed'
  const same = JSON.stringify(contentOfRecord(before)) === JSON.stringify(contentOfRecord(after))
  return same ? 'saved' : 'restored'
}
