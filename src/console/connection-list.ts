// All connections of the institution: what each is called, whether people sign in by it, and when its certificate ends.

import { type Html, html } from '../http/page/html.ts'
import { bdi, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import { certificateEnd } from './certificates.ts'
import type { ConnectionPagePorts } from './connection-ports.ts'
import { audienceName } from './connection-words.ts'
import type { Desk, Visit } from './desk.ts'
import { listFinding } from './findings.ts'
import type { ConsoleView } from './page.ts'
import { dataTable } from './table.ts'
import { leftText } from './times.ts'
import { badge, protocolName, stateBadge } from './words.ts'

export function connectionList(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections', 'read-connections', async (visit) => {
    const all = await ports.connections.list(visit.institution.id)
    return listView(visit, { all, now: ports.clock.now() })
  })
}

interface Listing {
  readonly all: readonly ConnectionRecord[]
  readonly now: number
}

function listView(visit: Visit, { all, now }: Listing): ConsoleView {
  const create = visit.may('connections') && connectButton(visit)
  return {
    title: 'Connections',
    heading: listFinding(all, now),
    place: '/connections',
    ...(create && all.length > 0 && { aside: create }),
    main: html`${visit.ctx.query.done === 'removed' && gone}${all.length === 0 ? empty(create) : table(visit, { all, now })}`,
  }
}

const gone = html`<div class="told">${notice('ok', 'The draft is removed.', 'Its secrets, keys and test logins went with it.')}</div>`

const connectButton = (visit: Visit): Html =>
  html`<a class="btn primary" href="${visit.path('/connections/new')}">Connect an IdP</a>`

const empty = (create: Html | false): Html =>
  html`<div class="empty"><h3>Each IdP that people sign in by will stand here</h3>
<p class="small">You need its metadata address, or its OpenID issuer, and ten minutes.</p>${create}</div>`

const table = (visit: Visit, { all, now }: Listing): Html =>
  html`<section class="card">${dataTable({
    caption: 'Connections, their state and the end of their certificates',
    label: 'Connections table',
    columns: [
      { name: 'Connection' },
      { name: 'Protocol', as: 'opt' },
      { name: 'State' },
      { name: 'Certificate' },
      { name: 'Ruled by', as: 'opt' },
    ],
    rows: all.map((one) => row(visit, one, now)),
  })}</section>`

function row(visit: Visit, one: ConnectionRecord, now: number): (Html | string)[] {
  const end = certificateEnd(one.settings)
  const ending = end !== undefined && end - now <= monthMs
  return [
    html`<a href="${visit.path(`/connections/${one.id}`)}">${bdi(one.name)}</a><small>${audienceName(one)}</small>`,
    protocolName(one.type),
    html`${stateBadge(one)}${ending && html` ${badge('bad', end <= now ? 'Certificate ended' : 'Certificate ends')}`}`,
    end === undefined ? html`<span class="quiet">Keys are fetched</span>` : endText(end, now),
    one.managedBy === 'file' ? 'A file' : 'This console',
  ]
}

const monthMs = 30 * 24 * 3600_000

const endText = (end: number, now: number): Html | string =>
  end - now > monthMs ? leftText(end, now) : html`<strong class="bad-text">${leftText(end, now)}</strong>`
