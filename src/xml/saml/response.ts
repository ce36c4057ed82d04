// The SAML answer, from the form value to a subject: gate, parse, schema, shape, signatures, and only then its content.
import type { XmlDocument, XmlElement } from 'libxml2-wasm'
import { type Check, checksIn } from '../../domain/exchange.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { ExpectedAnswer, WrappedKey } from '../../domain/saml-answer.ts'
import type { UpstreamSubject } from '../../domain/subject.ts'
import { canonical, validate, withDocument } from '../document.ts'
import { attribute, children, isNamed, one, optional, required, textOf, XmlShape } from '../element.ts'
import { gate, XmlRefused } from '../gate.ts'
import { kindOf } from '../kind.ts'
import { NS } from '../names.ts'
import { checkCertificate } from './certificate-check.ts'
import { type Checks, createChecks } from './checks.ts'
import { notOpened, opened, readEncrypted, type Unwrap } from './encryption.ts'
import { decodeForm } from './form-value.ts'
import { assertionIn, checkNoSchemaHints, checkOpened, success } from './shape.ts'
import { type SignedElement, verifiedElement } from './signature.ts'
import { checkAnswers, checkIssued, subjectOf } from './statements.ts'

const entity = 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity'
const assertionPlace = 'Response/Assertion'
const noAuthnContext = 'urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext'

interface Verified {
  /** The response, if a signature covers it. */
  readonly response: string | undefined
  /** The assertion, covered by its own signature or by the response's. */
  readonly assertion: string
  readonly own: boolean
}

interface Judging {
  readonly expected: ExpectedAnswer
  readonly checks: Checks
  readonly unwrap: Unwrap
}

/** Duties D6 to D10: the bytes that signatures cover, and nothing but them. */
function verified(xml: string, root: XmlElement, judging: Judging): Verified {
  const response = signedBytes({ xml, element: root, at: 'root' }, judging)
  if (response !== undefined) {
    return withDocument(gate(response), (signed) => ({
      response,
      ...assertionOf(response, signed, { ...judging, covered: true }),
    }))
  }
  const { assertion, own } = assertionOf(xml, root, { ...judging, covered: false })
  if (!own)
    throw new Refusal('saml.signature_missing', {
      ...{ check: 'signature', expected: 'one', actual: '(none)' },
      place: assertionPlace,
    })
  return { response, assertion, own }
}

/** `covered`: by the verified signature of the response. */
type Holding = Judging & { readonly covered: boolean }

function assertionOf(xml: string, root: XmlElement, holding: Holding) {
  const { expected, checks } = holding
  const element = assertionIn(root)
  if (element === undefined) throw new XmlShape('no assertion')
  const actual = element.name === 'EncryptedAssertion' ? 'encrypted' : 'plain'
  const ok =
    expected.encrypted === 'optional' || (expected.encrypted === 'required') === (actual === 'encrypted')
  checks.hold({ name: 'encryption', ok, expected: expected.encrypted, actual }, 'saml.encrypted')
  if (actual === 'encrypted') return openedAssertion(element, holding)
  return ownSignature({ xml, element, at: 'assertion' }, holding)
}

/** The bytes under a signature that holds, by a certificate that may still be used. */
function signedBytes(signed: Omit<SignedElement, 'certificates'>, { expected, checks }: Judging) {
  const { permits } = checks
  const found = verifiedElement({ ...signed, certificates: expected.idpCertificates, permits })
  const of = signed.element.name === 'Response' ? 'response' : 'assertion'
  if (found !== undefined) checkCertificate({ certificate: found.certificate, of }, expected, checks)
  return found?.bytes
}

function ownSignature(signed: Omit<SignedElement, 'certificates'>, holding: Holding) {
  const bytes = signedBytes(signed, holding)
  // Under a signed response the assertion's text stands inside bytes that are verified; it is cut out canonically.
  return { assertion: bytes ?? canonical(signed.element), own: bytes !== undefined }
}

/** Duty D18: the outer signature was verified before; what comes out passes everything that a plain assertion passes. */
function openedAssertion(element: XmlElement, holding: Holding) {
  const encrypted = readEncrypted(element)
  const { name } = encrypted.cipher
  // Without a tag or a signature around it anyone could try ciphertexts on us until one says something (attack 76).
  if (!encrypted.authentic && !(holding.covered && holding.checks.permits('aes-cbc', name)))
    throw new Refusal('saml.encrypted', { check: 'content encryption', expected: 'aes-gcm', actual: name })
  const xml = plainXml(opened(encrypted, holding.unwrap))
  return withDocument(xml, (root, document) => {
    checkNoSchemaHints(xml, root)
    conforms(document, holding.checks, { root, name: 'schema of the decrypted assertion' })
    checkOpened(root)
    return ownSignature({ xml, element: root, at: 'root' }, holding)
  })
}

/** What is not XML after decryption is told like a decryption that failed: there is only one outcome to see. */
function plainXml(bytes: Buffer): string {
  try {
    const xml = gate(bytes)
    withDocument(xml, () => undefined)
    return xml
  } catch {
    throw new Refusal('saml.encrypted', notOpened)
  }
}

const schemaName = 'SAML 2.0 protocol'

interface Conforming {
  readonly root: XmlElement
  /** Of the check. */
  readonly name?: string
}

/** Duty D4. */
function conforms(document: XmlDocument, checks: Checks, { root, name = 'schema' }: Conforming): void {
  try {
    validate(document, 'protocol')
  } catch (error) {
    const reason = error instanceof XmlRefused ? error.reason : String(error)
    if (checks.permits('schema-warn', reason)) return
    const strange = root.namespaceUri !== NS.samlp && root.namespaceUri !== NS.saml2
    // Some other document: that is more to the point than the validator's words.
    const actual = strange ? `${root.name} of the namespace ${root.namespaceUri || '(none)'}` : reason
    throw new Refusal('saml.schema', { check: name, expected: schemaName, actual: actual.slice(0, 300) })
  }
  checks.hold({ name, ok: true, expected: schemaName, actual: 'valid' }, 'saml.schema')
}

function checkSigned({ response, own }: Verified, expected: ExpectedAnswer, checks: Checks): void {
  const actual =
    [response !== undefined && 'response', own && 'assertion'].filter(Boolean).join(' and ') || '(none)'
  const needs = {
    either: true,
    response: response !== undefined,
    assertion: own,
    both: response !== undefined && own,
  }
  const place = response === undefined && expected.signed !== 'assertion' ? 'Response' : assertionPlace
  checks.hold(
    { name: 'signatures', ok: needs[expected.signed], expected: expected.signed, actual, place },
    'saml.signature_missing',
  )
}

/** What the outer message says. Signed, it must say the right thing; unsigned, it may say nothing wrong (duty D11). */
function checkEnvelope(root: XmlElement, { expected, checks, signed }: Envelope): void {
  const version = { expected: '2.0', actual: attribute(root, 'Version'), place: 'Response@Version' }
  checks.equal('Version of the response', version, 'saml.shape')
  checkStatus(root, checks)
  const destination = attribute(root, 'Destination')
  // SAML Bindings 3.5.5.2: a signed message over POST must carry its Destination.
  if (signed || destination !== undefined) {
    const address = { expected: expected.acsUrl, actual: destination, place: 'Response@Destination' }
    checks.equal('Destination', address, 'saml.destination')
  }
  const issuer = optional(root, NS.saml2, 'Issuer')
  // SAML Profiles 4.1.4.2: a signed response must name its issuer, an unsigned one may.
  if (signed || issuer) {
    const place = issuer ? 'Response/Issuer' : 'Response'
    const named = { expected: expected.idpEntityId, actual: issuer && issuerOf(issuer), place }
    checks.equal('Issuer of the response', named, 'saml.issuer')
  }
  const answers = { of: 'response', place: 'Response@InResponseTo' } as const
  checkAnswers({ ...answers, actual: attribute(root, 'InResponseTo') }, { expected, checks })
}

/** SAML Core 3.2.2.2: a second code says why; one of them, that it cannot ask the customer the way we want. */
function checkStatus(root: XmlElement, checks: Checks): void {
  const code = one(one(root, NS.samlp, 'Status'), NS.samlp, 'StatusCode')
  const why = optional(code, NS.samlp, 'StatusCode')
  const [first, second] = [attribute(code, 'Value'), why && attribute(why, 'Value')]
  const actual = first === success || second === undefined ? first : `${first} ${second}`
  checks.equal(
    'Status',
    { expected: success, actual, place: 'Response/Status/StatusCode' },
    second === noAuthnContext ? 'upstream.too_weak' : 'saml.status',
  )
}

/** SAML Profiles 4.1.4.2: the name of an entity, whose Format is left out or says so. */
function issuerOf(element: XmlElement): string {
  const format = attribute(element, 'Format') ?? entity
  return format === entity ? textOf(element) : `(${format}) ${textOf(element)}`
}

interface Envelope {
  readonly expected: ExpectedAnswer
  readonly checks: Checks
  readonly signed: boolean
}

function read(xml: string, judging: Judging): UpstreamSubject {
  const { expected, checks } = judging
  const bytes = withDocument(xml, (root, document) => {
    checkNoSchemaHints(xml, root)
    conforms(document, checks, { root })
    if (assertionIn(root) === undefined) checkEnvelope(root, { expected, checks, signed: false })
    const found = verified(xml, root, judging)
    checkSigned(found, expected, checks)
    // The unsigned wrapper is held to the same facts: a genuine IdP has no reason to contradict itself (attacks 55, 56).
    if (found.response === undefined) checkEnvelope(root, { expected, checks, signed: false })
    return found
  })
  if (bytes.response !== undefined) {
    withDocument(gate(bytes.response), (root) => {
      checkEnvelope(root, { expected, checks, signed: true })
      checkIssued(root, { assertion: root, expected, checks })
    })
  }
  return withDocument(gate(bytes.assertion), (assertion) => {
    if (!isNamed(assertion, NS.saml2, 'Assertion')) throw new XmlShape('the signed element is no assertion')
    checks.equal(
      'Version of the assertion',
      { expected: '2.0', actual: required(assertion, 'Version'), place: `${assertionPlace}@Version` },
      'saml.shape',
    )
    if (children(assertion).length === 0) throw new XmlShape('empty assertion')
    const subject = subjectOf({ assertion, expected, checks })
    return { ...subject, checks: [...checks.list], verified: bytes.assertion }
  })
}

/** The content key of an encrypted answer is needed, and was not at hand. */
export class KeyNeeded extends Error {
  readonly wrapped: WrappedKey

  constructor(wrapped: WrappedKey) {
    super('a content key is needed')
    this.name = 'KeyNeeded'
    this.wrapped = wrapped
  }
}

/** What was found, check by check, whatever the end. */
export interface Judgement {
  readonly checks: readonly Check[]
  readonly outcome: { readonly subject: UpstreamSubject } | { readonly refusal: Refusal }
}

/**
 * Checks one answer as it came in the form (SAML Bindings 3.5, Profiles 4.1.4; duties D1 to D18). Synchronous and
 * costly: run it in a worker. Whether request and answer were used before is for the caller's stores. Throws nothing
 * but what `unwrap` throws as KeyNeeded.
 */
export function judgeResponse(samlResponse: string, expected: ExpectedAnswer, unwrap: Unwrap): Judgement {
  const checks = createChecks(expected.allow)
  try {
    const subject = read(xmlIn(decodeForm(samlResponse)), { expected, checks, unwrap })
    return { checks: checks.list, outcome: { subject } }
  } catch (error) {
    if (error instanceof KeyNeeded) throw error
    const refusal = withChecks(refusalOf(error), checks.list)
    return { checks: checksIn(refusal.detail), outcome: { refusal } }
  }
}

/** Of what passes no gate it is told what it seems to be: mostly something else was sent, or saved. */
function xmlIn(bytes: Buffer): string {
  try {
    return gate(bytes)
  } catch (error) {
    if (!(error instanceof XmlRefused)) throw error
    throw new XmlRefused(`${error.reason}; it is ${kindOf(bytes)}`)
  }
}

/** What held comes before what did not, whichever way the failing check said so. */
function withChecks({ code, detail }: Refusal, held: readonly Check[]): Refusal {
  const { checks: _known, ...failing } = detail
  const checks = held.some(({ ok }) => !ok) ? held : [...held, ...checksIn(failing)]
  return new Refusal(code, { ...failing, checks: [...checks] })
}

const goodXml = 'one XML document in UTF-8 without DOCTYPE, CDATA, comments or processing instructions'
const profile = 'a Response as SAML Core and the Web Browser SSO profile have it'

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof XmlRefused) {
    const code = error.reason.startsWith('schema') ? 'saml.schema' : 'saml.malformed'
    return new Refusal(code, { check: 'XML', expected: goodXml, actual: error.reason })
  }
  if (error instanceof XmlShape)
    return new Refusal('saml.shape', { check: 'shape', expected: profile, actual: error.message })
  const actual = String(error).slice(0, 200)
  return new Refusal('saml.malformed', { check: 'unforeseen', expected: profile, actual })
}

const noKey: Unwrap = () => {
  throw new Refusal('saml.encrypted', { check: 'decryption key', expected: 'one', actual: '(none)' })
}

/**
 * The subject of a good answer. Throws a Refusal with a `saml.` code; the detail names the check, what was expected and
 * what was there.
 */
export function checkResponse(
  samlResponse: string,
  expected: ExpectedAnswer,
  unwrap: Unwrap = noKey,
): UpstreamSubject {
  const { outcome } = judgeResponse(samlResponse, expected, unwrap)
  if ('refusal' in outcome) throw outcome.refusal
  return outcome.subject
}
