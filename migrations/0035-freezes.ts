// What the bank has frozen: customers, devices, payees and cores. Rows stay when a freeze is over.
import type { Knex } from 'knex'

// `freeze` alone is a word of the language. target: by what it is compared with; of a payee a token that only the institution's key can make.
const tables = `
create table freeze_record (
  institution text not null, id text not null,
  kind text not null check (kind in ('customer', 'device', 'payee', 'core')), target text not null,
  record text not null, set_by text not null, set_at timestamptz not null, ends_at timestamptz,
  lifted_by text, lifted_at timestamptz, lift_record text,
  primary key (institution, id)
);
create index freeze_record_target on freeze_record (institution, kind, target) where lifted_at is null;
create index freeze_record_set on freeze_record (institution, set_at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
