// A migrated embedded database, made once for all tests on this machine: making one costs seconds, copying it none.
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../../src/storage/migrate.ts'
import { openDatabase } from '../../src/storage/open.ts'

const root = join(import.meta.dirname, '../..')

/** Another version of PGlite, or of any migration, has a seed of its own. */
function nameOf(): string {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'migrations')).sort()
  for (const file of files) hash.update(file).update(readFileSync(join(root, 'migrations', file)))
  const { version } = JSON.parse(
    readFileSync(join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8'),
  )
  hash.update(version).update(process.version)
  return `drawbridge-seed-${hash.digest('hex').slice(0, 16)}-${process.getuid?.() ?? 0}`
}

let ready: Promise<string> | undefined

async function made(): Promise<string> {
  const home = join(tmpdir(), nameOf())
  if (existsSync(home)) {
    // The name can be guessed; what somebody else put there is not taken.
    if (lstatSync(home).uid !== process.getuid?.()) throw new Error(`${home} is not ours`)
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
  await database.close()
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
  ready ??= made()
  cpSync(join(await ready, 'pg'), to, { recursive: true })
}
