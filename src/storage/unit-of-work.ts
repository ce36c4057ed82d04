// The unit of work: one transaction a request, begun at the first write, found by the stores without being handed around.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Knex } from 'knex'
import type { AuditEvent } from '../domain/audit.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Audit, UnitOfWork, UnitScope } from '../ports/unit-of-work.ts'

/** Writes events as rows; called once a unit, as its last statement before COMMIT. */
export interface EventWriter {
  write(trx: Knex.Transaction, institution: string, events: readonly AuditEvent[]): Promise<WrittenEvents>
}

export interface WrittenEvents {
  committed(): void
  /** The rows that were written are gone again; their numbers must be explained (ruling R-4). */
  rolledBack(): void
}

/** How stores reach the database. */
export interface Connections {
  /** For reading: the unit's transaction once it has begun, else the pool. */
  reader(): Promise<Knex>
  /**
   * For writing: the unit's transaction; outside a unit the pool, where each statement stands alone. Throws when the
   * unit around the caller has ended: such a write would begin a transaction that nobody ends.
   */
  writer(): Promise<Knex>
  /** For one statement that nothing else depends on: the unit's transaction if it has begun, else by itself. */
  alone(): Promise<Knex>
}

interface Unit {
  readonly scope: UnitScope
  begun: Promise<Knex.Transaction> | undefined
  events: AuditEvent[]
  failed: boolean
  /** The first statement that failed, if any. PostgreSQL answers the COMMIT after it with a silent ROLLBACK. */
  broken: unknown
  /** Work that nobody awaited may still run in its context. */
  ended: boolean
}

export interface Units {
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly connections: Connections
}

export function createUnits({ knex, events }: { knex: Knex; events: EventWriter }): Units {
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
  const settle = (unit: Unit) => (unit.failed ? rollback(unit) : commit(unit, { knex, events }))
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
      active: () => open() !== undefined,
    },
    audit: { record: (event) => void inside('an audit event').events.push(event) },
    connections: connectionsOf(knex, () => current.getStore()),
  }
}

function connectionsOf(knex: Knex, current: () => Unit | undefined): Connections {
  const begunOrPool = async () => current()?.begun ?? knex
  return {
    reader: begunOrPool,
    alone: begunOrPool,
    writer: async () => {
      const unit = current()
      if (unit === undefined) return knex
      if (unit.ended) throw new Error('a write after its unit of work had ended')
      return transaction(unit, knex)
    },
  }
}

interface Running<T> {
  readonly scope: UnitScope
  readonly work: () => Promise<T>
  /** Commits, or rolls back where `fail()` was called. */
  readonly settle: (unit: Unit) => Promise<void>
}

async function run<T>(current: AsyncLocalStorage<Unit>, { scope, work, settle }: Running<T>): Promise<T> {
  const unit: Unit = { scope, begun: undefined, events: [], failed: false, broken: undefined, ended: false }
  let result: T
  try {
    result = await current.run(unit, work)
  } catch (error) {
    unit.ended = true
    // Ruling R-2: a refusal grants nothing, but what it counted, consumed or revoked stays.
    if (error instanceof Refusal && error.code !== 'busy') await settle(unit)
    else await rollback(unit)
    throw asBusy(error)
  }
  unit.ended = true
  await settle(unit)
  return result
}

/** Concurrent first writes share one BEGIN. */
function transaction(unit: Unit, knex: Knex): Promise<Knex.Transaction> {
  unit.begun ??= begin(unit, knex)
  return unit.begun
}

async function begin(unit: Unit, knex: Knex): Promise<Knex.Transaction> {
  try {
    const trx = await knex.transaction()
    trx.on('query-error', (error: unknown) => {
      unit.broken ??= error
    })
    return trx
  } catch (error) {
    throw asBusy(error)
  }
}

/** Events first written, then COMMIT. Throws when anything of the unit was not stored, whoever caught that error before. */
async function commit(unit: Unit, { knex, events }: { knex: Knex; events: EventWriter }): Promise<void> {
  const { institution, reference } = unit.scope
  const pending = unit.events.map((event) =>
    event.reference === undefined ? { ...event, reference } : event,
  )
  unit.events = []
  if (unit.begun === undefined && pending.length === 0) return
  const trx = await transaction(unit, knex)
  unit.begun = undefined
  let written: WrittenEvents | undefined
  try {
    if (unit.broken !== undefined) throw unit.broken
    if (pending.length > 0) written = await events.write(trx, institution, pending)
    await trx.commit()
  } catch (error) {
    written?.rolledBack()
    await trx.rollback().catch(() => undefined)
    throw asBusy(error)
  }
  written?.committed()
}

async function rollback(unit: Unit): Promise<void> {
  unit.events = []
  const trx = await unit.begun?.catch(() => undefined)
  unit.begun = undefined
  await trx?.rollback().catch(() => undefined)
}

// 40001 serialization failure, 40P01 deadlock, 57014 statement deadline: the caller may come again.
const passing = new Set(['40001', '40P01', '57014'])

/** A pool that gives no connection in time, or a conflict with another transaction, is a busy database (ruling R-3). */
export function asBusy(error: unknown): unknown {
  const name = error instanceof Error ? error.name : ''
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (name === 'KnexTimeoutError' || passing.has(code)) return new Refusal('busy', { name, code })
  return error
}
