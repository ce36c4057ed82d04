// The manual is printed from the schema; the committed page is compared with it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { describe } from '../../src/config/describe.ts'
import { settingsSchema } from '../../src/config/schema.ts'
import { settingsOf } from '../../src/config/settings-list.ts'
import { codeOnly } from '../layout/source.ts'

const settings = settingsOf(settingsSchema)

test('docs/configuration.md is what describe-config prints', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
  expect(page, 'run: npm run docs:configuration').toBe(describe())
})

test('every setting says what it means, and has a variable of its own', () => {
  expect(settings.length).toBeGreaterThan(40)
  for (const setting of settings) expect(setting.meaning, setting.path.join('.')).toMatch(/\.$/)
  expect(new Set(settings.map(({ variable }) => variable)).size).toBe(settings.length)
})

const folder = join(import.meta.dirname, '../../src')
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, code: codeOnly(readFileSync(join(folder, path), 'utf8')) }))
const outside = sources.filter(({ path }) => !path.startsWith('config/')).map(({ code }) => code)
// What only says whether a configuration is good at all is read where that is judged.
const judged = sources.filter(({ path }) => path === 'config/load.ts').map(({ code }) => code)
const reads = (code: string, name: string): boolean => new RegExp(`[.{,]\\s*${name}\\b`).test(code)
const camel = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

test.each(settings.map(({ path }) => path.join('.')))('%s has an effect: somebody reads it', (path) => {
  const name = path.split('.').at(-1) as string
  expect(outside.some((code) => reads(code, camel(name))) || judged.some((code) => reads(code, name))).toBe(
    true,
  )
})

test('a setting that nobody reads is found', () => {
  expect(outside.some((code) => reads(code, 'upstreamMsOfNobody'))).toBe(false)
})

test('defaults that the schema gives are those that the page shows', () => {
  const minimal = settingsSchema.parse({ public_url: 'https://a.example', keys: { master: 'env:K' } })
  for (const { path, fallback, required } of settings) {
    if (required) continue
    const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], minimal)
    expect(value, path.join('.')).toEqual(fallback)
  }
})

test('the schema can be given out as JSON Schema (R-29)', () => {
  const json = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' })
  expect(json).toMatchObject({
    type: 'object',
    additionalProperties: false,
    required: ['public_url', 'keys'],
  })
})
