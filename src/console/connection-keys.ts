// Our own keys of a connection: which one signs, which one comes next, and the steps from one to the other (attack 204).
import { type OwnKeyPurpose, publishedOf } from '../domain/own-key.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, keyValues, notice, type Row } from '../http/page/parts.ts'
import type { Actor, ConnectionRecord } from '../ports/connections.ts'
import type { OwnKeyView } from '../ports/own-keys.ts'
import { certificateFacts, certificateView } from './certificates.ts'
import { actorIn, type ConnectionPagePorts, connectionOf } from './connection-ports.ts'
import { type Desk, type Form, type Next, signInAgain, type Visit } from './desk.ts'
import { certificatePath } from './key-certificate.ts'
import type { ConsoleView } from './page.ts'
import { badge, moment } from './words.ts'

export function connectionKeys(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id/keys', 'read', (visit) => keysPage(ports, visit, newsOf(visit)))
  desk.form('/connections/:id/keys/prepare', 'keys', (visit, form) =>
    step(ports, visit, {
      form,
      done: 'prepared',
      act: (at, actor) => ports.keyFlows.prepare(at, actor),
    }),
  )
  desk.form('/connections/:id/keys/promote', 'keys', (visit, form) => {
    const unpublished = form.get('early') === 'yes'
    return step(ports, visit, {
      form,
      done: 'promoted',
      act: (at, actor) => ports.keyFlows.promote(at, actor, { unpublished }),
    })
  })
  desk.form('/connections/:id/keys/remove', 'keys', (visit, form) => {
    const given = { early: form.get('early') === 'yes' }
    const kid = form.get('kid') ?? ''
    return step(ports, visit, {
      form,
      done: 'removed',
      act: (at, actor) => ports.keyFlows.remove({ ...at, kid }, actor, given),
    })
  })
}

interface At {
  readonly institution: string
  readonly connection: string
}

interface Step {
  readonly form: Form
  readonly done: string
  readonly act: (at: At, actor: Actor) => Promise<unknown>
}

/** What comes before its time needs the person; what is not allowed at all is said on the page, with the reason. */
async function step(ports: ConnectionPagePorts, visit: Visit, { form, done, act }: Step): Promise<Next> {
  const { id } = await connectionOf(ports, visit)
  const early = form.get('early') === 'yes'
  if (early && !visit.proven) return signInAgain(`/connections/${id}/keys`)
  try {
    await act({ institution: visit.institution.id, connection: id }, actorIn(visit, form))
    return `/connections/${id}/keys?done=${done}`
  } catch (error) {
    if (!(error instanceof Refusal) || reasons[error.code] === undefined) throw error
    const news = notice(
      'bad',
      'Nothing was changed.',
      html`${reasons[error.code]} <code>${error.code}</code>`,
    )
    return { ...(await keysPage(ports, visit, news)), status: 409 }
  }
}

const reasons: Readonly<Record<string, string>> = {
  'key.unknown': 'There is no such key.',
  'key.active': 'The key that signs cannot be removed.',
  'key.no_next': 'No next key is prepared.',
  'key.unpublished': 'The IdP has not had the time to learn of the next key.',
  'key.overlap': 'The IdP may still use it.',
  'connection.stale':
    'Somebody else changed these keys at the same moment; they stand below as they are now.',
}

const done: Readonly<Record<string, readonly [outcome: string, meaning: string]>> = {
  prepared: [
    'The next key is made and published.',
    'Let the IdP read our metadata again; it takes over in its time.',
  ],
  promoted: ['The next key signs from now on.', 'The one before it stays published for a while.'],
  certified: [
    'The authority’s certificate is published for the next key.',
    'Let the IdP read our metadata again.',
  ],
  removed: ['The key is gone.', ''],
}

function newsOf({ ctx }: Visit): Html | undefined {
  const [outcome, meaning] = done[String(ctx.query.done ?? '')] ?? []
  return outcome === undefined ? undefined : notice('ok', outcome, meaning)
}

const purposes: Readonly<Record<OwnKeyPurpose, string>> = {
  'saml-signing': 'Signs our requests',
  'saml-decryption': 'Opens what the IdP encrypts to us',
  'client-assertion': 'Proves us to the provider (private_key_jwt)',
}

async function keysPage(
  ports: ConnectionPagePorts,
  visit: Visit,
  news: Html | undefined,
): Promise<ConsoleView> {
  const record = await connectionOf(ports, visit)
  // A key that is missing is made now, and nothing is open meanwhile.
  await ports.unit.checkpoint()
  const keys = await ports.keyFlows.list(visit.institution.id, record.id)
  const now = ports.clock.now()
  const next = keys.some(({ state }) => state === 'next')
  return {
    title: `Keys of ${record.name}`,
    heading: html`${next ? 'A next key is prepared for' : 'Our keys for'} ${bdi(record.name)}`,
    lead: 'Made by the bridge, used for this connection alone, and renewed by schedule before they end.',
    aside: html`<a class="btn" href="${visit.path(`/connections/${record.id}`)}">To the connection</a>`,
    place: '/connections',
    main: html`<div class="grid">${news && html`<div>${news}</div>`}
${visit.may('keys') && stepsCard(visit, { record, keys, now })}
${[...new Set(keys.map(({ purpose }) => purpose))].map((purpose) => purposeCard(visit, { record, purpose, now, keys: publishedOf(keys.filter((key) => key.purpose === purpose)) }))}</div>`,
  }
}

interface KeysView {
  readonly record: ConnectionRecord
  readonly keys: readonly OwnKeyView[]
  readonly now: number
}

interface KeyForm {
  readonly to: 'prepare' | 'promote' | 'remove'
  readonly button: string
  readonly tone?: string
  readonly fields?: Readonly<Record<string, string>>
}

const keyForm = (visit: Visit, { id }: ConnectionRecord, { to, button, tone = '', fields }: KeyForm): Html =>
  html`<form method="post" action="${visit.path(`/connections/${id}/keys/${to}`)}">${hiddenFields({ form_token: visit.formToken, ...fields })}<button class="btn${tone}">${button}</button></form>`

/** Prepare where a purpose has no next key, then promote; each says what the IdP must have done before. */
function stepsCard(visit: Visit, view: KeysView): Html {
  const { keys } = view
  const all = new Set(keys.map(({ purpose }) => purpose))
  const next = keys.filter(({ state }) => state === 'next')
  return html`<section class="card"><ul class="todo">${next.length > 0 && takeOver(visit, view, next)}${next.length < all.size && prepareMissing(visit, view, next)}</ul></section>`
}

const prepareMissing = (visit: Visit, { record }: KeysView, next: readonly OwnKeyView[]): Html =>
  html`<li>${badge('info', 'By hand')}<div><strong>${next.length === 0 ? 'Prepare the next keys' : 'Prepare the next keys that are missing'}</strong><p class="small quiet">They are made and published beside the present ones. Nothing else changes; the IdP can learn of them.</p></div>${keyForm(visit, record, { to: 'prepare', button: 'Prepare' })}</li>`

function takeOver(visit: Visit, { record, now }: KeysView, next: readonly OwnKeyView[]): Html {
  const from = Math.max(...next.map(({ promotableAt = 0 }) => promotableAt))
  const ready = from <= now
  const meaning = ready
    ? 'The IdP has had the time to read them. Those before stay published for a while.'
    : html`From ${moment(from)} on the IdP has had the time to read them. Before, its checks of our signatures fail unless it has loaded our metadata already.`
  const press = ready
    ? ({ to: 'promote', button: 'Use the next keys', tone: ' primary' } as const)
    : ({ to: 'promote', button: 'The IdP has them: use them now', fields: { early: 'yes' } } as const)
  return html`<li>${badge(ready ? 'ok' : 'warn', ready ? 'Ready' : 'Published')}<div><strong>Let the next keys take over</strong><p class="small quiet">${meaning}</p></div>${keyForm(visit, record, press)}</li>`
}

interface PurposeView extends KeysView {
  readonly purpose: OwnKeyPurpose
}

const purposeCard = (visit: Visit, view: PurposeView): Html =>
  html`<section class="card stack" aria-labelledby="h-${view.purpose}"><h2 id="h-${view.purpose}">${purposes[view.purpose]}</h2>
<ul class="facts">${view.keys.map((key) => html`<li class="stack">${keyView(visit, view, key)}</li>`)}</ul></section>`

const badges = {
  active: badge('ok', 'In use'),
  next: badge('info', 'Next'),
  retired: badge('', 'Retired'),
  dropped: badge('bad', 'Gone'),
}

function keyView(visit: Visit, { record, now }: PurposeView, key: OwnKeyView): Html {
  const { state, certificate, kid, createdAt, expiresAt, promotableAt, promoteAt, dropAt } = key
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`
  const facts = certificate === '' ? undefined : certificateFacts(pem)
  const rows: (Row | undefined)[] = [
    ['Key ID', html`<code class="copy">${kid}</code>`],
    facts && ['Certificate', certificateView(facts, now)],
    ['Published since', moment(createdAt)],
    ['Ends', moment(expiresAt)],
    promotableAt === undefined ? undefined : ['Can be used from', moment(promotableAt)],
    state !== 'next' || promoteAt === undefined ? undefined : ['Takes over by schedule', moment(promoteAt)],
    dropAt === undefined ? undefined : ['Published until', moment(dropAt)],
  ]
  return html`<p>${badges[state]}</p>${keyValues(rows)}${visit.may('keys') && state === 'next' && certificate !== '' && html`<p><a class="btn" href="${visit.path(certificatePath(record.id, kid))}">A certificate by an authority</a></p>`}${visit.may('connections') && removal(visit, { record, key, now })}`
}

/** Never of the key that signs; of one that the IdP may encrypt to only by somebody who says that they know. */
function removal(
  visit: Visit,
  { record, key, now }: { record: ConnectionRecord; key: OwnKeyView; now: number },
): Html | undefined {
  const { state, kid, dropAt = 0 } = key
  if (state !== 'next' && state !== 'retired') return undefined
  const early = state === 'next' ? key.purpose === 'saml-decryption' : dropAt > now
  return keyForm(visit, record, {
    to: 'remove',
    button: early
      ? `The IdP ${state === 'next' ? 'does not use it' : 'uses it no more'}: remove it now`
      : 'Remove',
    tone: early ? ' danger-quiet' : '',
    fields: { kid, ...(early && { early: 'yes' }) },
  })
}
