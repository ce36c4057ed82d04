// A new connection in two pages: where the IdP describes itself, and what was read there before anything is saved.
import { digestOf } from '../domain/connection.ts'
import { labelFaults } from '../domain/connection-content.ts'
import type { IdpFacts } from '../domain/idp-facts.ts'
import { type ConnectionContent, isId } from '../domain/institution.ts'
import { signedOtherwise } from '../domain/metadata-refresh.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ImportPreview } from '../flows/connection-import.ts'
import { contentOfRecord } from '../flows/connections.ts'
import { settingFaults } from './connection-edit.ts'
import {
  type Carried,
  type ConnectionPagePorts,
  carried,
  carry,
  pluginFor,
  takerIn,
} from './connection-ports.ts'
import { onlyKnown } from './content-form.ts'
import type { Desk, Form, Next, Visit } from './desk.ts'
import { importFault } from './import-faults.ts'
import { beginView, type NewFields, previewView, severalView } from './new-views.ts'
import { readIdp, sourceFaults } from './read-idp.ts'
import { readSettings } from './setting-values.ts'
import type { Fault } from './settings-form.ts'
import { withCode } from './words.ts'

export function connectionNew(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/new', 'connections', async (visit) => {
    // Until staff have a way in, theirs is the one that is being made.
    const audience = visit.visitor.kind === 'set-up' ? 'workforce' : 'customers'
    return beginView(visit, { fields: { ...nothing, audience }, faults: [] })
  })
  desk.upload('/connections/new', 'connections', (visit, form) =>
    form.get('do') === 'save' ? save(ports, visit, form) : look(ports, visit, form),
  )
}

const nothing: NewFields = { name: '', address: '', document: '', audience: 'customers', id: '' }

/** What the first page asks for, sealed along while one of several IdPs is chosen. */
interface Looking extends Carried {
  readonly fields: NewFields
}

interface Previewed extends Carried {
  readonly fields: NewFields
  readonly facts: IdpFacts
  /** The settings as they were read, whatever was typed since. */
  readonly read: ConnectionContent['settings']
  readonly twins: readonly string[]
  /** Of another connection that has this very name. */
  readonly namesake: string | undefined
}

const looking = 'new: which'
const previewed = 'new: preview'
const names = ['address', 'document', 'file', 'id', 'identifier']

function fieldsIn(form: Form): NewFields {
  const text = (name: string) => (form.get(name) ?? '').trim()
  return {
    name: text('name'),
    address: text('address'),
    document: text('file') || text('document'),
    audience: form.get('audience') === 'workforce' ? 'workforce' : 'customers',
    id: text('id'),
  }
}

async function look(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<Next> {
  onlyKnown(form, [], names)
  const kept = carried<Looking>(ports, visit, { form, purpose: looking })
  const fields = kept?.fields ?? fieldsIn(form)
  const id = await idFor(ports, visit, fields)
  const faults = faultsOf(fields, id)
  if ('fault' in id || faults.length > 0) return beginView(visit, { fields, faults })
  const { address, document, name } = fields
  const identifier = form.get('identifier')
  const given = { institution: visit.institution.id, address, document, identifier, name }
  const read = await readIdp(ports, given)
  if ('fault' in read) return beginView(visit, { fields, faults: [read.fault] })
  if (read.kind === 'several') {
    const again = carry(ports, visit, {
      purpose: looking,
      content: empty(fields),
      fields: { ...fields, ...id },
    })
    return severalView(visit, { at: '/connections/new', identifiers: read.identifiers, carried: again })
  }
  return showPreview(ports, visit, { fields: { ...fields, ...id }, read })
}

const empty = ({ name }: NewFields): ConnectionContent => ({ name, type: '', settings: {}, claims: {} })

function faultsOf({ name, address, document }: NewFields, id: Named): Fault[] {
  return [
    ...labelFaults({ name }),
    ...sourceFaults({ address, document }),
    ...('fault' in id ? [{ path: 'id', message: id.fault }] : []),
  ]
}

/** The id of the new connection, or why it cannot be that. */
type Named = { readonly id: string } | { readonly fault: string }

/** As it was typed; or made from the name, with a number where that is taken. */
async function idFor(
  { connections }: ConnectionPagePorts,
  { institution }: Visit,
  { id, name }: NewFields,
): Promise<Named> {
  const taken = new Set((await connections.list(institution.id)).map((one) => one.id))
  if (id !== '' && !isId(id))
    return { fault: 'An id is 2 to 32 of a-z, 0-9 and -, and no word of our addresses' }
  if (taken.has(id)) return { fault: takenText(id) }
  if (id !== '') return { id }
  const slug = slugOf(name)
  for (let n = 1; n < 100; n += 1) {
    const tried = n === 1 ? slug : `${slug.slice(0, 29)}-${n}`
    if (isId(tried) && !taken.has(tried)) return { id: tried }
  }
  return { fault: takenText(slug) }
}

const takenText = (id: string): string =>
  withCode(`There is a connection of the id ${id} already. Choose another.`, 'connection.exists')

/** `Älder Personal!` -> `alder-personal`; a name in another script leaves nothing, and is called `idp`. */
function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 32)
    .replace(/-+$/, '')
  return slug.length < 2 ? 'idp' : slug
}

interface Show {
  readonly fields: NewFields
  readonly read: Extract<ImportPreview, { kind: 'one' }>
}

async function showPreview(ports: ConnectionPagePorts, visit: Visit, { fields, read }: Show): Promise<Next> {
  const { audience } = fields
  const content: ConnectionContent = { ...read.content, ...(audience === 'workforce' && { audience }) }
  // What people have not been asked yet is no fault of theirs.
  const all = await ports.connections.list(visit.institution.id)
  const namesake = all.find(({ name }) => name === content.name)?.id
  const facts = { fields, facts: read.facts, twins: read.twins, namesake, read: content.settings }
  return viewOf(ports, visit, { purpose: previewed, content, ...facts }, [])
}

function viewOf(ports: ConnectionPagePorts, visit: Visit, it: Previewed, faults: readonly Fault[]) {
  const { content, facts, twins, namesake, fields } = it
  const plugin = pluginFor(ports, content.type)
  return previewView(visit, {
    id: fields.id,
    content,
    facts,
    twins,
    namesake,
    faults,
    form: plugin.form,
    ours: plugin.ours(visit.tenant.issuer, fields.id),
    carried: carry(ports, visit, it),
    now: ports.clock.now(),
  })
}

async function save(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<Next> {
  const kept = carried<Previewed>(ports, visit, { form, purpose: previewed })
  if (kept === undefined) throw new Refusal('request.malformed', { carried: false })
  const { form: fields } = pluginFor(ports, kept.content.type)
  onlyKnown(form, fields)
  const settings = readSettings(fields, form, kept.content.settings)
  const content = { ...kept.content, settings }
  const faults = settingFaults(ports, content)
  if (faults.length > 0) return { ...viewOf(ports, visit, { ...kept, content }, faults), status: 422 }
  const unsigned = await signerFault(ports, visit, { ...kept, content })
  if (unsigned !== undefined)
    return { ...viewOf(ports, visit, { ...kept, content }, [unsigned]), status: 422 }
  const named = await idFor(ports, visit, kept.fields)
  if ('fault' in named) return alreadyThere(ports, visit, { fields: kept.fields, content, named })
  const { id } = named
  await ports.connections.create({ institution: visit.institution.id, id, content }, takerIn(visit, form))
  return `/connections/${id}?done=created`
}

interface Taken {
  readonly fields: NewFields
  readonly content: ConnectionContent
  readonly named: Named
}

/** The same page in another window was quicker: its draft is led to. Anything else needs another id. */
async function alreadyThere(
  { connections }: ConnectionPagePorts,
  visit: Visit,
  { fields, content, named }: Taken,
): Promise<Next> {
  const present = (await connections.list(visit.institution.id)).find(({ id }) => id === fields.id)
  const same = present?.state === 'draft' && digestOf(contentOfRecord(present)) === digestOf(content)
  return same
    ? `/connections/${present.id}?done=already`
    : beginView(visit, { fields, faults: faultsOf(fields, named) })
}

/** Who must sign the metadata was said after it had been read: it is read again, and must say what was looked at. */
async function signerFault(
  ports: ConnectionPagePorts,
  { institution }: Visit,
  { content, fields, facts, read: first }: Previewed,
): Promise<Fault | undefined> {
  const { metadataSigners } = content.settings
  if (!Array.isArray(metadataSigners) || metadataSigners.length === 0) return undefined
  const { address, document } = fields
  // What the document offers is chosen from as it was the first time.
  const settings = { ...first, metadataSigners }
  const at = { institution: institution.id, identifier: facts.identifier, settings }
  const read = await readIdp(ports, { ...at, address, document })
  const path = 'settings.metadataSigners'
  if ('fault' in read) return { path, message: read.fault.message }
  const others =
    read.kind === 'one'
      ? signedOtherwise({ read: first, typed: content.settings, signed: read.content.settings })
      : ['several IdPs']
  if (others.length === 0) return undefined
  const refusal = new Refusal('metadata.changed', { check: others.join(', ') })
  return { path, message: `${importFault(refusal)} Begin again to see it.` }
}
