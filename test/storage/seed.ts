// A migrated embedded database, made once for all tests on this machine: making one costs seconds, copying it none.
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { migrate } from '../../src/storage/migrate.ts'
import { openDatabase } from '../../src/storage/open.ts'

const root = join(import.meta.dirname, '../..')

/** Another version of PGlite, of any migration, or of this file has a seed of its own. */
function nameOf(): string {
  const hash = createHash('sha256')
  hash.update(readFileSync(import.meta.filename))
  const files = readdirSync(join(root, 'migrations')).sort()
  for (const file of files) hash.update(file).update(readFileSync(join(root, 'migrations', file)))
  const { version } = JSON.parse(
    readFileSync(join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8'),
  )
  hash.update(version).update(process.version)
  return `drawbridge-seed-${hash.digest('hex').slice(0, 16)}-${process.getuid?.() ?? 0}`
}

interface Seed {
  readonly folders: readonly string[]
  /** Where each stands in the seed, and below `pg`. */
  readonly links: readonly (readonly [string, string])[]
  readonly files: readonly { readonly path: string; readonly size: number; readonly start: Buffer }[]
}

let ready: Promise<Seed> | undefined

// The databases that others are made from: nobody ever writes to them here, so that all may share them.
const templates = ['base/1', 'base/4']

async function read(): Promise<Seed> {
  const from = join(await made(), 'pg')
  const entries = readdirSync(from, { recursive: true, withFileTypes: true })
  const placed = entries.map((entry) => ({
    entry,
    path: relative(from, join(entry.parentPath, entry.name)),
  }))
  const files = placed.filter(({ entry }) => !entry.isDirectory()).map(({ path }) => path)
  const shared = (path: string) => templates.includes(dirname(path))
  return {
    folders: placed.filter(({ entry }) => entry.isDirectory()).map(({ path }) => path),
    links: files.filter(shared).map((path) => [join(from, path), path] as const),
    files: files
      .filter((path) => !shared(path))
      .map((path) => {
        const bytes = readFileSync(join(from, path))
        return { path, size: bytes.length, start: bytes.subarray(0, filled(bytes)) }
      }),
  }
}

/** Up to here; the rest is zeros, which need no room. */
function filled(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return end
}

async function made(): Promise<string> {
  const home = join(tmpdir(), nameOf())
  if (existsSync(home)) {
    // The name can be guessed; what somebody else put there is not taken.
    if (lstatSync(home).uid !== process.getuid?.()) throw new Error(`${home} is not ours`)
    // It is in use, and not left over (`scratch-space.ts`).
    utimesSync(home, new Date(), new Date())
    return home
  }
  const aside = mkdtempSync(`${home}.`)
  const database = await openDatabase({
    url: undefined,
    dataDirectory: aside,
    poolMax: 1,
    acquireTimeoutMs: 10_000,
  })
  await migrate(database, undefined)
  // What the migrations wrote to the log is in the tables by now: a log that is nearly empty is copied in no time.
  for (const statement of ['set wal_recycle = off', 'select pg_switch_wal()', 'checkpoint'])
    await database.knex.raw(statement)
  await database.close()
  // Of 128 MB each, every opening would clear every byte.
  appendFileSync(join(aside, 'pg', 'postgresql.conf'), '\nshared_buffers = 16MB\n')
  try {
    renameSync(aside, home)
  } catch {
    // Another process was first; its seed is the same.
    rmSync(aside, { recursive: true, force: true })
  }
  return home
}

/** Puts the database into this data directory, unless there is one already. */
export async function seeded(directory: string): Promise<void> {
  const to = join(directory, 'pg')
  if (existsSync(to)) return
  ready ??= read()
  const { folders, links, files } = await ready
  mkdirSync(to, { recursive: true, mode: 0o700 })
  for (const folder of folders) mkdirSync(join(to, folder), { mode: 0o700 })
  for (const [at, path] of links) linkSync(at, join(to, path))
  for (const { path, size, start } of files) {
    const file = join(to, path)
    writeFileSync(file, start, { mode: 0o600 })
    if (start.length < size) truncateSync(file, size)
  }
}
