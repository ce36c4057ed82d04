// The picture of a connection, beside its name where customers choose.
import { contentOf } from '../domain/connection.ts'
import { longestLogo, widestLogo } from '../domain/logo.ts'
import { contentOfRecord } from '../flows/connections.ts'
import { pictureFault } from '../flows/pictures.ts'
import { type Html, html } from '../http/page/html.ts'
import { hiddenFields, icon, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { ConnectionPagePorts } from './connection-ports.ts'
import { type Desk, type Form, type Visit, versionIn } from './desk.ts'

const place = (id: string): string => `/connections/${id}/logo`

export function connectionLogo(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id/logo', 'connections', async (visit) => view(visit, await found(visit, ports)))
  desk.upload('/connections/:id/logo', 'connections', (visit, form) => save(visit, ports, form))
}

const found = (
  { institution, ctx }: Visit,
  { connections }: ConnectionPagePorts,
): Promise<ConnectionRecord> => connections.get(institution.id, String(ctx.params.id))

async function save(visit: Visit, ports: ConnectionPagePorts, form: Form) {
  const record = await found(visit, ports)
  const given = form.get('do') === 'remove' ? undefined : form.get('logo')
  const fault = form.get('do') === 'remove' ? undefined : await faultOf(ports, given)
  if (fault !== undefined) return view(visit, record, fault)
  // A change that waits is changed further, as in the form of the settings; saved beside it, the picture would end it.
  const { logo: _before, ...content } = record.proposal?.content ?? contentOfRecord(record)
  const at = { institution: record.institution, id: record.id, version: versionIn(form) }
  await ports.connections.save(
    at,
    { ...content, ...(given !== undefined && { logo: given }) },
    { visitor: visit.visitor, why: 'logo' },
  )
  return `/connections/${record.id}`
}

async function faultOf(
  { pictures, unit }: ConnectionPagePorts,
  given: string | undefined,
): Promise<string | undefined> {
  if (given === undefined) return 'Choose a picture first.'
  // Nothing of this unit may be open while it is decoded.
  await unit.checkpoint()
  const fault = await pictureFault(pictures, given)
  return fault && `${fault.message} Code ${fault.code}.`
}

function view(visit: Visit, record: ConnectionRecord, fault?: string) {
  const { tenant } = visit
  const ruled = record.managedBy === 'file'
  return {
    title: `Logo of ${record.name}`,
    place: '/connections',
    status: fault === undefined ? 200 : 422,
    main: html`<section class="card stack-l" aria-label="Logo">
${
  record.logo === undefined
    ? html`<p class="quiet">There is none: customers see the name alone.</p>`
    : html`<p><img src="${tenant.prefix}/connections/${record.id}/logo?v=${record.version}" alt="The logo of today" width="56" height="56"></p>`
}
${record.proposal && notice('info', 'A change is waiting.', 'A picture joins it, and is shown when it is tested and activated.')}
${ruled ? notice('info', 'A file rules this connection.', 'Its logo is set there.') : uploadForm(visit, record, fault)}
<p><a href="${visit.path(`/connections/${record.id}`)}">Back to ${contentOf(record).name}</a></p></section>`,
  } as const
}

const uploadForm = (visit: Visit, record: ConnectionRecord, fault: string | undefined): Html =>
  html`<form method="post" enctype="multipart/form-data" action="${visit.path(place(record.id))}" class="stack-l">
${hiddenFields({ form_token: visit.formToken, version: String(record.version) })}
<div class="field"><label for="logo">Picture</label>
<input class="input" id="logo" name="logo" type="file" accept="image/png,image/jpeg,image/webp" aria-describedby="${fault !== undefined && 'logo-error '}logo-hint"${fault !== undefined && html` aria-invalid="true"`}>
${fault !== undefined && html`<p class="error" id="logo-error">${icon('warn')}<span>${fault}</span></p>`}
<p class="hint" id="logo-hint">Square, PNG, JPEG or WebP, at most ${widestLogo} pixels wide and ${longestLogo / 1024} KiB; shown 28 pixels wide.</p></div>
<div class="actions"><button class="btn primary" name="do" value="save">Use this picture</button>
${record.logo !== undefined && html`<button class="btn" name="do" value="remove">Show no picture</button>`}</div></form>`
