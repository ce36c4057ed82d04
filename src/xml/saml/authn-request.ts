// AuthnRequests for the redirect binding: built by saml2-js, checked by the schema, signed by our own key store.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import saml2 from 'saml2-js'
import type { Signer } from '../../ports/key-store.ts'
import { validate, withDocument } from '../document.ts'
import { required } from '../element.ts'
import { gate } from '../gate.ts'
import { ALG } from '../names.ts'

export interface AuthnRequestContent {
  readonly spEntityId: string
  readonly acsUrl: string
  readonly ssoUrl: string
  readonly nameIdFormat: string
  readonly forceAuthn: boolean
  readonly authnContexts: readonly string[]
  /** Opaque; base64url only, since libraries disagree on how anything else is encoded for the signature. */
  readonly relayState: string
}

export interface SignedAuthnRequest {
  readonly url: string
  /** The request's ID, which the answer must name. */
  readonly requestId: string
}

/** The XML as saml2-js makes it, which it only hands out inside a redirect. */
function built(content: AuthnRequestContent): Promise<string> {
  const sp = new saml2.ServiceProvider({
    entity_id: content.spEntityId,
    assert_endpoint: content.acsUrl,
    private_key: '',
    certificate: '',
    force_authn: content.forceAuthn,
    nameid_format: content.nameIdFormat,
    sign_get_request: false,
    ...(content.authnContexts.length > 0 && {
      auth_context: { comparison: 'exact', class_refs: [...content.authnContexts] },
    }),
  })
  const idp = new saml2.IdentityProvider({
    sso_login_url: content.ssoUrl,
    sso_logout_url: content.ssoUrl,
    certificates: [],
  })
  return new Promise((resolve, reject) => {
    sp.create_login_request_url(idp, {}, (error: Error | null, url: string) => {
      if (error) return reject(error)
      const packed = new URL(url).searchParams.get('SAMLRequest') ?? ''
      resolve(inflateRawSync(Buffer.from(packed, 'base64'), { maxOutputLength: 64 * 1024 }).toString('utf8'))
    })
  })
}

/**
 * Signs as SAML Bindings 3.4.4.1 says: over the very octets of `SAMLRequest=…&RelayState=…&SigAlg=…`. The library could
 * sign too, but only with a private key in its hands; ours stay in the key store.
 */
export async function buildAuthnRequest(
  content: AuthnRequestContent,
  signer: Signer,
): Promise<SignedAuthnRequest> {
  // saml2-js would label a signature by any key rsa-sha256 (ruling R-25); ours is only made by a key that can.
  if (signer.algorithm !== 'RS256') throw new Error(`a SAML signing key must be RSA, not ${signer.algorithm}`)
  const xml = await built(content)
  const requestId = withDocument(gate(xml), (root, document) => {
    validate(document, 'protocol')
    return required(root, 'ID')
  })
  // An xs:ID begins with a letter or `_`; a library that forgets it would make requests that no IdP can answer (D20).
  if (!requestId.startsWith('_')) throw new Error('a request ID must begin with _')
  const parts = [
    ['SAMLRequest', deflateRawSync(xml).toString('base64')],
    ['RelayState', content.relayState],
    ['SigAlg', ALG.rsaSha256],
  ]
  const signed = parts.map(([name, value]) => `${name}=${encodeURIComponent(value as string)}`).join('&')
  const signature = (await signer.sign(signed)).toString('base64')
  const joint = content.ssoUrl.includes('?') ? '&' : '?'
  return { url: `${content.ssoUrl}${joint}${signed}&Signature=${encodeURIComponent(signature)}`, requestId }
}
