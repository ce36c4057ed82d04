// What an IdP says of itself in its metadata, as plain facts for a preview, a diff and the settings of a connection.

export interface MetadataEndpoint {
  readonly binding: 'redirect' | 'post'
  /** `https:`, or `http:` on loopback; exactly as written. */
  readonly url: string
  /** Where answers to a logout go, if elsewhere. */
  readonly responseUrl: string | undefined
}

export interface MetadataCertificate {
  readonly pem: string
  /** SHA-256 over the DER, upper case hexadecimal with colons, as browsers and openssl print it. */
  readonly fingerprint: string
  readonly subject: string
  /** Epoch milliseconds. An expired certificate is listed: what to do with it is the connection's setting. */
  readonly notBefore: number
  readonly notAfter: number
}

/** A key that is in the metadata and does not count. */
export interface IgnoredKey {
  readonly use: 'signing' | 'encryption' | 'both'
  readonly reason: 'no certificate' | 'several certificates' | 'unreadable' | 'weak'
}

export interface IdpMetadata {
  readonly entityId: string
  /** How the IdP calls itself for people; a stranger's words, to be escaped wherever they are shown. */
  readonly name: string | undefined
  readonly sso: readonly MetadataEndpoint[]
  readonly slo: readonly MetadataEndpoint[]
  /** At least one; a key without `use` is in both lists (SAML Metadata 2.4.1.1). */
  readonly signing: readonly MetadataCertificate[]
  readonly encryption: readonly MetadataCertificate[]
  readonly ignored: readonly IgnoredKey[]
  readonly nameIdFormats: readonly string[]
  /** A fact about the IdP. Nothing that it says changes what we sign or demand (attack 196). */
  readonly wantAuthnRequestsSigned: boolean
  /** Epoch milliseconds; the earliest of all that apply. */
  readonly validUntil: number | undefined
  /** How long it may be kept; the shortest of all that apply. */
  readonly cacheSeconds: number | undefined
}

export interface MetadataWish {
  /** Which of several entities; without it, the only one. */
  readonly entityId: string | undefined
  /** PEM. With any given, the document must be signed by one of them; with none, no signature counts for anything. */
  readonly signers: readonly string[]
  /** Epoch milliseconds. */
  readonly now: number
}

export interface MetadataReading {
  /** Every SAML 2.0 IdP that the document describes, in its order. */
  readonly entityIds: readonly string[]
  /** Undefined where there are several and none was asked for: the caller chooses and reads again. */
  readonly idp: IdpMetadata | undefined
  /** The fingerprint of the pinned certificate that signed the document; undefined where none was given. */
  readonly signedBy: string | undefined
}

/** Largest document that is read, in bytes. */
export const longestMetadata = 1024 * 1024
