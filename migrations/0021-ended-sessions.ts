// Sessions that end while somebody still uses them: what must not be written again, and the console's beside the browser's.
import type { Knex } from 'knex'

// 40001 serialization_failure: somebody else was faster, and the caller may come again. Unlike a count that is looked at
// afterwards it fails a transaction whose statements nobody waits for.
const changes = `
create function one_changed(rows bigint) returns bigint language plpgsql immutable as $$
begin
  if rows <> 1 then
    raise exception 'the row was changed or ended by another' using errcode = '40001';
  end if;
  return rows;
end $$;
-- Which browser they came by nobody knows.
delete from console_session where kind = 'workforce';
alter table console_session add column browser_session text;
create index console_session_browser on console_session (institution, browser_session)
  where browser_session is not null;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(changes)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
