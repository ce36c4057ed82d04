// Counters of guesses, shared by all nodes: the library that keeps them made the table by itself at each start.
import type { Knex } from 'knex'

// As rate-limiter-flexible reads it. The key begins with the bucket and holds the institution; the rows live for minutes.
const tables = `
create table if not exists rate_limit (
  key varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);
create index if not exists rate_limit_expiry on rate_limit (expire);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
