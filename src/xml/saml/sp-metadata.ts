// What an FI's administrator loads into the IdP: our side of one connection (SAML Metadata 2.4.4).
import { value } from '../emit.ts'
import { BINDING, ENC, NS } from '../names.ts'
import { samlInstant } from './time.ts'

export interface SpMetadata {
  readonly entityId: string
  readonly acsUrl: string
  readonly sloUrl: string
  readonly nameIdFormat: string
  /** Base64 DER, the one that signs now first: during a change of keys there are several. */
  readonly signing: readonly string[]
  /** To encrypt to, the best one first; empty where nothing encrypted is taken. */
  readonly encryption: readonly string[]
  readonly validUntil: number
}

// The strongest first; an IdP takes the first that it knows (SAML Metadata 2.4.1.1).
const methods = [ENC.aes256Gcm, ENC.aes128Gcm, ENC.oaepMgf1p]
  .map((algorithm) => `<md:EncryptionMethod Algorithm="${algorithm}"></md:EncryptionMethod>`)
  .join('')

const keyDescriptor = (use: string, certificate: string, inner = ''): string =>
  `<md:KeyDescriptor use="${use}"><ds:KeyInfo xmlns:ds="${NS.ds}"><ds:X509Data><ds:X509Certificate>${certificate}` +
  `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>${inner}</md:KeyDescriptor>`

/** One EntityDescriptor: our requests are signed, assertions are wanted signed, answers come by POST to one address. */
export function spMetadata(sp: SpMetadata): string {
  const keys = [
    ...sp.signing.map((certificate) => keyDescriptor('signing', certificate)),
    ...sp.encryption.map((certificate) => keyDescriptor('encryption', certificate, methods)),
  ].join('')
  const acs = `<md:AssertionConsumerService Binding="${BINDING.post}" Location="${value(sp.acsUrl)}" index="0" isDefault="true"></md:AssertionConsumerService>`
  const slo = [BINDING.redirect, BINDING.post]
    .map(
      (binding) =>
        `<md:SingleLogoutService Binding="${binding}" Location="${value(sp.sloUrl)}"></md:SingleLogoutService>`,
    )
    .join('')
  return (
    `<md:EntityDescriptor xmlns:md="${NS.md}" entityID="${value(sp.entityId)}" validUntil="${samlInstant(sp.validUntil)}">` +
    `<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="${NS.samlp}">` +
    `${keys}${slo}<md:NameIDFormat>${value(sp.nameIdFormat)}</md:NameIDFormat>${acs}` +
    '</md:SPSSODescriptor></md:EntityDescriptor>'
  )
}
