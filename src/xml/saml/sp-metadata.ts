// What an FI's administrator loads into the IdP: our side of one connection (SAML Metadata 2.4.4).
import { value } from '../emit.ts'
import { NS } from '../names.ts'
import { samlInstant } from './time.ts'

export interface SpMetadata {
  readonly entityId: string
  readonly acsUrl: string
  readonly nameIdFormat: string
  /** Base64 DER. */
  readonly certificate: string
  readonly validUntil: number
}

const post = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'

/** One EntityDescriptor: our requests are signed, assertions are wanted signed, answers come by POST to one address. */
export function spMetadata(sp: SpMetadata): string {
  const key = `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${NS.ds}"><ds:X509Data><ds:X509Certificate>${sp.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
  const acs = `<md:AssertionConsumerService Binding="${post}" Location="${value(sp.acsUrl)}" index="0" isDefault="true"></md:AssertionConsumerService>`
  return (
    `<md:EntityDescriptor xmlns:md="${NS.md}" entityID="${value(sp.entityId)}" validUntil="${samlInstant(sp.validUntil)}">` +
    `<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="${NS.samlp}">` +
    `${key}<md:NameIDFormat>${value(sp.nameIdFormat)}</md:NameIDFormat>${acs}` +
    '</md:SPSSODescriptor></md:EntityDescriptor>'
  )
}
