// Counts by the hour, written by the sequencer as it integrates events: one writer, so nobody waits for a row.
import type { Knex } from 'knex'
import type { Statistics } from '../ports/statistics.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly hour: Date
  readonly type: never
  readonly outcome: string
  readonly connection: string
  readonly count: string
  readonly last_at: Date
}

export function createStatistics({ reader }: Connections): Statistics {
  return {
    async hours(institution, { types, since }) {
      const db = await reader()
      const rows: Row[] = await db('audit_hour')
        .where({ institution })
        .where('hour', '>=', new Date(since))
        .whereIn('type', [...types])
        .orderBy('hour')
      return rows.map(({ hour, count, last_at, ...row }) => ({
        ...{ type: row.type, outcome: row.outcome, connection: row.connection },
        hour: hour.getTime(),
        count: Number(count),
        lastAt: last_at.getTime(),
      }))
    },
  }
}

/** Counts the events that were just given these places in the log, in the transaction that gave them. */
export async function countHours(
  trx: Knex.Transaction,
  institution: string,
  { from, count }: { from: number; count: number },
): Promise<void> {
  await trx.raw(
    `insert into audit_hour (institution, hour, type, outcome, connection, count, last_at)
       select institution, date_trunc('hour', at, 'UTC'), type, outcome, connection, count(*), max(at)
       from audit_event where institution = ? and log_index >= ? and log_index < ?
       group by 1, 2, 3, 4, 5
     on conflict (institution, hour, type, outcome, connection) do update
       set count = audit_hour.count + excluded.count, last_at = greatest(audit_hour.last_at, excluded.last_at)`,
    [institution, from, from + count],
  )
}
