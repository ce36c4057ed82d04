// What the console's searches have in common: fields of the address, days, choices, and where a page goes on.
import { referenceTyped } from '../domain/reference.ts'
import type { RelyingPartyFlows } from '../flows/relying-parties.ts'
import { type Html, html } from '../http/page/html.ts'
import type { Visit } from './desk.ts'
import { moment } from './words.ts'

/** These fields of the address, trimmed and cut; '' for what is not there or came twice. */
export function askedIn<Name extends string>(
  { ctx }: Visit,
  names: readonly Name[],
): Readonly<Record<Name, string>> {
  const text = (name: string): string => {
    const value = ctx.query[name]
    return typeof value === 'string' ? value.trim().slice(0, 200) : ''
  }
  return Object.fromEntries(names.map((name) => [name, text(name)])) as Record<Name, string>
}

/** Undefined, which is any, for what was not asked for. */
export const given = (text: string): string | undefined => (text === '' ? undefined : text)

/** A reference as it was typed or heard; '' stays ''. */
export const referenceIn = (text: string): string => (text === '' ? '' : referenceTyped(text))

const dayMs = 24 * 3600_000

/** The first moment of a day; undefined for what is no day of the calendar. */
function dayOf(text: string): number | undefined {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

/** From the first moment of the one day to the last of the other. */
export function daysOf({ from, until }: { readonly from: string; readonly until: string }) {
  const last = dayOf(until)
  return { from: dayOf(from), until: last === undefined ? undefined : last + dayMs }
}

/** Goes on behind this row; undefined for what is no such place. */
export function behindOf(text: string): { createdAt: number; id: string } | undefined {
  const [, createdAt, id] = /^(\d{1,14})\.([\w-]{1,64})$/.exec(text) ?? []
  return id === undefined ? undefined : { createdAt: Number(createdAt), id }
}

/** How many rows a page shows; one more is asked for, which tells whether there are others. */
export const shownRows = 100

interface Found<Row> {
  readonly place: string
  readonly wanted: Readonly<Record<string, string>>
  readonly found: readonly Row[]
}

/** The rows of this page, and where the next one goes on. */
export function paged<Row extends { readonly createdAt: number; readonly id: string }>(
  visit: Visit,
  { place, wanted, found }: Found<Row>,
) {
  const rows = found.slice(0, shownRows)
  const last = found.length > shownRows ? rows.at(-1) : undefined
  const older = last && new URLSearchParams({ ...wanted, behind: `${last.createdAt}.${last.id}` })
  return { rows, older: older && html`<p><a href="${visit.path(`${place}?${older}`)}">Older ones</a></p>` }
}

/** The parts of a search: what to find, and what was found. */
export const searchMain = ({ label, finder, list }: { label: string; finder: Html; list: Html }): Html =>
  html`<div class="grid">
<section class="card" aria-labelledby="find"><h2 class="vh" id="find">Find</h2>${finder}</section>
<section class="card fill" aria-label="${label}">${list}</section>
</div>`

/** The names of the institution's apps by their ids. */
export async function appNames(
  { relyingParties }: { readonly relyingParties: Pick<RelyingPartyFlows, 'list'> },
  institution: string,
): Promise<ReadonlyMap<string, string>> {
  const apps = await relyingParties.list(institution)
  return new Map(apps.map(({ party }) => [party.id, party.name]))
}

/** When it was, as the way to its own page, with what its customer may read out. */
export const whenCell = (
  href: string,
  { createdAt, reference }: { readonly createdAt: number; readonly reference: string },
): Html =>
  html`<a href="${href}">${moment(createdAt)}</a>${reference !== '' && html`<small class="ref">${reference}</small>`}`

export const referenceField = (reference: string, of: string): Html =>
  html`<div class="field"><label for="reference">Reference</label><input class="input" id="reference" name="reference" value="${reference}" aria-describedby="reference-hint"><p class="hint" id="reference-hint">DB-XXXX-XXXX, ${of}</p></div>`

type Choices = readonly (readonly [value: string, name: string])[]

/** One of those, or any; what the address names stays chosen, also where there is no such thing any more. */
export function choiceField(
  { name, label }: { readonly name: string; readonly label: string },
  choices: Choices,
  chosen: string,
): Html {
  const all: Choices = [
    ['', 'All'],
    ...choices,
    ...(chosen === '' || choices.some(([value]) => value === chosen) ? [] : [[chosen, chosen] as const]),
  ]
  return html`<div class="field"><label for="${name}">${label}</label><select class="input" id="${name}" name="${name}">${all.map(
    ([value, words]) =>
      html`<option value="${value}"${value === chosen && html` selected`}>${words}</option>`,
  )}</select></div>`
}

export const dayFields = ({ from, until }: { readonly from: string; readonly until: string }): Html =>
  html`<div class="field"><label for="from">From day (UTC)</label><input class="input" id="from" name="from" type="date" value="${from}"></div>
<div class="field"><label for="until">To day (UTC)</label><input class="input" id="until" name="until" type="date" value="${until}"></div>`

/** The customer by the name that the audit log has. */
export const customerField = (sub: string): Html =>
  html`<div class="field"><label for="sub">Customer</label><input class="input" id="sub" name="sub" value="${sub}" aria-describedby="sub-hint"><p class="hint" id="sub-hint">The <code>sub</code> as the audit log has it</p></div>`
