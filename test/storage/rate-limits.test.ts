// Budgets: what is within passes, what is over is told when to come back, each key on its own.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compose } from '../../src/compose/compose.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { SettingsInput } from '../../src/config/schema.ts'
import type { Database } from '../../src/storage/open.ts'
import { createRateLimits, type RateBudgets } from '../../src/storage/rate-limits.ts'
import { migrated, type Scratch, scratch, serverUrl } from './scratch.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const budget = { points: 3, seconds: 60 }
const budgets: RateBudgets = {
  pin: budget,
  interaction: budget,
  token: budget,
  device: budget,
  acs: budget,
  gateway: budget,
  channel: budget,
  probe: budget,
}

let place: Scratch
let database: Database
beforeAll(async () => {
  place = await scratch(serverUrl === undefined ? 'embedded' : 'server')
  database = await migrated(place)
})
afterAll(async () => {
  await database.close()
  await place.remove()
})

test.each(['pin', 'device', 'token', 'gateway'] as const)(
  '%s: three of ten at once, and the next key is not touched',
  async (bucket) => {
    const limits = createRateLimits(database, budgets, quiet)
    const taken = await Promise.all(Array.from({ length: 10 }, () => limits.take(bucket, 'alice')))
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(3)
    const over = taken.filter(({ allowed }) => !allowed)
    expect(over.every(({ retryAfterSeconds }) => retryAfterSeconds >= 1 && retryAfterSeconds <= 60)).toBe(
      true,
    )
    expect((await limits.take(bucket, 'bob')).allowed).toBe(true)
  },
)

test('guesses are counted for all nodes together where the database is shared', async () => {
  if (database.kind === 'embedded') return expect(database.aside).toBe(database.knex)
  const [one, two] = [createRateLimits(database, budgets, quiet), createRateLimits(database, budgets, quiet)]
  const taken = await Promise.all(
    Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? one : two).take('pin', 'carol')),
  )
  expect(taken.filter(({ allowed }) => allowed)).toHaveLength(3)
})

test('where the counter itself is broken, guessing stops and traffic goes on', async () => {
  if (database.kind === 'embedded') return expect(createRateLimits(database, budgets, quiet)).toBeDefined()
  const limits = createRateLimits(database, budgets, quiet)
  await database.knex.raw('alter table rate_limit rename to rate_limit_gone')
  expect((await limits.take('pin', 'dave')).allowed).toBe(false)
  expect((await limits.take('token', 'dave')).allowed).toBe(true)
  await database.knex.raw('alter table rate_limit_gone rename to rate_limit')
})

test('who serves needs no right to make tables: that was `migrate`', async () => {
  if (place.url === undefined) return expect(database.kind).toBe('embedded')
  // The owner of the database is a member of that role; without the right it may read and write its tables, no more.
  await database.knex.raw('revoke create on schema public from pg_database_owner, public')
  const settings: SettingsInput = {
    mode: 'development',
    public_url: 'http://localhost:8080',
    listen: { host: '127.0.0.1', port: 0 },
    management: { host: '127.0.0.1', port: 0 },
    keys: { master: 'env:MASTER' },
    timeouts: { drain_ms: 0 },
    log: { level: 'error', destination: 'stderr' },
  }
  const master = randomBytes(32).toString('base64')
  const application = await compose(loadSettings(settings, { MASTER: master, DATABASE_URL: place.url }))
  const { managementUrl } = await application.start()
  expect((await fetch(`${managementUrl}/readyz`)).status).toBe(200)
  await expect(database.knex.raw('create table mine (id int)')).rejects.toThrow('permission denied')
  const taken = await createRateLimits(database, budgets, quiet).take('pin', 'erin')
  expect(taken).toEqual({ allowed: true, retryAfterSeconds: 0 })
  await application.stop()
})
