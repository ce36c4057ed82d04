// Opening the database: PostgreSQL on a server, or PGlite in this process; one dialect, one driver.
import { join } from 'node:path'
import knexPackage, { type Knex } from 'knex'
import { lockDirectory } from './directory-lock.ts'
import { PGliteStream } from './pglite-stream.ts'
import { asBusy, begin, type Transaction } from './transaction.ts'

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
  /**
   * Connections apart from those that units hold: what a unit waits for must never wait for a unit. The same as `knex`
   * on the embedded database, where nothing may use it while a unit is open.
   */
  readonly aside: Knex
  begin(): Promise<Transaction>
  /** Times that somebody waited for the database so far; statements that travel together are one. */
  roundTrips(): number
  /** Statements sent so far, BEGIN and COMMIT among them. */
  statements(): number
  ping(): Promise<void>
  close(): Promise<void>
}

const statementTimeoutMs = 10_000
const asidePool = 3
// What fails is thrown to whoever asked and told there; knex would print it among the lines of our log.
const silent = { warn() {}, error() {}, deprecate() {}, debug() {} }

/** Opens and checks the connection. Throws DirectoryInUse when another process has the embedded database. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  return settings.url === undefined ? openEmbedded(settings) : openServer(settings, settings.url)
}

async function openServer(settings: DatabaseSettings, url: string): Promise<Database> {
  const connection = {
    connectionString: url,
    statement_timeout: statementTimeoutMs,
    // Without it a server that accepts and stays silent would hold the start, and the stop, for half a minute.
    connectionTimeoutMillis: settings.acquireTimeoutMs,
    application_name: 'drawbridge',
    pipeline: true,
  }
  const pool = (max: number) =>
    knexPackage({
      client: 'pg',
      log: silent,
      connection,
      pool: { min: 0, max, idleTimeoutMillis: 30_000 },
      acquireConnectionTimeout: settings.acquireTimeoutMs,
    })
  const [knex, aside] = [pool(settings.poolMax), pool(asidePool)]
  const close = async () => {
    await Promise.all([knex.destroy(), aside.destroy()])
  }
  return database({ knex, aside, kind: 'server', close })
}

async function openEmbedded(settings: DatabaseSettings): Promise<Database> {
  const release = await lockDirectory(settings.dataDirectory)
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    const pglite = await PGlite.create(join(settings.dataDirectory, 'pg'))
    const knex = knexPackage({
      client: 'pg',
      log: silent,
      connection: {
        user: 'postgres',
        database: 'postgres',
        host: 'embedded',
        // In spite of a PGSSLMODE in the environment that is meant for a server.
        ssl: false,
        pipeline: true,
        stream: () => new PGliteStream(pglite),
      } as object,
      // One session is all that PGlite has; a second connection would share its transaction.
      pool: { min: 1, max: 1 },
      acquireConnectionTimeout: settings.acquireTimeoutMs,
    })
    return await database({
      knex,
      aside: knex,
      kind: 'embedded',
      close: async () => {
        await knex.destroy()
        await pglite.close()
        await release()
      },
    })
  } catch (error) {
    await release()
    throw error
  }
}

type Opened = Pick<Database, 'knex' | 'aside' | 'kind' | 'close'>

async function database({ knex, aside, kind, close }: Opened): Promise<Database> {
  let [statements, waits] = [0, 0]
  const sent = (more: number, waited: number) => {
    statements += more
    waits += waited
  }
  for (const pool of new Set([knex, aside])) pool.on('query', () => sent(1, 1))
  const ping = async () => {
    await knex.raw('select 1')
  }
  try {
    await ping()
  } catch (error) {
    await close()
    throw error
  }
  for (const pool of new Set([knex, aside])) tellBusy(pool)
  return {
    knex,
    aside,
    kind,
    begin: () => begin({ knex, sent }),
    roundTrips: () => waits,
    statements: () => statements,
    ping,
    close,
  }
}

interface PoolClient {
  acquireConnection(): Promise<unknown>
  query(...given: unknown[]): Promise<unknown>
}

/** Reads that stand outside a unit, and those whose errors a library catches, say `busy` as a unit does (ruling R-3). */
function tellBusy({ client }: Knex): void {
  const pool = client as PoolClient
  const [acquire, query] = [pool.acquireConnection.bind(pool), pool.query.bind(pool)]
  const busy = (error: unknown) => {
    throw asBusy(error)
  }
  pool.acquireConnection = () => acquire().catch(busy)
  pool.query = (...given) => query(...given).catch(busy)
}
