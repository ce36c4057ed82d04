// What a SAML logout message is held against, and what it says once every check has held.
import type { UpstreamSubject } from './subject.ts'

/** As it came: the raw query of the redirect binding, or the value of the POST binding's form field. */
export type LogoutMessage =
  | { readonly binding: 'redirect'; readonly query: string }
  | { readonly binding: 'post'; readonly name: 'SAMLRequest' | 'SAMLResponse'; readonly value: string }

export interface ExpectedLogout {
  readonly idpEntityId: string
  /** PEM; the only keys that count. */
  readonly idpCertificates: readonly string[]
  /** Our single logout service. */
  readonly destination: string
  /** Epoch milliseconds. */
  readonly now: number
  readonly skewSeconds: number
  /** As for answers (domain/saml-answer). */
  readonly expiredCertificates?: 'warn' | 'refuse' | undefined
}

export interface LogoutRequest {
  readonly kind: 'request'
  readonly id: string
  readonly nameId: UpstreamSubject['nameId']
  /** Empty: all sessions of this name (SAML Core 3.7.1). */
  readonly sessionIndexes: readonly string[]
  /** For replay: until when its ID must be remembered (epoch milliseconds). */
  readonly rememberUntil: number
}

export interface LogoutResponse {
  readonly kind: 'response'
  readonly inResponseTo: string
  /** `partial`: the IdP could not reach everybody (SAML Core 3.7.3.2). */
  readonly status: 'success' | 'partial' | 'failed'
}

export type LogoutFacts = LogoutRequest | LogoutResponse

/** How old a logout request may be: it is made when it is sent. */
export const logoutRequestSeconds = 300
