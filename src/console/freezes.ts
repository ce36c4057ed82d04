// What is frozen, what was, and lifting it: everybody who sees transactions sees it, and few may change it.
import { Refusal } from '../domain/refusal.ts'
import type { ConsoleAccess } from '../flows/console-access.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, keyValues, notice, type Row } from '../http/page/parts.ts'
import { httpStatusOf } from '../http/words/codes.ts'
import type { FreezeState, SeenFreeze } from '../ports/freezes.ts'
import { wholeWhyIn } from './connection-ports.ts'
import { actorText } from './connection-words.ts'
import { type Desk, type Form, type Next, signInAgain, type Visit } from './desk.ts'
import { type FreezeFormPorts, field, freeze, newPage } from './freeze-form.ts'
import { accountMark, freezeMeans, freezeReason, frozenName, kindNames } from './freeze-words.ts'
import type { ConsoleView } from './page.ts'
import { askedIn, behindOf, shownRows } from './search.ts'
import { dataTable } from './table.ts'
import { badge, moment, withCode } from './words.ts'

export interface FreezePagePorts extends FreezeFormPorts {
  readonly consoleAccess: Pick<ConsoleAccess, 'nameOf'>
}

const place = '/freezes'

export function freezePages(desk: Desk, ports: FreezePagePorts): void {
  desk.page(place, 'transactions', (visit) => listPage(visit, ports))
  desk.page(`${place}/new`, 'freeze', (visit) => newPage(visit, ports))
  desk.form(place, 'freeze', (visit, form) => freeze(visit, ports, form))
  desk.page(`${place}/:id`, 'transactions', (visit) => onePage(visit, ports))
  desk.form(`${place}/:id/lift`, 'freeze', (visit, form) => lift(visit, ports, form))
}

async function listPage(visit: Visit, ports: FreezePagePorts): Promise<ConsoleView> {
  const { id } = visit.institution
  const [inForce, over] = [
    await pageOf(visit, ports, { which: 'in-force', field: 'behind' }),
    await pageOf(visit, ports, { which: 'over', field: 'before' }),
  ]
  const names = await namesOf(ports, id, [...inForce.rows, ...over.rows])
  return {
    title: 'Freezes',
    heading: headingOf(inForce),
    lead: 'What somebody here has stopped at once, on every node. Account numbers are masked.',
    place,
    main: html`<div class="grid">${visit.may('freeze') && startCard(visit)}
<section class="card fill" aria-labelledby="now"><header><h2 id="now">In force</h2></header>${tableOf(visit, { ...inForce, names, caption: 'Freezes in force, newest first' })}</section>
<section class="card fill" aria-labelledby="before"><header><h2 id="before">Over</h2></header>${tableOf(visit, { ...over, names, caption: 'Freezes that are over, newest first' })}</section></div>`,
  }
}

interface Listed {
  readonly rows: readonly SeenFreeze[]
  /** It is not the first page. */
  readonly goesOn: boolean
  /** The way to the next one. */
  readonly further: Html | undefined
}

interface Page {
  readonly which: FreezeState
  /** Of the address: where it goes on. */
  readonly field: 'behind' | 'before'
}

/** However many there are, each can be found, and lifted. */
async function pageOf(visit: Visit, ports: FreezePagePorts, { which, field: name }: Page): Promise<Listed> {
  const from = behindOf(askedIn(visit, [name])[name])
  const behind = from && { at: from.createdAt, id: from.id }
  const found = await ports.freezeFlows.list(visit.institution.id, which, behind)
  const rows = found.slice(0, shownRows)
  const last = found.length > shownRows ? rows.at(-1) : undefined
  return { rows, goesOn: behind !== undefined, further: last && furtherThan(visit, last, name) }
}

const furtherThan = (visit: Visit, { at, id }: SeenFreeze, name: Page['field']): Html =>
  html`<p><a href="${visit.path(`${place}?${new URLSearchParams({ [name]: `${at}.${id}` })}`)}">Further ones</a></p>`

function headingOf({ rows: { length: count }, goesOn, further }: Listed): string {
  if (goesOn || further !== undefined) return `More than ${shownRows} freezes are in force`
  if (count === 0) return 'Nothing is frozen'
  return count === 1 ? 'One freeze is in force' : `${count} freezes are in force`
}

const startCard = (visit: Visit): Html =>
  html`<section class="card" aria-labelledby="start"><header><h2 id="start">Freeze something</h2></header><div class="actions">${Object.entries(
    kindNames,
  ).map(
    ([kind, name]) =>
      html`<a class="btn" href="${visit.path(`${place}/new?kind=${kind}`)}">A ${name.toLowerCase()}</a>\n`,
  )}</div></section>`

type Names = ReadonlyMap<string, string>

/** How those are called who set and lifted them. */
async function namesOf(
  { consoleAccess }: FreezePagePorts,
  institution: string,
  freezes: readonly SeenFreeze[],
): Promise<Names> {
  const actors = new Set(freezes.flatMap(({ by, lifted }) => (lifted === undefined ? [by] : [by, lifted.by])))
  const nameOf = (subject: string) => consoleAccess.nameOf(institution, subject)
  return new Map(await Promise.all([...actors].map(async (by) => [by, await actorText(by, nameOf)] as const)))
}

interface Rows extends Pick<Listed, 'rows' | 'further'> {
  readonly names: Names
  readonly caption: string
}

function tableOf(visit: Visit, { rows, further, names, caption }: Rows): Html {
  if (rows.length === 0) return html`<p class="quiet">None.</p>`
  const table = dataTable({
    ...{ caption, label: caption },
    columns: [
      { name: 'What' },
      { name: 'Why' },
      { name: 'By', as: 'opt' },
      { name: 'From' },
      { name: 'Until' },
    ],
    rows: rows.map((one) => [
      html`<a href="${visit.path(`${place}/${one.id}`)}">${kindNames[one.kind]} ${frozenName(one)}</a>${accountMark(one)}`,
      freezeReason(one, one.why),
      bdi(names.get(one.by) ?? one.by),
      moment(one.at),
      untilOf(one),
    ]),
  })
  return html`${table}${further}`
}

function untilOf({ lifted, endsAt }: SeenFreeze): Html {
  if (lifted !== undefined) return html`${moment(lifted.at)} <small>lifted</small>`
  return endsAt === undefined ? html`It is lifted` : moment(endsAt)
}

interface Telling {
  readonly why?: string | undefined
  readonly refused?: 'console.recent' | 'freeze.reason' | undefined
}

async function onePage(visit: Visit, ports: FreezePagePorts, telling: Telling = {}): Promise<ConsoleView> {
  const { institution, ctx } = visit
  const one = await ports.freezeFlows.one(institution.id, String(ctx.params.id))
  const names = await namesOf(ports, institution.id, [one])
  const isOver = one.state === 'over'
  const { refused } = telling
  return {
    title: `${refused === undefined ? '' : 'Not lifted – '}Freeze of a ${kindNames[one.kind].toLowerCase()}`,
    heading: html`${kindNames[one.kind]} ${frozenName(one)} ${isOver ? 'was' : 'is'} frozen`,
    aside: html`<div>${isOver ? badge('', 'Over') : badge('bad', 'In force')}</div>`,
    place,
    status: refused === undefined ? 200 : httpStatusOf(refused),
    main: html`<div class="grid">${doneNotice(visit)}
<section class="card fill" aria-labelledby="facts"><header><h2 id="facts">What, why and by whom</h2></header>${factsOf(one, names)}</section>
${!isOver && visit.may('freeze') && liftCard(visit, one, telling)}
<p><a href="${visit.path(place)}">All freezes</a></p></div>`,
  }
}

function doneNotice({ ctx }: Visit): Html | undefined {
  if (ctx.query.done === 'set') return html`<div>${notice('ok', 'It is frozen, on every node.')}</div>`
  if (ctx.query.done === 'lifted')
    return html`<div>${notice('ok', 'The freeze is lifted.', 'What ended by it stays ended. Another freeze of the same, and what a back end disabled, stay in force.')}</div>`
  return undefined
}

function factsOf(one: SeenFreeze, names: Names): Html {
  const nameOf = (by: string) => bdi(names.get(by) ?? by)
  const { lifted, kind } = one
  const rows: (Row | undefined)[] = [
    [kindNames[kind], html`${frozenName(one)} ${accountMark(one)}`],
    ['Why', freezeReason(one, one.why)],
    ['Frozen by', nameOf(one.by)],
    ['From', moment(one.at)],
    ['Until', untilOf(one)],
    lifted && ['Lifted by', nameOf(lifted.by)],
    lifted && ['Why it was lifted', freezeReason(one, lifted.why)],
    ['What it stops', freezeMeans[kind]],
  ]
  return keyValues(rows)
}

function liftCard(visit: Visit, one: SeenFreeze, { why = '', refused }: Telling): Html {
  const to = `${place}/${one.id}`
  const hint = 'Stands here and, sealed, in the audit log, beside your name'
  return html`<section class="card" aria-labelledby="lift"><header><h2 id="lift">Lift it</h2></header>
<form method="post" action="${visit.path(`${to}/lift`)}" class="stack-l">${hiddenFields({ form_token: visit.formToken })}
${!visit.proven && proveNotice(visit, to)}
${field({ name: 'why', label: 'Why', hint, value: why, refused })}
<div class="actions"><button class="btn danger-quiet">Lift the freeze</button></div></form></section>`
}

const proveNotice = (visit: Visit, to: string): Html =>
  notice(
    'warn',
    'Sign in once more before you lift it.',
    html`<a href="${visit.path(signInAgain(to))}">Sign in</a>, which leads back here. ${withCode('', 'console.recent').trim()}`,
  )

async function lift(visit: Visit, ports: FreezePagePorts, form: Form): Promise<Next> {
  const id = String(visit.ctx.params.id)
  const why = wholeWhyIn(form)
  try {
    await ports.freezeFlows.lift(visit.visitor, { id, why })
    return `${place}/${id}?done=lifted`
  } catch (error) {
    const code = error instanceof Refusal ? error.code : undefined
    if (code !== 'console.recent' && code !== 'freeze.reason') throw error
    return onePage(visit, ports, { why, refused: code })
  }
}
