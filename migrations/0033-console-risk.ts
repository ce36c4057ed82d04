// The risk engines that an institution's console set, where the institution's file says none.
import type { Knex } from 'knex'

// content: sealed, since settings have passwords of engines; null where the console took the last engine out.
const table = `
create table console_risk (
  institution text primary key, content text, version integer not null,
  set_by text not null, set_at timestamptz not null
);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(table)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
