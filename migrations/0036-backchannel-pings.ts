// What back ends are owed that wait to be pinged (OpenID CIBA 10.2): one row a request, from its beginning to the ping.
import type { Knex } from 'knex'

// record: sealed, for it holds the name of the request and the client's own token. due_at: when the question is over, or sooner.
const table = `
create table backchannel_ping (
  institution text not null, request_hash text not null,
  relying_party text not null, subject text not null, approval text not null, reference text not null, record text not null,
  tries integer not null default 0, due_at timestamptz not null, expires_at timestamptz not null,
  primary key (institution, request_hash)
);
create index backchannel_ping_due on backchannel_ping (due_at);
create index backchannel_ping_expires on backchannel_ping (expires_at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(table)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
