// Stores of what customers did and of their own limits.
import type { CustomerTransaction, ShownState, TransactionState } from '../domain/customer-transaction.ts'
import type { Past } from '../domain/limit.ts'
import type { OutcomeKind } from '../domain/outcome.ts'
import type { OutcomeCount } from '../domain/outcome-days.ts'
import type { OwnLimits } from '../domain/own-limits.ts'
import type { Policy } from '../domain/policy.ts'

/** Whose transactions. */
export interface CustomerOf {
  readonly institution: string
  readonly subject: string
}

export interface History {
  readonly past: readonly Past[]
  /** Did the customer step up for a transaction to this account before? What merely passed makes nobody known. */
  readonly knownPayee: boolean
  /** Is the account frozen? Whoever would freeze it waits from the asking until the unit has ended. */
  readonly payeeFrozen: boolean
}

/** How a transaction ends; `used` is for what is carried out in the unit that decided. */
export interface TransactionEnding {
  readonly state: Extract<TransactionState, 'approved' | 'released' | 'held' | 'used'>
  readonly now: number
}

/** A transaction as a token names it. */
export interface GrantedTransaction {
  readonly grant: string
  readonly hash: string
}

/** What is looked for; what is undefined is any. */
export interface TransactionFilter {
  readonly state?: ShownState | undefined
  readonly outcome?: OutcomeKind | undefined
  readonly reason?: string | undefined
  readonly type?: string | undefined
  readonly relyingParty?: string | undefined
  readonly reference?: string | undefined
  readonly subject?: string | undefined
  /** Epoch milliseconds: decided at `from` or later, and earlier than `until`. */
  readonly from?: number | undefined
  readonly until?: number | undefined
  /** Goes on behind this one: of two of the same moment none is shown twice or left out. */
  readonly behind?: Pick<CustomerTransaction, 'createdAt' | 'id'> | undefined
  /** By which an open one is told from one that has lapsed. */
  readonly now: number
  /** 201 at most. */
  readonly limit: number
}

/** A customer whose transactions nobody else decides on until the unit ends; `Transactions.hold` alone makes one. */
export interface Held extends CustomerOf {
  readonly held: true
}

export interface Transactions {
  /**
   * Until the unit around the caller ends, no other decision on this customer's transactions reads or writes: two
   * parallel payments are counted one after the other. What is read afterwards shows what was decided before.
   */
  hold(customer: CustomerOf): Promise<Held>
  /** What counts against limits: approved since then, be it used or not, or open and not yet expired at `now`. */
  history(
    customer: CustomerOf,
    asked: { since: number; now: number; to: string | undefined },
  ): Promise<History>
  create(transaction: CustomerTransaction): Promise<void>
  get(institution: string, id: string): Promise<CustomerTransaction | undefined>
  /** Those of these that are kept, in no order. */
  several(institution: string, ids: readonly string[]): Promise<readonly CustomerTransaction[]>
  /** Newest first. */
  list(institution: string, filter: TransactionFilter): Promise<readonly CustomerTransaction[]>
  /** Counts since a moment, by day, decision and state; read from an index, without the transactions themselves. */
  outcomes(institution: string, asked: { since: number; now: number }): Promise<readonly OutcomeCount[]>
  /**
   * open -> `state`; false when it was no longer open, so that a transaction ends in one way, and when it was to be approved,
   * held or used after its time.
   */
  end(institution: string, id: string, ending: TransactionEnding): Promise<boolean>
  /**
   * The customer has approved it and others are to sign: it stays open, until `expiresAt`. True for exactly one caller; false where
   * it was no longer open, or its time was over.
   */
  sign(institution: string, id: string, signing: { now: number; expiresAt: number }): Promise<boolean>
  /** Binds what was approved to the grant that its sign-in ended in, once; not waited for within a unit. */
  bind(institution: string, id: string, grant: string): Promise<void>
  /**
   * approved -> used; resolves with its id for exactly one caller, whichever node asks. Undefined when it was used, when the
   * grant is of another transaction, and when there is no record of it: what nobody remembers is never done twice. Undefined
   * also while its payee is frozen; whoever would freeze it waits until the unit around the caller has ended.
   */
  use(institution: string, by: GrantedTransaction): Promise<string | undefined>
  /** Is it approved and unused, and cannot be used because its payee is frozen? Asked after `use`, to say why. */
  isFrozen(institution: string, by: GrantedTransaction): Promise<boolean>
}

export interface OwnLimitStore {
  /** `noOwnLimits` for a customer who never had any. */
  get(customer: CustomerOf): Promise<OwnLimits>
  /** Writes the next version; false when there is one of that number already. */
  put(customer: CustomerOf, next: OwnLimits): Promise<boolean>
}

/** A policy that is in force, or was. */
export interface KeptPolicy {
  readonly version: string
  readonly policy: Policy
  /** Epoch milliseconds: when it first came into force, and when it did so last. */
  readonly firstAt: number
  readonly inForceAt: number
}

/** A policy that the console set, without the limit of `step_up_over`, which is the file's. */
export interface ConsolePolicy {
  readonly policy: Policy
  /** Of the policy in force then, and of the one that it took the place of. */
  readonly version: string
  readonly base: string
  readonly by: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** One an institution at most; the directory gives it as the institution's where its file has none. */
export interface ConsolePolicies {
  get(institution: string): Promise<ConsolePolicy | undefined>
  put(institution: string, set: ConsolePolicy): Promise<void>
  /** False where there was none. */
  remove(institution: string): Promise<boolean>
}

/** Every policy that an institution ever had, by its version. */
export interface Policies {
  /** From now on it is in force; nothing happens where it was already. */
  keep(institution: string, policy: Policy): Promise<void>
  /** Those that came into force last come first; 200 at most. */
  list(institution: string): Promise<readonly KeptPolicy[]>
  get(institution: string, version: string): Promise<Policy | undefined>
}
