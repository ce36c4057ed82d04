// Cases of transactions that are held: who looks at them until when, and what was released to be sent again.
import type { Knex } from 'knex'

// id: of the transaction. why: sealed, since it is about a customer.
const tables = `
create table held_case (
  institution text not null, id text not null, subject text not null, relying_party text not null,
  reference text not null, hash text not null, reason text not null,
  state text not null check (state in ('open', 'proposed', 'released', 'stopped', 'expired')),
  version integer not null, proposed_by text, ended_by text, fraud boolean not null default false,
  created_at timestamptz not null, deadline timestamptz not null, ended_at timestamptz,
  send_until timestamptz, used_by text,
  primary key (institution, id)
);
create index held_case_waiting on held_case (institution, deadline, id) where state in ('open', 'proposed');
create index held_case_due on held_case (deadline) where state in ('open', 'proposed');
create index held_case_ended on held_case (institution, state, deadline, id);
create index held_case_subject on held_case (institution, subject, deadline, id);
create index held_case_released on held_case (institution, subject, hash) where state = 'released' and used_by is null;
create table held_case_step (
  institution text not null, id text not null, version integer not null,
  step text not null, done_by text not null, why text not null, at timestamptz not null,
  primary key (institution, id, version)
);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
