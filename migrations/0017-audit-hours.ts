// How many of which events came in which hour, counted where they are integrated: charts need not read the whole log.
// Outcome and connection are columns, for the text of an event may hold what jsonb refuses. Hours of before are not counted.
import type { Knex } from 'knex'

const tables = `
alter table audit_event add column outcome text not null default '', add column connection text not null default '';
create table audit_hour (
  institution text not null, hour timestamptz not null, type text not null, outcome text not null,
  connection text not null, count bigint not null, last_at timestamptz not null,
  primary key (institution, hour, type, outcome, connection)
);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
