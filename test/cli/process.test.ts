// The process: how it starts, stops on signals, and what it survives; real processes, real signals.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { seeded } from '../storage/seed.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-process-'))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Line {
  readonly event: string
  readonly [field: string]: unknown
}

/** A process whose log lines can be waited for. */
function started(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, { cwd: root, env: { PATH: process.env.PATH, ...env } })
  children.push(child)
  const said = { out: '', error: '' }
  const waiting: (() => void)[] = []
  child.stdout.on('data', (chunk) => {
    said.out += chunk
    for (const look of waiting) look()
  })
  child.stderr.on('data', (chunk) => {
    said.error += chunk
  })
  const lines = (): Line[] =>
    said.out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const event = (name: string) =>
    new Promise<Line>((resolve, reject) => {
      const look = () => {
        const found = lines().find((line) => line.event === name)
        if (found) resolve(found)
      }
      waiting.push(look)
      void ended.then((code) =>
        reject(new Error(`ended with ${code} before ${name}: ${said.out}${said.error}`)),
      )
      look()
    })
  return { child, said, lines, ended, event }
}

describe('serve', () => {
  const settings = join(folder, 'drawbridge.yaml')
  writeFileSync(
    settings,
    [
      'mode: development',
      'public_url: http://localhost:8080',
      'listen: { port: 0 }',
      'management: { port: 0 }',
      'timeouts: { drain_ms: 2500 }',
      `database: { data_directory: ${join(folder, 'data')} }`,
      'keys: { master: env:TEST_KEY }',
    ].join('\n'),
  )
  const key = { TEST_KEY: randomBytes(32).toString('base64') }
  beforeAll(() => seeded(join(folder, 'data')))

  test('serves, is ready, tells a second process that the data is in use, and ends gracefully', async () => {
    const bridge = started(['src/start.mjs', 'serve', '--config', settings], key)
    const { managementUrl, listening } = await bridge.event('listening')
    expect(await (await fetch(`${managementUrl}/readyz`)).json()).toEqual({ status: 'ready', reasons: [] })
    expect((await fetch(`${listening}/nobody`)).status).toBe(404)
    expect(await (await fetch(`${managementUrl}/metrics`)).text()).toContain(
      'drawbridge_db_round_trips_total',
    )

    const second = started(['src/start.mjs', 'migrate', '--config', settings], key)
    expect(await second.ended).toBe(1)
    expect(second.said.error).toMatch(
      /^drawbridge migrate: the data directory .* is in use by another process/,
    )

    bridge.child.kill('SIGTERM')
    // While it drains it says that it is not ready, and serves whoever comes all the same.
    await bridge.event('stopping')
    expect((await fetch(`${managementUrl}/readyz`)).status).toBe(503)
    expect((await fetch(`${listening}/nobody`)).status).toBe(404)
    expect(await bridge.ended).toBe(0)
    await expect(fetch(`${listening}/nobody`)).rejects.toThrow()
    expect(
      bridge
        .lines()
        .filter(({ event }) => event !== 'request' && event !== 'refused')
        .slice(-2)
        .map(({ event }) => event),
    ).toEqual(['stopping', 'stopped'])
    expect(bridge.said.error).toBe('')
  }, 90_000)

  test('says in one line that a port is taken, and ends with 1', async () => {
    const taken = started([
      '-e',
      "require('net').createServer().listen(0,'127.0.0.1',function(){console.log(JSON.stringify({event:'bound',port:this.address().port}))})",
    ])
    const { port } = await taken.event('bound')
    const bridge = started(['src/start.mjs', 'serve', '--config', settings], { ...key, PORT: String(port) })
    expect(await bridge.ended).toBe(1)
    expect(bridge.said.error).toMatch(/^drawbridge serve: listen EADDRINUSE[^\n]*\n$/)
  }, 90_000)
})

describe('a lifetime', () => {
  const script = (body: string) => {
    const path = join(folder, `${randomBytes(4).toString('hex')}.ts`)
    writeFileSync(
      path,
      `import { createLog } from '${root}/src/http/logging.ts'
       import { untilStopped } from '${root}/src/cli/lifetime.ts'
       const log = createLog({ level: 'info', destination: 'stdout' })
       const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
       const alive = setInterval(() => {}, 1000)
       ${body}
       process.exitCode = await untilStopped({ log, graceMs: 300, start, stop })
       clearInterval(alive)`,
    )
    return path
  }
  const ready = "const start = async () => log.info('ready')\n"

  test.each(['SIGTERM', 'SIGINT'] as const)('%s lets what is under way end', async (signal) => {
    const it = started([script(`${ready} const stop = async () => { await wait(150); log.info('closed') }`)])
    await it.event('ready')
    it.child.kill(signal)
    expect(await it.ended).toBe(0)
    expect(it.lines().map(({ event }) => event)).toEqual(['ready', 'stopping', 'closed', 'stopped'])
  })

  test('a second signal ends at once', async () => {
    const it = started([script(`${ready} const stop = () => wait(60_000)`)])
    await it.event('ready')
    it.child.kill('SIGTERM')
    await it.event('stopping')
    it.child.kill('SIGINT')
    expect(await it.ended).toBe(130)
  })

  test('what does not close within the grace is left behind, with status 1', async () => {
    const it = started([script(`${ready} const stop = () => wait(60_000); setTimeout(() => {}, 1)`)])
    await it.event('ready')
    const began = performance.now()
    it.child.kill('SIGTERM')
    await it.event('stop.late')
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  test('a rejection that nobody awaited is logged, and the process lives on', async () => {
    const it = started([
      script(`const start = async () => { Promise.reject(new Error('forgotten')); await wait(50); log.info('ready') }
              const stop = async () => {}`),
    ])
    expect(await it.event('rejection.unhandled')).toMatchObject({
      level: 'error',
      error: { message: 'forgotten' },
    })
    await it.event('ready')
    it.child.kill('SIGTERM')
    expect(await it.ended).toBe(0)
  })

  test('an error that nobody caught is logged, everything is closed, and the status is 1', async () => {
    const it = started([
      script(`const start = async () => { setTimeout(() => { throw new Error('lost') }, 10) }
              const stop = async () => { log.info('closed') }`),
    ])
    expect(await it.ended).toBe(1)
    expect(it.lines().map(({ event }) => event)).toEqual(['error.uncaught', 'stopping', 'closed', 'stopped'])
  })

  test('a start that fails closes what was opened', async () => {
    const it = started([
      script(`const start = async () => { throw new Error('no start') }
              const stop = async () => { log.info('closed') }`),
    ])
    expect(await it.ended).toBe(1)
    expect(it.lines().map(({ event }) => event)).toEqual(['closed', 'stopped'])
    expect(it.said.error).toContain('no start')
  })
})
