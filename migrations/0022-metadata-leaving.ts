// Metadata that is read again: since when it has named its present end, and which keys it no longer names.
import type { Knex } from 'knex'

const columns = `
alter table connection_metadata add column valid_since timestamptz, add column gone jsonb not null default '[]';
update connection_metadata set valid_since = fetched_at where valid_until is not null;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(columns)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
