// What operators ask the management port, over real HTTP.
import { afterEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/http/logging.ts'
import { type ManagementServer, startManagement } from '../../src/http/management.ts'
import { createMetrics } from '../../src/http/metrics.ts'

const lines: string[] = []
const log = createLog(
  { level: 'info', destination: 'stderr' },
  { write: (line: string) => void lines.push(line) },
)
let server: ManagementServer | undefined

interface Database {
  ping(): Promise<void>
  pendingMigrations(): Promise<readonly string[]>
}

async function managing(database: Partial<Database> = {}) {
  const metrics = createMetrics()
  const well: Database = { ping: async () => {}, pendingMigrations: async () => [] }
  server = await startManagement(
    { metrics, log, readinessMs: 150, ...well, ...database },
    { host: '127.0.0.1', port: 0 },
  )
  const { url } = server
  return { metrics, get: (path: string) => fetch(`${url}${path}`) }
}

afterEach(async () => {
  await server?.close()
  server = undefined
  lines.length = 0
})

describe('/readyz', () => {
  test('answers 200 when the database answers and is of this version', async () => {
    const { get } = await managing()
    const response = await get('/readyz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ready', reasons: [] })
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('answers 503 with a reason of ours when the database does not, and /healthz stays 200', async () => {
    const { get } = await managing({ ping: () => Promise.reject(new Error('password "hunter2" is wrong')) })
    const response = await get('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ status: 'not ready', reasons: ['the database is not usable'] })
    expect(lines.join('')).toContain('readiness.failed')
    expect((await get('/healthz')).status).toBe(200)
  })

  test('does not wait for a database that hangs', async () => {
    const { get } = await managing({ ping: () => new Promise(() => {}) })
    const began = performance.now()
    expect(await (await get('/readyz')).json()).toMatchObject({
      reasons: ['the database did not answer in 150 ms'],
    })
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test('answers 503 while migrations are to be applied, and while shutting down', async () => {
    const pending = { left: ['0002-more.ts'] }
    const { get } = await managing({ pendingMigrations: async () => pending.left })
    expect(await (await get('/readyz')).json()).toMatchObject({
      reasons: ['migrations to be applied: 0002-more.ts'],
    })
    pending.left = []
    expect((await get('/readyz')).status).toBe(200)
    server?.drain()
    const draining = await get('/readyz')
    expect(draining.status).toBe(503)
    expect(await draining.json()).toMatchObject({ reasons: ['shutting down'] })
  })
})

describe('/metrics', () => {
  test('shows counters, timings and the process in the text format', async () => {
    const { metrics, get } = await managing()
    let sent = 7
    metrics.count('drawbridge_refusals_total', { code: 'pin.wrong' })
    metrics.count('drawbridge_refusals_total', { code: 'pin.wrong' })
    metrics.time('drawbridge_core_call_seconds', 0.02, { core: 'payments', outcome: 'ok' })
    metrics.observe('drawbridge_db_round_trips_total', () => sent)
    const response = await get('/metrics')
    const text = await response.text()
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; .*version=0\.0\.4/)
    expect(text).toContain('drawbridge_refusals_total{code="pin.wrong"} 2')
    expect(text).toContain('drawbridge_core_call_seconds_bucket{le="0.025",core="payments",outcome="ok"} 1')
    expect(text).toContain('drawbridge_db_round_trips_total 7')
    expect(text).toMatch(/^process_resident_memory_bytes \d/m)
    sent = 9
    expect(await (await get('/metrics')).text()).toContain('drawbridge_db_round_trips_total 9')
  })

  test('labels that the measure has not, or that would break a line, do no harm', async () => {
    const { metrics, get } = await managing()
    metrics.count('drawbridge_logins_total', {
      outcome: 'a"} 1\nevil 1',
      acr: 'x'.repeat(500),
      subject: 'alice',
    })
    const text = await (await get('/metrics')).text()
    expect(text).not.toMatch(/^evil/m)
    expect(text).not.toContain('alice')
    expect(text).not.toContain('x'.repeat(81))
    expect(text).toContain('drawbridge_logins_total{outcome="a\\"} 1\\nevil 1"')
  })

  test('two bridges in one process count each for itself', async () => {
    const [one, other] = [createMetrics(), createMetrics()]
    one.count('drawbridge_logins_total', { outcome: 'ok', acr: '' })
    expect(await one.render()).toContain('drawbridge_logins_total{outcome="ok",acr=""} 1')
    expect(await other.render()).not.toContain('outcome="ok"')
  })
})

test('anything else is 404 or 405, without a body of errors', async () => {
  const { get } = await managing()
  expect((await get('/')).status).toBe(404)
  expect((await fetch(`${server?.url}/healthz`, { method: 'POST' })).status).toBe(405)
})
