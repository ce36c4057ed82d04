// The five panes, each from what was really seen.
import { X509Certificate } from 'node:crypto'
import { markedCode } from '../http/page/code-view.ts'
import { type Html, html } from '../http/page/html.ts'
import { icon } from '../http/page/parts.ts'
import { withDocument } from '../xml/document.ts'
import { gate } from '../xml/gate.ts'
import { NS } from '../xml/names.ts'
import { verifiedBytes } from '../xml/saml/signature.ts'
import { elements, parseTree } from '../xml/tree.ts'
import { assessedBy } from './assessed.ts'
import { type Decision, decisionOf } from './decision.ts'
import { shownEvent } from './event-words.ts'
import type { Scene } from './scene.ts'

/** What the panes are made from. */
export interface RoomView {
  readonly scene: Scene
  /** PEM. */
  readonly idpCertificate: string
}

interface Pane {
  readonly n: number
  readonly name: string
  readonly title: string
  readonly badge?: { readonly good: boolean; readonly text: string } | undefined
  readonly body: Html
}

const pane = ({ n, name, title, badge, body }: Pane): Html =>
  html`<section class="card pane p-${name}" id="pane-${name}" aria-labelledby="p${n}"><header><span class="n" aria-hidden="true">${n}</span><h2 id="p${n}">${title}</h2>${
    badge && html`<span class="badge ${badge.good ? 'ok' : 'bad'}">${badge.text}</span>`
  }</header>${body}</section>`

const time = (at: number): string => new Date(at).toISOString().slice(11, 19)

/** Values of these elements and attributes are personal: the room shows them masked. */
const personal: ReadonlySet<string> = new Set([
  'NameID',
  'AttributeValue',
  'debtorAccount',
  'creditorAccount',
  'creditorName',
])
const long: ReadonlySet<string> = new Set([
  'SignatureValue',
  'X509Certificate',
  'DigestValue',
  'BinarySecurityToken',
])

function mask(
  value: string,
  { element, attribute }: { element: string; attribute: string | undefined },
): string {
  if (attribute !== undefined) return value.length > 60 ? `${value.slice(0, 57)}…` : value
  if (long.has(element)) return `${value.slice(0, 12)}…`
  return personal.has(element) && value.length > 4 && !value.startsWith('urn:')
    ? `••••${value.slice(-3)}`
    : value
}

export function phonePane({ scene }: RoomView): Html {
  const last = scene.reports.slice(-5)
  const body =
    last.length === 0
      ? html`<p>Open the phone, sign in, make it your phone, then pay. Bridge pages refuse to be framed, so it opens in a tab of its own.</p>`
      : html`<ol class="timeline">${last.map(({ at, text, outcome }) => html`<li class="${outcome === 'ok' ? 'ok' : 'bad'}"><strong>${text}</strong><time datetime="${new Date(at).toISOString()}">${time(at)}</time></li>`)}</ol>`
  return pane({ n: 1, name: 'phone', title: 'Phone', body })
}

/** What the signature over the whole Response covers: the element without its own Signature, once that has verified. */
function coveredRanges(xml: string, certificate: string): { start: number; end: number }[] {
  new X509Certificate(certificate)
  const verified = withDocument(gate(xml), (root) =>
    verifiedBytes({ xml, element: root, at: 'root', certificates: [certificate] }),
  )
  if (verified === undefined) return []
  const { root } = parseTree(xml)
  const signature = elements(root, NS.ds, 'Signature')[0]
  if (!signature) return []
  return [
    { start: root.start, end: signature.start },
    { start: signature.end, end: root.end },
  ]
}

export function answerPane({ scene, idpCertificate }: RoomView): Html {
  const { answer } = scene.state
  if (!answer)
    return pane({
      n: 2,
      name: 'idp',
      title: 'Bank’s answer',
      body: html`<p class="quiet">The IdP has not been asked yet.</p>`,
    })
  const ranges = coveredRanges(answer.xml, idpCertificate)
  const view = {
    caption: 'SAML response, from the bank’s IdP',
    key: 'Covered by signature',
    label: 'SAML response',
    mask,
  }
  const badge = { good: ranges.length > 0, text: ranges.length > 0 ? 'Signature good' : 'Not signed' }
  return pane({
    n: 2,
    name: 'idp',
    title: 'Bank’s answer',
    badge,
    body: markedCode(answer.xml, ranges, view),
  })
}

const rule = (good: boolean, text: string, evidence: string): Html =>
  html`<li${!good && html` class="bad"`}>${icon(good ? 'ok' : 'stop')}<span>${text}</span><span class="quiet num">${evidence}</span></li>`

/** The last decision and the events that led to it. */
export function decisionPane({ scene }: RoomView): Html {
  const decision = decisionOf(scene.events.map(shownEvent))
  const title = 'Decision'
  if (!decision)
    return pane({
      n: 3,
      name: 'decision',
      title,
      body: html`<p class="quiet">Nothing has been decided yet.</p>`,
    })
  const { last } = decision
  const good = last.outcome === 'ok'
  const body = html`<p class="small">${last.words}.</p><ul class="rules">${reasons(decision)}</ul>`
  return pane({ n: 3, name: 'decision', title, badge: { good, text: good ? 'Allowed' : 'Refused' }, body })
}

function reasons({ last, login, proven }: Decision): Html[] {
  const answered = login.findLast(({ type }) => type === 'login.upstream_answered')
  const checks = Array.isArray(answered?.detail.checks) ? answered.detail.checks.length : 0
  const finished = login.findLast(({ type }) => type === 'login.finished')
  const level = String(finished?.detail.acr ?? '')
    .split(':')
    .at(-1)
  const asked = login.map(assessedBy).findLast((one) => one !== undefined)
  const pin = login.findLast(({ type }) => type.startsWith('step_up.'))
  return [
    ...(answered
      ? [rule(answered.outcome === 'ok', 'The bank’s answer held', answered.code ?? `${checks} checks`)]
      : []),
    ...(asked
      ? [rule(asked.action === 'allow' || asked.action === 'review', 'The risk engines', asked.action)]
      : []),
    ...(proven ? [rule(true, 'The phone has proven its key', 'ES256')] : []),
    ...(pin ? [rule(pin.outcome === 'ok', 'PIN', pin.code ?? 'right')] : []),
    ...(finished ? [rule(true, 'Level reached', level ?? '')] : []),
    ...(last.transaction
      ? [rule(true, 'For exactly this payment', `hash ${last.transaction.slice(0, 8)}…`)]
      : []),
    ...(last.code ? [rule(false, 'Why not', last.code)] : []),
  ]
}

export function callPane({ scene }: RoomView): Html {
  const { verdict } = scene.state
  if (!verdict)
    return pane({
      n: 4,
      name: 'env',
      title: 'Signed call',
      body: html`<p class="quiet">No call has reached the core yet.</p>`,
    })
  const view = {
    caption: 'SOAP envelope, as the core got it',
    key: 'Verified by the core',
    label: 'SOAP envelope',
    mask,
  }
  const badge = { good: verdict.ok, text: verdict.ok ? 'Accepted' : 'Refused' }
  const code =
    verdict.xml.length > 100_000
      ? html`<p>Too long to show.</p>`
      : markedCode(verdict.xml, verdict.verified?.ranges ?? [], view)
  const body = verdict.ok ? code : html`<p class="small">${verdict.reason}</p>${code}`
  return pane({ n: 4, name: 'env', title: 'Signed call', badge, body })
}

// More would push the other panes out of sight; the whole trail is `audit verify`'s.
const shownEvents = 14

export function auditPane({ scene }: RoomView): Html {
  const events = scene.events.slice(-shownEvents).map(shownEvent)
  const items = events.map(
    ({ words, outcome, at }) =>
      html`<li class="${outcome === 'ok' ? 'ok' : 'bad'}"><strong>${words}</strong><time datetime="${at}">${at.slice(11, 23)}</time></li>`,
  )
  return html`<section class="card pane p-audit" aria-labelledby="p5"><header><span class="n" aria-hidden="true">5</span><h2 id="p5">Audit trail</h2><span class="badge">Live</span></header><ol class="timeline">${items}</ol></section>`
}
