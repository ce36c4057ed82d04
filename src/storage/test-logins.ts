// Test logins as rows of their own: no other store reads them.
import type { FieldSeal } from '../ports/field-seal.ts'
import type { TestLogin, TestLogins } from '../ports/test-logins.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly record: string
  readonly outcome: TestLogin['outcome']
}

export function createTestLogins({ reader, writer }: Connections, seal: FieldSeal): TestLogins {
  const rowOf = (test: TestLogin) => ({
    connection: test.connection,
    outcome: test.outcome,
    upstream_request: test.upstreamRequest ?? null,
    record: seal.seal(test.institution, JSON.stringify(test)),
    started_at: new Date(test.startedAt),
    expires_at: new Date(test.expiresAt),
  })
  // JSON drops members that are undefined; they are put back so that the types stay true.
  const testOf = (institution: string, row: Row): TestLogin => ({
    ...{ upstreamRequest: undefined, upstreamMemory: undefined, result: undefined },
    ...JSON.parse(seal.open(institution, row.record)),
    outcome: row.outcome,
  })
  return {
    async create(test) {
      const db = await writer()
      const { institution, id } = test
      await db('connection_test').insert({ institution, id, ...rowOf(test) })
    },
    async get(institution, id) {
      const db = await reader()
      const row: Row | undefined = await db('connection_test')
        .where({ institution, id })
        .first('record', 'outcome')
      return row && testOf(institution, row)
    },
    async answered(test, requestId) {
      const db = await writer()
      const { institution, id } = test
      const waiting = { institution, id, outcome: 'open', upstream_request: requestId }
      return (await db('connection_test').where(waiting).update(rowOf(test))) === 1
    },
    async list(institution, connection, limit) {
      const db = await reader()
      const rows: Row[] = await db('connection_test')
        .where({ institution, connection })
        .select('record', 'outcome')
        .orderBy('started_at', 'desc')
        .limit(limit)
      return rows.map((row) => testOf(institution, row))
    },
  }
}
