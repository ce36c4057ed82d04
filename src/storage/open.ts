// Opening the database: PostgreSQL on a server, or PGlite in this process; one dialect, one driver.
import { join } from 'node:path'
import knexPackage, { type Knex } from 'knex'
import { lockDirectory } from './directory-lock.ts'
import { PGliteStream } from './pglite-stream.ts'

export interface DatabaseSettings {
  /** `postgres://…`; undefined for the embedded database. */
  readonly url: string | undefined
  readonly dataDirectory: string
  readonly poolMax: number
  readonly acquireTimeoutMs: number
}

export interface Database {
  readonly knex: Knex
  readonly kind: 'embedded' | 'server'
  /** Statements sent so far, BEGIN and COMMIT among them. */
  roundTrips(): number
  ping(): Promise<void>
  close(): Promise<void>
}

const statementTimeoutMs = 10_000

/** Opens and checks the connection. Throws DirectoryInUse when another process has the embedded database. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  return settings.url === undefined ? openEmbedded(settings) : openServer(settings, settings.url)
}

async function openServer(settings: DatabaseSettings, url: string): Promise<Database> {
  const knex = knexPackage({
    client: 'pg',
    connection: {
      connectionString: url,
      statement_timeout: statementTimeoutMs,
      application_name: 'drawbridge',
    },
    pool: { min: 0, max: settings.poolMax, idleTimeoutMillis: 30_000 },
    acquireConnectionTimeout: settings.acquireTimeoutMs,
  })
  return database(knex, 'server', () => knex.destroy())
}

async function openEmbedded(settings: DatabaseSettings): Promise<Database> {
  const release = await lockDirectory(settings.dataDirectory)
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    const pglite = await PGlite.create(join(settings.dataDirectory, 'pg'))
    const knex = knexPackage({
      client: 'pg',
      connection: {
        user: 'postgres',
        database: 'postgres',
        host: 'embedded',
        stream: () => new PGliteStream(pglite),
      } as object,
      // One session is all that PGlite has; a second connection would share its transaction.
      pool: { min: 1, max: 1 },
      acquireConnectionTimeout: settings.acquireTimeoutMs,
    })
    return await database(knex, 'embedded', async () => {
      await knex.destroy()
      await pglite.close()
      await release()
    })
  } catch (error) {
    await release()
    throw error
  }
}

async function database(knex: Knex, kind: Database['kind'], close: () => Promise<void>): Promise<Database> {
  let sent = 0
  knex.on('query', () => {
    sent += 1
  })
  const ping = async () => {
    await knex.raw('select 1')
  }
  try {
    await ping()
  } catch (error) {
    await close()
    throw error
  }
  return { knex, kind, roundTrips: () => sent, ping, close }
}
