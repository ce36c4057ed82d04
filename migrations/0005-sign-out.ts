// Signing out from either side: which browser session an upstream session became, and the notices that apps are owed.
import type { Knex } from 'knex'

// One row a sign-in: an IdP without a SessionIndex names all sessions of a customer alike, and each must be found.
const tables = `
drop table upstream_session;
create table upstream_session (
  institution text not null, login text not null,
  connection text not null, name_id_hash text not null, session_index text not null,
  name_id text not null, subject text not null, browser_session text, expires_at timestamptz not null,
  primary key (institution, login)
);
create index upstream_session_name on upstream_session (institution, connection, name_id_hash);
create index upstream_session_browser on upstream_session (institution, browser_session)
  where browser_session is not null;
create index upstream_session_expiry on upstream_session (expires_at);
create table logout_notice (
  institution text not null, id text not null,
  relying_party text not null, subject text not null, sid text not null,
  tries integer not null default 0, due_at timestamptz not null, expires_at timestamptz not null,
  primary key (institution, id)
);
create index logout_notice_due on logout_notice (institution, due_at);
create index logout_notice_expiry on logout_notice (expires_at);
create table pending_logout (
  institution text not null, request text not null,
  connection text not null, browser_hash text not null, return_to text not null, expires_at timestamptz not null,
  primary key (institution, request)
);
create index pending_logout_expiry on pending_logout (expires_at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
