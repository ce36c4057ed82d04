// A connection that is there against what its IdP says of itself now: read, looked at as a difference, then saved as any edit.
import type { IdpFacts } from '../domain/idp-facts.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { contentOfRecord } from '../flows/connections.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import { checkOf, editable, settingFaults } from './connection-edit.ts'
import { type Carried, type ConnectionPagePorts, carried, carry } from './connection-ports.ts'
import { onlyKnown } from './content-form.ts'
import type { Desk, Form, Next, Visit } from './desk.ts'
import { faultNotice } from './edit-views.ts'
import { factsView } from './idp-facts.ts'
import { documentFields, severalView } from './new-views.ts'
import type { ConsoleView } from './page.ts'
import { readIdp, sourceFaults } from './read-idp.ts'
import { type Fault, faultsAt, labelled } from './settings-form.ts'

export function connectionReadAgain(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id/import', 'connections', async (visit) => {
    const record = await editable(ports, visit)
    return askView(visit, { record, source: { address: addressOf(record), document: '' }, faults: [] })
  })
  desk.upload('/connections/:id/import', 'connections', (visit, form) => look(ports, visit, form))
}

interface Source {
  /** Of its metadata, or its issuer. */
  readonly address: string
  readonly document: string
}

/** Sealed along while one of several IdPs is chosen. */
interface Looking extends Carried {
  readonly source: Source
}

const addressOf = ({ settings }: ConnectionRecord): string =>
  String(settings.metadataUrl ?? settings.issuer ?? '')

const purposeOf = ({ id }: ConnectionRecord): string => `import ${id}`

function sourceIn(form: Form): Source {
  const text = (name: string) => (form.get(name) ?? '').trim()
  return { address: text('address'), document: text('file') || text('document') }
}

async function look(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<Next> {
  const record = await editable(ports, visit)
  onlyKnown(form, [], ['address', 'document', 'file', 'identifier'])
  const kept = carried<Looking>(ports, visit, { form, purpose: purposeOf(record) })
  const source = kept?.source ?? sourceIn(form)
  const faults = sourceFaults(source)
  if (faults.length > 0) return askView(visit, { record, source, faults })
  const given = { ...source, identifier: form.get('identifier'), connection: record }
  const read = await readIdp(ports, { ...given, institution: visit.institution.id })
  if ('fault' in read) return askView(visit, { record, source, faults: [read.fault] })
  if (read.kind === 'several') {
    const looking: Looking = { purpose: purposeOf(record), content: contentOfRecord(record), source }
    const at = `/connections/${record.id}/import`
    return severalView(visit, { at, identifiers: read.identifiers, carried: carry(ports, visit, looking) })
  }
  return differenceView(ports, visit, { record, read })
}

interface Read {
  readonly record: ConnectionRecord
  readonly read: {
    readonly content: ConnectionContent
    readonly facts: IdpFacts
    readonly twins: readonly string[]
  }
}

/** The same form that an edit is checked by: saving it asks for the same, and tells of the same. */
async function differenceView(
  ports: ConnectionPagePorts,
  visit: Visit,
  { record, read }: Read,
): Promise<ConsoleView> {
  const { content, facts, twins } = read
  const check = await checkOf(ports, visit, { record, content })
  const faults = settingFaults(ports, content)
  const replaced =
    record.proposal && notice('warn', 'A change waits already.', 'Saving this one takes its place.')
  return {
    ...check,
    main: html`<div class="stack-l">${faults.length > 0 && faultNotice(faults.map(({ message }) => message))}${replaced}
${check.main}
${factsView(visit, { facts, twins, now: ports.clock.now() })}</div>`,
  }
}

interface AskView {
  readonly record: ConnectionRecord
  readonly source: Source
  readonly faults: readonly Fault[]
}

function askView(visit: Visit, { record, source, faults }: AskView): ConsoleView {
  const here = (below = '') => visit.path(`/connections/${record.id}${below}`)
  return {
    title: `Import for ${record.name}`,
    heading: html`What does the IdP of ${bdi(record.name)} say of itself now?`,
    lead: 'Nothing is saved before you have seen what would change.',
    place: '/connections',
    status: faults.length > 0 ? 422 : 200,
    main: html`<form method="post" action="${here('/import')}" enctype="multipart/form-data" class="card stack-l wide-form">${hiddenFields({ form_token: visit.formToken })}
${sourceFields(record, source, faults)}
<div class="actions"><button class="btn primary" name="do" value="look">Look at it</button><a class="btn" href="${here()}">Leave it as it is</a></div></form>`,
  }
}

/** An OpenID provider describes itself at its issuer alone. */
function sourceFields({ type }: ConnectionRecord, source: Source, faults: readonly Fault[]): Html {
  const label = type === 'saml' ? 'Metadata URL' : 'Issuer'
  const at = (path: string) => faultsAt(faults, path)
  const field = { name: 'address', label, hint: 'As it is, or another.', faults: at('address') }
  const address = labelled(
    field,
    (attributes) =>
      html`<input class="input" value="${source.address}" inputmode="url" maxlength="2000" spellcheck="false" autocomplete="off" ${attributes}>`,
  )
  if (type !== 'saml') return address
  const open = source.document !== '' || at('document').length > 0
  return html`${address}
<details class="more"${open && html` open`}><summary>A document instead</summary><div class="stack-l">${documentFields({ document: source.document, faults: at('document') })}</div></details>`
}
