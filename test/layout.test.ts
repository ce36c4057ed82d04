// The plan of the house, held: every rule over every file, and every rule shown to catch what it is for.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as rules from './layout/rules.ts'
import { codeOnly, importsOf, type Source } from './layout/source.ts'
import { homes, mayImport } from './layout/table.ts'

const root = join(import.meta.dirname, '..')

function sourcesIn(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|mjs)$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, folder, path), 'utf8') }))
}

const house = sourcesIn('src')
const tests = sourcesIn('test')
// Migrations are loaded by their file names, plugins as the configuration lists them; workers are started by address, not imported.
const loadsByName = ['storage/migrate.ts', 'plugins/risk/plugin-worker.ts']

describe('the house', () => {
  test('is there to be looked at', () => {
    expect(house.length).toBeGreaterThan(50)
    expect(house.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(200)
  })
  test('imports run one way', () => expect(rules.forbiddenImports(house)).toEqual([]))
  test('every package has its home', () => expect(rules.homelessPackages(house)).toEqual([]))
  test('domain and flows are given clock, chance and the world', () =>
    expect(rules.impureCode(house)).toEqual([]))
  test('nothing is imported by a computed name', () =>
    expect(rules.computedImports(house, loadsByName)).toEqual([]))
  test('no files import one another in a circle', () => expect(rules.cycles(house)).toEqual([]))
  test('there are no barrels, and names say what is inside', () => expect(rules.barrels(house)).toEqual([]))
  test('files stay short', () => expect([...rules.longFiles(house), ...rules.longFiles(tests)]).toEqual([]))
  test('every file opens by saying what it is for', () =>
    expect([...rules.unexplained(house), ...rules.unexplained(tests)]).toEqual([]))
  test('the table names folders and packages that exist', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const declared = Object.keys(dependencies)
    // A package that only comes along with another may vanish with it.
    const imported = new Set(
      house
        .flatMap(({ text }) => importsOf(text).map(({ target }) => target))
        .filter((t) => /^[@a-z]/.test(t) && !t.startsWith('node:')),
    )
    const packages = [...imported].map((target) =>
      target.split('/', target.startsWith('@') ? 2 : 1).join('/'),
    )
    expect(packages.filter((name) => !declared.includes(name))).toEqual([])
    expect(Object.keys(mayImport)).toContain('domain')
    expect(Object.keys(homes).length).toBeGreaterThan(15)
  })
})

const file = (path: string, text: string): Source => ({ path, text: `// A file.\n${text}\n` })

describe('the rules catch', () => {
  const caught = (rule: (sources: readonly Source[]) => string[], path: string, text: string) =>
    rule([file(path, text)])

  test.each([
    ['domain/a.ts', "import { load } from '../config/load.ts'"],
    ['config/a.ts', "import type { Acr } from '../domain/acr.ts'"],
    ['flows/a.ts', "import {\n  open,\n  type Database,\n} from '../storage/open.ts'"],
    ['http/a.ts', "export { provider } from '../oidc/provider.ts'"],
    ['storage/a.ts', "import '../xml/gate.ts'"],
    ['plugins/a.ts', "const later = () => import('../http/body.ts')"],
    ['demo/a.ts', "import { readBytes } from '../http/body.ts'"],
    ['compose/a.ts', "import { runDemo } from '../demo/run.ts'"],
    ['cli/a.ts', "import { runDemo } from '../demo/run.ts'"],
    ['main.ts', "import { compose } from './compose/compose.ts'"],
    ['helping/a.ts', "import './b.ts'"],
    ['domain/a.ts', "import x from '../../test/x.ts'"],
  ])('an import that is not in the table: %s', (path, text) => {
    expect(caught(rules.forbiddenImports, path, text)).toHaveLength(1)
  })

  test.each([
    ['flows/a.ts', "import type { Acr } from '../domain/acr.ts'"],
    ['cli/a.ts', "const later = () => import('../demo/run.ts')"],
    ['demo/a.ts', "import { html } from '../http/page/html.ts'"],
    ['compose/a.ts', "import { open } from '../storage/open.ts'"],
  ])('but not one that is: %s', (path, text) => {
    expect(caught(rules.forbiddenImports, path, text)).toEqual([])
  })

  test.each([
    ['http/a.ts', "import knex from 'knex'"],
    ['flows/a.ts', "import { z } from 'zod'"],
    ['http/a.ts', "import type { Provider } from 'oidc-provider'"],
    ['storage/a.ts', "import x from 'oidc-provider/lib/helpers/grants.js'"],
    ['soap/a.ts', "import { SaxesParser } from 'saxes'"],
    ['plugins/channels/a.ts', "import saml2 from 'saml2-js'"],
    ['xml/a.ts', "import _ from 'lodash'"],
    ['domain/a.ts', "import { readFileSync } from 'node:fs'"],
    ['flows/a.ts', "const fs = await import('node:fs/promises')"],
  ])('a package or builtin away from home: %s %s', (path, text) => {
    expect(caught(rules.homelessPackages, path, text)).toHaveLength(1)
  })

  test('but not one at home', () => {
    expect(caught(rules.homelessPackages, 'plugins/connectors/a.ts', "import saml2 from 'saml2-js'")).toEqual(
      [],
    )
    expect(caught(rules.homelessPackages, 'domain/a.ts', "import { createHash } from 'node:crypto'")).toEqual(
      [],
    )
  })

  test.each([
    'const now = Date.now()',
    'const now = new Date()',
    'const n = Math.random()',
    'const url = process.env.URL',
    "import { randomBytes } from 'node:crypto'",
    'const id = crypto.randomUUID()',
    'setTimeout(() => {}, 1)',
    'const here = import.meta.dirname',
    "const answer = await fetch('https://x')",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    'const text = `${Date.now()}`',
  ])('the world in a flow: %s', (text) => {
    expect(caught(rules.impureCode, 'flows/a.ts', text)).toHaveLength(1)
    expect(caught(rules.impureCode, 'storage/a.ts', text)).toEqual([])
  })

  test.each([
    '// Date.now() is given by the clock',
    "const words = 'process.env'",
    'const when = new Date(clock.now())',
    'const rule = /Math.random/',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    'const said = `Date.now() ${name} Math.random`',
  ])('but not the mention of it: %s', (text) => {
    expect(caught(rules.impureCode, 'flows/a.ts', text)).toEqual([])
  })

  test('a circle of files', () => {
    const three = [
      file('flows/a.ts', "import { b } from './b.ts'"),
      file('flows/b.ts', "import type { C } from './c.ts'"),
      file('flows/c.ts', "import { a } from './a.ts'"),
    ]
    expect(rules.cycles(three)).toEqual(['flows/a.ts -> flows/b.ts -> flows/c.ts -> flows/a.ts'])
    expect(rules.cycles(three.slice(0, 2))).toEqual([])
  })

  test('a barrel, and a name that says nothing', () => {
    expect(
      caught(rules.barrels, 'http/all.ts', "export * from './a.ts'\nexport { b } from './b.ts'"),
    ).toHaveLength(1)
    expect(caught(rules.barrels, 'http/index.ts', 'export const a = 1')).toHaveLength(1)
    expect(caught(rules.barrels, 'http/utils/text.ts', 'export const a = 1')).toHaveLength(1)
    expect(caught(rules.barrels, 'http/page.ts', "export { a } from './a.ts'\nexport const b = 1")).toEqual(
      [],
    )
  })

  test('a file that is too long, or does not say what it is for', () => {
    expect(caught(rules.longFiles, 'http/a.ts', '\n'.repeat(400))).toHaveLength(1)
    expect(caught(rules.longFiles, 'http/a.ts', '\n'.repeat(390))).toEqual([])
    expect(rules.unexplained([{ path: 'http/a.ts', text: "import x from 'koa'\n" }])).toHaveLength(1)
  })

  test('an import of a computed name', () => {
    expect(rules.computedImports([file('http/a.ts', 'await import(name)')], [])).toHaveLength(1)
    expect(rules.computedImports([file('http/a.ts', 'await import(name)')], ['http/a.ts'])).toEqual([])
  })
})

test('reading a source: comments, texts and expressions are told apart', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
  const text = "const a = '//' + b / c / d // e\nconst r = /['\"`/*]/g; const t = `x${ { y: `z${w}` }.y }v`"
  expect(codeOnly(text).replace(/\s+/g, ' ')).toBe('const a = + b / c / d const r = g; const t = { y: w }.y ')
  expect(importsOf("// import a from 'a'\nconst s = \"import b from 'b'\"\nimport c from 'c'\n")).toEqual([
    { target: 'c', lazy: false },
  ])
})
