// How many of which events came in which hour, counted where they are integrated: charts need not read the whole log.
import type { Knex } from 'knex'

const tables = `
create table audit_hour (
  institution text not null, hour timestamptz not null, type text not null, outcome text not null,
  count bigint not null,
  primary key (institution, hour, type, outcome)
);
insert into audit_hour (institution, hour, type, outcome, count)
  select institution, date_trunc('hour', at, 'UTC'), type, coalesce(body::jsonb ->> 'outcome', ''), count(*)
  from audit_event where log_index is not null group by 1, 2, 3, 4;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
