// Who may come in here, and the links by which others are let in; owners alone see it.
import { roles as allRoles, isRole, type Role } from '../domain/administrator.ts'
import { Refusal } from '../domain/refusal.ts'
import type { AdministratorFlows, AdministratorView } from '../flows/administrators.ts'
import type { BreakGlass } from '../flows/break-glass.ts'
import { type ConsoleAccess, invitationHours } from '../flows/console-access.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, notice } from '../http/page/parts.ts'
import type { Invitation } from '../ports/administrators.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import { keySection } from './break-glass-keys.ts'
import { actorText } from './connection-words.ts'
import type { Desk, Form, Visit } from './desk.ts'
import { signInAgain } from './desk.ts'
import { roleName } from './page.ts'
import { carryTyped, typedAgain } from './typed-form.ts'
import { moment } from './words.ts'

export interface AdministratorPagePorts {
  readonly administratorFlows: AdministratorFlows
  readonly consoleAccess: ConsoleAccess
  readonly breakGlass: BreakGlass
  readonly seal: FieldSeal
}

const place = '/administrators'

export function administratorPages(desk: Desk, ports: AdministratorPagePorts): void {
  const form = (path: string, act: (visit: Visit, form: Form) => Promise<string | View>) =>
    desk.form(`${place}${path}`, 'administrators', async (visit, given) =>
      visit.recent ? act(visit, given) : signInAgain(backTo(ports, visit, given)),
    )
  desk.page(place, 'administrators', (visit) => listPage(visit, ports))
  form('/invite', (visit, given) => invite(visit, ports, given))
  form('/withdraw', async (visit, given) => {
    const { institution, actor } = visit
    await ports.administratorFlows.withdraw(institution.id, given.get('invitation') ?? '', actor().by)
    return place
  })
  form('/:subject/roles', async (visit, given) => {
    await ports.administratorFlows.change({ ...changeOf(visit), roles: rolesIn(given) })
    return place
  })
  form('/:subject/remove', async (visit) => {
    await ports.administratorFlows.remove(changeOf(visit))
    return place
  })
}

const inviteForm = 'invite'
const rolesForm = (subject: string): string => `roles ${subject}`

/** The page again, with what was ticked in one of its forms; the others have nothing to lose. */
function backTo({ seal }: AdministratorPagePorts, visit: Visit, form: Form): string {
  const purpose = ticking(visit, form.get('form'))
  const typed = purpose === undefined ? undefined : carryTyped(seal, visit, { purpose, form })
  return typed === undefined ? place : `${place}?${typed}`
}

function ticking({ ctx }: Visit, form: string | undefined): string | undefined {
  if (form === inviteForm) return inviteForm
  return form === 'roles' ? rolesForm(String(ctx.params.subject)) : undefined
}

/** What was ticked before somebody had to sign in once more; undefined where nothing came back. */
function tickedAgain(ports: AdministratorPagePorts, visit: Visit, purpose: string): Role[] | undefined {
  const form = typedAgain(ports.seal, visit, purpose)
  return form.size === 0 ? undefined : rolesIn(form)
}

const notYet = notice(
  'info',
  'Nothing was changed yet.',
  'What you ticked stands here. Look again, then press the button.',
)

type View = Awaited<ReturnType<typeof listPage>>

const changeOf = ({ institution, ctx, actor }: Visit) => ({
  institution: institution.id,
  subject: String(ctx.params.subject),
  by: actor().by,
})

/** The roles that were ticked; a form that names others was not ours. */
function rolesIn(form: Form): Role[] {
  const named = [...form.keys()]
    .filter((key) => key.startsWith('role.'))
    .map((key) => key.slice('role.'.length))
  const stranger = named.find((name) => !isRole(name))
  if (stranger !== undefined) throw new Refusal('request.malformed', { role: stranger.slice(0, 32) })
  return named.filter(isRole)
}

async function invite(visit: Visit, ports: AdministratorPagePorts, form: Form): Promise<string | View> {
  const roles = rolesIn(form)
  if (roles.length === 0) return place
  const { institution, tenant, actor } = visit
  const token = await ports.consoleAccess.invite(institution.id, { roles, by: actor().by })
  return listPage(visit, ports, `${tenant.issuer}/console/invitation/${token}`)
}

async function listPage(visit: Visit, ports: AdministratorPagePorts, link?: string) {
  const { administratorFlows, breakGlass } = ports
  const { id } = visit.institution
  const [people, open] = [await administratorFlows.list(id), await administratorFlows.invitations(id)]
  const keys = await breakGlass.keys(id)
  const nameOf = (subject: string) => ports.consoleAccess.nameOf(id, subject)
  const invited = link === undefined ? tickedAgain(ports, visit, inviteForm) : undefined
  const shownOpen = await Promise.all(
    open.map(async (one) => ({ ...one, by: await actorText(one.by, nameOf) })),
  )
  return {
    title: 'Administrators',
    lead: visit.recent
      ? 'Changes here are recorded with your name.'
      : 'For a change you will be asked to sign in once more.',
    place,
    main: html`<div class="grid">${link !== undefined && shown(link)}
<section class="card fill" aria-labelledby="people"><header><h2 id="people">People</h2></header>${people.map((person) => personRow(visit, person, tickedAgain(ports, visit, rolesForm(person.subject))))}</section>
<section class="card w8 fill" aria-labelledby="invite"><header><h2 id="invite">Let somebody in</h2></header>
<form method="post" action="${visit.path(`${place}/invite`)}" class="stack-l">${hiddenFields({ form_token: visit.formToken, form: inviteForm })}${invited && notYet}
${roleBoxes('invite', invited ?? ['viewer'])}<div class="actions"><button class="btn primary">Make a link</button></div></form></section>
<section class="card w4 fill" aria-labelledby="open"><header><h2 id="open">Open invitations</h2></header>${invitationList(visit, shownOpen)}</section>
${keySection(visit, keys)}</div>`,
  } as const
}

/** Once: the page that shows it is the answer to the form, and nothing keeps it. */
const shown = (link: string): Html => html`<section class="card" aria-label="The link">
${notice('ok', 'Give this link to the person, and to nobody else.', `It works once, for ${invitationHours} hours, and is not shown again.`)}
<p><code class="ref">${link}</code></p></section>`

const roleBoxes = (prefix: string, held: readonly string[]): Html =>
  html`<fieldset class="field"><legend>Roles</legend><div class="boxes">${allRoles.map(
    (role) =>
      html`<label><input type="checkbox" id="${prefix}-${role}" name="role.${role}" value="on"${held.includes(role) && html` checked`}> ${roleName(role)}</label>\n`,
  )}</div></fieldset>`

function personRow(
  visit: Visit,
  { subject, name, roles, addedAt }: AdministratorView,
  ticked: readonly Role[] | undefined,
): Html {
  const to = visit.path(`${place}/${subject}`)
  const hidden = hiddenFields({ form_token: visit.formToken })
  return html`<details class="more"${ticked && html` open`}><summary><span><strong>${bdi(name)}</strong>${subject === visit.visitor.id && html` <span class="quiet">(you)</span>`} · ${roles.map(roleName).join(', ')} <span class="quiet">since ${moment(addedAt)}</span></span></summary>
<form method="post" action="${to}/roles" class="stack-l">${hidden}${hiddenFields({ form: 'roles' })}${ticked && notYet}${roleBoxes(subject, ticked ?? roles)}<div class="actions"><button class="btn">Save the roles of ${name}</button></div></form>
<form method="post" action="${to}/remove">${hidden}<button class="btn danger-quiet">Remove ${name}</button></form></details>`
}

function invitationList(visit: Visit, open: readonly Invitation[]): Html {
  if (open.length === 0) return html`<p class="quiet">None.</p>`
  return html`<ul class="todo">${open.map(
    ({ roles, by, expiresAt, tokenHash }) =>
      html`<li><span class="badge">${roles.map(roleName).join(', ')}</span><div class="small quiet">by ${bdi(by)}, until ${moment(expiresAt)}</div>
<form method="post" action="${visit.path(`${place}/withdraw`)}">${hiddenFields({ form_token: visit.formToken, invitation: tokenHash })}<button class="btn">Take back</button></form></li>\n`,
  )}</ul>`
}
