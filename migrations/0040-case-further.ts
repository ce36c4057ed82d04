// What was held while the very same waited already: it belongs to the case of the first.
import type { Knex } from 'knex'

// id: of the transaction.
const tables = `
create table held_case_further (
  institution text not null, id text not null, held_case text not null, at timestamptz not null,
  primary key (institution, id)
);
create index held_case_further_of on held_case_further (institution, held_case, at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
