// Reading IdP metadata again by a schedule: what was read when, and keys that a file did not name.
import type { Knex } from 'knex'

const tables = `
alter table connection add column learned jsonb;
create table connection_metadata (
  institution text not null, connection text not null,
  fetched_at timestamptz, next_at timestamptz not null, valid_until timestamptz,
  error text not null default '', failures integer not null default 0,
  digest text not null default '', waits jsonb not null default '[]',
  lease_until timestamptz, asked_at timestamptz,
  primary key (institution, connection)
);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
