// Messages to cores: WS-Security 1.1 with a sender-vouches assertion, signed as real verifiers accept it (ruling R-27).
import type { Signer } from '../../ports/key-store.ts'
import { text } from '../emit.ts'
import { ALG, NS } from '../names.ts'
import { samlInstant } from '../saml/time.ts'
import { type Covered, signatureXml } from '../signed-info.ts'
import { type SoapVersion, soapNamespace } from '../soap.ts'

export interface MessageContent {
  readonly soap: SoapVersion
  /** Exclusive-canonical children of the Body. */
  readonly bodyXml: string
  /** A signed assertion in canonical form, and its ID. */
  readonly assertion: string
  readonly assertionId: string
  readonly now: number
  readonly ttlSeconds: number
  readonly addressing:
    | { readonly to: string; readonly action: string; readonly messageId: string }
    | undefined
  /** How the message signature covers the assertion. Verifiers without the STR-Transform need `id`. */
  readonly assertionBy?: 'str-transform' | 'id'
}

interface Part {
  readonly xml: string
  readonly covered: Covered
}

/** A header or body element that the signature covers: it repeats its declarations, so that it is canonical as it stands. */
const part = (id: string, xml: string): Part => ({ xml, covered: { id, canonical: xml, by: 'detached' } })

function timestamp(now: number, ttlSeconds: number): Part {
  const expires = samlInstant(now + ttlSeconds * 1000)
  return part(
    'TS-1',
    `<wsu:Timestamp xmlns:wsu="${NS.wsu}" wsu:Id="TS-1"><wsu:Created>${samlInstant(now)}</wsu:Created>` +
      `<wsu:Expires>${expires}</wsu:Expires></wsu:Timestamp>`,
  )
}

function addressingParts({ addressing }: MessageContent): Part[] {
  if (!addressing) return []
  const header = (name: string, content: string) =>
    part(
      `WSA-${name}`,
      `<wsa:${name} xmlns:wsa="${NS.wsa}" xmlns:wsu="${NS.wsu}" wsu:Id="WSA-${name}">${text(content)}</wsa:${name}>`,
    )
  return [
    header('To', addressing.to),
    header('Action', addressing.action),
    header('MessageID', addressing.messageId),
  ]
}

/** The STR that stands for the assertion, and what the signature covers through it (SAML Token Profile 1.1, 3.4). */
function assertionReference({ assertion, assertionId, assertionBy = 'str-transform' }: MessageContent): Part {
  const xml =
    `<wsse:SecurityTokenReference xmlns:wsse11="${NS.wsse11}" wsse11:TokenType="${ALG.saml2Token}" wsu:Id="STR-SAML">` +
    `<wsse:KeyIdentifier ValueType="${ALG.samlId}">${text(assertionId)}</wsse:KeyIdentifier></wsse:SecurityTokenReference>`
  if (assertionBy === 'id') return { xml, covered: { id: assertionId, canonical: assertion, by: 'detached' } }
  // WSS SOAP Message Security 1.1, 8.3: the apex of the dereferenced token carries xmlns="".
  const canonical = assertion.replace('<saml2:Assertion', '<saml2:Assertion xmlns=""')
  return { xml, covered: { id: 'STR-SAML', canonical, by: 'str-transform' } }
}

const keyInfo =
  '<wsse:SecurityTokenReference wsu:Id="STR-KI">' +
  `<wsse:Reference URI="#X509-1" ValueType="${ALG.x509v3}"></wsse:Reference></wsse:SecurityTokenReference>`

/** The whole envelope. The bytes are final: anything that reformats them breaks the signature. */
export async function secureMessage(content: MessageContent, signer: Signer): Promise<string> {
  const soap = soapNamespace[content.soap]
  const stamp = timestamp(content.now, content.ttlSeconds)
  const body = part(
    'Body-1',
    `<soap:Body xmlns:soap="${soap}" xmlns:wsu="${NS.wsu}" wsu:Id="Body-1">${content.bodyXml}</soap:Body>`,
  )
  const reference = assertionReference(content)
  const addressing = addressingParts(content)
  const covered = [stamp, body, ...addressing, reference].map((one) => one.covered)
  const signature = await signatureXml({ covered, keyInfo, attributes: ' Id="SIG-1"' }, signer)
  const token =
    `<wsse:BinarySecurityToken EncodingType="${ALG.base64}" ValueType="${ALG.x509v3}" wsu:Id="X509-1">` +
    `${signer.certificate}</wsse:BinarySecurityToken>`
  return (
    `<soap:Envelope xmlns:soap="${soap}"><soap:Header>${addressing.map(({ xml }) => xml).join('')}` +
    `<wsse:Security xmlns:wsse="${NS.wsse}" xmlns:wsu="${NS.wsu}" soap:mustUnderstand="${content.soap === '1.1' ? '1' : 'true'}">` +
    `${token}${stamp.xml}${content.assertion}${reference.xml}${signature}</wsse:Security></soap:Header>${body.xml}</soap:Envelope>`
  )
}
