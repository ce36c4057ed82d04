// AuthnRequests: built by saml2-js, checked by the schema, signed by our own key store; by redirect or by a form.
import { inflateRawSync } from 'node:zlib'
import saml2 from 'saml2-js'
import type { UpstreamDeparture } from '../../ports/connector.ts'
import type { Signer } from '../../ports/key-store.ts'
import { canonical, validate, withDocument } from '../document.ts'
import { one, required } from '../element.ts'
import { gate } from '../gate.ts'
import { NS } from '../names.ts'
import { enveloped } from '../signed-info.ts'
import { signedRedirect } from './redirect-binding.ts'

export interface AuthnRequestContent {
  readonly spEntityId: string
  readonly acsUrl: string
  readonly ssoUrl: string
  readonly nameIdFormat: string
  readonly forceAuthn: boolean
  readonly authnContexts: readonly string[]
  /** SAML Core 3.3.2.2.1; `exact` unless told. */
  readonly comparison?: 'exact' | 'minimum'
  /** Opaque; base64url only, since libraries disagree on how anything else is encoded for the signature. */
  readonly relayState: string
}

/** Where the browser takes it. `requestId` is the request's ID, which the answer must name. */
export type SignedAuthnRequest = Extract<UpstreamDeparture, { kind: 'redirect' }>
export type PostedAuthnRequest = Extract<UpstreamDeparture, { kind: 'post' }>

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
      auth_context: { comparison: content.comparison ?? 'exact', class_refs: [...content.authnContexts] },
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

// saml2-js would label a signature by any key rsa-sha256 (ruling R-25); ours is only made by a key that can.
function checkSigner(signer: Signer): void {
  if (signer.algorithm !== 'RS256') throw new Error(`a SAML signing key must be RSA, not ${signer.algorithm}`)
}

interface CheckedRequest {
  readonly requestId: string
  /** The canonical text up to and including the Issuer, after which the schema wants a Signature, and the rest. */
  readonly head: string
  readonly tail: string
}

function checkedRequest(xml: string): CheckedRequest {
  return withDocument(gate(xml), (root, document) => {
    validate(document, 'protocol')
    const requestId = required(root, 'ID')
    // An xs:ID begins with a letter or `_`; a library that forgets it would make requests that no IdP can answer (D20).
    if (!requestId.startsWith('_')) throw new Error('a request ID must begin with _')
    const text = canonical(root)
    const { prefix, name } = one(root, NS.saml2, 'Issuer')
    const end = `</${prefix === '' ? '' : `${prefix}:`}${name}>`
    const cut = text.indexOf(end) + end.length
    return { requestId, head: text.slice(0, cut), tail: text.slice(cut) }
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
  checkSigner(signer)
  const xml = await built(content)
  const { requestId } = checkedRequest(xml)
  const { ssoUrl: to, relayState } = content
  const url = await signedRedirect({ to, name: 'SAMLRequest', xml, relayState }, signer)
  return { kind: 'redirect', url, requestId }
}

/** The same request as a form (SAML Bindings 3.5): enveloped signature right after the Issuer, as the schema wants it. */
export async function postedAuthnRequest(
  content: AuthnRequestContent,
  signer: Signer,
): Promise<PostedAuthnRequest> {
  checkSigner(signer)
  const { requestId, head, tail } = checkedRequest(await built(content))
  const xml = await enveloped({ id: requestId, head, tail }, signer)
  withDocument(gate(xml), (_, document) => validate(document, 'protocol'))
  const SAMLRequest = Buffer.from(xml).toString('base64')
  return {
    kind: 'post',
    url: content.ssoUrl,
    requestId,
    fields: { SAMLRequest, RelayState: content.relayState },
  }
}
