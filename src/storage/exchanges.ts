// Kept exchanges with IdPs: who, when and why in columns, the messages sealed.
import type { Exchange } from '../domain/exchange.ts'
import type { ConnectionHealth, ExchangeFilter, Exchanges } from '../ports/exchanges.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly id: string
  readonly connection: string
  readonly at: Date
  readonly outcome: Exchange['outcome']
  readonly code: string
  readonly reference: string
  readonly login_reference: string
  /** '' for what was none. */
  readonly test: string
  readonly record: string
}

const most = 200
const summary = ['id', 'connection', 'at', 'outcome', 'code', 'reference', 'login_reference', 'test']

const summaryOf = (row: Row) => ({
  id: row.id,
  connection: row.connection,
  at: row.at.getTime(),
  outcome: row.outcome,
  code: row.code,
  reference: row.reference,
  loginReference: row.login_reference,
  ...(row.test !== '' && { test: row.test }),
})

export function createExchanges({ reader, send }: Connections, seal: FieldSeal): Exchanges {
  return {
    async keep(exchange, expiresAt) {
      const { institution, id, connection, outcome, code, reference, loginReference, at, ...more } = exchange
      const { test = '', ...rest } = more
      const record = seal.seal(institution, JSON.stringify(rest))
      await send((db) =>
        db('exchange').insert({
          ...{ institution, id, connection, outcome, code, reference, test, record },
          login_reference: loginReference,
          bytes: record.length,
          at: new Date(at),
          expires_at: new Date(expiresAt),
        }),
      )
    },
    list: async (institution, filter) => (await listed(await reader(), institution, filter)).map(summaryOf),
    async get(institution, id) {
      const db = await reader()
      const row: Row | undefined = await db('exchange').where({ institution, id }).first()
      return row && { ...JSON.parse(seal.open(institution, row.record)), institution, ...summaryOf(row) }
    },
    health: async (institution, since) => health(await reader(), institution, since),
  }
}

function listed(db: Queries, institution: string, filter: ExchangeFilter): Promise<Row[]> {
  const { connection, code, outcome, of, reference, after, before, limit } = filter
  const query = db('exchange').where({ institution }).select(summary).orderBy('at', 'desc').orderBy('id')
  const exact = Object.entries({ connection, code, outcome }).filter(([, value]) => value !== undefined)
  query.where(Object.fromEntries(exact))
  if (reference !== undefined)
    query.where((either) => either.where({ reference }).orWhere({ login_reference: reference }))
  if (of !== undefined) query.where('test', of === 'tests' ? '<>' : '=', '')
  if (after !== undefined) query.where('at', '>=', new Date(after))
  if (before !== undefined) query.where('at', '<', new Date(before))
  return query.limit(Math.min(limit, most)) as unknown as Promise<Row[]>
}

async function health(db: Queries, institution: string, since: number): Promise<ConnectionHealth[]> {
  const { rows } = await db.raw(
    `select connection, max(at) filter (where outcome = 'answered') as success,
       max(at) filter (where outcome = 'failed') as failure,
       count(*) filter (where outcome = 'failed' and at >= ?)::int as failures
     from exchange where institution = ? and test = '' group by connection order by connection`,
    [new Date(since), institution],
  )
  return rows.map(
    (row: { connection: string; success: Date | null; failure: Date | null; failures: number }) => ({
      connection: row.connection,
      lastSuccessAt: row.success?.getTime(),
      lastFailureAt: row.failure?.getTime(),
      failures: row.failures,
    }),
  )
}
