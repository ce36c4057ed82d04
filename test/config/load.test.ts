// What becomes of a file and an environment: a frozen configuration, or every fault at once.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { demoFaults, isDemoDirectory, prepareDemo } from '../../src/config/demo-stamp.ts'
import { ConfigFault } from '../../src/config/faults.ts'
import { load, loadSettings, NoConfiguration } from '../../src/config/load.ts'
import type { SettingsInput } from '../../src/config/schema.ts'

const keyText = 'q83vEjRWeJq83vEjRWeJABCDEFGHIJKLMNOPQRSTUVU='
const server = 'postgres://bridge:hunter2@db.internal/bridge'
const good: SettingsInput = { public_url: 'https://login.bank.example', keys: { master: 'env:KEY' } }
const env = { KEY: keyText, DATABASE_URL: server }

const parent = mkdtempSync(join(tmpdir(), 'drawbridge-config-'))
const folder = () => mkdtempSync(join(parent, 'case-'))
afterAll(() => rmSync(parent, { recursive: true, force: true }))

function file(yaml: string): string {
  const path = join(folder(), 'drawbridge.yaml')
  writeFileSync(path, yaml)
  return path
}

function faultsOf(work: () => unknown): string[] {
  try {
    work()
  } catch (error) {
    if (error instanceof ConfigFault) return error.message.split('\n')
    throw error
  }
  return []
}

const faults = (settings: object, more: Record<string, string> = {}) =>
  faultsOf(() => loadSettings({ ...good, ...settings } as SettingsInput, { ...env, ...more }))

describe('a good configuration', () => {
  test('has every default, in camelCase, and cannot be changed', () => {
    const config = loadSettings(good, env)
    expect(config.mode).toBe('production')
    expect(config.limits.rates.pin).toEqual({ points: 10, seconds: 60 })
    expect(config.sessions.accessTokenSeconds).toBe(300)
    expect(config.sessions.transactionTokenSeconds).toBe(300)
    expect(Buffer.from(config.keys.master.reveal()).toString('base64')).toBe(keyText)
    expect(config.database.url?.reveal()).toBe(server)
    expect(Object.isFrozen(config.limits.rates.pin)).toBe(true)
    expect(() => Object.assign(config.listen, { port: 1 })).toThrow(TypeError)
  })

  test('does not show its secrets when it is printed', () => {
    const config = loadSettings(good, env)
    for (const shown of [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${config.database.url}`,
    ]) {
      expect(shown).not.toContain('hunter2')
      expect(shown).not.toContain(keyText.slice(0, 10))
    }
  })

  test('is read from a file, under the environment', () => {
    const secretFile = join(folder(), 'key')
    writeFileSync(secretFile, `${keyText}\n`)
    const path = file(
      `public_url: https://a.example\nlisten: { port: 1000 }\nkeys: { master: 'file:${secretFile}' }\n`,
    )
    const over = {
      DATABASE_URL: server,
      DRAWBRIDGE_LISTEN_HOST: '::',
      DRAWBRIDGE_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1',
      DRAWBRIDGE_LIMITS_RATES_PIN_POINTS: '3',
      DRAWBRIDGE_DATABASE_ALLOW_EMBEDDED_IN_PRODUCTION: 'true',
    }
    const config = load({ file: path, env: over })
    expect(config.listen).toEqual({ host: '::', port: 1000 })
    expect(config.trustedProxies).toEqual(['10.0.0.0/8', '192.0.2.1'])
    expect(config.limits.rates.pin.points).toBe(3)
    expect(config.database.allowEmbeddedInProduction).toBe(true)
    expect(load({ file: path, env: { ...over, PORT: '2000' } }).listen.port).toBe(2000)
    expect(load({ env: { ...over, DRAWBRIDGE_CONFIG: path } }).listen.port).toBe(1000)
  })
})

describe('faults', () => {
  test('come all at once, with line and path', () => {
    const path = file(
      [
        'public_url: https://a.example/path',
        'lisen: { port: 1 }',
        'limits:',
        '  rates:',
        '    pin: { point: 1 }',
        'timeouts: { core_ms: soon }',
        'trusted_proxies: [10.0.0.0/33]',
      ].join('\n'),
    )
    const found = faultsOf(() =>
      load({ file: path, env: { DRAWBRIDGE_LOG_LEVL: 'debug', DRAWBRIDGE_LISTEN_PORT: 'x' } }),
    )
    expect(found).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/yaml:1: public_url: an origin is needed/),
        expect.stringMatching(/yaml:2: lisen: no such setting; did you mean listen\?/),
        expect.stringMatching(/yaml:5: limits\.rates\.pin\.point: no such setting; did you mean points\?/),
        expect.stringMatching(/yaml:6: timeouts\.core_ms: .*number/),
        expect.stringMatching(/yaml:7: trusted_proxies\[0\]: a network or address/),
        expect.stringMatching(/yaml:1: keys: is required/),
        expect.stringMatching(/^DRAWBRIDGE_LISTEN_PORT: listen\.port: .*number/),
        'DRAWBRIDGE_LOG_LEVL: no such setting; did you mean DRAWBRIDGE_LOG_LEVEL?',
      ]),
    )
    expect(found).toHaveLength(8)
  })

  test.each([
    ['a: 1\na: 2', /:2: .*unique/],
    ['public_url: [', /:1/],
    [
      'a: &a [1,2]\nb: &b [*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]',
      /yaml: Excessive alias count/,
    ],
  ])('in YAML itself: %s', (yaml, message) => {
    expect(faultsOf(() => load({ file: file(yaml), env }))[0]).toMatch(message)
  })

  test('nothing to load is told apart from something wrong', () => {
    const cwd = process.cwd()
    process.chdir(folder())
    try {
      expect(() => load({ env: {} })).toThrow(NoConfiguration)
      expect(() => load({ file: 'nowhere.yaml', env: {} })).toThrow(/nowhere.yaml: cannot be read \(ENOENT\)/)
    } finally {
      process.chdir(cwd)
    }
  })

  test.each([
    [{ keys: { master: keyText } }, {}, 'keys.master: give it by reference'],
    [{ keys: { master: 'env:NOT_SET' } }, {}, 'keys.master: the variable NOT_SET is not set'],
    [{ keys: { master: 'file:/nowhere' } }, {}, 'keys.master: the file /nowhere cannot be read (ENOENT)'],
    [{}, { KEY: 'dG9vIHNob3J0' }, 'keys.master: 32 bytes'],
    [{}, { KEY: `${'A'.repeat(43)}=` }, 'keys.master: this key is not random'],
    [{ database: { url: server } }, {}, 'database.url: give it by reference'],
    [{}, { DATABASE_URL: 'mysql://h/db' }, 'DATABASE_URL: database.url: a postgres:// address is needed'],
    [
      { keys: { master: 'env:KEY', renewal: { prepare_days: 10 } } },
      {},
      'keys.renewal.prepare_days: 11 at least',
    ],
    [{}, { DRAWBRIDGE_KEYS_RENEWAL_PUBLISHED_HOURS: '500' }, 'keys.renewal.prepare_days: 31 at least'],
    [{ management: { port: 8080 } }, {}, 'management.port: the management port must not be the public one'],
  ])('%j with %j', (settings, more, expected) => {
    const found = faults(settings, more)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(expected)
    expect(found[0]).not.toContain('hunter2')
  })

  test('variables that a platform makes are no faults, nor are those that references name', () => {
    const more = {
      DRAWBRIDGE_PORT: 'tcp://10.1.1.1:80',
      DRAWBRIDGE_SERVICE_HOST: '10.1.1.1',
      DRAWBRIDGE_DB: server,
    }
    expect(faults({ database: { url: 'env:DRAWBRIDGE_DB' } }, more)).toEqual([])
  })
})

describe('production', () => {
  const alone = { KEY: keyText }

  test('#206 refuses the embedded database and plain http; development and the flag do not', () => {
    // Not `./data`, which a demo may have made.
    const database = { data_directory: 'no-data' }
    const both = { ...good, database, public_url: 'http://login.bank.example' }
    expect(faultsOf(() => loadSettings(both, alone))).toEqual([
      expect.stringContaining('database.url: production needs a PostgreSQL server'),
      expect.stringContaining('public_url: production needs https'),
    ])
    expect(faultsOf(() => loadSettings({ ...both, mode: 'development' }, alone))).toEqual([])
    expect(
      faultsOf(() =>
        loadSettings({ ...good, database: { ...database, allow_embedded_in_production: true } }, alone),
      ),
    ).toEqual([])
    expect(faultsOf(() => loadSettings({ ...good, public_url: 'http://127.0.0.1:8080' }, env))).toEqual([])
  })

  test('#206 is switched on by the environment, and never off', () => {
    const development: SettingsInput = { ...good, mode: 'development' }
    expect(loadSettings(development, env).mode).toBe('development')
    expect(loadSettings(development, { ...env, NODE_ENV: 'production' }).mode).toBe('production')
    expect(loadSettings(good, { ...env, NODE_ENV: 'development' }).mode).toBe('production')
    expect(loadSettings(good, { ...env, DRAWBRIDGE_MODE: 'development' }).mode).toBe('development')
    expect(faults({ mode: 'production' }, { DRAWBRIDGE_MODE: 'development' })).toEqual([
      expect.stringContaining('cannot take that back'),
    ])
  })
})

describe('what the demo made (R-12, attack 243)', () => {
  test('#206 the demo stamps its directory and makes a key that only it may use', () => {
    const directory = join(folder(), 'data')
    const place = { env: {}, directory, host: '127.0.0.1' }
    const { masterKey } = prepareDemo(place)
    expect(isDemoDirectory(directory)).toBe(true)
    expect(prepareDemo(place).masterKey).toBe(masterKey)
    const settings: SettingsInput = {
      mode: 'development',
      public_url: 'http://localhost:8080',
      keys: { master: masterKey },
      database: { data_directory: directory },
    }
    expect(loadSettings(settings, {}, { demo: true }).keys.master.reveal()).toHaveLength(32)
    expect(faultsOf(() => loadSettings(settings, {}))).toEqual([
      expect.stringContaining('was made by the demo'),
      expect.stringContaining('this is a key of the demo'),
    ])
  })

  test.each([
    ['NODE_ENV=production', { env: { NODE_ENV: 'production' } }],
    ['a foreign database', { env: { DATABASE_URL: server } }],
    ['a database address that is none', { env: { DATABASE_URL: 'db' } }],
    ['an open bind', { host: '0.0.0.0' }],
  ])('the demo refuses %s', (_, change) => {
    const place = { env: {}, directory: join(folder(), 'data'), host: '127.0.0.1', ...change }
    expect(demoFaults(place)).toHaveLength(1)
    expect(() => prepareDemo(place)).toThrow(ConfigFault)
    expect(isDemoDirectory(place.directory)).toBe(false)
  })

  test('the demo refuses a directory with data of others, and takes an empty one', () => {
    const directory = folder()
    const place = { env: { DATABASE_URL: 'postgres://127.0.0.1/x' }, directory, host: 'localhost' }
    expect(demoFaults(place)).toEqual([])
    writeFileSync(join(directory, 'PG_VERSION'), '18')
    expect(demoFaults(place)).toHaveLength(1)
  })
})
