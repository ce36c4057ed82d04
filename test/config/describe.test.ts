// The manual is printed from the schema; the committed page is compared with it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { describe } from '../../src/config/describe.ts'
import { settingsSchema } from '../../src/config/schema.ts'
import { settingsOf } from '../../src/config/settings-list.ts'

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
