// Is this bundle evidence of what it says? Pure: each check looks at one thing, and what fails is named by it.
import canonicalize from 'canonicalize'
import { satisfies, withDevice, withDeviceAndPin } from './acr.ts'
import { approvalTyp, claimMisfit, hashOfSignIn } from './approval.ts'
import { displayHash } from './approval-display.ts'
import { noteIsBy, readNote } from './checkpoint.ts'
import { decidedAgain } from './customer-transaction.ts'
import { proofSeconds } from './device.ts'
import { contentDigest, type EvidenceMaterial, type Strength, withIntegers } from './evidence.ts'
import { type EvidenceBundle, evidenceTyp, type SignatoryEvidence } from './evidence-bundle.ts'
import { leafHash, verifyInclusion } from './merkle.ts'
import type { Outcome } from './outcome.ts'
import type { PolicyInputs } from './policy.ts'
import { lacking, type NeededSignatories } from './signatories.ts'
import { hashOf } from './transaction.ts'

const evidenceCheckNames = [
  'signature',
  'material',
  'event',
  'log',
  'checkpoint',
  'transaction',
  'display',
  'device',
  'policy',
  'times',
  'strength',
  'signatories',
] as const
export type EvidenceCheckName = (typeof evidenceCheckNames)[number]

export interface EvidenceCheck {
  readonly name: EvidenceCheckName
  readonly ok: boolean
  /** What was found, or why it does not hold. */
  readonly says: string
}

/** What a JWS turned out to be. */
export type ReadJws =
  | { readonly kind: 'good'; readonly typ: unknown; readonly payload: unknown }
  | { readonly kind: 'bad'; readonly why: string }

export type PublicJwk = Readonly<Record<string, unknown>>

export interface ToCheck {
  readonly bundle: EvidenceBundle
  /** The signature over the bundle, by the key that whoever asks has given. */
  readonly signature: ReadJws
  /** The answer of the device, by the approval key in the material; undefined where there is none. */
  readonly answer: ReadJws | undefined
  /** The answers of those who signed as well, in the order of the bundle; none where nobody did. */
  readonly signed?: readonly (ReadJws | undefined)[] | undefined
  /** Of the log, one behind the other in time, where whoever asks knows them from elsewhere. */
  readonly checkpointKeys: readonly PublicJwk[] | undefined
}

/** What failed; undefined is what holds. */
type Fault = string | undefined
type Check = readonly [name: EvidenceCheckName, holds: string, fault: (given: ToCheck) => Fault]

const checks: readonly Check[] = [
  ['signature', 'the bundle is signed by the evidence key that was given', signatureFault],
  ['material', 'its digest is that of the material', materialFault],
  ['event', 'the audit event is of this approval and names the digest', eventFault],
  ['log', 'the event is in the tree of the checkpoint', logFault],
  ['checkpoint', 'the checkpoint is signed by the key of the log', checkpointFault],
  ['transaction', 'the hash is that of the transaction', transactionFault],
  ['display', 'the text is the one whose hash the answer names', displayFault],
  ['device', 'the answer is signed by the approval key, and says yes to this', deviceFault],
  ['policy', 'the policy decides the same again', policyFault],
  ['times', 'the times are in order', timesFault],
  ['strength', 'the strength is no more than what is proven', strengthFault],
  ['signatories', 'as many others signed the same as the policy wanted', signatoriesFault],
]

/** All of them, also behind one that fails. Total: the bundle may come from an attacker. */
export function evidenceChecks(given: ToCheck): EvidenceCheck[] {
  return checks.map(([name, holds, fault]) => {
    const why = orFault(() => fault(given))
    return { name, ok: why === undefined, says: why ?? sayingOf(name, given) ?? holds }
  })
}

function orFault(look: () => Fault): Fault {
  try {
    return look()
  } catch {
    return 'it cannot be read'
  }
}

const onPage = ({ bundle }: ToCheck): boolean => bundle.material.signature === null

/** Where nothing was there to look at, that is said in the place of what holds. */
function sayingOf(name: EvidenceCheckName, given: ToCheck): string | undefined {
  if (name === 'device' && onPage(given))
    return 'no device signed: the PIN was typed on a page of the institution'
  if (name === 'display' && onPage(given))
    return 'no device names the text: the log alone says that it was this one'
  if (name === 'policy' && given.bundle.material.policy === null) return 'a sign-in: no policy decided'
  if (name === 'signatories' && isSignatorys(given.bundle.material))
    return 'the approval of one signatory: whether enough signed, the evidence of the transaction says'
  if (name === 'signatories' && neededIn(given) === undefined) return 'nobody else had to sign'
  if (name === 'checkpoint' && given.checkpointKeys !== undefined)
    return 'the checkpoint is signed by the key of the log that was given'
  return undefined
}

function signatureFault({ signature }: ToCheck): Fault {
  if (signature.kind === 'bad') return signature.why
  return signature.typ === evidenceTyp ? undefined : `the signature is no ${evidenceTyp}`
}

function materialFault({ bundle: { material, digest } }: ToCheck): Fault {
  return contentDigest(material) === digest ? undefined : 'the material is not the one of this digest'
}

/** What the event of an approval must say; `detail` names are those of flows/answer-approval and flows/login-decision. */
function eventOf({ material, digest }: EvidenceBundle) {
  const { institution, reference, subject, request, transaction, device, strength } = material
  const page = material.signature === null
  return {
    event: {
      ...{ v: 1, institution, reference, subject, transaction: transaction.hash },
      outcome: material.answer.outcome === 'held' ? 'refused' : 'ok',
      ...{ type: page ? 'transaction.approved' : `approval.${material.answer.outcome}` },
      ...{ relyingParty: request.relyingParty, device: device?.id },
    },
    detail: {
      evidence: digest,
      ...(page ? { id: transaction.id } : { approval: material.id, origin: request.origin, strength }),
    },
  }
}

interface LoggedEvent extends Readonly<Record<string, unknown>> {
  readonly detail: Readonly<Record<string, unknown>>
}

const loggedEvent = ({ audit }: EvidenceBundle) => JSON.parse(audit.event) as LoggedEvent

function eventFault({ bundle }: ToCheck): Fault {
  const said = loggedEvent(bundle)
  if (canonicalize(said) !== bundle.audit.event) return 'the event is not in its canonical form'
  const { event, detail } = eventOf(bundle)
  const misfit = misfitOf(said, event) ?? misfitOf(said.detail, detail)
  if (misfit !== undefined) return `the event is of another ${misfit}`
  return canonicalize(said.detail.methods) === canonicalize(bundle.material.methods)
    ? undefined
    : 'the event names other methods'
}

const misfitOf = (
  said: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): string | undefined => Object.entries(wanted).find(([name, value]) => said[name] !== value)?.[0]

function logFault({ bundle: { audit } }: ToCheck): Fault {
  const note = readNote(audit.checkpoint)
  if (note === undefined) return 'the checkpoint is no signed note'
  const proof = audit.proof.map((hash) => Buffer.from(hash, 'base64'))
  const { size, root } = note
  return verifyInclusion({ leaf: leafHash(audit.event), index: audit.index, size, root }, proof)
    ? undefined
    : 'the path does not lead from the event to the checkpoint'
}

function checkpointFault({ bundle: { audit, issuer }, checkpointKeys }: ToCheck): Fault {
  const note = readNote(audit.checkpoint)
  if (note === undefined) return 'the checkpoint is no signed note'
  if (note.origin !== `${issuer.replace(/^https?:\/\//, '')}/audit`) return 'the checkpoint is of another log'
  if (checkpointKeys?.some((key) => noteIsBy(note, pointOf(key))) === false)
    return 'the checkpoint is not signed by the key that was given'
  return noteIsBy(note, pointOf(audit.key)) ? undefined : 'the checkpoint is not signed by the key of the log'
}

const pointOf = ({ x }: PublicJwk): Buffer => Buffer.from(String(x), 'base64url')

function transactionFault({ bundle: { material } }: ToCheck): Fault {
  const { transaction, request, id } = material
  const { detail, type, hash } = transaction
  if ((detail?.type ?? null) !== type) return 'the transaction is of another type'
  const { relyingParty } = request
  const approved = detail === null ? hashOfSignIn({ id, relyingParty }) : hashOf(detail)
  return approved === hash ? undefined : 'the transaction is not the one of this hash'
}

const claimsOf = ({ answer }: ToCheck): Readonly<Record<string, unknown>> =>
  answer?.kind === 'good' && typeof answer.payload === 'object' && answer.payload !== null
    ? (answer.payload as Record<string, unknown>)
    : {}

function displayFault(given: ToCheck): Fault {
  if (onPage(given)) return undefined
  const { text, language } = given.bundle.material.display
  const claims = claimsOf(given)
  if (claims.display !== displayHash(text)) return 'the device signed the hash of another text'
  return claims.language === language ? undefined : 'the device signed a text of another language'
}

function deviceFault(given: ToCheck): Fault {
  const { material, issuer } = given.bundle
  const { device, request, times, display, transaction } = material
  if (onPage(given)) return device === null ? 'no device is named' : undefined
  const { answer } = given
  if (answer === undefined || device === null || device.approvalKey === null)
    return 'no approval key is named'
  if (answer.kind === 'bad') return answer.why
  if (answer.typ !== approvalTyp) return `the answer is no ${approvalTyp}`
  const claims = claimsOf(given)
  const misfit = claimMisfit(claims, {
    ...{ aud: issuer, sub: material.id, device: device.id, client_id: request.relyingParty },
    ...{ hash: transaction.hash, display: displayHash(display.text), language: display.language },
    ...{ nonce: request.nonce ?? '', exp: Math.floor(times.expires / 1000) },
  })
  if (misfit !== undefined) return `the answer is to another question: ${misfit}`
  if (claims.answer !== 'approve') return 'the answer is not a yes'
  const numbered = typeof claims.number === 'string' && /^\d\d$/.test(claims.number)
  return request.numberMatched && !numbered ? 'the answer names no number' : undefined
}

function policyFault({ bundle }: ToCheck): Fault {
  const { policy: kept, transaction } = bundle.material
  if (kept === null) return transaction.id === null ? undefined : 'no decision is named'
  const { version, reason, acr, by, signatories } = kept
  const outcome = (
    kept.outcome === 'step-up' ? { kind: 'step-up', acr, by, signatories } : { kind: kept.outcome }
  ) as Outcome
  const inputs = withIntegers(kept.inputs) as PolicyInputs
  const { facts } = inputs
  const { subject, request } = bundle.material
  if (
    facts.transaction.type !== transaction.type ||
    // Who signs as well is never who began it.
    (facts.subject.id === subject) === isSignatorys(bundle.material) ||
    facts.app.id !== request.relyingParty
  )
    return 'it was decided on another transaction'
  const again = decidedAgain(
    { policy: version, inputs, decision: { outcome, reason } },
    bundle.policy ?? undefined,
  )
  if (again.kind === 'no-policy') return 'the policy of this version is not there'
  if (again.kind === 'other-policy') return 'the policy is not the one of this version'
  if (again.kind === 'other') return `it decides otherwise: ${again.decision.reason}`
  return outcome.kind === 'deny' || outcome.kind === 'review' ? 'the policy did not allow it' : undefined
}

function timesFault(given: ToCheck): Fault {
  const { device, times, signature } = given.bundle.material
  const logged = Date.parse(String(loggedEvent(given.bundle).at))
  const { asked, answered, expires } = times
  if (!(asked <= answered && answered <= expires)) return 'it was answered before it was asked, or too late'
  if (!(answered <= logged)) return 'the log has it before it was answered'
  if (device !== null && !(device.enrolledAt <= answered)) return 'the device was enrolled later'
  if (signature === null) return undefined
  const registered = device?.approvalKeyRegisteredAt ?? Number.NaN
  if (!(registered <= answered)) return 'the approval key was registered later'
  const signedAt = Number(claimsOf(given).iat) * 1000
  return Math.abs(answered - signedAt) <= proofSeconds * 1000
    ? undefined
    : 'the device signed at another time'
}

const needed: Readonly<Record<Exclude<Strength, 'agent'>, readonly string[]>> = {
  'device-key+uv': ['pop', 'pin'],
  'device-key': ['pop'],
  pin: ['pop', 'pin'],
  code: ['pop', 'sms'],
}

/** What is typed on our page, and signed by no key of the customer. */
const typed: readonly Strength[] = ['pin', 'code']

function strengthFault(given: ToCheck): Fault {
  const { strength, methods, policy, signature } = given.bundle.material
  if (strength === 'agent') return 'this version cannot tell what an agent proves'
  const signed = signature !== null && deviceFault(given) === undefined
  if (!typed.includes(strength) && !signed) return 'no approval key signed it'
  const missing = needed[strength].find((method) => !methods.includes(method))
  if (missing !== undefined) return `it names no ${missing}`
  const level = ['device-key', 'code'].includes(strength) ? withDevice : withDeviceAndPin
  return satisfies(level, policy?.acr ?? undefined) ? undefined : 'the policy asked for more'
}

const isSignatorys = ({ request }: EvidenceMaterial): boolean => request.origin === 'signatory'

/** Who had to sign beside the customer; undefined where nobody had to, or it is the approval of one of them. */
const neededIn = ({ bundle: { material } }: ToCheck): NeededSignatories | undefined =>
  isSignatorys(material) ? undefined : material.policy?.signatories

/** What each of those who signed has to prove by itself. */
const ofEach = checks.filter(([name]) => name !== 'signature' && name !== 'signatories')

function signatoriesFault(given: ToCheck): Fault {
  const needed = neededIn(given)
  const { signatories = [], material } = given.bundle
  if (needed === undefined)
    return signatories.length === 0 ? undefined : 'somebody signed who did not have to'
  const fault = signatories.map((one, n) => signatoryFault(given, one, given.signed?.[n])).find((why) => why)
  if (fault !== undefined) return fault
  const people = [material, ...signatories.map((one) => one.material)]
  if (new Set(people.map(({ subject }) => subject)).size < people.length) return 'one person signed twice'
  const keys = people.flatMap(({ device }) => (device?.approvalKey ? [canonicalize(device.approvalKey)] : []))
  if (new Set(keys).size < keys.length) return 'two people signed with one key'
  const signed = signatories.map((one) => ({
    ...{ subject: one.material.subject, role: one.material.request.role ?? '' },
  }))
  const [missing] = lacking(needed, signed)
  return missing === undefined ? undefined : `too few signed as ${missing}`
}

function signatoryFault(given: ToCheck, one: SignatoryEvidence, answer: ReadJws | undefined): Fault {
  const { bundle } = given
  const { transaction, policy, institution } = bundle.material
  const { material } = one
  if (!isSignatorys(material) || material.answer.outcome !== 'approved') return 'one of them did not sign it'
  if (material.transaction.hash !== transaction.hash || material.transaction.id !== transaction.id)
    return 'one of them signed another transaction'
  if (material.policy?.version !== policy?.version || material.institution !== institution)
    return 'one of them signed by another policy'
  // Of the one log: its key is named once.
  const audit = { ...one.audit, key: bundle.audit.key }
  const own = { ...given, bundle: { ...bundle, ...one, audit }, answer, signed: undefined }
  return ofEach
    .map(([name, , fault]) =>
      named(
        name,
        orFault(() => fault(own)),
      ),
    )
    .find((why) => why)
}

const named = (name: EvidenceCheckName, why: Fault): Fault =>
  why === undefined ? undefined : `of one who signed, ${name}: ${why}`
