// What proves an approval: everything that it rests on, as it was at the moment of the answer.
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { ApprovalPlace } from './approval.ts'

/**
 * How the answer was given, weakest claim that holds (ruling R-36). `device-key+uv`: signed by the approval key, and the PIN was
 * verified by us with it. `device-key`: signed by the approval key; that it was unlocked is the phone's word. `pin`: typed on
 * our page, in a session of the device. None of them claims that a screen showed the text.
 */
export const strengths = ['device-key+uv', 'device-key', 'pin', 'agent'] as const
export type Strength = (typeof strengths)[number]

/** Numbers of money are decimal strings here: the material is canonical JSON (RFC 8785). Times are epoch milliseconds. */
export interface EvidenceMaterial {
  readonly version: 1
  readonly institution: string
  /** Of the approval, or of the sign-in on whose page it was given. */
  readonly id: string
  readonly reference: string
  readonly subject: string
  readonly strength: Strength
  /** RFC 8176 names of what was verified. */
  readonly methods: readonly string[]
  readonly request: {
    readonly relyingParty: string
    readonly name: string
    readonly origin: string
    readonly bindingMessage: string | null
    readonly place: ApprovalPlace
    readonly numberMatched: boolean
  }
  readonly transaction: {
    readonly id: string | null
    readonly type: string | null
    readonly hash: string
    /** RFC 9396 authorization detail as it was sent; null for a sign-in. */
    readonly detail: Readonly<Record<string, unknown>> | null
  }
  readonly display: {
    readonly text: string
    readonly language: string
    /** base64url(SHA-256) of the type's templates: which words the text was made with. */
    readonly template: string | null
  }
  readonly policy: {
    readonly version: string
    readonly outcome: string
    readonly reason: string
    /** As they were kept, integers as `{"$int": "..."}`: by them the decision can be made again. */
    readonly inputs: unknown
  } | null
  /** Assessments of risk engines; none where none was asked. */
  readonly risk: readonly unknown[]
  readonly device: {
    readonly id: string
    readonly enrolledAt: number
    readonly approvalKey: Readonly<Record<string, unknown>> | null
    readonly approvalKeyRegisteredAt: number | null
    /** Of the key's hardware; null where the phone gave none. */
    readonly attestation: null
  } | null
  /** The JWS of the answer as it came; null where it was given on our page. */
  readonly signature: string | null
  readonly answer: {
    /** `held`: right in everything, and from too far away. */
    readonly outcome: 'approved' | 'held'
    readonly place: ApprovalPlace
    /** Between the two places; null where one of them is not known. */
    readonly kilometres: number | null
  }
  readonly times: { readonly asked: number; readonly expires: number; readonly answered: number }
}

/** base64url(SHA-256) of the RFC 8785 form. Of a material it stands in the audit event of its approval. */
export const contentDigest = (content: object): string =>
  createHash('sha256')
    .update(canonicalize(content) ?? '')
    .digest('base64url')
