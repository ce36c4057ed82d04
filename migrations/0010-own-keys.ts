// Keys of connections with their states, and which warnings of an expiry were given.
import type { Knex } from 'knex'

// Connections from before went by their institution's keys; each takes those over as its own first ones when it is next
// needed, since their IdPs know them. That is done by a process with the master key: a key is sealed to its place.
const tables = `
create table connection_key (
  institution text not null, connection text not null, purpose text not null, kid text not null,
  algorithm text not null, sealed text not null, certificate text not null, state text not null,
  created_at timestamptz not null, expires_at timestamptz not null, promote_at timestamptz,
  promoted_at timestamptz, retired_at timestamptz, dropped_at timestamptz,
  primary key (institution, connection, purpose, kid)
);
create unique index connection_key_active on connection_key (institution, connection, purpose) where state = 'active';
create unique index connection_key_next on connection_key (institution, connection, purpose) where state = 'next';
alter table connection add column keys_of_institution boolean not null default false;
update connection set keys_of_institution = true;
create table expiry_warning (
  institution text not null, connection text not null, kind text not null, name text not null,
  expires_at timestamptz not null, level integer not null, at timestamptz not null,
  primary key (institution, connection, kind, name, expires_at, level)
);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
