// The life of connections: states and versions, test logins, kept exchanges, and keys that are renewed.
import type { Knex } from 'knex'

const tables = `
alter table connection
  add column state text not null default 'active',
  add column version integer not null default 1,
  add column proposal jsonb;
update connection set state = 'disabled' where settings ->> 'enabled' = 'false';
update connection set settings = settings - 'enabled';
create table connection_version (
  institution text not null, connection text not null, version integer not null,
  change text not null, state text not null, content jsonb not null,
  who text not null, why text not null, at timestamptz not null default now(),
  primary key (institution, connection, version)
);
insert into connection_version (institution, connection, version, change, state, content, who, why, at)
  select institution, id, version, 'applied', state, settings, managed_by, '', updated_at from connection;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
