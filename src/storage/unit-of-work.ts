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
  /** For writing: the unit's transaction; outside a unit the pool, where each statement stands alone. */
  writer(): Promise<Knex>
  /** For one statement that nothing else depends on: the unit's transaction if it has begun, else by itself. */
  alone(): Promise<Knex>
}

interface Unit {
  readonly scope: UnitScope
  begun: Promise<Knex.Transaction> | undefined
  events: AuditEvent[]
  failed: boolean
}

export interface Units {
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly connections: Connections
}

export function createUnits({ knex, events }: { knex: Knex; events: EventWriter }): Units {
  const current = new AsyncLocalStorage<Unit>()
  const inside = (): Unit => {
    const unit = current.getStore()
    if (unit === undefined) throw new Error('an audit event outside a unit of work')
    return unit
  }
  const transaction = (unit: Unit) => {
    unit.begun ??= begin(knex)
    return unit.begun
  }
  const commit = (unit: Unit) => finish(unit, () => transaction(unit), events)
  return {
    unit: {
      run: (scope, work) => (current.getStore() ? work() : run(current, { scope, work, commit })),
      checkpoint: async () => {
        const unit = current.getStore()
        if (unit !== undefined) await commit(unit)
      },
      fail: () => {
        inside().failed = true
      },
      active: () => current.getStore() !== undefined,
    },
    audit: { record: (event) => void inside().events.push(event) },
    connections: {
      reader: async () => current.getStore()?.begun ?? knex,
      alone: async () => current.getStore()?.begun ?? knex,
      writer: async () => {
        const unit = current.getStore()
        return unit === undefined ? knex : transaction(unit)
      },
    },
  }
}

interface Running<T> {
  readonly scope: UnitScope
  readonly work: () => Promise<T>
  readonly commit: (unit: Unit) => Promise<void>
}

async function run<T>(current: AsyncLocalStorage<Unit>, { scope, work, commit }: Running<T>): Promise<T> {
  const unit: Unit = { scope, begun: undefined, events: [], failed: false }
  let result: T
  try {
    result = await current.run(unit, work)
  } catch (error) {
    // Ruling R-2: a refusal grants nothing, but what it counted, consumed or revoked stays.
    if (error instanceof Refusal && !unit.failed && error.code !== 'busy') await commit(unit)
    else await rollback(unit)
    throw error
  }
  if (unit.failed) await rollback(unit)
  else await commit(unit)
  return result
}

async function begin(knex: Knex): Promise<Knex.Transaction> {
  try {
    return await knex.transaction()
  } catch (error) {
    throw asBusy(error)
  }
}

async function finish(
  unit: Unit,
  transaction: () => Promise<Knex.Transaction>,
  events: EventWriter,
): Promise<void> {
  const { institution, reference } = unit.scope
  const pending = unit.events.map((event) =>
    event.reference === undefined ? { ...event, reference } : event,
  )
  unit.events = []
  if (unit.begun === undefined && pending.length === 0) return
  const trx = await transaction()
  unit.begun = undefined
  let written: WrittenEvents | undefined
  try {
    if (pending.length > 0) written = await events.write(trx, institution, pending)
    await trx.commit()
    written?.committed()
  } catch (error) {
    written?.rolledBack()
    await trx.rollback().catch(() => undefined)
    throw asBusy(error)
  }
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
  if (name === 'KnexTimeoutError' || name === 'TimeoutError' || passing.has(code))
    return new Refusal('busy', { name, code })
  return error
}
