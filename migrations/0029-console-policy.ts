// The policy that an institution's console set, where the institution's file says none.
import type { Knex } from 'knex'

const table = `
create table console_policy (
  institution text primary key, content jsonb not null, version text not null, base text not null,
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
