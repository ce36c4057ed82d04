// The two break-glass keys as owners see them: which there are, registering, replacing and removing them; and saying that one knows.
import { type BreakGlassKey, keysWanted, mayChangeKeys } from '../domain/break-glass.ts'
import { Refusal } from '../domain/refusal.ts'
import type { BreakGlass } from '../flows/break-glass.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, notice } from '../http/page/parts.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import { passkeyAsked, sealing } from './cookies.ts'
import { type Desk, type Form, signInAgain, type Visit } from './desk.ts'
import { passkeyForm } from './passkey-page.ts'
import { safePath } from './sign-in.ts'
import { moment } from './words.ts'

export interface BreakGlassKeyPorts {
  readonly breakGlass: BreakGlass
  readonly seal: FieldSeal
  readonly chance: Chance
  readonly clock: Clock
}

const home = '/administrators'
const place = '/break-glass/keys'

export function breakGlassKeyPages(desk: Desk, ports: BreakGlassKeyPorts): void {
  desk.page(`${place}/new`, 'administrators', (visit) => newPage(visit, ports))
  desk.form(`${place}/new`, 'administrators', (visit, form) => register(visit, ports, form))
  desk.form(`${place}/:id/remove`, 'administrators', async (visit) => {
    if (!visit.recent) return signInAgain(home)
    await ports.breakGlass.remove(visit.visitor, String(visit.ctx.params.id))
    return home
  })
  desk.form('/break-glass/seen', 'read-connections', async ({ visitor }, form) => {
    await ports.breakGlass.acknowledge(visitor, (form.get('uses') ?? '').split(' ').slice(0, 1000))
    return safePath(form.get('onward')).slice('/console'.length)
  })
}

/** On the page of administrators: what lies in the safes, and what is missing there. */
export function keySection(visit: Visit, keys: readonly BreakGlassKey[]): Html {
  const missing = keysWanted - keys.length
  return html`<section class="card fill" aria-labelledby="keys"><header><h2 id="keys">Break-glass keys</h2></header><div class="stack-l">
${missing > 0 && notice('warn', missing === 1 ? 'One of two keys is missing.' : 'There is no break-glass key.', 'Without them nobody comes in here while your own sign-in is broken.')}
<p class="quiet">Put them into two safes. Either opens this console for one hour with an owner’s rights, without your IdP, and everybody is told.</p>
${keys.length > 0 && html`<ul class="todo keys">${keys.map((key) => keyRow(visit, key))}</ul>`}
${missing > 0 && mayChangeKeys(visit.visitor) && html`<div class="actions"><a class="btn" href="${visit.path(`${place}/new`)}">Register a key</a></div>`}
${!mayChangeKeys(visit.visitor) && html`<p class="quiet">Whoever came in by such a key changes none of them.</p>`}</div></section>`
}

function keyRow(visit: Visit, { id, label, registeredAt, lastUsedAt }: BreakGlassKey): Html {
  const used = lastUsedAt === undefined ? 'never used' : html`last used ${moment(lastUsedAt)}`
  return html`<li><div><strong>${bdi(label)}</strong><div class="small quiet">registered ${moment(registeredAt)}, ${used}</div></div>
${
  mayChangeKeys(visit.visitor) &&
  html`<form method="post" action="${visit.path(`${place}/${id}/remove`)}" class="actions">${hiddenFields({ form_token: visit.formToken })}
<a class="btn" href="${visit.path(`${place}/new?replaces=${id}`)}">Replace ${label}</a> <button class="btn danger-quiet">Remove ${label}</button></form>`
}</li>\n`
}

async function newPage(visit: Visit, ports: BreakGlassKeyPorts) {
  const { ctx, tenant } = visit
  const replaces = String(ctx.query.replaces ?? '')
  const keys = await ports.breakGlass.keys(tenant.institution.id)
  const old = keys.find(({ id }) => id === replaces)
  const title = old === undefined ? 'Register a break-glass key' : `Replace ${old.label}`
  if (!mayChangeKeys(visit.visitor)) throw new Refusal('console.forbidden', { kind: visit.visitor.kind })
  if (old === undefined && keys.length >= keysWanted)
    throw new Refusal('break_glass.keys', { reason: 'there are two' })
  const here = `${place}/new${old === undefined ? '' : `?replaces=${old.id}`}`
  if (!visit.recent) return { title, place: home, main: signInFirst(visit, here) } as const
  const { challenge, options } = await ports.breakGlass.askForNew(tenant)
  const given = { challenge, as: visit.visitor.id }
  passkeyAsked.set(ctx, tenant, { ...sealing(ports), given })
  const nonce = ports.chance.token(16)
  const fields = { form_token: visit.formToken, ...(old && { replaces: old.id }) }
  const action = visit.path(`${place}/new`)
  return {
    title,
    lead: 'A security key that asks for a PIN or a finger of its own. A passkey that is synced to other devices is refused.',
    place: home,
    nonce,
    main: html`<div class="grid"><section class="card w8 fill" aria-label="The key">
${passkeyForm({ action, kind: 'create', options, fields, before: labelField, button: 'Register this key', nonce })}</section></div>`,
  } as const
}

const labelField = html`<div class="field"><label for="label">What stands on its envelope</label>
<span class="hint" id="label-hint">Such as the place of the safe. It is shown to everybody when the key is used.</span>
<input class="input" id="label" name="label" required maxlength="60" autocomplete="off" aria-describedby="label-hint"></div>`

const signInFirst = (visit: Visit, here: string): Html =>
  html`<div class="grid"><section class="card w8 fill" aria-label="Sign in once more">
<p>For this you have to sign in once more.</p>
<div class="actions"><a class="btn primary" href="${visit.path(signInAgain(here))}">Sign in</a></div></section></div>`

async function register(visit: Visit, ports: BreakGlassKeyPorts, form: Form): Promise<string> {
  const { ctx, tenant, visitor } = visit
  if (!visit.recent) return signInAgain(`${place}/new`)
  const asked = passkeyAsked.take(ctx, tenant, sealing(ports))
  if (asked?.as !== visitor.id) throw new Refusal('break_glass.late')
  await ports.breakGlass.register({
    place: tenant,
    visitor,
    challenge: asked.challenge,
    credential: form.get('credential') ?? '',
    label: form.get('label') ?? '',
    replaces: form.get('replaces'),
  })
  return home
}
