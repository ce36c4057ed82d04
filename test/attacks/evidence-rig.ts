// Evidence as the bridge makes it, with every part of it at the attacker's hand; what is behind a change is made anew, and signed.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { SignJWT } from 'jose'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import { displayHash } from '../../src/domain/approval-display.ts'
import type { AuditEvent } from '../../src/domain/audit.ts'
import { eventText } from '../../src/domain/audit-row.ts'
import { bodyText, noteText } from '../../src/domain/checkpoint.ts'
import { contentDigest, type EvidenceMaterial } from '../../src/domain/evidence.ts'
import {
  detached,
  type EvidenceBundle,
  evidenceTyp,
  fileText,
  type SignatoryEvidence,
  signingInput,
} from '../../src/domain/evidence-bundle.ts'
import { inclusionProof, leafHash, treeRoot } from '../../src/domain/merkle.ts'
import { decide, type PolicyInputs } from '../../src/domain/policy.ts'
import { policyOf, policyVersion } from '../../src/domain/policy-default.ts'
import { unasked } from '../../src/domain/policy-facts.ts'
import { hashOf } from '../../src/domain/transaction.ts'

const pair = (type: 'ec' | 'ed25519') =>
  type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
const made = (type: 'ec' | 'ed25519') => {
  const { publicKey, privateKey } = pair(type)
  return { privateKey, jwk: publicKey.export({ format: 'jwk' }) as Record<string, unknown> }
}

export const keys = {
  evidence: made('ec'),
  otherBank: made('ec'),
  approval: made('ec'),
  stranger: made('ec'),
  log: made('ed25519'),
  otherLog: made('ed25519'),
}

export const issuer = 'https://bank.example/alder'
export const detail = {
  type: 'payment_initiation',
  instructedAmount: { amount: '1240.00', currency: 'EUR' },
  debtorAccount: { iban: 'ES9121000418450200051332' },
  creditorName: 'Nordhaven Energy',
  creditorAccount: { iban: 'DE89370400440532013000' },
}
export const policy = policyOf({ policy: undefined, stepUpOver: { EUR: '500.00' } })
const text = 'Approve this payment?\nAmount: €1,240.00\nTo: Nordhaven Energy'
export const asked = Date.parse('2026-11-24T12:00:00Z')

const inputs: PolicyInputs = {
  facts: {
    transaction: {
      ...{ type: detail.type, kind: 'payment', hasAmount: true, amount: 124000n, currency: 'EUR' },
      ...{ debtorAccount: detail.debtorAccount.iban, creditorAccount: detail.creditorAccount.iban },
      creditorName: detail.creditorName,
    },
    subject: { id: 'sub-1' },
    app: { id: 'alder-api' },
    device: { present: false },
    session: { level: 0n, ageSeconds: 5n },
    history: { knownPayee: false, countDay: 0n, sumDay: 0n },
    risk: unasked,
    time: { hour: 12n, weekday: 2n },
  },
  measures: { step_up_over: 124000n },
  own: [],
}
const decision = decide(policy, inputs)
const plainInputs = JSON.parse(
  JSON.stringify(inputs, (_key, one: unknown) => (typeof one === 'bigint' ? { $int: String(one) } : one)),
)

export const material: EvidenceMaterial = {
  ...{ version: 1, institution: 'alder', id: 'approval-1', reference: 'DB-TEST-0001', subject: 'sub-1' },
  ...{ strength: 'device-key+uv', methods: ['pop', 'pin', 'mca'] },
  request: {
    ...{ relyingParty: 'alder-api', name: 'Alder API', origin: 'backchannel', bindingMessage: null },
    ...{ place: { address: '192.0.2.7' }, numberMatched: true, nonce: 'nonce-1' },
  },
  transaction: { id: 'transaction-1', type: detail.type, hash: hashOf(detail), detail },
  display: { text, language: 'en', template: null },
  policy: {
    ...{ version: policyVersion(policy), outcome: decision.outcome.kind, acr: withDeviceAndPin },
    ...{ reason: decision.reason, inputs: plainInputs },
  },
  risk: [],
  device: {
    ...{ id: 'device-1', enrolledAt: asked - 9000, approvalKey: keys.approval.jwk },
    ...{ approvalKeyRegisteredAt: asked - 5000, attestation: null },
  },
  signature: null,
  answer: { outcome: 'approved', place: { address: '198.51.100.4' }, kilometres: null },
  times: { asked, expires: asked + 300_000, answered: asked + 20_000 },
}

/** An approval on a page: no device signs it. */
export const onPage = (one: EvidenceMaterial): EvidenceMaterial => ({
  ...one,
  ...{ strength: 'pin', methods: ['fed', 'pop', 'pin'], signature: null },
  request: { ...one.request, origin: 'login', numberMatched: false, nonce: null },
})

export interface Change {
  /** Before the device signs. */
  readonly material?: (one: EvidenceMaterial) => EvidenceMaterial
  readonly answer?: {
    readonly claims?: Record<string, unknown>
    readonly typ?: string
    readonly key?: KeyObject
  }
  /** After the device has signed; what the log says follows it. */
  readonly signed?: (one: EvidenceMaterial) => EvidenceMaterial
  readonly event?: (one: AuditEvent) => AuditEvent
  readonly log?: { readonly key?: typeof keys.log; readonly origin?: string; readonly at?: number }
  /** What the evidence key then signs. */
  readonly bundle?: (one: EvidenceBundle) => EvidenceBundle
  readonly header?: Record<string, unknown>
  readonly key?: KeyObject
}

export async function answerTo(
  one: EvidenceMaterial,
  { claims = {}, typ = 'drawbridge-approval+jwt', key = keys.approval.privateKey }: Change['answer'] = {},
): Promise<string> {
  const { id, device, request, transaction, display, times } = one
  const toSign = {
    ...{ aud: issuer, sub: id, device: device?.id, client_id: request.relyingParty },
    ...{ hash: transaction.hash, display: displayHash(display.text), language: display.language },
    ...{ nonce: request.nonce, exp: times.expires / 1000 },
    ...{ answer: 'approve', number: '42', iat: times.answered / 1000, jti: 'jti-1' },
  }
  return new SignJWT({ ...toSign, ...claims }).setProtectedHeader({ alg: 'ES256', typ }).sign(key)
}

function eventOf(one: EvidenceMaterial): AuditEvent {
  const { reference, subject, request, device, transaction, methods, strength, id, signature } = one
  const evidence = contentDigest(one)
  const page = signature === null
  return {
    ...{ type: page ? 'transaction.approved' : 'approval.approved', outcome: 'ok', reference, subject },
    ...{ relyingParty: request.relyingParty, transaction: transaction.hash },
    ...(device !== null && { device: device.id }),
    detail: page
      ? { id: transaction.id ?? '', methods, evidence }
      : { approval: id, origin: request.origin, methods, strength, evidence },
  }
}

function logged(
  event: AuditEvent,
  { key = keys.log, origin = 'bank.example/alder/audit', at }: NonNullable<Change['log']>,
) {
  const place = { institution: 'alder', node: 'n1', counter: 4, settled: 4, at: at ?? asked + 20_010 }
  const body = eventText(event, place, Buffer.alloc(16))
  const leaves = ['a', 'b', 'c', 'd', body, 'f', 'g'].map((leaf) => leafHash(leaf))
  const note = { origin, size: leaves.length, root: treeRoot(leaves) }
  const signature = sign(null, Buffer.from(bodyText(note)), key.privateKey)
  return {
    ...{ event: body, index: 4, proof: inclusionProof(leaves, 4).map((hash) => hash.toString('base64')) },
    checkpoint: noteText(note, Buffer.from(String(key.jwk.x), 'base64url'), signature),
    key: key.jwk,
  }
}

/** What proves one who signed as well: their answer by their own key, in the log. */
export async function signatoryEvidence(
  one: EvidenceMaterial,
  { key = keys.approval, change = {} }: { key?: typeof keys.approval; change?: Change } = {},
): Promise<SignatoryEvidence> {
  const device = one.device && { ...one.device, approvalKey: key.jwk }
  const unsigned = { ...one, device }
  const signed = {
    ...unsigned,
    signature: await answerTo(unsigned, { key: key.privateKey, ...change.answer }),
  }
  const kept = change.signed?.(signed) ?? signed
  return { material: kept, digest: contentDigest(kept), audit: logged(eventOf(kept), change.log ?? {}) }
}

/** The text of a file of evidence. */
export async function evidence(change: Change = {}): Promise<string> {
  const asIs = <T>(one: T): T => one
  const unsigned = (change.material ?? asIs)(material)
  const page = unsigned.strength === 'pin'
  const answered = page ? unsigned : { ...unsigned, signature: await answerTo(unsigned, change.answer) }
  const kept = (change.signed ?? asIs)(answered)
  const event = (change.event ?? asIs)(eventOf(kept))
  const bundle = (change.bundle ?? asIs)({
    ...{ format: 'drawbridge-evidence', version: 1, issuer, material: kept, digest: contentDigest(kept) },
    policy: kept.policy === null ? null : policy,
    audit: logged(event, change.log ?? {}),
  })
  const input = signingInput(change.header ?? { alg: 'ES256', kid: 'k1', typ: evidenceTyp }, bundle)
  const key = { key: change.key ?? keys.evidence.privateKey, dsaEncoding: 'ieee-p1363' } as const
  return fileText({ bundle, signature: detached(input, sign('sha256', Buffer.from(input), key)) })
}
