// Changing a connection: a form, the difference before it is saved, and two people at once without loss.
import { contentFaults } from '../domain/connection-content.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import { levelFaults } from '../domain/upstream-level.ts'
import { contentOfRecord } from '../flows/connections.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import { SettingsRefused } from '../ports/connector-settings.ts'
import {
  atOf,
  type Carried,
  type ConnectionPagePorts,
  carried,
  carry,
  connectionOf,
  orProve,
  pluginFor,
  takerIn,
  workOn,
} from './connection-ports.ts'
import { onlyKnown, readTyped, type Typed, typedOf } from './content-form.ts'
import type { Desk, Form, Next, Visit } from './desk.ts'
import { checkView, editView, staleView } from './edit-views.ts'
import type { ConsoleView } from './page.ts'
import { seenAttributes } from './seen-attributes.ts'
import type { Fault } from './settings-form.ts'
import { contentAt } from './shown-content.ts'

export function connectionEdit(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id/edit', 'connections', async (visit) => {
    const record = await editable(ports, visit)
    const content = prefilled(visit, shownOf(record))
    const suggest = visit.ctx.query.suggest === 'yes' && Object.keys(content.claims).length === 0
    return formOf(ports, visit, { record, typed: typedOf(content), suggest })
  })
  desk.form('/connections/:id/edit', 'connections', (visit, form) => edited(ports, visit, form))
}

/** Refuses with `connection.managed` where a file rules it. */
export async function editable(ports: ConnectionPagePorts, visit: Visit): Promise<ConnectionRecord> {
  const record = await connectionOf(ports, visit)
  if (record.managedBy === 'file') throw new Refusal('connection.managed', { connection: record.id })
  workOn(visit, record)
  return record
}

/** A change that waits is what is changed further. */
const shownOf = (record: ConnectionRecord): ConnectionContent =>
  record.proposal?.content ?? contentOfRecord(record)

/** Labels come back in the address when somebody had to sign in once more; nothing is saved by a link. */
function prefilled({ ctx }: Visit, content: ConnectionContent): ConnectionContent {
  const { name, domains, audience } = ctx.query
  return {
    ...content,
    ...(typeof name === 'string' && { name: name.slice(0, 100) }),
    ...(typeof domains === 'string' && { domains: domains.split(' ').filter(Boolean) }),
    ...((audience === 'customers' || audience === 'workforce') && { audience }),
  }
}

interface Editing {
  readonly record: ConnectionRecord
  readonly typed: Typed
  /** Fill in claims that nobody has typed? Only where it was asked for, of a connection that has none. */
  readonly suggest?: boolean
}

const purposeOf = ({ id }: Pick<ConnectionRecord, 'id'>): string => `edit ${id}`

async function formOf(ports: ConnectionPagePorts, visit: Visit, editing: Editing): Promise<ConsoleView> {
  const { record, typed, suggest = false } = editing
  const wanting = { connection: record.id, content: typed.content, suggest }
  return editView(visit, {
    record,
    typed,
    fields: pluginFor(ports, record.type).form,
    seen: await seenAttributes(ports, visit, wanting),
    suggestAt: offersUsual(editing) ? visit.path(`/connections/${record.id}/edit?suggest=yes`) : undefined,
    carried: carry(ports, visit, { purpose: purposeOf(record), content: typed.content }),
    now: ports.clock.now(),
  })
}

/** Whoever only gives it another name changes nothing that apps learn. */
const offersUsual = ({ typed, suggest = false }: Editing): boolean =>
  !suggest && typed.rows.length === 0 && typed.faults.length === 0

async function edited(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<Next> {
  const record = await editable(ports, visit)
  const { form: fields } = pluginFor(ports, record.type)
  onlyKnown(form, fields)
  const kept = carried<Carried>(ports, visit, { form, purpose: purposeOf(record) })?.content
  const base = kept ?? shownOf(record)
  const action = form.get('do')
  if (action === 'again') return formOf(ports, visit, { record, typed: typedOf(base) })
  const typed = action === 'save' ? typedOf(base) : readTyped(form, fields, base)
  const faults = await faultsOf(ports, visit, { record, typed })
  const editing = { record, typed: { ...typed, faults } }
  if (faults.length > 0) return { ...(await formOf(ports, visit, editing)), status: 422 }
  if (atOf(visit, form).version !== record.version) return stale(ports, visit, { ...editing, form })
  return action === 'save' ? save(ports, visit, { ...editing, form }) : check(ports, visit, editing)
}

/** What does not hold of the content, whether it was typed now or comes back sealed; once what the form has said already. */
async function faultsOf(
  ports: ConnectionPagePorts,
  { institution }: Visit,
  { record, typed }: Editing,
): Promise<Fault[]> {
  const { content, faults: said } = typed
  const others = (await ports.connections.list(institution.id)).filter(({ id }) => id !== record.id)
  const levels = levelFaults(content.levels).map(({ path, message }) => ({ path: `levels.${path}`, message }))
  const found = [...contentFaults(content, others), ...settingFaults(ports, content), ...levels]
  const known = new Set(said.map(({ path, message }) => `${path} ${message}`))
  return [...said, ...found.filter(({ path, message }) => !known.has(`${path} ${message}`))]
}

/** What its connector says of the settings, before anything is saved. */
export function settingFaults(
  ports: ConnectionPagePorts,
  { type, settings }: ConnectionContent,
): readonly Fault[] {
  try {
    pluginFor(ports, type).check(settings)
    return []
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error
    return error.faults
  }
}

const check = (ports: ConnectionPagePorts, visit: Visit, { record, typed }: Editing): Promise<ConsoleView> =>
  checkOf(ports, visit, { record, content: typed.content })

/** The difference that this content makes, with the form that saves it, or goes on changing it. */
export async function checkOf(
  ports: ConnectionPagePorts,
  visit: Visit,
  { record, content }: { readonly record: ConnectionRecord; readonly content: ConnectionContent },
): Promise<ConsoleView> {
  const preview = await ports.connections.compare(visit.institution.id, record.id, content)
  const approval = ports.connectionApproval.toSave(record, content)
  const carriedOn = carry(ports, visit, { purpose: purposeOf(record), content })
  return checkView(visit, { ports, record, preview, approval, carried: carriedOn })
}

interface Saving extends Editing {
  readonly form: Form
}

async function save(
  ports: ConnectionPagePorts,
  visit: Visit,
  { record, typed, form }: Saving,
): Promise<Next> {
  const { content } = typed
  try {
    return await orProve(`/connections/${record.id}/edit${labelsOf(content)}`, async () => {
      const saved = await ports.connections.save(record, content, takerIn(visit, form))
      return `/connections/${record.id}?done=${saved.proposal === undefined ? 'saved' : 'proposed'}`
    })
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'connection.stale') throw error
    return stale(ports, visit, { record: await connectionOf(ports, visit), typed, form })
  }
}

/** Such a change is of labels alone: they fit into an address, and are typed again by nobody. */
function labelsOf({ name, domains = [], audience = 'customers' }: ConnectionContent): string {
  const strict = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*~]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    )
  return `?name=${strict(name)}&domains=${strict(domains.join(' '))}&audience=${audience}`
}

/** Both differences, and the form as it was typed, on the version that there is now. */
async function stale(
  ports: ConnectionPagePorts,
  visit: Visit,
  { record, typed, form }: Saving,
): Promise<ConsoleView> {
  const { version } = atOf(visit, form)
  const history = await ports.connections.history(visit.institution.id, record.id)
  const opened = contentAt(history, version)
  const view = await formOf(ports, visit, { record, typed })
  return staleView(view, { ports, record, version, opened, now: shownOf(record), typed: typed.content })
}
