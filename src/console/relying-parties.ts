// The bank's apps and APIs: registered by the platform that they run on, with the very lines that their developers need.
import type { RelyingParty } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import {
  isPlatform,
  type PartyFault,
  type Platform,
  partyChanges,
  partyWidened,
} from '../domain/relying-party.ts'
import type { PartyChoices, RelyingPartyFlows } from '../flows/relying-parties.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, keyValues, notice } from '../http/page/parts.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { RelyingPartyRecord } from '../ports/relying-parties.ts'
import { offerByFile } from './connection-apps.ts'
import { type Desk, type Form, type Next, signInAgain, type Visit, versionIn } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { entryOf, notOffered, partyForm, platformName } from './party-form.ts'
import { snippetsFor } from './party-snippets.ts'
import { dataTable } from './table.ts'
import { carryTyped, typedAgain } from './typed-form.ts'
import { badge } from './words.ts'

export interface RelyingPartyPagePorts {
  readonly relyingParties: RelyingPartyFlows
  readonly seal: FieldSeal
}

const place = '/relying-parties'

export function relyingPartyPages(desk: Desk, ports: RelyingPartyPagePorts): void {
  desk.page(place, 'read', (visit) => listPage(visit, ports))
  desk.page(`${place}/new`, 'relying-parties', (visit) => newPage(visit, ports))
  desk.form(`${place}/new`, 'relying-parties', (visit, form) => create(visit, ports, form))
  desk.page(`${place}/:id`, 'read', (visit) => onePage(visit, ports))
  desk.page(`${place}/:id/edit`, 'relying-parties', (visit) => editPage(visit, ports))
  desk.form(`${place}/:id/edit`, 'relying-parties', (visit, form) => save(visit, ports, form))
  desk.form(`${place}/:id/remove`, 'relying-parties', (visit, form) => remove(visit, ports, form))
}

async function listPage(visit: Visit, { relyingParties }: RelyingPartyPagePorts) {
  const records = await relyingParties.list(visit.institution.id)
  const add =
    visit.may('relying-parties') &&
    html`<a class="btn primary" href="${visit.path(`${place}/new`)}">Register an app</a>`
  return {
    title: 'Apps',
    lead: 'Everything that signs customers in, or looks into their tokens.',
    aside: add || undefined,
    place,
    main: html`<section class="card fill" aria-label="Apps">${records.length === 0 ? none : table(visit, records)}</section>`,
  } as const
}

const none = html`<div class="empty"><h3>No app is registered</h3><p>An app signs customers in by the connections that you let it use.</p></div>`

const table = (visit: Visit, records: readonly RelyingPartyRecord[]): Html =>
  dataTable({
    caption: 'Apps and APIs',
    label: 'Apps table',
    columns: [{ name: 'App' }, { name: 'Kind' }, { name: 'Client id' }, { name: 'Managed by', as: 'opt' }],
    rows: records.map(({ party, managedBy }) => [
      html`<a href="${visit.path(`${place}/${party.id}`)}">${bdi(party.name)}</a>`,
      kindName(party),
      html`<code>${party.id}</code>`,
      managedBy === 'file' ? 'a file' : 'the console',
    ]),
  })

const kindName = ({ kind, platform }: RelyingParty): string =>
  platform === undefined ? (kind === 'api' ? 'API' : 'App') : platformName[platform]

const chosenPlatform = ({ ctx }: Visit): Platform | undefined => {
  const { platform } = ctx.query
  return typeof platform === 'string' && isPlatform(platform) ? platform : undefined
}

async function newPage(visit: Visit, ports: RelyingPartyPagePorts) {
  const platform = chosenPlatform(visit)
  if (platform === undefined) return choosePlatform(visit)
  const choices = await ports.relyingParties.choices(visit.institution.id)
  const values = typedAgain(ports.seal, visit, newForm)
  return formPage(visit, { platform, choices, values, faults: [] })
}

const newForm = 'new app'
const editForm = (id: string): string => `app ${id}`

const platformNotes: Readonly<Record<Platform, string>> = {
  ios: 'Universal link or private scheme; PAR and DPoP with a key in the Secure Enclave.',
  android: 'App link or private scheme; PAR and DPoP with a key in the Keystore.',
  web: 'Runs in a browser: https redirects, and the origins from which it calls the token endpoint.',
  server: 'A back end of yours: looks into tokens, disables customers. Proves itself by a key.',
}

const choosePlatform = (visit: Visit) =>
  ({
    title: 'Register an app',
    heading: 'What does the app run on?',
    place,
    main: html`<ul class="platforms">${(Object.keys(platformNotes) as Platform[]).map(
      (platform) =>
        html`<li class="card"><h2><a href="${visit.path(`${place}/new?platform=${platform}`)}">${platformName[platform]}</a></h2><p class="quiet small">${platformNotes[platform]}</p></li>\n`,
    )}</ul>`,
  }) as const

interface Filling {
  readonly platform: Platform
  readonly choices: PartyChoices
  readonly values: Form
  readonly faults: readonly PartyFault[]
  /** What is edited; undefined for a new one. */
  readonly record?: RelyingPartyRecord | undefined
  /** Why nothing was saved, where it is not for a fault of a field. */
  readonly news?: Html | undefined
  readonly status?: number
}

function formPage(visit: Visit, filling: Filling): ConsoleView {
  const { platform, record, faults, news, status = 200 } = filling
  const title = record === undefined ? `Register ${platformArticle[platform]}` : `Edit ${record.party.name}`
  const action = visit.path(record === undefined ? `${place}/new` : `${place}/${record.party.id}/edit`)
  const hidden = { form_token: visit.formToken, platform, ...(record && { version: String(record.version) }) }
  const fault =
    faults.length > 0 &&
    notice('bad', 'Nothing was saved yet.', 'What has to be mended is said at its field.')
  return {
    title: faults.length > 0 ? `Not saved – ${title}` : title,
    heading: title,
    place,
    status: faults.length > 0 ? 422 : status,
    main: html`<form method="post" action="${action}" class="card stack-l">${hiddenFields(hidden)}${news}${fault}
${partyForm(filling)}
<div class="actions"><button class="btn primary">${record === undefined ? 'Register' : 'Save the change'}</button><a class="btn" href="${visit.path(record === undefined ? place : `${place}/${record.party.id}`)}">Cancel</a></div></form>`,
  }
}

interface Proving {
  readonly form: Form
  readonly purpose: string
  /** The page that has the form, with its parameters. */
  readonly page: string
  readonly filling: Filling
}

/** Signs in once more and comes back to the form as it was typed; what is too long to come along stays on this page. */
function proveFirst({ seal }: RelyingPartyPagePorts, visit: Visit, proving: Proving): Next {
  const { form, purpose, page, filling } = proving
  const typed = carryTyped(seal, visit, { purpose, form })
  if (typed !== undefined) return signInAgain(`${page}${page.includes('?') ? '&' : '?'}${typed}`)
  const news = notice(
    'warn',
    'Nothing was saved yet: sign in once more first.',
    html`This is too much to take along. <a href="${visit.path(signInAgain(page))}" target="_blank">Sign in once more in another window</a>, and copy over what stands here.`,
  )
  return formPage(visit, { ...filling, news })
}

const platformArticle: Readonly<Record<Platform, string>> = {
  ios: 'an iOS app',
  android: 'an Android app',
  web: 'a web app',
  server: 'a server',
}

const platformIn = (form: Form): Platform => {
  const given = form.get('platform') ?? ''
  if (!isPlatform(given)) throw new Refusal('request.malformed', { field: 'platform' })
  return given
}

async function create(visit: Visit, ports: RelyingPartyPagePorts, form: Form): Promise<Next> {
  const platform = platformIn(form)
  const choices = await ports.relyingParties.choices(visit.institution.id)
  const read = entryOf(form, { institution: visit.institution.id, platform, choices })
  const filling = { platform, choices, values: form, faults: read.faults }
  if (read.faults.length > 0) return formPage(visit, filling)
  // Whoever is let in by it was not let in before.
  if (!visit.recent) {
    const page = `${place}/new?platform=${platform}`
    return proveFirst(ports, visit, { form, purpose: newForm, page, filling })
  }
  const faults = await faultsOf(() => ports.relyingParties.create(read.party, visit.actor().by))
  if (faults.length > 0) return formPage(visit, { ...filling, faults })
  return `${place}/${read.party.id}`
}

/** The faults that a writer found; what else it refuses is thrown on. */
async function faultsOf(write: () => Promise<void>): Promise<readonly PartyFault[]> {
  try {
    await write()
    return []
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.code === 'connection.exists') return [{ field: 'id', message: 'there is an app of this id' }]
    if (error.code !== 'relying_party.settings') throw error
    return error.detail.faults as PartyFault[]
  }
}

async function onePage(
  visit: Visit,
  { relyingParties }: RelyingPartyPagePorts,
  news?: Html,
): Promise<ConsoleView> {
  const { party, managedBy, version } = await relyingParties.get(
    visit.institution.id,
    String(visit.ctx.params.id),
  )
  const { connections } = await relyingParties.choices(visit.institution.id)
  const mine = managedBy === 'console' && visit.may('relying-parties')
  return {
    title: party.name,
    lead: html`${kindName(party)} · client id <code>${party.id}</code>`,
    aside: managedBy === 'file' ? badge('', 'Managed by a file') : undefined,
    place,
    main: html`<div class="grid">${news && html`<div>${news}</div>`}${managedBy === 'file' && html`<div>${ruledNotice(party)}</div>`}
<section class="card w4 fill" aria-labelledby="facts"><header><h2 id="facts">Registered</h2></header>${factsOf(party, connectionsOf(visit, party, connections))}
${mine && html`<div class="actions"><a class="btn" href="${visit.path(`${place}/${party.id}/edit`)}">Edit</a></div>`}</section>
<section class="card w8 fill" aria-labelledby="snippets"><header><h2 id="snippets">For its developers</h2></header>${snippetsFor(party, visit.tenant.issuer)}</section>
${mine && removal(visit, { party, version })}</div>`,
  }
}

/** It has no Edit: whoever looks for one learns who changes it, and where. */
const ruledNotice = ({ id, kind }: RelyingParty): Html =>
  notice(
    'info',
    'A file of the operator rules this app.',
    html`It is changed there alone. ${kind === 'app' && offerByFile(id)}`,
  )

const list = (values: readonly string[]): Html | string =>
  values.length === 0 ? '–' : html`${values.map((value) => html`<code>${value}</code><br>`)}`

/** By name, with the id, and marked where customers do not see it; one that is not there has its id alone. */
function connectionsOf(
  visit: Visit,
  { connections }: RelyingParty,
  known: PartyChoices['connections'],
): Html | string {
  if (connections.length === 0) return '–'
  return html`${connections.map((id) => {
    const one = known.find((each) => each.id === id)
    const state = one && notOffered[one.state]
    return html`${one && html`<a href="${visit.path(`/connections/${id}`)}">${bdi(one.name)}</a> `}<code>${id}</code>${state && html` <span class="quiet">${state}</span>`}<br>`
  })}`
}

const factsOf = (party: RelyingParty, connections: Html | string): Html =>
  keyValues([
    ['Redirects', list(party.redirectUris)],
    ['After sign-out', list(party.postLogoutRedirectUris)],
    ['Connections', connections],
    ['Scopes', list(party.scopes)],
    ['Web origins', list(party.webOrigins)],
    ['PAR', party.requirePar ? 'required' : 'optional'],
    ['DPoP', party.requireDpop ? 'required' : 'optional'],
    ['Told of sign-out at', party.backchannelLogoutUri ?? '–'],
    party.kind === 'api'
      ? ['Introspection', party.introspection === 'consume' ? 'uses transactions up' : 'looks']
      : undefined,
    party.kind === 'api' ? ['Keys', list(party.keys.map(({ kid = '(no kid)' }) => String(kid)))] : undefined,
  ])

const removal = (visit: Visit, { party, version }: Pick<RelyingPartyRecord, 'party' | 'version'>): Html =>
  html`<section class="card fill" aria-labelledby="remove"><header><h2 id="remove">Remove it</h2></header>
<p>Its customers are signed out of it at once, and it can sign nobody in.</p>
<form method="post" action="${visit.path(`${place}/${party.id}/remove`)}" class="actions">${hiddenFields({ form_token: visit.formToken, version: String(version) })}
<button class="btn danger">Remove ${party.name}</button></form></section>`

async function editPage(visit: Visit, ports: RelyingPartyPagePorts) {
  const record = await ports.relyingParties.get(visit.institution.id, String(visit.ctx.params.id))
  if (record.managedBy === 'file') throw new Refusal('connection.managed', { relyingParty: record.party.id })
  const choices = await ports.relyingParties.choices(visit.institution.id)
  return formPage(visit, {
    platform: platformOf(record.party),
    choices,
    values: typedAgain(ports.seal, visit, editForm(record.party.id)),
    faults: [],
    record,
  })
}

const platformOf = ({ kind, platform }: RelyingParty): Platform =>
  platform ?? (kind === 'api' ? 'server' : 'web')

async function save(visit: Visit, ports: RelyingPartyPagePorts, form: Form): Promise<Next> {
  const { id: institution } = visit.institution
  const record = await ports.relyingParties.get(institution, String(visit.ctx.params.id))
  const { id } = record.party
  const version = versionIn(form)
  const platform = platformOf(record.party)
  const choices = await ports.relyingParties.choices(institution)
  const read = entryOf(form, { institution, platform, choices, before: record.party })
  const filling = { platform, choices, values: form, faults: read.faults, record }
  if (read.faults.length > 0) return formPage(visit, filling)
  if (record.version !== version) return staleForm(visit, filling, read.party)
  // What lets somebody in who was not let in before needs the person, not merely the browser.
  if (partyWidened(record.party, read.party).length > 0 && !visit.recent) {
    const page = `${place}/${id}/edit`
    return proveFirst(ports, visit, { form, purpose: editForm(id), page, filling })
  }
  try {
    const faults = await faultsOf(() => ports.relyingParties.change(read.party, version, visit.actor().by))
    return faults.length > 0 ? formPage(visit, { ...filling, faults }) : `${place}/${id}`
  } catch (error) {
    if (!isStale(error)) throw error
    const now = await ports.relyingParties.get(institution, id)
    return staleForm(visit, { ...filling, record: now }, read.party)
  }
}

const isStale = (error: unknown): boolean => error instanceof Refusal && error.code === 'connection.stale'

/** Somebody else was first. The form stays as it was typed, on the registration that there is now. */
function staleForm(visit: Visit, filling: Filling & { record: RelyingPartyRecord }, typed: RelyingParty) {
  const fields = partyChanges(filling.record.party, typed)
  const differs = fields.length === 0 ? 'in nothing' : `in: ${fields.join(', ')}`
  const news = notice(
    'warn',
    'Nothing was saved: somebody changed this app since you opened the page.',
    `What you typed stands below. It differs from what is registered now ${differs}. Look again, then save. Code connection.stale.`,
  )
  return formPage(visit, { ...filling, news, status: 409 })
}

async function remove(visit: Visit, ports: RelyingPartyPagePorts, form: Form): Promise<Next> {
  const id = String(visit.ctx.params.id)
  const version = versionIn(form)
  if (!visit.recent) return signInAgain(`${place}/${id}`)
  const { party } = await ports.relyingParties.get(visit.institution.id, id)
  try {
    await ports.relyingParties.remove({ party, version }, visit.actor().by)
    return place
  } catch (error) {
    if (!isStale(error)) throw error
    const news = notice(
      'warn',
      'Nothing was removed.',
      'Somebody changed this app since you opened the page. Look again. Code connection.stale.',
    )
    return { ...(await onePage(visit, ports, news)), status: 409 }
  }
}
