// Forward-only migrations, at start and by command; one node at a time.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Knex } from 'knex'
import pg from 'pg'
import type { Database } from './open.ts'

const directory = join(import.meta.dirname, '../../migrations')
// One number for every Drawbridge: two of them must not migrate one database at once.
const lockNumber = 7_241_964

/** The database was migrated by a newer Drawbridge. */
export class NewerDatabase extends Error {
  constructor(unknown: readonly string[]) {
    super(
      `the database has migrations that this version does not know: ${unknown.join(', ')}; run a newer version`,
    )
    this.name = 'NewerDatabase'
  }
}

const names = (): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.ts'))
    .sort()

const source: Knex.MigrationSource<string> = {
  getMigrations: async () => names(),
  getMigrationName: (name) => name,
  getMigration: (name) => import(join(directory, name)),
}

async function underLock<T>(url: string | undefined, work: () => Promise<T>): Promise<T> {
  // PGlite: the lock of the data directory is enough.
  if (url === undefined) return work()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [lockNumber])
    return await work()
  } finally {
    await client.end()
  }
}

/** What has been applied already; empty for a new database. */
async function applied(knex: Knex): Promise<string[]> {
  const found = await knex.raw(`select to_regclass('knex_migrations') as name`)
  if (found.rows[0].name === null) return []
  const rows: { name: string }[] = await knex('knex_migrations').select('name')
  return rows.map((row) => row.name)
}

/** Migrations that are still to be applied. Throws NewerDatabase. */
export async function pendingMigrations({ knex }: Database): Promise<string[]> {
  const done = await applied(knex)
  const known = names()
  const unknown = done.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new NewerDatabase(unknown)
  return known.filter((name) => !done.includes(name))
}

/** Brings the database to this version. Throws NewerDatabase when it is ahead already. */
export async function migrate(database: Database, url: string | undefined): Promise<{ applied: string[] }> {
  if ((await pendingMigrations(database)).length === 0) return { applied: [] }
  return underLock(url, async () => {
    const settings = { migrationSource: source }
    // We hold a lock that dies with its connection; knex's own row outlives a killed migration for good (ruling R-8).
    const { rows } = await database.knex.raw(`select to_regclass('knex_migrations_lock') as name`)
    if (rows[0].name !== null) await database.knex.migrate.forceFreeMigrationsLock(settings)
    const [, done] = await database.knex.migrate.latest(settings)
    return { applied: done as string[] }
  })
}
