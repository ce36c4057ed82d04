// What proves an approval: everything that it rests on, as it was at the moment of the answer.
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { ApprovalPlace } from './approval.ts'
import type { RiskSummary } from './risk.ts'
import type { NeededSignatories } from './signatories.ts'

/**
 * How the answer was given, weakest claim that holds (ruling R-36). `device-key+uv`: signed by the approval key, and the PIN was
 * verified by us with it. `device-key`: signed by the approval key; that it was unlocked is the phone's word. `pin`: typed on
 * our page, in a session of the device. `code`: a code from a text message, typed there. None of them claims that a screen showed the text.
 */
export const strengths = ['device-key+uv', 'device-key', 'pin', 'code', 'agent'] as const
export type Strength = (typeof strengths)[number]

const noScreen = 'That a screen showed the text is not proven.'

/** What a strength means, for who must weigh it (ruling R-36). */
export const strengthMeans: Readonly<Record<Strength, string>> = {
  'device-key+uv': `A key of the customer's enrolled device signed the hashes of this text and of this transaction, and the institution says that it verified the customer's PIN with it. ${noScreen}`,
  'device-key': `A key of the customer's enrolled device signed the hashes of this text and of this transaction; that the device was unlocked for it is the device's own word. ${noScreen}`,
  pin: `The institution says that the customer's PIN was typed on its page for this text, in a session of an enrolled device. No key of the customer signed it. ${noScreen}`,
  code: `The institution says that a code, sent for this text to the number that it has of the customer, was typed on its page, in a session of an enrolled device. No key of the customer signed it. ${noScreen}`,
  agent: `An agent of the customer answered. ${noScreen}`,
}

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
    /** What the device's answer had to name; null where it was given on our page. */
    readonly nonce: string | null
    /** As what a signatory signed; absent for who began it. */
    readonly role?: string
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
    /** The level that the outcome asked for; null where it asked for none. */
    readonly acr: string | null
    /** How it had to be approved, and who had to sign as well; absent where nothing was said. */
    readonly by?: readonly string[]
    readonly signatories?: NeededSignatories
    readonly reason: string
    /** As they were kept, integers as `{"$int": "..."}`: by them the decision can be made again. */
    readonly inputs: unknown
  } | null
  /** What the risk providers said of the transaction; none where none was asked. */
  readonly risk: readonly RiskSummary[]
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

/** Integers of money as JSON has them: `{"$int": "123"}` becomes 123n again. */
export const withIntegers = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, one: unknown) => (isInteger(one) ? BigInt(one.$int) : one))

const isInteger = (value: unknown): value is { readonly $int: string } =>
  typeof value === 'object' &&
  value !== null &&
  '$int' in value &&
  typeof value.$int === 'string' &&
  /^-?\d{1,40}$/.test(value.$int)

/** base64url(SHA-256) of the RFC 8785 form. Of a material it stands in the audit event of its approval. */
export const contentDigest = (content: object): string =>
  createHash('sha256')
    .update(canonicalize(content) ?? '')
    .digest('base64url')
