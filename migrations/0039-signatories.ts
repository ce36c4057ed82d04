// Who may sign for an account, and transactions and approvals that wait for them.
import type { Knex } from 'knex'

// account: its token, by which transactions name it too. record: people and roles, sealed.
const tables = `
create table mandate (
  institution text not null, account text not null, record text not null, changed_at timestamptz not null,
  primary key (institution, account)
);
alter table customer_transaction add column signing_at timestamptz;
alter table approval drop constraint approval_origin_check;
alter table approval add constraint approval_origin_check check (origin in ('backchannel', 'api', 'login', 'signatory'));
create unique index approval_signatory on approval (institution, transaction_id, subject) where origin = 'signatory';
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
