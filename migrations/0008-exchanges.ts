// Test logins of connections, and what failed exchanges with IdPs looked like; both sealed, both for days only.
import type { Knex } from 'knex'

const tables = `
create table connection_test (
  institution text not null, id text not null,
  connection text not null, outcome text not null, upstream_request text,
  record text not null, started_at timestamptz not null, expires_at timestamptz not null,
  primary key (institution, id)
);
create index connection_test_connection on connection_test (institution, connection, started_at);
create index connection_test_expiry on connection_test (expires_at);
create table exchange (
  institution text not null, id text not null,
  connection text not null, at timestamptz not null, outcome text not null, code text not null,
  reference text not null, login_reference text not null,
  record text not null, bytes integer not null, expires_at timestamptz not null,
  primary key (institution, id)
);
create index exchange_connection on exchange (institution, connection, at);
create index exchange_at on exchange (institution, at);
create index exchange_expiry on exchange (expires_at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
