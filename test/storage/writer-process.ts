// A process of its own that writes to an embedded database until somebody kills it.
import { openDatabase } from '../../src/storage/open.ts'

const [, , directory = ''] = process.argv

try {
  const database = await openDatabase({
    url: undefined,
    dataDirectory: directory,
    poolMax: 1,
    acquireTimeoutMs: 2000,
  })
  for (let i = 0; ; i++) {
    await database.knex('replay').insert({ institution: 'a', kind: 'k', id: `n${i}`, expires_at: new Date() })
    process.stdout.write(`n${i}\n`)
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
