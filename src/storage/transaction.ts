// One transaction in as few waits as it needs: BEGIN travels with the first statement, COMMIT with the last ones.
import type { Knex } from 'knex'
import { Refusal } from '../domain/refusal.ts'

/** What stores need of knex, whether they are inside a transaction or not. */
export interface Queries {
  (table: string): Knex.QueryBuilder
  <Row extends object>(table: string): Knex.QueryBuilder<Row>
  readonly raw: Knex['raw']
  readonly fn: Knex['fn']
}

export interface Transaction {
  readonly queries: Queries
  /** Sends a statement whose answer nobody reads, and does not wait: if it fails, `commit` does. Later reads see it. */
  send(query: Knex.QueryBuilder | Knex.Raw): void
  /**
   * Sends the last statements and COMMIT at once. Throws when any statement of the transaction failed, whoever caught
   * that error before (PostgreSQL answers such a COMMIT with a silent ROLLBACK); it is rolled back then. Refusal `busy`
   * for a conflict with another transaction.
   */
  commit(last: readonly Knex.QueryBuilder[]): Promise<void>
  /** Does nothing once the transaction has ended. */
  rollback(): Promise<void>
  /** Of an error that only says that the transaction had failed before: that failure. Else the error itself. */
  cause(error: unknown): unknown
}

/** What knex's pool holds: a client of `pg` in pipeline mode, which sends each statement at once and answers in order. */
interface PgConnection {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly command: string }>
  readonly connection: { readonly stream: { cork(): void; uncork(): void } }
}

export interface TransactionPorts {
  readonly knex: Knex
  /** Told of every statement that does not pass through knex, and of every wait that they cost. */
  readonly sent?: (statements: number, waits: number) => void
}

/** Takes a connection and begins. Refusal `busy` when there is none in time. */
export async function begin({ knex, sent }: TransactionPorts): Promise<Transaction> {
  const connection: PgConnection = await knex.client.acquireConnection().catch((error: unknown) => {
    throw asBusy(error)
  })
  let broken: unknown
  const failed = (error: unknown) => {
    broken ??= error
  }
  // nextTick comes after the promise jobs of now, in which the first statement is on its way to the same buffer.
  connection.connection.stream.cork()
  process.nextTick(() => connection.connection.stream.uncork())
  connection.query('begin').catch(failed)
  sent?.(1, 0)
  let ended = false
  const end = async (statements: number) => {
    ended = true
    sent?.(statements, 1)
    await knex.client.releaseConnection(connection)
  }
  const rollback = async () => {
    if (ended) return
    await connection.query('rollback').catch(() => undefined)
    await end(1)
  }
  return {
    queries: queriesOn(knex, connection, failed),
    send(query) {
      const { sql, bindings } = query.toSQL().toNative()
      connection.query(sql, bindings).catch(failed)
      sent?.(1, 0)
    },
    async commit(last) {
      const natives = last.map((query) => query.toSQL().toNative())
      // What `send` sent is answered before COMMIT is, and so has said by then whether it failed.
      const error = broken === undefined ? await commit(connection, natives) : broken
      if (error === undefined) return end(last.length + 1)
      await rollback()
      throw asBusy(broken ?? error)
    },
    rollback,
    cause: (error) => (codeOf(error) === failedBefore ? (broken ?? error) : error),
  }
}

function queriesOn(knex: Knex, connection: PgConnection, failed: (error: unknown) => void): Queries {
  const on = <Q extends Knex.Raw | Knex.QueryBuilder>(query: Q): Q =>
    query.connection(connection).on('query-error', failed) as Q
  return Object.assign((table: string) => on(knex(table)), {
    raw: ((...given: Parameters<Knex['raw']>) => on(knex.raw(...given))) as Knex['raw'],
    fn: knex.fn,
  }) as unknown as Queries
}

/** The error because of which nothing was stored; undefined when all was. */
async function commit(connection: PgConnection, last: readonly Knex.SqlNative[]): Promise<unknown> {
  const { stream } = connection.connection
  stream.cork()
  const statements = last.map(({ sql, bindings }) => connection.query(sql, bindings))
  const committed = connection.query('commit')
  stream.uncork()
  const answers = await Promise.allSettled([...statements, committed])
  const rejected = answers.find(({ status }) => status === 'rejected')
  if (rejected?.status === 'rejected') return rejected.reason
  return (await committed).command === 'COMMIT' ? undefined : new Error('the database rolled back')
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

// What PostgreSQL answers to everything after a statement that failed.
const failedBefore = '25P02'

// 40001 serialization failure, 40P01 deadlock, 57014 statement deadline: the caller may come again.
const passing = new Set(['40001', '40P01', '57014'])

/** A pool that gives no connection in time, or a conflict with another transaction, is a busy database (ruling R-3). */
export function asBusy(error: unknown): unknown {
  const name = error instanceof Error ? error.name : ''
  const code = codeOf(error)
  if (name === 'KnexTimeoutError' || passing.has(code)) return new Refusal('busy', { name, code })
  return error
}
