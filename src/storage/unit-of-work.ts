// The unit of work: one transaction a request, begun at the first write, found by the stores without being handed around.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Knex } from 'knex'
import type { AuditEvent } from '../domain/audit.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Audit, UnitOfWork, UnitScope } from '../ports/unit-of-work.ts'
import type { Database } from './open.ts'
import { asBusy, type Queries, type Transaction } from './transaction.ts'

/** Turns events into rows; called once a unit, for its last statements before COMMIT. */
export interface EventWriter {
  prepare(institution: string, events: readonly AuditEvent[]): PreparedEvents
}

export interface PreparedEvents {
  statements(queries: Queries): readonly Knex.QueryBuilder[]
  committed(): void
  /** The rows that were written are gone again; their numbers must be explained (ruling R-4). */
  rolledBack(): void
}

/** How stores reach the database. */
export interface Connections {
  /** For reading: the unit's transaction once it has begun, else the pool. */
  reader(): Promise<Queries>
  /**
   * For writing: the unit's transaction; outside a unit the pool, where each statement stands alone. Throws when the
   * unit around the caller has ended: such a write would begin a transaction that nobody ends.
   */
  writer(): Promise<Queries>
  /**
   * A write whose answer nobody reads. Within a unit it is not waited for: where it fails, the unit does. Else as `writer`.
   */
  send(write: (db: Queries) => Knex.QueryBuilder | Knex.Raw): Promise<void>
  /** For one statement that nothing else depends on: the unit's transaction if it has begun, else by itself. */
  alone(): Promise<Queries>
  /** Does the unit around the caller hold a connection? Then it must not wait for anybody who waits for one. */
  holds(): boolean
}

interface Unit {
  readonly scope: UnitScope
  begun: Promise<Transaction> | undefined
  events: AuditEvent[]
  failed: boolean
  /** An event said that something was refused, be it committed yet or not. */
  refused: boolean
  /** Work that nobody awaited may still run in its context. */
  ended: boolean
}

export interface Units {
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly connections: Connections
  /**
   * Beside whatever unit is around the caller: each statement stands alone. For what runs while a unit waits for somebody else
   * (ruling R-1), or in a context that outlives its unit; never while the unit holds a connection.
   */
  readonly beside: Connections
}

export interface UnitPorts {
  readonly database: Pick<Database, 'knex' | 'begin'>
  readonly events: EventWriter
}

export function createUnits(ports: UnitPorts): Units {
  const current = new AsyncLocalStorage<Unit>()
  const open = (): Unit | undefined => {
    const unit = current.getStore()
    return unit?.ended ? undefined : unit
  }
  const inside = (what: string): Unit => {
    const unit = open()
    if (unit === undefined) throw new Error(`${what} outside a unit of work`)
    return unit
  }
  const settle = (unit: Unit) => (unit.failed ? rollback(unit) : commit(unit, ports))
  return {
    unit: {
      run: (scope, work) => (open() ? work() : run(current, { scope, work, settle })),
      checkpoint: async () => {
        const unit = open()
        if (unit !== undefined) await settle(unit)
      },
      fail: () => {
        inside('a failure').failed = true
      },
      reference: () => open()?.scope.reference,
      caller: () => open()?.scope.caller,
      active: () => open() !== undefined,
    },
    audit: {
      record(event) {
        const unit = inside('an audit event')
        unit.events.push(event)
        unit.refused ||= event.outcome === 'refused'
      },
      toldRefusal: () => open()?.refused ?? false,
    },
    connections: connectionsOf(ports.database, () => current.getStore()),
    beside: connectionsOf(ports.database, () => undefined),
  }
}

function connectionsOf(database: UnitPorts['database'], current: () => Unit | undefined): Connections {
  const pool = database.knex as unknown as Queries
  const begunOrPool = async () => (await current()?.begun)?.queries ?? pool
  // Concurrent first writes share one BEGIN.
  const transaction = async () => {
    const unit = current()
    if (unit?.ended) throw new Error('a write after its unit of work had ended')
    if (unit) unit.begun ??= database.begin()
    return unit?.begun
  }
  return {
    reader: begunOrPool,
    alone: begunOrPool,
    holds: () => current()?.begun !== undefined,
    writer: async () => (await transaction())?.queries ?? pool,
    send: async (write) => {
      const begun = await transaction()
      if (begun) begun.send(write(begun.queries))
      else await write(pool)
    },
  }
}

interface Running<T> {
  readonly scope: UnitScope
  readonly work: () => Promise<T>
  /** Commits, or rolls back where `fail()` was called. */
  readonly settle: (unit: Unit) => Promise<unknown>
}

async function run<T>(current: AsyncLocalStorage<Unit>, { scope, work, settle }: Running<T>): Promise<T> {
  const unit: Unit = { scope, begun: undefined, events: [], failed: false, refused: false, ended: false }
  let result: T
  try {
    result = await current.run(unit, work)
  } catch (error) {
    unit.ended = true
    // Ruling R-2: a refusal grants nothing, but what it counted, consumed or revoked stays.
    if (!(error instanceof Refusal) || error.code === 'busy') throw asBusy(await rollback(unit, error))
    await settle(unit)
    throw error
  }
  unit.ended = true
  await settle(unit)
  return result
}

/** Events last, then COMMIT. Throws when anything of the unit was not stored, whoever caught that error before. */
async function commit(unit: Unit, { database, events }: UnitPorts): Promise<void> {
  const { institution, reference } = unit.scope
  const pending = unit.events.map((event) =>
    event.reference === undefined ? { ...event, reference } : event,
  )
  unit.events = []
  if (unit.begun === undefined && pending.length === 0) return
  const transaction = await (unit.begun ?? database.begin())
  unit.begun = undefined
  let prepared: PreparedEvents | undefined
  try {
    if (pending.length > 0) prepared = events.prepare(institution, pending)
    await transaction.commit(prepared?.statements(transaction.queries) ?? [])
  } catch (error) {
    prepared?.rolledBack()
    await transaction.rollback()
    throw error
  }
  prepared?.committed()
}

/** Ends the unit without its writes. Resolves with why: a statement that nobody waited for may have failed before `error`. */
async function rollback(unit: Unit, error?: unknown): Promise<unknown> {
  unit.events = []
  const transaction = await unit.begun?.catch(() => undefined)
  unit.begun = undefined
  await transaction?.rollback()
  return transaction === undefined ? error : transaction.cause(error)
}
