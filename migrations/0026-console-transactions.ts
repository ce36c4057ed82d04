// Transactions are found in the console by their sign-in and by what was decided; a policy says since when it is in force.
import type { Knex } from 'knex'

// What was decided before has no reference; of a policy that came back only its first day was known until now.
const changes = `
alter table customer_transaction add column reference text not null default '';
alter table policy add column in_force_at timestamptz not null default now();
update policy set in_force_at = created_at;
create index customer_transaction_at on customer_transaction (institution, created_at, id);
create index customer_transaction_subject on customer_transaction (institution, subject, created_at, id);
create index customer_transaction_reason on customer_transaction (institution, reason, created_at, id);
create index customer_transaction_reference on customer_transaction (institution, reference);
create index customer_transaction_stopped on customer_transaction (institution, created_at, id)
  where outcome in ('deny', 'review');
create index customer_transaction_state on customer_transaction (institution, state, created_at, id)
  where state <> 'approved';
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(changes)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
