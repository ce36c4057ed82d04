// An IdP's metadata as its administrator publishes it: for the demo bank's IdP (SAML Metadata 2.4.3).
import { value } from '../emit.ts'
import { BINDING, NS } from '../names.ts'

export interface IdpMetadataContent {
  readonly entityId: string
  readonly ssoUrl: string
  readonly nameIdFormat: string
  /** Base64 DER. */
  readonly certificate: string
}

export const idpMetadata = (idp: IdpMetadataContent): string =>
  `<md:EntityDescriptor xmlns:md="${NS.md}" entityID="${value(idp.entityId)}">` +
  `<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="${NS.samlp}">` +
  `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${NS.ds}"><ds:X509Data><ds:X509Certificate>${idp.certificate}` +
  '</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>' +
  `<md:NameIDFormat>${value(idp.nameIdFormat)}</md:NameIDFormat>` +
  `<md:SingleSignOnService Binding="${BINDING.redirect}" Location="${value(idp.ssoUrl)}"></md:SingleSignOnService>` +
  '</md:IDPSSODescriptor></md:EntityDescriptor>'
