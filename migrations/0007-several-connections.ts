// An app's customers may have several connections to choose from: the one that stood there becomes a list of one.
import type { Knex } from 'knex'

const tables = `
update relying_party
  set settings = (settings - 'connection') || jsonb_build_object('connections',
    case when settings -> 'connection' is null then '[]'::jsonb else jsonb_build_array(settings -> 'connection') end)
  where settings -> 'connections' is null;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
