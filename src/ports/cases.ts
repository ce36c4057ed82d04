// Cases of transactions that are held, and what people did with each.
import type { CaseState, CaseStep, HeldCase } from '../domain/held-case.ts'
import type { CustomerOf, Held } from './transactions.ts'

/** One step of a case, as its history has it. */
export interface CaseEntry {
  readonly step: CaseStep | 'expire'
  /** As the audit names them; `schedule` for what time did. */
  readonly by: string
  readonly why: string
  /** Epoch milliseconds. */
  readonly at: number
}

export interface CaseMove extends Omit<CaseEntry, 'step'> {
  readonly step: CaseStep
  readonly to: CaseState
  /** What whoever takes the step saw. */
  readonly version: number
  readonly fraud?: boolean | undefined
  readonly sendUntil?: number | undefined
}

/** What is looked for; what is undefined is any. */
export interface CaseFilter {
  readonly states: readonly CaseState[]
  readonly subject?: string | undefined
  /** Goes on behind this one. */
  readonly behind?: Pick<HeldCase, 'deadline' | 'id'> | undefined
  /** Those whose deadline is nearest come first; else those whose deadline was last. */
  readonly nearestFirst: boolean
  /** 201 at most. */
  readonly limit: number
}

/** What waits at one institution. */
export interface WaitingCases {
  readonly institution: string
  readonly count: number
  /** The first deadline of them; epoch milliseconds. */
  readonly deadline: number
}

/** What a customer sends, as a release names it. */
export interface SentAgain {
  readonly relyingParty: string
  readonly hash: string
  readonly now: number
}

/** What waits of one customer. */
export interface WaitingOfCustomer {
  /** The case in which the very same waits. */
  readonly same: string | undefined
  readonly count: number
}

export interface Cases {
  create(one: HeldCase): Promise<void>
  get(institution: string, id: string): Promise<HeldCase | undefined>
  /** The case that this transaction has, or belongs to. */
  of(institution: string, transaction: string): Promise<HeldCase | undefined>
  /** What waits at `now`; the case of the very same does not end before the unit around the caller has. */
  waitingOf(customer: Held, sent: SentAgain): Promise<WaitingOfCustomer>
  /** The transaction belongs to this case from now on. */
  join(
    institution: string,
    id: string,
    joining: { readonly transaction: string; readonly now: number },
  ): Promise<void>
  /** The transactions that belong to a case beside its own; newest first, 100 at most. */
  further(institution: string, id: string): Promise<readonly string[]>
  list(institution: string, filter: CaseFilter): Promise<readonly HeldCase[]>
  /** Oldest first. */
  history(institution: string, id: string): Promise<readonly CaseEntry[]>
  /**
   * One conditional update: false where the case is not of that version any more, has ended, its time is over, or whoever agrees
   * is whoever proposed. Of any number at once one is first.
   */
  move(institution: string, id: string, move: CaseMove): Promise<boolean>
  /** Ends what waits and is overdue; undefined where it is neither. */
  expire(institution: string, id: string, now: number): Promise<HeldCase | undefined>
  /** What waits and is overdue, of all institutions. */
  overdue(now: number, limit: number): Promise<readonly Pick<HeldCase, 'institution' | 'id'>[]>
  /** Of this institution, or of all; none where nothing waits. */
  waiting(institution?: string): Promise<readonly WaitingCases[]>
  /** A release of this very transaction that may still be used; the one that ends first. */
  releasedFor(customer: Held, sent: SentAgain): Promise<HeldCase | undefined>
  /** For exactly one decision; `by` is its transaction. */
  use(institution: string, id: string, used: { readonly by: string; readonly now: number }): Promise<boolean>
  /** What this transaction of the customer used may be used again: they were never asked. The case, where there was one. */
  giveBack(customer: CustomerOf, by: string): Promise<string | undefined>
}
