// What an IdP publishes of itself, whatever its protocol, as people look at it before they trust it.
import type { IgnoredKey, MetadataCertificate } from './idp-metadata.ts'

/** Where it is asked, and what for. */
export interface IdpEndpoint {
  readonly use: 'sign-in' | 'sign-out' | 'token' | 'keys' | 'userinfo'
  /** `redirect` and `post` are SAML's; what is fetched or posted by us directly has none. */
  readonly binding: 'redirect' | 'post' | undefined
  readonly url: string
}

/** A stranger's words: to be escaped wherever they are shown, and trusted only as far as `signedBy` and the way carry. */
export interface IdpFacts {
  /** The entityID, or the issuer. */
  readonly identifier: string
  readonly name: string | undefined
  readonly endpoints: readonly IdpEndpoint[]
  /** Its signing certificates; none where keys are fetched at run time. */
  readonly certificates: readonly MetadataCertificate[]
  /** Keys that are there and do not count. */
  readonly ignored: readonly IgnoredKey[]
  readonly nameIdFormats: readonly string[]
  /** Fingerprint of the pinned certificate that signed what was read; undefined where none is pinned. */
  readonly signedBy: string | undefined
  /** Epoch milliseconds. */
  readonly validUntil: number | undefined
  readonly cacheSeconds: number | undefined
  /** Of its ID tokens. */
  readonly algorithms: readonly string[]
  /** How clients may prove themselves to it. */
  readonly clientAuths: readonly string[]
  /** Origins other than its own on which it has endpoints (attack 92): saving the settings allows them. */
  readonly otherOrigins: readonly string[]
  /** How many keys it has published at its own address; undefined where they stand among the certificates. */
  readonly keyCount: number | undefined
}
