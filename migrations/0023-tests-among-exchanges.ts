// What failed in a test login stands among the failed exchanges, and says that it was a test.
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw("alter table exchange add column test text not null default ''")
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
