// Signing out with OpenID providers: the ID token that a logout brings back to them, and sessions found by `sid` alone.
import type { Knex } from 'knex'

const tables = `
alter table upstream_session add column logout_hint text;
create index upstream_session_index on upstream_session (institution, connection, session_index)
  where session_index <> '';
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
