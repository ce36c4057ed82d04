// Subjects that the bank has disabled, and whom the pairwise names of apps mean.
import type { Knex } from 'knex'

const tables = `
create table disabled_subject (
  institution text not null, subject text not null, since timestamptz not null default now(),
  primary key (institution, subject)
);
create table pairwise_subject (
  institution text not null, pairwise text not null, subject text not null,
  primary key (institution, pairwise)
);
create index oidc_payload_account on oidc_payload (institution, account_id) where account_id is not null;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
