// An approval out of band: one question, asked once, that takes one answer on an enrolled device of the customer.
import type { Acr } from './acr.ts'
import type { Place } from './place.ts'
import { hashOf, type Transaction } from './transaction.ts'

/**
 * `pending`: not answered. `approved`, `denied`, and `reported` ("this wasn't me") are the customer's answers. `failed`: a wrong
 * number. `held`: approved too far from where it was asked for. `withdrawn`: whoever asked needs no answer any more.
 */
export const approvalStates = [
  'pending',
  'approved',
  'denied',
  'reported',
  'failed',
  'held',
  'withdrawn',
] as const
export type ApprovalState = (typeof approvalStates)[number]
/** One of these, once, whoever answers at the same time. */
export type ApprovalEnd = Exclude<ApprovalState, 'pending'>

/**
 * Where it began: CIBA, the transaction API of the bank's back end, or a page of a sign-in; `signatory`: another customer has
 * approved the transaction, and this one is to sign it as well.
 */
const approvalOrigins = ['backchannel', 'api', 'login', 'signatory'] as const
export type ApprovalOrigin = (typeof approvalOrigins)[number]

/** From where it was asked for, or answered, as far as somebody has said or we have seen. */
export interface ApprovalPlace extends Place {
  readonly address?: string | undefined
  /** The device or program there, in words that may be shown. */
  readonly device?: string | undefined
}

/** What is asked, and by whom. */
export interface Approval {
  readonly institution: string
  /** Opens nothing by itself: an answer needs the customer's device. */
  readonly id: string
  readonly subject: string
  /** Who asks. */
  readonly relyingParty: string
  readonly origin: ApprovalOrigin
  readonly reference: string
  /** What is approved; undefined for a sign-in. */
  readonly transaction: Transaction | undefined
  /** The record of what the policy decided on it. */
  readonly transactionId: string | undefined
  /** Of the transaction, or of the sign-in that is asked for: what an answer is bound to. */
  readonly hash: string
  /** The level that the answer must reach. */
  readonly acr: Acr
  /** Two digits, shown where it began; undefined where they are not asked for (ruling R-32). */
  readonly number: string | undefined
  readonly nonce: string
  readonly bindingMessage: string | undefined
  readonly place: ApprovalPlace
  /** `auth_req_id` of the CIBA request (CIBA 7.3). */
  readonly request: string | undefined
  /** Of the sign-in whose page waits for it. */
  readonly uid: string | undefined
  /** As what a signatory signs. */
  readonly role?: string | undefined
  readonly state: ApprovalState
  readonly createdAt: number
  readonly expiresAt: number
  readonly endedAt: number | undefined
  /** Which device answered. */
  readonly device: string | undefined
}

/** A sign-in has no data of its own: what is approved is this very question of this app. */
export const hashOfSignIn = ({ id, relyingParty }: Pick<Approval, 'id' | 'relyingParty'>): string =>
  hashOf({ type: 'sign_in', client_id: relyingParty, approval: id })

export const shownApprovalStates = [...approvalStates, 'expired'] as const
export type ShownApprovalState = (typeof shownApprovalStates)[number]

/** A pending one whose time is over is expired, whether or not anybody has noted it. */
export const shownApprovalState = (
  { state, expiresAt }: Pick<Approval, 'state' | 'expiresAt'>,
  now: number,
): ShownApprovalState => (state === 'pending' && expiresAt <= now ? 'expired' : state)

/** An out-of-band question is good for this long at most (NIST SP 800-63B 3.1.3.2), in seconds. */
export const longestApproval = 600
/** And for this long where nobody asks for less. */
const usualApproval = 300

/** How long a question lives where `asked` seconds were asked for. */
export const approvalSeconds = (asked: number | undefined): number =>
  Math.min(asked ?? usualApproval, longestApproval)

/** `typ` of the JWS of an answer; enrolment and DPoP have others (ruling R-19). */
export const approvalTyp = 'drawbridge-approval+jwt'
/** `typ` of the JWS by which an approval key proves itself when it is registered. */
export const approvalKeyTyp = 'drawbridge-approval-key+jwt'

/** What the approval key signs of the question, letter by letter as it was given to the device (attack 132). */
export interface ApprovalClaims {
  /** The issuer. */
  readonly aud: string
  /** The approval. */
  readonly sub: string
  readonly device: string
  readonly client_id: string
  /** Hash of the transaction. */
  readonly hash: string
  /** base64url(SHA-256) of the text that was shown. */
  readonly display: string
  readonly language: string
  readonly nonce: string
  /** Epoch seconds: when the question lapses. */
  readonly exp: number
}

/** The first claim that is not what was given to the device; undefined when all are. */
export const claimMisfit = (
  given: Readonly<Record<string, unknown>>,
  expected: ApprovalClaims,
): string | undefined => Object.entries(expected).find(([name, value]) => given[name] !== value)?.[0]
