// What an assertion for a core says: decided here, written as XML elsewhere.
import type { Acr } from './acr.ts'

/** The content of one SAML 2.0 assertion for one core; times in epoch milliseconds. */
export interface AssertionContent {
  readonly id: string
  readonly issuer: string
  readonly audience: string
  readonly subject: string
  readonly issuedAt: number
  readonly notBefore: number
  readonly notOnOrAfter: number
  readonly authenticatedAt: number
  readonly sessionIndex: string
  readonly acr: Acr
  readonly amr: readonly string[]
  readonly relyingParty: string
  readonly device: string | undefined
  /** The hash of the transaction that the customer approved (ruling R-21). */
  readonly transaction: string | undefined
  /** The audit event of this call, so that a core's log leads back to ours. */
  readonly auditId: string
}

/** Names of the attributes that carry the content; cores read them by these names. */
export const assertionAttributes = {
  acr: 'urn:drawbridge:attribute:acr',
  amr: 'urn:drawbridge:attribute:amr',
  authTime: 'urn:drawbridge:attribute:auth_time',
  relyingParty: 'urn:drawbridge:attribute:client_id',
  device: 'urn:drawbridge:attribute:device',
  transaction: 'urn:drawbridge:attribute:transaction',
  auditId: 'urn:drawbridge:attribute:audit_id',
} as const
