// Transactions of customers with what was decided on them, the policies that decided, and customers' own limits.
import type { Knex } from 'knex'

// minor: 15 digits before the point and at most 4 behind it, which a bigint cannot hold.
const tables = `
create table policy (
  institution text not null, version text not null, content jsonb not null,
  created_at timestamptz not null default now(),
  primary key (institution, version)
);
create table customer_transaction (
  institution text not null, id text not null, subject text not null, relying_party text not null,
  type text not null, kind text not null, hash text not null, currency text, minor numeric(24, 0) not null,
  from_account text, to_account text,
  state text not null check (state in ('open', 'approved', 'used', 'released', 'refused', 'held')),
  outcome text not null, step_up text, reason text not null, policy text not null, record text not null,
  created_at timestamptz not null, expires_at timestamptz not null, ended_at timestamptz,
  grant_id text, used_at timestamptz,
  primary key (institution, id)
);
create index customer_transaction_counted on customer_transaction (institution, subject, created_at)
  where state in ('open', 'approved', 'used');
create index customer_transaction_payee on customer_transaction (institution, subject, to_account)
  where state in ('approved', 'used') and step_up is not null;
create unique index customer_transaction_grant on customer_transaction (institution, grant_id)
  where grant_id is not null;
create table own_limits (
  institution text not null, subject text not null, version integer not null, record text not null,
  changed_at timestamptz not null default now(),
  primary key (institution, subject)
);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
