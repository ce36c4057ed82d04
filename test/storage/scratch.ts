// Databases for tests: a fresh embedded one, or a fresh one on the server that DATABASE_URL names.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import pg from 'pg'
import { migrate } from '../../src/storage/migrate.ts'
import { type Database, openDatabase } from '../../src/storage/open.ts'
import { seeded } from './seed.ts'

export const serverUrl = process.env.DATABASE_URL

export interface Scratch {
  readonly url: string | undefined
  readonly directory: string
  remove(): Promise<void>
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(statement)
  await client.end()
}

/** A place for one database; `server` needs DATABASE_URL. */
export async function scratch(kind: 'embedded' | 'server'): Promise<Scratch> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-test-'))
  const clean = () => rmSync(directory, { recursive: true, force: true })
  if (kind === 'embedded') return { url: undefined, directory, remove: async () => clean() }
  const name = `t_${randomBytes(6).toString('hex')}`
  await onServer(`create database ${name}`)
  const url = new URL(serverUrl as string)
  url.pathname = `/${name}`
  const remove = async (tries = 20): Promise<void> => {
    clean()
    try {
      await onServer(`drop database ${name} with (force)`)
    } catch (error) {
      // Its vacuum is the superuser's, whom we may not end.
      if (tries === 0) throw error
      await rest(250)
      await remove(tries - 1)
    }
  }
  return { url: url.href, directory, remove: () => remove() }
}

export const open = (place: Scratch, poolMax = 10): Promise<Database> =>
  openDatabase({ url: place.url, dataDirectory: place.directory, poolMax, acquireTimeoutMs: 2000 })

/** Opened and brought to this version; an embedded one comes ready. */
export async function migrated(place: Scratch): Promise<Database> {
  if (place.url === undefined) await seeded(place.directory)
  const database = await open(place)
  await migrate(database, place.url)
  return database
}
