// Stores of approvals out of band and of what is kept of them, and the one who hands their result to a waiting app.
import type { Approval, ApprovalEnd, ShownApprovalState } from '../domain/approval.ts'
import type { PastApproval } from '../domain/approval-damping.ts'
import type { EvidenceMaterial } from '../domain/evidence.ts'
import type { CustomerOf } from './transactions.ts'

/** How an approval ends. */
export interface ApprovalEnding {
  readonly state: ApprovalEnd
  readonly now: number
  /** Which device answered; undefined where none did. */
  readonly device?: string | undefined
}

/** What is looked for; what is undefined is any. */
export interface ApprovalFilter {
  readonly state?: ShownApprovalState | undefined
  readonly relyingParty?: string | undefined
  readonly subject?: string | undefined
  readonly reference?: string | undefined
  readonly transactionId?: string | undefined
  readonly from?: number | undefined
  readonly until?: number | undefined
  /** Goes on behind this one. */
  readonly behind?: Pick<Approval, 'createdAt' | 'id'> | undefined
  readonly now: number
  /** 201 at most. */
  readonly limit: number
}

export interface Approvals {
  create(approval: Approval): Promise<void>
  get(institution: string, id: string): Promise<Approval | undefined>
  /** Those that this customer may answer at `now`, oldest first. */
  pending(customer: CustomerOf, now: number): Promise<readonly Approval[]>
  /** Newest first; without what they were to sign for others, which nobody waits for at a screen. */
  past(customer: CustomerOf, since: number): Promise<readonly PastApproval[]>
  /** Newest first. */
  list(institution: string, filter: ApprovalFilter): Promise<readonly Approval[]>
  /**
   * pending -> `state`; true for exactly one caller, whatever the others want, and for nobody once its time is over unless it
   * is withdrawn.
   */
  end(institution: string, id: string, ending: ApprovalEnding): Promise<boolean>
  /**
   * Withdraws everything that is open for this customer, of this relying party where one is named; resolves with what it was.
   * What lapsed before stays as it ended.
   */
  withdrawAll(
    customer: CustomerOf & { readonly relyingParty?: string },
    now: number,
  ): Promise<readonly Approval[]>
  /** The yes of this customer to each CIBA request, of this relying party where one is named, that waits for others to sign. */
  signing(
    customer: CustomerOf & { readonly relyingParty?: string },
    now: number,
  ): Promise<readonly Approval[]>
  /** Withdraws what signatories were asked of this transaction and have not answered; resolves with what it was. */
  withdrawSignatories(institution: string, transactionId: string, now: number): Promise<readonly Approval[]>
  /**
   * Counts a poll of this CIBA request; true where it came before the interval was over, which is five seconds longer from
   * then on (CIBA 11).
   */
  polledTooSoon(institution: string, request: string, now: number): Promise<boolean>
}

/** What is kept of approvals, sealed and never changed. */
export interface EvidenceStore {
  keep(institution: string, kept: KeptEvidence): Promise<void>
  get(institution: string, id: string): Promise<KeptEvidence | undefined>
  /** Of the customer who began it. */
  ofTransaction(institution: string, transactionId: string): Promise<KeptEvidence | undefined>
  /** Of those who signed it as well, oldest first. */
  ofSignatories(institution: string, transactionId: string): Promise<readonly KeptEvidence[]>
}

export interface KeptEvidence {
  /** Of the approval, or of the sign-in that approved it on a page. */
  readonly id: string
  readonly transactionId: string | undefined
  /** base64url(SHA-256) of the material as it stands in the audit log. */
  readonly digest: string
  readonly material: EvidenceMaterial
}

/** Secrets that customers have beside their PIN, by which they let a back end begin (CIBA 7.1 `user_code`). */
export interface UserCodes {
  verifier(institution: string, subject: string): Promise<string | undefined>
  /** Undefined removes it. */
  set(institution: string, subject: string, verifier: string | undefined): Promise<void>
}

/** The result of a CIBA request, for the app that polls. Inside a unit, after the store said which answer holds. */
export interface Backchannel {
  /** Resolves with the grant that the app's token will be of. */
  granted(approval: Approval, answer: BackchannelAnswer): Promise<string>
  denied(approval: Approval, code: string): Promise<void>
}

export interface BackchannelAnswer {
  readonly amr: readonly string[]
  /** Epoch milliseconds. */
  readonly at: number
}
