// The form of a whole connection: its name, who signs in by it, what becomes of attributes, and the connector's settings.

import { acrLadder, levelName } from '../domain/acr.ts'
import { claimFault, labelFaults } from '../domain/connection-content.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Html, html } from '../http/page/html.ts'
import type { SettingField } from '../ports/connector-settings.ts'
import { audienceChoices, levelLabels, raisedByChoices, raisedByLabel } from './connection-words.ts'
import type { Form } from './desk.ts'
import { namesOf, readSettings } from './setting-values.ts'
import { type Fault, faultSentences, faultsAt, foldedFields, labelled } from './settings-form.ts'

export type ClaimRow = readonly [claim: string, attribute: string]

/** What somebody has typed so far, whether it holds or not. */
export interface Typed {
  readonly content: ConnectionContent
  readonly rows: readonly ClaimRow[]
  readonly faults: readonly Fault[]
}

export const typedOf = (content: ConnectionContent): Typed => ({
  content,
  rows: Object.entries(content.claims),
  faults: [],
})

const mostRows = 60
const levels = acrLadder.map(levelName)
const fixed = [
  ...['form_token', 'version', 'carried', 'why', 'do', 'name', 'audience', 'domains', 'raisedBy'],
  ...levels.map((level) => `levels.${level}`),
]

/** Refuses with `request.malformed` a form that says what no field of ours asks for. */
export function onlyKnown(form: Form, fields: readonly SettingField[], more: readonly string[] = []): void {
  const known = new Set<string>([...fixed, ...more, ...namesOf(fields)])
  const isRow = (name: string) => /^(claim|attribute)\.\d{1,2}$/.test(name)
  const stranger = [...form.keys()].find((name) => !known.has(name) && !isRow(name))
  if (stranger !== undefined) throw new Refusal('request.malformed', { field: stranger.slice(0, 50) })
}

/** What the form says, on the base of what was there before. Nothing is lost, also of what does not hold. */
export function readTyped(form: Form, fields: readonly SettingField[], base: ConnectionContent): Typed {
  const rows = rowsIn(form)
  const domains = (form.get('domains') ?? '')
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter(Boolean)
  const audience = form.get('audience') === 'workforce' ? 'workforce' : 'customers'
  const content: ConnectionContent = {
    ...base,
    name: (form.get('name') ?? '').trim(),
    settings: readSettings(fields, form, base.settings),
    claims: Object.fromEntries(rows),
    ...levelsIn(form, base),
    ...(domains.length > 0 || base.domains !== undefined ? { domains } : {}),
    ...(audience === 'workforce' || base.audience !== undefined ? { audience } : {}),
  }
  return { content, rows, faults: faultsOf(content, rows) }
}

/** What is as usual is not written where nobody had written it. */
function levelsIn(form: Form, base: ConnectionContent): Pick<ConnectionContent, 'levels' | 'raisedBy'> {
  const said = levels.flatMap((level) => {
    const classes = (form.get(`levels.${level}`) ?? '').split(/\s+/).filter(Boolean)
    return classes.length === 0 ? [] : [[level, classes] as const]
  })
  const raisedBy = form.get('raisedBy') === 'idp' ? 'idp' : 'bridge'
  return {
    ...(said.length > 0 || base.levels !== undefined ? { levels: Object.fromEntries(said) } : {}),
    ...(raisedBy === 'idp' || base.raisedBy !== undefined ? { raisedBy } : {}),
  }
}

/** A row without a claim is an attribute that nobody wants. */
function rowsIn(form: Form): ClaimRow[] {
  const rows: ClaimRow[] = []
  for (let i = 0; i < mostRows; i += 1) {
    const claim = (form.get(`claim.${i}`) ?? '').trim()
    if (claim !== '') rows.push([claim, (form.get(`attribute.${i}`) ?? '').trim()])
  }
  return rows
}

function faultsOf(content: ConnectionContent, rows: readonly ClaimRow[]): Fault[] {
  const claims = rows.map(([claim]) => claim)
  const faults = rows.flatMap(([claim, attribute], i): Fault[] => {
    const fault = claimFault(claim, attribute)
    if (fault !== undefined) return [fault]
    return claims.indexOf(claim) < i ? [{ path: 'claims', message: `${claim} stands there twice` }] : []
  })
  return [...labelFaults(content), ...faults]
}

export interface ContentFormView {
  readonly typed: Typed
  readonly fields: readonly SettingField[]
  /** Attributes that the last test login brought, with what they are usually meant for. */
  readonly seen: readonly ClaimRow[]
  /** The same form with the usual claims filled in; undefined where some are there, or it is that form. */
  readonly suggestAt: string | undefined
  readonly now: number
}

/** All fields, in groups; the form around it is the page's. */
export const contentFields = (view: ContentFormView): Html => html`${labelFields(view.typed)}
${claimFields(view)}
<section class="card stack" aria-labelledby="h-idp"><h2 id="h-idp">The IdP</h2>${foldedFields({ ...view, settings: view.typed.content.settings, faults: view.typed.faults })}</section>
${levelFields(view.typed)}`

/** Most connections have none: then every answer is a plain sign-in, and the bridge asks for more itself. */
function levelFields({ content: { levels: table = {}, raisedBy }, faults }: Typed): Html {
  const said = Object.keys(table).length > 0 || raisedBy === 'idp' || faultsAt(faults, 'levels').length > 0
  return html`<section class="card"><details class="more"${said && html` open`}><summary>Which of the IdP’s classes count as which level</summary><div class="stack">
${levels.map((level) => labelled({ name: `levels.${level}`, label: levelLabels[level] ?? level, hint: 'AuthnContextClassRef or acr, exactly as the IdP writes it. One a line.', faults: faultsAt(faults, `levels.${level}`) }, (attributes) => html`<textarea class="input mono" rows="2" spellcheck="false" ${attributes}>${(table[level] ?? []).join('\n')}</textarea>`))}
${labelled({ name: 'raisedBy', label: raisedByLabel, hint: 'The bridge by its own factors, or the IdP.', faults: [] }, (attributes) => html`<select class="input" ${attributes}><option value="bridge">${raisedByChoices.bridge}</option><option value="idp"${raisedBy === 'idp' && html` selected`}>${raisedByChoices.idp}</option></select>`)}
</div></details></section>`
}

export function labelFields({ content, faults }: Typed): Html {
  const { name, domains = [] } = content
  return html`<section class="card stack" aria-labelledby="h-labels"><h2 id="h-labels">The connection</h2>
${labelled({ name: 'name', label: 'Name', hint: 'As customers call it: they see it where they choose.', faults: faultsAt(faults, 'name') }, (attributes) => html`<input class="input" value="${name}" maxlength="100" required ${attributes}>`)}
${audienceField(content)}
${labelled({ name: 'domains', label: 'Mail domains (optional)', hint: 'Of people who are at home here, to spare them the choice. One a line.', faults: faultsAt(faults, 'domains') }, (attributes) => html`<textarea class="input mono" rows="2" spellcheck="false" ${attributes}>${domains.join('\n')}</textarea>`)}
</section>`
}

export const audienceField = ({ audience }: Pick<ConnectionContent, 'audience'>): Html =>
  labelled(
    {
      name: 'audience',
      label: 'Who signs in by it',
      hint: 'By a connection for staff, the bank’s own people come into this console and into apps of their own, and customers nowhere.',
      faults: [],
    },
    (attributes) => html`<select class="input" ${attributes}>
<option value="customers">${audienceChoices.customers}</option><option value="workforce"${audience === 'workforce' && html` selected`}>${audienceChoices.workforce}</option></select>`,
  )

function claimFields({ typed, seen, suggestAt }: ContentFormView): Html {
  const known = new Set(typed.rows.map(([, attribute]) => attribute))
  const offered = seen.filter(([, attribute]) => !known.has(attribute))
  const rows: ClaimRow[] = [...typed.rows, ...offered, ['', ''], ['', '']]
  const faults = faultsAt(typed.faults, 'claims')
  return html`<section class="card stack" aria-labelledby="h-claims"><h2 id="h-claims">Attributes and claims</h2>
<p class="hint">Only what stands here is ever read from an answer. ${offered.length > 0 && offeredText(offered)}</p>
${offered.length > 0 && suggestAt !== undefined && html`<p class="small"><a href="${suggestAt}">Fill in the usual claims for them</a>: nothing is saved before you have seen it.</p>`}
${faults.length > 0 && html`<p class="error">${faultSentences(faults)}</p>`}
<div class="scroll" tabindex="0" role="region" aria-label="Attributes and claims"><table class="table rows"><caption class="vh">Which attribute becomes which claim</caption><thead><tr><th scope="col">Claim for apps</th><th scope="col">Attribute of the IdP</th></tr></thead><tbody>
${rows.slice(0, mostRows).map(([claim, attribute], i) => claimRow(i, { claim, attribute }))}</tbody></table></div></section>`
}

function offeredText(offered: readonly ClaimRow[]): string {
  const came = `${offered.length} more came with the last test login`
  return offered.some(([claim]) => claim !== '')
    ? `${came}; clear the claim of what you don’t want.`
    : `${came}; say a claim for what you want.`
}

const claimRow = (i: number, { claim, attribute }: { claim: string; attribute: string }): Html =>
  html`<tr><td><input class="input mono" name="claim.${i}" value="${claim}" aria-label="Claim ${i + 1}" spellcheck="false" autocomplete="off"></td><td><input class="input mono" name="attribute.${i}" value="${attribute}" aria-label="Attribute for claim ${i + 1}" spellcheck="false" autocomplete="off"></td></tr>`
