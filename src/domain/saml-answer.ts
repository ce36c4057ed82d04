// What a SAML answer is held against.

/** What an old IdP may be forgiven for a while; nothing of it is on unless a connection names it with an end date. */
export const allowances = ['sha1-signatures', 'aes-cbc', 'missing-authn-statement', 'schema-warn'] as const
export type Allowance = (typeof allowances)[number]

/** A content key as it came, encrypted to us by RSA-OAEP. */
export interface WrappedKey {
  /** Base64. */
  readonly value: string
  /** Of label and mask alike. */
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  readonly keyBytes: 16 | 24 | 32
}

export interface ExpectedAnswer {
  readonly idpEntityId: string
  /** PEM; the only keys that count. */
  readonly idpCertificates: readonly string[]
  readonly spEntityId: string
  readonly acsUrl: string
  /** The ID of the request that this answer must be to; undefined takes only an answer that names none. */
  readonly requestId: string | undefined
  /** Epoch milliseconds. */
  readonly now: number
  readonly skewSeconds: number
  readonly maxLifetimeSeconds: number
  /** Which signatures must be there; every one that is there must hold. */
  readonly signed: 'either' | 'response' | 'assertion' | 'both'
  readonly encrypted: 'optional' | 'required' | 'refused'
  /** Of the certificate by which it is signed; undefined warns. */
  readonly expiredCertificates?: 'warn' | 'refuse' | undefined
  readonly allow: readonly Allowance[]
  /** ForceAuthn was asked: the customer must have been asked after this (epoch milliseconds). */
  readonly authenticatedAfter: number | undefined
  /** The answer's class must be one of these; an empty list takes any. */
  readonly authnContexts: readonly string[]
}

/** The longest that an answer may claim to be good for (duty D14). */
export const longestAnswerSeconds = 600

/** Longest clock difference that a connection may allow (duty D14). */
export const longestSkewSeconds = 180
