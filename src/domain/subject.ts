// The customer as an IdP names them, and the key under which we know them.
import { createHash } from 'node:crypto'
import type { Check } from './exchange.ts'

/** How one IdP names one customer. Two IdPs, formats or qualifiers never collide (attack 73). */
export interface SubjectKey {
  readonly institution: string
  readonly connection: string
  readonly issuer: string
  readonly format: string
  readonly qualifiers: string
  readonly value: string
}

/** SHA-256 over the length-prefixed parts, exact bytes: no normalisation, no folding of case. */
export function subjectKeyHash(key: SubjectKey): string {
  const hash = createHash('sha256')
  for (const part of [key.institution, key.connection, key.issuer, key.format, key.qualifiers, key.value]) {
    const bytes = Buffer.from(part, 'utf8')
    hash.update(`${bytes.length}:`).update(bytes)
  }
  return hash.digest('base64url')
}

/** What a connector hands on once every check has held. */
export interface UpstreamSubject {
  readonly issuer: string
  readonly nameId: {
    readonly format: string
    readonly value: string
    readonly nameQualifier: string | undefined
    readonly spNameQualifier: string | undefined
  }
  readonly authenticatedAt: number
  /** The answer does not say when the customer was asked: `authenticatedAt` is when it was written. */
  readonly undated?: boolean | undefined
  /** When the IdP wrote what it says, by its own clock; where only the verified answer names it, not the readable one. */
  readonly issuedAt?: number | undefined
  /** The class as the verified answer names it; empty where it names none. */
  readonly authnContext: string
  readonly sessionIndex: string | undefined
  /** What the IdP wants to see again when the customer signs out: of an OpenID provider its ID token. */
  readonly logoutHint?: string | undefined
  /** Our session must not outlive this (duty D14); epoch milliseconds. */
  readonly sessionNotOnOrAfter: number | undefined
  readonly attributes: ReadonlyMap<string, readonly string[]>
  /** For replay: the answer's own id, and until when it must be remembered (epoch milliseconds). */
  readonly answerId: string
  readonly rememberUntil: number
  readonly inResponseTo: string
  /** What was checked, in order, for the audit and for the page that explains a decision. */
  readonly checks: readonly Check[]
  /** The bytes that the signature covered. */
  readonly verified: string
}
