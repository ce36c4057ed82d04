// The SAML answer, from the form value to a subject: gate, parse, schema, shape, signatures, and only then its content.
import type { XmlElement } from 'libxml2-wasm'
import { Refusal } from '../../domain/refusal.ts'
import type { ExpectedAnswer } from '../../domain/saml-answer.ts'
import type { UpstreamSubject } from '../../domain/subject.ts'
import { canonical, validate, withDocument } from '../document.ts'
import {
  attribute,
  children,
  descendants,
  isNamed,
  named,
  one,
  optional,
  required,
  textOf,
  XmlShape,
} from '../element.ts'
import { gate, XmlRefused } from '../gate.ts'
import { NS } from '../names.ts'
import { type Checks, createChecks } from './checks.ts'
import { verifiedBytes } from './signature.ts'
import { checkIssued, subjectOf } from './statements.ts'

const entity = 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity'
const success = 'urn:oasis:names:tc:SAML:2.0:status:Success'
const longestForm = 256 * 1024

/** Strict base64 (duty D1): no white space, no URL alphabet, canonical padding. */
function decode(value: string): Buffer {
  if (value.length > longestForm || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) {
    throw new Refusal('saml.malformed', { check: 'base64' })
  }
  const bytes = Buffer.from(value, 'base64')
  if (bytes.toString('base64') !== value) throw new Refusal('saml.malformed', { check: 'base64' })
  return bytes
}

/** Duty D5: what may stand where, before anything is believed. */
function checkShape(root: XmlElement): void {
  const shape = (actual: string) => new Refusal('saml.shape', { check: 'shape', actual })
  if (!isNamed(root, NS.samlp, 'Response')) throw shape(`root is ${root.name}`)
  if (named(root, NS.saml2, 'EncryptedAssertion').length > 0)
    throw new Refusal('saml.encrypted', { check: 'encryption' })
  // An IdP that could not or would not sign the customer in says so, and sends no assertion.
  const failed = attribute(one(one(root, NS.samlp, 'Status'), NS.samlp, 'StatusCode'), 'Value') !== success
  const [assertion, second] = named(root, NS.saml2, 'Assertion')
  if (second) throw shape('two assertions')
  for (const element of descendants(root)) {
    const place = placeOf(element, root, assertion)
    if (!place) throw shape(`${element.name} where none may be`)
  }
  if (!assertion && !failed) throw shape('no assertion')
}

const singular: ReadonlySet<string> = new Set([
  'Response',
  'Assertion',
  'EncryptedAssertion',
  'Signature',
  'Advice',
])

/** Elements of these names have one place each, whatever their namespace (attacks 1 to 15). */
function placeOf(element: XmlElement, root: XmlElement, assertion: XmlElement | undefined): boolean {
  if (!singular.has(element.name)) return true
  const { parent } = element
  const under = (place: XmlElement | undefined) =>
    place !== undefined && parent !== null && same(parent, place)
  switch (element.name) {
    case 'Response':
      return same(element, root)
    case 'Assertion':
      return assertion !== undefined && same(element, assertion)
    case 'Signature':
      return element.namespaceUri === NS.ds && (under(root) || under(assertion))
    default:
      return false
  }
}

// libxml2-wasm wraps a node anew each time it is reached, so that `===` says nothing.
const same = (a: XmlElement, b: XmlElement): boolean => a.isSameNode(b)

/** No message tells the validator where to load a schema from (XML Schema 4.3.2 lets it try). */
function checkNoSchemaHints(xml: string, root: XmlElement): void {
  if (!/schemaLocation/i.test(xml)) return
  for (const element of descendants(root)) {
    const hint = element.attrs.find(
      ({ namespaceUri, name }) => namespaceUri === NS.xsi && /schemaLocation$/i.test(name),
    )
    if (hint) throw new XmlRefused(`schema: ${hint.name} in ${element.name}`)
  }
}

interface Verified {
  /** The response, if a signature covers it. */
  readonly response: string | undefined
  /** The assertion, covered by its own signature or by the response's. */
  readonly assertion: string
  readonly own: boolean
}

/** Duties D6 to D10: the bytes that signatures cover, and nothing but them. */
function verified(xml: string, root: XmlElement, certificates: readonly string[]): Verified {
  const response = verifiedBytes({ xml, element: root, at: 'root', certificates })
  if (response !== undefined) {
    return withDocument(gate(response), (signed) => ({
      response,
      ...ownSignature(response, signed, certificates),
    }))
  }
  const { assertion, own } = ownSignature(xml, root, certificates)
  if (!own) throw new Refusal('saml.signature_missing', { check: 'signature' })
  return { response, assertion, own }
}

function ownSignature(xml: string, root: XmlElement, certificates: readonly string[]) {
  const element = one(root, NS.saml2, 'Assertion')
  const bytes = verifiedBytes({ xml, element, at: 'assertion', certificates })
  // Under a signed response the assertion's text stands inside bytes that are verified; it is cut out canonically.
  return { assertion: bytes ?? canonical(element), own: bytes !== undefined }
}

function checkSigned({ response, own }: Verified, expected: ExpectedAnswer, checks: Checks): void {
  const actual = [response !== undefined && 'response', own && 'assertion'].filter(Boolean).join(' and ')
  const needs = {
    either: true,
    response: response !== undefined,
    assertion: own,
    both: response !== undefined && own,
  }
  checks.hold(
    { name: 'signatures', ok: needs[expected.signed], expected: expected.signed, actual },
    'saml.signature_missing',
  )
}

/** What the outer message says. Signed, it must say the right thing; unsigned, it may say nothing wrong (duty D11). */
function checkEnvelope(root: XmlElement, { expected, checks, signed }: Envelope): void {
  checks.equal('Version', { expected: '2.0', actual: attribute(root, 'Version') }, 'saml.shape')
  const status = attribute(one(one(root, NS.samlp, 'Status'), NS.samlp, 'StatusCode'), 'Value')
  checks.equal('Status', { expected: success, actual: status }, 'saml.status')
  const destination = attribute(root, 'Destination')
  // SAML Bindings 3.5.5.2: a signed message over POST must carry its Destination.
  if (signed || destination !== undefined) {
    checks.equal('Destination', { expected: expected.acsUrl, actual: destination }, 'saml.destination')
  }
  const issuer = optional(root, NS.saml2, 'Issuer')
  // SAML Profiles 4.1.4.2: a signed response must name its issuer, an unsigned one may.
  if (signed || issuer) {
    const named = { expected: expected.idpEntityId, actual: issuer && issuerOf(issuer) }
    checks.equal('Issuer of the response', named, 'saml.issuer')
  }
  const answers = { expected: expected.requestId, actual: attribute(root, 'InResponseTo') }
  checks.equal('InResponseTo of the response', answers, 'saml.in_response_to')
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

function read(xml: string, expected: ExpectedAnswer): UpstreamSubject {
  const checks = createChecks()
  const bytes = withDocument(xml, (root, document) => {
    checkNoSchemaHints(xml, root)
    validate(document, 'protocol')
    checks.hold({ name: 'schema', ok: true, expected: 'SAML 2.0 protocol', actual: 'valid' }, 'saml.schema')
    checkShape(root)
    if (named(root, NS.saml2, 'Assertion').length === 0)
      checkEnvelope(root, { expected, checks, signed: false })
    const found = verified(xml, root, expected.idpCertificates)
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
      { expected: '2.0', actual: required(assertion, 'Version') },
      'saml.shape',
    )
    if (children(assertion).length === 0) throw new XmlShape('empty assertion')
    const subject = subjectOf({ assertion, expected, checks })
    return { ...subject, checks: [...checks.list], verified: bytes.assertion }
  })
}

/**
 * Checks one answer as it came in the form (SAML Bindings 3.5, Profiles 4.1.4; duties D1 to D17). Synchronous and
 * costly: run it in a worker. Throws a Refusal with a `saml.` code; the detail names the check, what was expected and
 * what was there. Whether request and answer were used before is for the caller's stores.
 */
export function checkResponse(samlResponse: string, expected: ExpectedAnswer): UpstreamSubject {
  try {
    return read(gate(decode(samlResponse)), expected)
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (error instanceof XmlRefused) {
      const code = error.reason.startsWith('schema') ? 'saml.schema' : 'saml.malformed'
      throw new Refusal(code, { check: 'XML', actual: error.reason })
    }
    if (error instanceof XmlShape) throw new Refusal('saml.shape', { check: 'shape', actual: error.message })
    throw new Refusal('saml.malformed', { check: 'unforeseen', actual: String(error).slice(0, 200) })
  }
}
