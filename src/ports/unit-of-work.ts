// One unit of work a request: what it changed and the audit events that tell of it commit together, before the answer leaves.
import type { AuditEvent } from '../domain/audit.ts'

/** Where a request came from: its address is our edge's word, the rest is the caller's own (attack 173). */
export interface Caller {
  readonly address: string
  readonly userAgent?: string | undefined
  readonly language?: string | undefined
  readonly accept?: string | undefined
}

export interface UnitScope {
  readonly institution: string
  /** The reference id of this request; events without one of their own get it. */
  readonly reference: string
  /** Of a request; undefined for what we do by ourselves. */
  readonly caller?: Caller | undefined
}

export interface UnitOfWork {
  /**
   * Runs `work` as one unit. The database transaction begins at the first write; stores find it by themselves.
   * Commits when `work` resolves and when it throws a Refusal (counters, consumed codes and revocations stay, ruling
   * R-2); rolls back on any other error and when `fail()` was called. Within a unit, `run` simply joins it.
   * When a statement failed, the unit never commits but throws that error, whoever caught it before; a conflict with
   * another transaction, or no connection in time, is Refusal `busy`. Work that outlives its unit can write no more.
   */
  run<T>(scope: UnitScope, work: () => Promise<T>): Promise<T>
  /**
   * Commits what was written so far and goes on with a fresh, not yet begun transaction: before a slow hash or a call
   * over the network, which must never happen with a transaction open (rulings ). After `fail()` it rolls back.
   */
  checkpoint(): Promise<void>
  /** The answer will be a server error: roll back instead of committing. */
  fail(): void
  /** The reference of the unit around the caller: what the page of this request shows. */
  reference(): string | undefined
  /** Who sent the request that the unit is for. */
  caller(): Caller | undefined
  /** Is a unit open around the caller? */
  active(): boolean
}

/** Events are only collected here; the unit writes them as its last statement before COMMIT (invariant 1). */
export interface Audit {
  /** Synchronous, so that library events which nobody awaits can call it. Throws outside a unit. */
  record(event: AuditEvent): void
  /** Has an event of the unit around the caller told of a refusal? Then the one that escapes is told already. */
  toldRefusal(): boolean
}
