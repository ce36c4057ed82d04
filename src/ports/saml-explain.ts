// What `drawbridge saml explain` asks of the house, and what it is told.
import type { Check } from '../domain/exchange.ts'
import type { RefusalCode } from '../domain/refusal.ts'

export interface SamlExplainRequest {
  /** The answer as it was captured: XML, or the base64 of the form. */
  readonly response: Uint8Array
  readonly metadata: Uint8Array
  /** Which IdP of the metadata, where there are several. */
  readonly idp: string | undefined
  readonly sp: string
  readonly acs: string
  /** Epoch milliseconds. */
  readonly at: number
  /** The ID of the request that was sent; undefined takes only an answer to none. */
  readonly requestId: string | undefined
  /** PEM; opens an encrypted assertion. */
  readonly key: string | undefined
  readonly policy: 'strict' | 'compat'
}

/** The judgement of the product's own validator. */
export interface SamlExplanation {
  readonly ok: boolean
  readonly code: RefusalCode | null
  readonly detail: Readonly<Record<string, unknown>>
  /** In the order of checking; the last one is the one that failed. */
  readonly checks: readonly Check[]
  readonly nameId: string | null
  readonly nameIdFormat: string | null
  readonly attributes: Readonly<Record<string, readonly string[]>>
}

/** The metadata or the key cannot be used; nothing was judged. The message is for the person at the keyboard. */
export class SamlExplainFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SamlExplainFault'
  }
}
