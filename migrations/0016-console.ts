// The console: administrators, their sessions, and the invitations by which they came.
import type { Knex } from 'knex'

const tables = `
create table administrator (
  institution text not null references institution, subject text not null,
  roles text[] not null, added_by text not null, added_at timestamptz not null default now(),
  primary key (institution, subject)
);
create table console_session (
  institution text not null, id_hash text not null,
  kind text not null, administrator text not null,
  authenticated_at timestamptz not null, seen_at timestamptz not null, expires_at timestamptz not null,
  primary key (institution, id_hash)
);
create index console_session_administrator on console_session (institution, administrator);
create index console_session_expiry on console_session (expires_at);
create table console_invitation (
  institution text not null references institution, token_hash text not null,
  roles text[] not null, invited_by text not null, created_at timestamptz not null, expires_at timestamptz not null,
  used_at timestamptz, used_by text,
  primary key (institution, token_hash)
);
create index console_invitation_expiry on console_invitation (expires_at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
