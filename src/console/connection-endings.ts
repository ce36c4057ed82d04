// Steps that take something away: each has a page that says what it ends and for whom, and only the button there acts.
import { isWorkforce } from '../domain/console-party.ts'
import { Refusal } from '../domain/refusal.ts'
import type { NamingApp } from '../flows/connection-removal.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import { atOf, type ConnectionPagePorts, connectionOf, takerIn, workOn } from './connection-ports.ts'
import { alreadyTaken, pageOf, step } from './connection-steps.ts'
import type { Desk, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { count, stateBadge } from './words.ts'

export function connectionEndings(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id/disable', 'connections', (visit) => disablePage(ports, visit))
  desk.form('/connections/:id/disable', 'connections', (visit, form) =>
    step(ports, visit, {
      form,
      onward: `/connections/${visit.ctx.params.id}?done=disabled`,
      act: (taker) => ports.connections.disable(atOf(visit, form), taker),
    }),
  )
  desk.page('/connections/:id/remove', 'connections', (visit) => removePage(ports, visit))
  desk.form('/connections/:id/remove', 'connections', (visit, form) =>
    step(ports, visit, {
      form,
      onward: '/connections?done=removed',
      act: () => ports.connections.remove(atOf(visit, form), takerIn(visit, form)),
    }),
  )
}

interface Asking {
  readonly record: ConnectionRecord
  readonly to: 'disable' | 'remove'
  readonly heading: Html
  /** One line each. */
  readonly ends: readonly (Html | string | false | undefined)[]
  readonly button: string
  /** Why it cannot be done now; then there is no button. */
  readonly hindered?: Html | undefined
}

function askingView(visit: Visit, asking: Asking): ConsoleView {
  const { record, to, heading, ends, button, hindered } = asking
  const here = `/connections/${record.id}`
  const fields = { form_token: visit.formToken, version: String(record.version) }
  const back = html`<a class="btn" href="${visit.path(here)}">Leave it as it is</a>`
  const form = html`<form method="post" action="${visit.path(`${here}/${to}`)}" class="stack-l">${hiddenFields(fields)}
<div class="field"><label for="why">Why (optional)</label><input class="input" id="why" name="why" maxlength="300" autocomplete="off"><p class="hint">Stands in ${to === 'remove' ? 'the audit log' : 'its history'}.</p></div>
<div class="actions"><button class="btn danger">${button}</button>${back}</div></form>`
  return {
    title: button,
    heading,
    aside: stateBadge(record),
    place: '/connections',
    main: html`<section class="card stack-l wide-form" aria-labelledby="h-ends"><h2 id="h-ends">What it ends, and for whom</h2>
<ul class="facts">${ends.map((end) => end && html`<li>${end}</li>`)}</ul>
${hindered === undefined ? form : html`${hindered}<div class="actions">${back}</div>`}</section>`,
  }
}

/** Whoever may not look at apps (a set-up link) learns that there are some, and no names. */
async function appsNaming(
  ports: ConnectionPagePorts,
  visit: Visit,
  { id }: ConnectionRecord,
): Promise<readonly NamingApp[]> {
  const apps = await ports.connections.namedBy(visit.institution.id, id)
  return visit.may('read') ? apps : apps.map((app, n) => ({ ...app, name: `App ${n + 1}` }))
}

async function disablePage(ports: ConnectionPagePorts, visit: Visit): Promise<ConsoleView> {
  const record = await connectionOf(ports, visit)
  workOn(visit, record)
  if (record.state === 'disabled') {
    const news = await alreadyTaken(ports, visit, record)
    return { ...(await pageOf(ports, visit, { record, news })), status: 409 }
  }
  const { id: institution } = visit.institution
  const all = await ports.connections.list(institution)
  const live = all.filter((one) => one.state === 'active' && one.id !== record.id)
  const apps = await appsNaming(ports, visit, record)
  const hours = await ports.healthOver(institution, record.id, 'day')
  const signedIn = hours.reduce((sum, one) => sum + one.signedIn, 0)
  return askingView(visit, {
    record,
    to: 'disable',
    heading: html`Disable ${bdi(record.name)}?`,
    ends: [
      ...(record.state === 'active'
        ? reached({ record, live, apps, signedIn })
        : ['Nobody signs in by it yet: it cannot go live before it is switched on again.']),
      record.proposal !== undefined && 'The change that waits is dropped. It stays in the history.',
      record.managedBy === 'file' && 'A file of the operator rules it: only the file switches it on again.',
      record.managedBy === 'console' && 'It comes back by a test login that passes, and is then activated.',
    ],
    button: `Disable ${record.name}`,
  })
}

interface Reached {
  readonly record: ConnectionRecord
  /** The other connections by which people sign in now. */
  readonly live: readonly ConnectionRecord[]
  readonly apps: readonly NamingApp[]
  /** By it, within the last day. */
  readonly signedIn: number
}

function reached({ record, live, apps, signedIn }: Reached): (Html | string | undefined)[] {
  return [
    html`<strong>At once nobody can sign in by it any more.</strong> Sign-ins under way are refused. In the last 24 hours there ${signedIn === 1 ? 'was' : 'were'} ${count(signedIn, 'sign-in', 'sign-ins')} by it.`,
    ...apps.map((app) => appText(app, live)),
    apps.length === 0 && !isWorkforce(record) ? 'No app names it.' : undefined,
    isWorkforce(record) ? staffText(live) : undefined,
    'Whoever is signed in to an app already stays signed in there: this ends no session of an app.',
  ]
}

function appText({ name, others }: NamingApp, live: readonly ConnectionRecord[]): Html {
  const left = live.filter(({ id }) => others.includes(id))
  return left.length === 0
    ? html`<strong>${bdi(name)}:</strong> nobody can sign in to it any more, for it has no other connection that is live.`
    : html`<strong>${bdi(name)}:</strong> it goes on to offer ${left.map((one, n) => html`${n > 0 && ', '}${bdi(one.name)}`)}.`
}

function staffText(live: readonly ConnectionRecord[]): Html {
  const others = live.filter(isWorkforce)
  const out = html`<strong>This console:</strong> staff who came in here by it are out at once, but for you.`
  return others.length === 0
    ? html`${out} It is their only way in: afterwards nobody comes in here but with a break-glass key, and you only until your session is over.`
    : html`${out} They come in by ${others.map((one, n) => html`${n > 0 && ', '}${bdi(one.name)}`)}.`
}

async function removePage(ports: ConnectionPagePorts, visit: Visit): Promise<ConsoleView> {
  const record = await connectionOf(ports, visit)
  workOn(visit, record)
  if (!(await ports.connections.removable(record)))
    throw new Refusal('connection.state', { connection: record.id, state: record.state, step: 'remove' })
  const apps = await appsNaming(ports, visit, record)
  return askingView(visit, {
    record,
    to: 'remove',
    heading: html`Remove ${bdi(record.name)}?`,
    ends: [
      html`<strong>This draft is gone for good</strong>, with what it says, its secrets, its picture and its test logins. Nobody was ever let in by it.`,
      'Our keys for it are destroyed. An IdP that was told of them can forget us.',
      'That it was there, who changed it and who removed it stays in the audit log.',
    ],
    button: `Remove ${record.name}`,
    hindered: apps.length === 0 ? undefined : inUse(visit, apps),
  })
}

const inUse = (visit: Visit, apps: readonly NamingApp[]): Html =>
  notice(
    'warn',
    'It cannot be removed while an app names it.',
    html`Take it out there first: ${apps.map(({ id, name }, n) => html`${n > 0 && ', '}${visit.may('read') ? html`<a href="${visit.path(`/relying-parties/${id}`)}">${bdi(name)}</a>` : name}`)}.`,
  )
