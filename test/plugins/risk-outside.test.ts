// Plugins from outside: listed by hash, described by their threads, loaded as they were hashed, and refused in clear words.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRiskPlugins } from '../../src/compose/risk-plugins.ts'
import { ConfigFault } from '../../src/config/faults.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { ListedPlugin } from '../../src/plugins/risk/plugin-words.ts'
import type { RiskPlugin, RiskProvider } from '../../src/ports/risk.ts'
import { createPluginFolder, documentedPlugin, loadedFrom, pluginSource, sha256 } from './risk-outside-rig.ts'
import { createKeptLog, createMemory, eventWith, guarded, placeWith } from './risk-rig.ts'

const files = createPluginFolder()
afterAll(() => files.remove())
const allow = "return { event: id, action: 'allow', reasons: [] }"

describe('the plugin of docs/plugins-in-process.md', () => {
  let plugin: RiskPlugin
  let provider: RiskProvider
  const memory = createMemory()
  beforeAll(async () => {
    plugin = await loadedFrom(files.listed(documentedPlugin()))
    provider = plugin.open({ ...placeWith({ from: 22 }), memory })
  })
  afterAll(() => provider.close?.())

  test('is in under forty lines', () =>
    expect(documentedPlugin().trimEnd().split('\n').length).toBeLessThan(40))

  test('says what it is, and has a form', () => {
    expect(plugin).toMatchObject({ type: 'night-watch', facts: ['subject.id', 'network.country'] })
    expect(plugin.fields.map(({ path, label, kind, usual }) => [path, label, kind, usual])).toEqual([
      ['from', 'Night begins', 'number', 23],
      ['until', 'Night ends', 'number', 5],
    ])
  })

  test('answers, learns, and answers otherwise', async () => {
    const engine = guarded(provider, { facts: [...plugin.facts, 'result.outcome'] })
    const facts = { 'subject.id': 'alice', 'network.country': 'EE' } as const
    const ask = async (hour: number) =>
      (await engine.assess({ ...eventWith(facts), at: Date.UTC(2026, 10, 26, hour) }, 5000)).assessment
    expect(await ask(12)).toMatchObject({ action: 'step-up', reasons: [{ code: 'new_country' }] })
    const told = { ...eventWith({ ...facts, 'result.outcome': 'approved' }), kind: 'outcome' } as const
    expect(await engine.report(told, 5000)).toBe(true)
    expect([...memory.rows]).toEqual([['alice|EE', 'seen']])
    expect(await ask(12)).toMatchObject({ action: 'allow', score: 0 })
    // `from` is a setting, `until` the default of its schema.
    expect(await ask(22)).toMatchObject({ action: 'step-up', score: 300, reasons: [{ code: 'night' }] })
    expect(await ask(5)).toMatchObject({ action: 'allow' })
  })

  test('checks settings in its thread', async () => {
    await expect(plugin.check({ from: 24, when: 1 })).rejects.toMatchObject({
      name: 'SettingsRefused',
      faults: [{ path: 'settings' }, { path: 'settings.from' }],
    })
    await plugin.check({ from: 1 })
  })
})

test('a plugin without report learns nothing, and is not said to have', async () => {
  const provider = (await loadedFrom(files.listed(pluginSource(allow)))).open(placeWith())
  const told = { ...eventWith({ 'result.outcome': 'approved' }), kind: 'outcome' } as const
  expect(await guarded(provider).report(told, 5000)).toBe(false)
  await provider.close?.()
})

describe('what is not loaded', () => {
  const made = (source: string) => refused(files.listed(source))
  const refused = (listed: ListedPlugin): Promise<string> =>
    loadedFrom(listed).then(
      () => 'loaded',
      ({ name, message }: Error) => `${name} ${message.replace(files.folder, '')}`,
    )
  // Each needs a thread, so they are loaded side by side.
  test.each([
    [
      'what is not what was listed',
      [
        [
          'another file than the one that was hashed',
          async () => {
            const own = files.listed(pluginSource(allow))
            writeFileSync(own.file, pluginSource("return { event: id, action: 'allow', reasons: [ ] }"))
            return refused(own)
          },
          /its SHA-256 is [0-9a-f]{64}$/,
        ],
        [
          'a package that is not there',
          () => refused({ package: 'no-such-risk-plugin', sha256: sha256('') }),
          /no-such/,
        ],
        [
          'a file that is not there',
          () => refused({ file: './no-such-plugin.mjs', sha256: sha256('') }),
          /no-such/,
        ],
      ],
    ],
    [
      'what does more or less than a plugin',
      [
        [
          'a file beside it',
          () => made(pluginSource(allow, "import './other.mjs'")),
          /imports \.\/other\.mjs: a plugin in a file is one/,
        ],
        ['a package', () => made(pluginSource(allow, "await import('koa')")), /imports koa/],
        ['its end', () => made(pluginSource(allow, 'process.exit(1)')), /its thread ended/],
        ['no riskPlugin', () => made('export const a = 1'), /exports no riskPlugin/],
        ['what cannot be read', () => made('export const riskPlugin = {'), /Unexpected/],
      ],
    ],
    [
      'what says of itself what cannot be',
      [
        [
          'another schema',
          () => made('export const riskPlugin = { open() {}, settings: { safeParse() {} } }'),
          /no schema of zod 4/,
        ],
        [
          'a type that is no word',
          () => made(pluginSource(allow).replace("'outside'", "'Out Side'")),
          /its type cannot be used/,
        ],
        [
          'an unknown fact',
          () => made(pluginSource(allow).replace("'app.id'", "'app.secret'")),
          /its facts cannot/,
        ],
        [
          'unseen characters',
          () => made(pluginSource(allow).replace('A plugin', 'A\\u202eplugin')),
          /its meaning/,
        ],
      ],
    ],
  ] as const)('%s', async (_, cases) => {
    const words = await Promise.all(cases.map(([, refusal]) => refusal()))
    for (const [at, [name, , expected]] of cases.entries()) expect(words[at], name).toMatch(expected)
  })
  test('a type that is taken', async () => {
    const own = files.listed(pluginSource(allow))
    const settings = loadSettings(
      {
        public_url: 'https://login.bank.example',
        database: { data_directory: 'no-data', allow_embedded_in_production: true },
        keys: { master: 'env:KEY' },
        risk: { plugins: [own, `${own.file}#${own.sha256.toUpperCase()}`] },
      },
      { KEY: Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7)).toString('base64') },
    )
    expect(settings.risk.plugins[1]).toEqual(own)
    const ports = { fetch: undefined as never, keys: undefined as never, log: createKeptLog() }
    const loaded = openRiskPlugins(settings, ports)
    await expect(loaded).rejects.toBeInstanceOf(ConfigFault)
    await expect(loaded).rejects.toThrow('risk.plugins[1]: its type outside is there already')
  })
})

describe('which zod, and what of Node', () => {
  test('a setting that is secret, also inside another', async () => {
    const settings =
      "z.object({ key: z.string().meta({ secret: true, title: 'Key' }), proxy: z.object({ password: z.string().meta({ secret: true }) }) })"
    const plugin = await loadedFrom(files.listed(pluginSource(allow).replace('z.looseObject({})', settings)))
    expect(plugin.fields.map(({ path, label, kind }) => [path, label, kind])).toEqual([
      ['key', 'Key', 'secret'],
      ['proxy.password', 'Proxy: password', 'secret'],
    ])
  })
  test('a package is found beside us, and its entry is what is hashed', async () => {
    const entry = readFileSync(
      join(import.meta.dirname, '../../node_modules/canonicalize/lib/canonicalize.js'),
    )
    const listed = { package: 'canonicalize', sha256: sha256(entry) }
    await expect(loadedFrom(listed)).rejects.toThrow('canonicalize: it exports no riskPlugin')
  })
  test('a CommonJS file, and one in TypeScript', async () => {
    const common = pluginSource(allow)
      .replace("import { z } from 'zod'", "const { z } = require('zod')")
      .replace('export const riskPlugin', 'exports.riskPlugin')
    const typed = pluginSource(allow, 'const a: number = 1')
    const both = [files.listed(common, 'cjs'), files.listed(typed, 'mts')].map((one) => loadedFrom(one))
    expect((await Promise.all(both)).map(({ type }) => type)).toEqual(['outside', 'outside'])
  })
  test('a file beside a zod of its own has ours', async () => {
    const own = join(files.folder, 'node_modules/zod')
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'package.json'), '{"name":"zod","type":"module","exports":"./index.js"}')
    writeFileSync(join(own, 'index.js'), 'throw new Error("not hashed")')
    expect((await loadedFrom(files.listed(pluginSource(allow)))).type).toBe('outside')
  })
})
