// Sign-ins that failed at the IdP's answer: found by what the customer reads out, explained check by check.
import { type Check, type Exchange, offsetText } from '../domain/exchange.ts'
import { referenceTyped } from '../domain/reference.ts'
import type { ExchangeFlows } from '../flows/exchanges.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, icon, keyValues } from '../http/page/parts.ts'
import { wordsOf } from '../http/words/catalogue.ts'
import { groupOf, type PageCode } from '../http/words/groups.ts'
import type { ConnectionStore } from '../ports/connections.ts'
import type { ExchangeFilter, ExchangeSummary } from '../ports/exchanges.ts'
import type { Desk, Visit } from './desk.ts'
import { messageFigure } from './message.ts'
import { dataTable } from './table.ts'
import { badge, moment } from './words.ts'

export interface ExchangePagePorts {
  readonly exchangeFlows: ExchangeFlows
  readonly connectionStore: Pick<ConnectionStore, 'list'>
}

const place = '/exchanges'
const shown = 50

export function exchangePages(desk: Desk, ports: ExchangePagePorts): void {
  desk.page(place, 'read', (visit) => listPage(visit, ports))
  desk.page(`${place}/:id`, 'read', (visit) => onePage(visit, ports))
  desk.page(`${place}/:id/report`, 'read', (visit) => reportPage(visit, ports))
}

interface Wanted {
  readonly reference: string
  readonly connection: string
  readonly code: string
  readonly outcome: string
  readonly of: string
  readonly on: string
  readonly before: string
}

const day = 24 * 3600_000

/** What the address asks for; what is malformed in it is not asked for. */
function wantedOf({ ctx }: Visit): Wanted {
  const text = (name: string) => {
    const value = ctx.query[name]
    return typeof value === 'string' ? value.trim().slice(0, 64) : ''
  }
  return {
    reference: referenceTyped(text('reference')),
    connection: text('connection'),
    code: text('code'),
    outcome: text('outcome'),
    of: text('of'),
    on: text('on'),
    before: text('before'),
  }
}

function filterOf({ reference, connection, code, outcome, of, on, before }: Wanted): ExchangeFilter {
  const from = /^\d{4}-\d{2}-\d{2}$/.test(on) ? Date.parse(`${on}T00:00:00Z`) : Number.NaN
  const end = Number.isNaN(from) ? undefined : from + day
  const paged = /^\d{13}$/.test(before) ? Number(before) : undefined
  return {
    limit: shown + 1,
    ...(reference !== '' && { reference }),
    ...(connection !== '' && { connection }),
    ...(code !== '' && { code }),
    ...((outcome === 'failed' || outcome === 'answered') && { outcome }),
    ...((of === 'tests' || of === 'people') && { of }),
    ...(!Number.isNaN(from) && { after: from }),
    before: paged ?? end,
  }
}

async function listPage(visit: Visit, { exchangeFlows, connectionStore }: ExchangePagePorts) {
  const wanted = wantedOf(visit)
  const { id } = visit.institution
  const found = await exchangeFlows.list(id, filterOf(wanted))
  const names = new Map((await connectionStore.list(id)).map((one) => [one.id, one.name]))
  const rows = found.slice(0, shown)
  const older = found.length > shown ? rows.at(-1)?.at : undefined
  return {
    title: 'Failed sign-ins',
    lead: 'Kept for seven days, with personal values masked. Of sign-ins that went well there is a sample; test logins that failed are marked.',
    place,
    main: html`<div class="grid">
<section class="card" aria-labelledby="find"><h2 class="vh" id="find">Find</h2>${finder(visit, wanted, names)}</section>
<section class="card fill" aria-label="Exchanges">${rows.length === 0 ? nothing(wanted) : table(visit, rows, names)}
${older !== undefined && html`<p><a href="${visit.path(`${place}?${new URLSearchParams({ ...wanted, before: String(older) })}`)}">Older ones</a></p>`}</section>
</div>`,
  } as const
}

const option = (value: string, chosen: string, name: string): Html =>
  html`<option value="${value}"${value === chosen && html` selected`}>${name}</option>`

/** A search is a visit: it can be kept as a link, and changes nothing. */
function finder(visit: Visit, wanted: Wanted, names: ReadonlyMap<string, string>): Html {
  return html`<form method="get" action="${visit.path(place)}" class="finder">
<div class="field"><label for="reference">Reference</label><input class="input" id="reference" name="reference" value="${wanted.reference}" aria-describedby="reference-hint"><p class="hint" id="reference-hint">DB-XXXX-XXXX, as the customer’s page showed it; as you heard it will do</p></div>
<div class="field"><label for="connection">Connection</label><select class="input" id="connection" name="connection">${option('', wanted.connection, 'All')}${[...names].map(([id, name]) => option(id, wanted.connection, name))}</select></div>
<div class="field"><label for="outcome">Outcome</label><select class="input" id="outcome" name="outcome">${option('', wanted.outcome, 'All')}${option('failed', wanted.outcome, 'Refused')}${option('answered', wanted.outcome, 'Taken')}</select></div>
<div class="field"><label for="of">Of whom</label><select class="input" id="of" name="of">${option('', wanted.of, 'All')}${option('people', wanted.of, 'Customers and staff')}${option('tests', wanted.of, 'Test logins')}</select></div>
<div class="field"><label for="code">Code</label><input class="input" id="code" name="code" value="${wanted.code}"></div>
<div class="field"><label for="on">Day (UTC)</label><input class="input" id="on" name="on" type="date" value="${wanted.on}"></div>
<button class="btn primary">Find</button>
</form>`
}

const nothing = ({ reference }: Wanted): Html => html`<div class="empty"><h3>Nothing was found</h3>
<p>${reference === '' ? 'No exchange of the last seven days fits.' : 'Either the reference was misheard, or the sign-in did not fail at the IdP’s answer: then the operator’s log knows it.'}</p></div>`

const outcomeBadge = ({ outcome }: Pick<ExchangeSummary, 'outcome'>): Html =>
  outcome === 'failed' ? badge('bad', 'Refused') : badge('ok', 'Taken')

const testBadge = badge('info', 'Test')

const table = (visit: Visit, rows: readonly ExchangeSummary[], names: ReadonlyMap<string, string>): Html =>
  dataTable({
    caption: 'Exchanges with IdPs, newest first',
    label: 'Exchanges table',
    columns: [
      { name: 'Reference' },
      { name: 'Outcome' },
      { name: 'Code' },
      { name: 'Connection', as: 'opt' },
      { name: 'When' },
    ],
    rows: rows.map((one) => [
      html`<a href="${visit.path(`${place}/${one.id}`)}"><span class="ref">${one.reference}</span></a>`,
      html`${outcomeBadge(one)}${one.test !== undefined && html` ${testBadge}`}`,
      html`<code>${one.code || '–'}</code>`,
      bdi(names.get(one.connection) ?? one.connection),
      moment(one.at),
    ]),
  })

const isCode = (code: string): code is PageCode => code in groupOf

async function onePage(visit: Visit, { exchangeFlows, connectionStore }: ExchangePagePorts) {
  const exchange = await exchangeFlows.get(visit.institution.id, String(visit.ctx.params.id))
  const connection = (await connectionStore.list(visit.institution.id)).find(
    ({ id }) => id === exchange.connection,
  )
  const failed = exchange.checks.find(({ ok }) => !ok)
  return {
    title: `${exchange.test === undefined ? 'Sign-in' : 'Test login'} ${exchange.reference}`,
    heading: headingOf(exchange, failed),
    lead: html`${connection?.name ?? exchange.connection} · ${moment(exchange.at)}`,
    aside: html`<div>${exchange.test !== undefined && html`${testBadge} `}${outcomeBadge(exchange)}</div>`,
    place,
    main: html`<div class="grid">
<section class="card w8 fill" aria-labelledby="checks"><header><h2 id="checks">What was checked</h2></header>${checkList(exchange.checks)}</section>
<section class="card w4 fill" aria-labelledby="facts"><header><h2 id="facts">This ${exchange.test === undefined ? 'sign-in' : 'test login'}</h2></header>${facts(exchange)}
<div class="actions"><a class="btn primary" href="${visit.path(`${place}/${exchange.id}/report`)}">Report for the IdP’s administrator</a>
${connection && html`<a class="btn" href="${visit.path(`/connections/${connection.id}`)}">Go to the connection</a>`}</div></section>
<section class="card fill" aria-labelledby="messages"><header><h2 id="messages">What was said</h2></header>
<div class="stack-l">${messageFigure('Our request', exchange.request, undefined)}${messageFigure('The answer', exchange.answer, failed)}</div></section>
</div>`,
  } as const
}

function headingOf({ outcome, code }: Exchange, failed: Check | undefined): string {
  if (outcome === 'answered') return 'This answer was taken'
  return failed === undefined ? `Refused: ${code}` : `Refused at one check: ${failed.name}`
}

function facts({ reference, loginReference, code, clockOffsetMs, test }: Exchange): Html {
  // A tester reads the checks themselves, and has one number for all of it.
  const told = test === undefined && isCode(code) ? wordsOf('en', code).happened : undefined
  return keyValues([
    [test === undefined ? 'On the page' : 'Reference', html`<span class="ref">${reference}</span>`],
    test === undefined ? ['Of the sign-in', html`<span class="ref">${loginReference}</span>`] : undefined,
    code === '' ? undefined : ['Code', html`<code>${code}</code>`],
    told === undefined ? undefined : ['The customer read', told],
    [
      'Clock of the IdP',
      clockOffsetMs === undefined ? 'Its answer names no time' : offsetText(clockOffsetMs),
    ],
  ])
}

/** Of each what was expected and what was there. The one that failed comes first: it is why somebody came here. */
export function checkList(checks: readonly Check[]): Html {
  if (checks.length === 0) return html`<p class="quiet">Nothing could be checked yet.</p>`
  const ordered = [...checks.filter(({ ok }) => !ok), ...checks.filter(({ ok }) => ok)]
  return html`<ul class="rules">${ordered.map((check) =>
    check.ok
      ? html`<li>${icon('ok')}<span>${check.name}<span class="vh">, holds</span></span>${found(check)}</li>\n`
      : html`<li class="bad">${icon('stop')}<span><strong>${check.name}</strong><span class="vh">, failed</span></span>${found(check)}</li>\n`,
  )}</ul>`
}

const found = ({ expected, actual }: Check): Html =>
  html`<dl class="evidence"><div><dt>expected</dt><dd>${expected || '(not said)'}</dd></div><div><dt>actual</dt><dd>${actual || '(nothing)'}</dd></div></dl>`

async function reportPage(visit: Visit, { exchangeFlows }: ExchangePagePorts) {
  const id = String(visit.ctx.params.id)
  const report = await exchangeFlows.report(visit.institution.id, id)
  return {
    title: 'Report for the IdP’s administrator',
    lead: 'Nothing in it is secret or personal. Mark all of it, copy, and send it.',
    place,
    main: html`<section class="card stack-l" aria-label="Report">
<div class="field"><label for="report">The report</label><textarea class="input report" id="report" readonly rows="${Math.min(40, report.split('\n').length + 1)}">${report}</textarea></div>
<div class="actions"><a class="btn" href="${visit.path(`${place}/${id}`)}">Back</a></div></section>`,
  } as const
}
