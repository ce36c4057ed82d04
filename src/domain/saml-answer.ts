// What a SAML answer is held against.

export interface ExpectedAnswer {
  readonly idpEntityId: string
  /** PEM; the only keys that count. */
  readonly idpCertificates: readonly string[]
  readonly spEntityId: string
  readonly acsUrl: string
  /** The ID of the request that this answer must be to. */
  readonly requestId: string
  /** Epoch milliseconds. */
  readonly now: number
  readonly skewSeconds: number
  readonly maxLifetimeSeconds: number
  /** Which signatures must be there; every one that is there must hold. */
  readonly signed: 'either' | 'response' | 'assertion' | 'both'
  /** ForceAuthn was asked: the customer must have been asked after this (epoch milliseconds). */
  readonly authenticatedAfter: number | undefined
  /** The answer's class must be one of these; an empty list takes any. */
  readonly authnContexts: readonly string[]
}

/** Longest clock difference that a connection may allow (duty D14). */
export const longestSkewSeconds = 180
