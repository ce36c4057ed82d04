// Risk engines by type: opened once for as long as their rows stay the same, closed when they go, and never absent.
import { setTimeout as rest } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Institution } from '../../src/domain/institution.ts'
import type { RiskProviderSetting } from '../../src/domain/risk.ts'
import { createRiskProviders } from '../../src/plugins/risk/risk.ts'
import { checkSettings } from '../../src/plugins/settings.ts'
import type { RiskMemory, RiskPlace, RiskPlugin } from '../../src/ports/risk.ts'
import { alder } from '../journeys/parts.ts'
import { allowing, createKeptLog, createMemory, eventWith } from './risk-rig.ts'

const schema = z.strictObject({ url: z.string() })

function rig() {
  const places: RiskPlace[] = []
  const closed: string[] = []
  const asked: (readonly [string, RiskMemory])[] = []
  const plugin: RiskPlugin = {
    ...{ type: 'instant', meaning: 'Answers at once.', facts: ['app.id'], fields: [] },
    check: (settings) => checkSettings(schema, settings),
    open(place) {
      schema.parse(place.settings)
      places.push(place)
      return {
        assess: async ({ id }) => rest(20, allowing(id, { band: String(place.settings.url) })),
        close: async () => void closed.push(`${place.provider} ${place.settings.url}`),
      }
    },
  }
  let now = 0
  const pass = (ms: number) => {
    now += ms
  }
  const providers = createRiskProviders({
    plugins: [plugin],
    memory: (institution, provider) => {
      const memory = createMemory()
      asked.push([`${institution}|${provider}`, memory])
      return memory
    },
    now: () => now,
    log: createKeptLog(),
  })
  return { places, closed, asked, providers, pass }
}

const bank = (...providers: readonly RiskProviderSetting[]): Institution => ({
  ...alder,
  risk: { providers, events: {}, budgetMs: 800, stepUp: 'urn:drawbridge:acr:device-pin' as never },
})
const one = (url: unknown, more: Partial<RiskProviderSetting> = {}): RiskProviderSetting => ({
  ...{ id: 'one', type: 'instant', settings: { url } },
  ...more,
})

test('opened once, and again when its row changes; the old one answers what it was asked, then it is closed', async () => {
  const { places, closed, asked, providers } = rig()
  const [first] = providers.of(bank(one('a')))
  expect(providers.of(bank(one('a')))[0]).toBe(first)
  expect(first?.facts).toEqual(['app.id'])
  const answer = first?.assess(eventWith(), 500)
  const [second] = providers.of(bank(one('b', { facts: ['device.id'] })))
  expect(second).not.toBe(first)
  expect(second?.facts).toEqual(['device.id'])
  expect(closed).toEqual([])
  expect((await answer)?.assessment?.band).toBe('a')
  await rest(5)
  expect(closed).toEqual(['one a'])
  expect(places.map(({ memory }) => memory)).toEqual(asked.map(([, memory]) => memory))
  expect(asked.map(([whose]) => whose)).toEqual(['alder|one', 'alder|one'])
  await providers.close()
  expect(closed).toEqual(['one a', 'one b'])
})

test('one that is taken out of the file is closed, and other institutions have their own', async () => {
  const { places, closed, providers } = rig()
  providers.of(bank(one('a'), one('c', { id: 'two' })))
  providers.of({ ...bank(one('a')), id: 'birch' })
  expect(places).toHaveLength(3)
  providers.of(bank(one('c', { id: 'two' })))
  await rest(5)
  expect(closed).toEqual(['one a'])
  await providers.close()
  expect(closed.toSorted()).toEqual(['one a', 'one a', 'two c'])
})

test.each([
  ['of an unknown type', one('a', { type: 'elsewhere' }), 'unknown_type'],
  ['whose settings do not open', one(5), 'ZodError'],
])('one %s is there, and fails', async (_, setting, reason) => {
  const { providers } = rig()
  const [failing] = providers.of(bank(setting))
  expect(failing).toMatchObject({ id: 'one', type: setting.type })
  expect(await failing?.assess(eventWith(), 100)).toMatchObject({ provider: 'one', failure: 'error' })
  expect(failing?.health().lastFailure?.reason).toBe(reason)
  await expect(failing?.report({ ...eventWith(), kind: 'outcome' }, 100)).rejects.toThrow()
})

test('one that did not open is tried again after a minute', () => {
  const { providers, pass } = rig()
  const [first] = providers.of(bank(one(5)))
  pass(59_000)
  expect(providers.of(bank(one(5)))[0]).toBe(first)
  pass(2000)
  expect(providers.of(bank(one(5)))[0]).not.toBe(first)
})
