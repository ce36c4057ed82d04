// Logout messages of an IdP: signed or nothing, then strictly what SAML Profiles 4.4 lets them say.
import type { XmlElement } from 'libxml2-wasm'
import { Refusal } from '../../domain/refusal.ts'
import {
  type ExpectedLogout,
  type LogoutFacts,
  type LogoutMessage,
  type LogoutRequest,
  type LogoutResponse,
  logoutRequestSeconds,
} from '../../domain/saml-logout.ts'
import { validate, withDocument } from '../document.ts'
import {
  attribute,
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
import { NAME_ID, NS } from '../names.ts'
import { checkCertificate } from './certificate-check.ts'
import { type Checks, createChecks } from './checks.ts'
import { decodeForm } from './form-value.ts'
import { type MessageName, readRedirect } from './redirect-binding.ts'
import { checkNoSchemaHints } from './shape.ts'
import { type VerifiedElement, verifiedElement } from './signature.ts'
import { instantOf } from './time.ts'

const kinds: Readonly<Record<MessageName, string>> = {
  SAMLRequest: 'LogoutRequest',
  SAMLResponse: 'LogoutResponse',
}
const status = 'urn:oasis:names:tc:SAML:2.0:status:'

/** One place each for what could be taken for the message or its signature. */
const singular: ReadonlySet<string> = new Set(['LogoutRequest', 'LogoutResponse', 'Response', 'Assertion'])

function checkShape(root: XmlElement, name: MessageName): void {
  const shape = (actual: string) => new Refusal('saml.shape', { check: 'shape', actual })
  if (!isNamed(root, NS.samlp, kinds[name])) throw shape(`root is ${root.name}`)
  if (named(root, NS.saml2, 'EncryptedID').length > 0)
    throw new Refusal('saml.encrypted', { check: 'encryption' })
  for (const element of descendants(root)) {
    const stray = singular.has(element.name) && !element.isSameNode(root)
    const signed = element.name === 'Signature' && !element.parent?.isSameNode(root)
    if (stray || signed) throw shape(`${element.name} where none may be`)
  }
}

interface SignedMessage extends VerifiedElement {
  readonly name: MessageName
}

/** The text of the message that a signature of the IdP covers; refuses where there is none (attack 80). */
function signedText(message: LogoutMessage, { idpCertificates }: ExpectedLogout): SignedMessage {
  const redirect = message.binding === 'redirect' ? readRedirect(message.query, idpCertificates) : undefined
  const name = redirect?.name ?? (message as { name: MessageName }).name
  const xml = gate(redirect?.xml ?? decodeForm((message as { value: string }).value))
  const signed = withDocument(xml, (root, document) => {
    checkShape(root, name)
    checkNoSchemaHints(xml, root)
    validate(document, 'protocol')
    if (redirect === undefined)
      return verifiedElement({ xml, element: root, at: 'root', certificates: idpCertificates })
    // Bindings 3.4.4.1: by redirect the XML carries no signature of its own.
    if (optional(root, NS.ds, 'Signature')) throw new XmlShape('a signature inside a redirect')
    return { bytes: xml, certificate: redirect.certificate }
  })
  if (signed === undefined) throw new Refusal('saml.signature_missing', { check: 'signature' })
  return { name, ...signed }
}

function checkCommon(root: XmlElement, expected: ExpectedLogout, checks: Checks): void {
  checks.equal('Version', { expected: '2.0', actual: attribute(root, 'Version') }, 'saml.shape')
  // Profiles 4.4.4: the issuer must be there; Bindings 3.4.5.2 and 3.5.5.2: so must the destination of what is signed.
  const issuer = textOf(one(root, NS.saml2, 'Issuer'))
  checks.equal('Issuer', { expected: expected.idpEntityId, actual: issuer }, 'saml.issuer')
  const destination = { expected: expected.destination, actual: attribute(root, 'Destination') }
  checks.equal('Destination', destination, 'saml.destination')
}

function requestOf(root: XmlElement, expected: ExpectedLogout, checks: Checks): LogoutRequest {
  const { now, skewSeconds } = expected
  const skew = skewSeconds * 1000
  const issued = instant(root, 'IssueInstant') as number
  const until = Math.min(instant(root, 'NotOnOrAfter') ?? Infinity, issued + logoutRequestSeconds * 1000)
  const at = { expected: new Date(now).toISOString(), actual: attribute(root, 'IssueInstant') ?? '' }
  checks.hold({ name: 'IssueInstant', ok: issued <= now + skew, ...at }, 'saml.not_yet_valid')
  checks.hold({ name: 'NotOnOrAfter', ok: now - skew < until, ...at }, 'saml.expired')
  const name = one(root, NS.saml2, 'NameID')
  const nameId = {
    format: attribute(name, 'Format') ?? NAME_ID.unspecified,
    value: textOf(name),
    nameQualifier: attribute(name, 'NameQualifier'),
    spNameQualifier: attribute(name, 'SPNameQualifier'),
  }
  return {
    kind: 'request',
    id: required(root, 'ID'),
    nameId,
    sessionIndexes: named(root, NS.samlp, 'SessionIndex').map(textOf),
    rememberUntil: until + 2 * skew,
  }
}

function instant(root: XmlElement, name: string): number | undefined {
  const given = attribute(root, name)
  const at = given === undefined ? undefined : instantOf(given)
  if (given !== undefined && at === undefined) throw new XmlShape(`${name} is no UTC instant`)
  return at
}

function responseOf(root: XmlElement): LogoutResponse {
  const codes = [...descendants(one(root, NS.samlp, 'Status'))]
    .filter((element) => isNamed(element, NS.samlp, 'StatusCode'))
    .map((element) => required(element, 'Value'))
  const partial = codes.includes(`${status}PartialLogout`)
  const whole = codes[0] === `${status}Success` ? 'success' : 'failed'
  return {
    kind: 'response',
    inResponseTo: required(root, 'InResponseTo'),
    status: partial ? 'partial' : whole,
  }
}

/**
 * Checks one logout message. Synchronous and costly: run it in a worker. Throws a Refusal with a `saml.` code. Whether its
 * ID was seen before, and whether it answers a request of ours, is for the caller's stores.
 */
export function checkLogout(message: LogoutMessage, expected: ExpectedLogout): LogoutFacts {
  try {
    const { name, bytes, certificate } = signedText(message, expected)
    return withDocument(gate(bytes), (root) => {
      const checks = createChecks([])
      checkCertificate({ certificate, of: 'message' }, expected, checks)
      checkCommon(root, expected, checks)
      return name === 'SAMLRequest' ? requestOf(root, expected, checks) : responseOf(root)
    })
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
