// Break-glass: the two keys in their safes, each use of one, and which administrators have seen that.
import type { Knex } from 'knex'

const tables = `
create table break_glass_key (
  institution text not null references institution, id text not null,
  label text not null, credential_id text not null, public_key text not null, counter bigint not null,
  transports text[] not null, registered_by text not null, registered_at timestamptz not null, last_used_at timestamptz,
  primary key (institution, id), unique (institution, credential_id)
);
create table break_glass_use (
  institution text not null references institution, id text not null,
  key text not null, label text not null, used_at timestamptz not null, until timestamptz not null,
  primary key (institution, id)
);
create table break_glass_seen (
  institution text not null, use text not null, administrator text not null, seen_at timestamptz not null,
  primary key (institution, use, administrator),
  foreign key (institution, use) references break_glass_use (institution, id) on delete cascade,
  foreign key (institution, administrator) references administrator (institution, subject) on delete cascade
);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
