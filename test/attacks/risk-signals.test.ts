// Attack 173: signals that a client forges. What `client.*` says may make an event look worse, and never better.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Institution } from '../../src/domain/institution.ts'
import { riskActions } from '../../src/domain/risk.ts'
import {
  type AskedKind,
  type RiskEvent,
  type RiskFact,
  type RiskFacts,
  riskFactNames,
  riskFacts,
} from '../../src/domain/risk-event.ts'
import { derive } from '../../src/plugins/keys/seal.ts'
import { riskSignals } from '../../src/plugins/risk/signals.ts'
import { voyagerIa } from '../../src/plugins/risk/voyager.ts'
import type { RiskDeadline, RiskPlugin } from '../../src/ports/risk.ts'
import { memoryInMemory } from '../plugins/risk/memory.ts'

const master = randomBytes(32)
const deadline: RiskDeadline = { signal: new AbortController().signal, ms: 800 }
const at = Date.UTC(2026, 0, 13, 20)
const plugins = {
  signals: riskSignals({}),
  voyager: voyagerIa({ keys: { secret: (id, purpose) => derive(master, id, purpose) } }),
}
const open = (plugin: RiskPlugin) =>
  plugin.open({
    institution: { id: 'alder' } as Institution,
    ...{ provider: 'own', settings: {}, memory: memoryInMemory(() => at), now: () => at },
  })
const event = (facts: RiskFacts): RiskEvent<AskedKind> => ({
  ...{ id: 'e1', kind: 'sign-in', institution: 'alder', at, facts },
})
const strong = (action: (typeof riskActions)[number]) => riskActions.indexOf(action)

const saidByCaller = riskFactNames.filter((name) => riskFacts[name].by === 'caller')
const customersBrowser = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36'
const home: RiskFacts = {
  ...{ 'subject.id': 's1', 'device.present': true, 'device.ageDays': 90 },
  ...{ 'network.address': '198.51.100.7', 'network.country': 'SE', 'network.asn': 29_518 },
  ...{ 'network.latitude': 59.33, 'network.longitude': 18.06 },
  ...{ 'network.located': true, 'network.announced': true },
  ...{ 'client.userAgent': customersBrowser, 'client.language': 'sv-SE', 'client.collected': 'page' },
  ...{ 'client.screenWidth': 1920, 'client.screenHeight': 1080, 'client.colorDepth': 24 },
  ...{ 'client.timeZone': 'Europe/Stockholm', 'client.utcOffset': 60, 'client.platform': 'Windows' },
}
/** Where the thief is; the edge sees it, whatever they say. */
const thief: RiskFacts = {
  ...home,
  ...{ 'network.address': '203.0.113.9', 'network.country': 'BR', 'network.asn': 64_500 },
  ...{ 'network.latitude': -23.55, 'network.longitude': -46.63, 'device.present': false },
  ...{ 'history.lastAt': at - 3_600_000, 'history.lastCountry': 'SE' },
  ...{ 'history.lastLatitude': 59.33, 'history.lastLongitude': 18.06 },
}
const silent = (facts: RiskFacts): RiskFacts =>
  Object.fromEntries(Object.entries(facts).filter(([name]) => !saidByCaller.includes(name as RiskFact)))

test('control: the customer at home is let pass by both', async () => {
  expect(saidByCaller).toHaveLength(19)
  expect((await open(plugins.signals).assess(event(home), deadline)).action).toBe('allow')
  expect((await (await learnt()).assess(event(home), deadline)).action).toBe('allow')
})

/** Anything that a client can write into its headers, or a back end into its fields; also what the customer's would say. */
const forged = fc.record(
  {
    'client.userAgent': fc.oneof(fc.string(), fc.constantFrom(customersBrowser, 'curl/8', '')),
    'client.language': fc.oneof(fc.string(), fc.constantFrom('sv-SE', 'pt-BR', '')),
    'client.accept': fc.string(),
    'client.device': fc.string(),
    'client.latitude': fc.oneof(fc.double(), fc.constantFrom(59.33, -23.55)),
    'client.longitude': fc.oneof(fc.double(), fc.constantFrom(18.06, -46.63)),
    'client.screenWidth': fc.oneof(fc.double(), fc.constantFrom(1920, 390)),
    'client.screenHeight': fc.oneof(fc.double(), fc.constantFrom(1080, 844)),
    'client.colorDepth': fc.oneof(fc.double(), fc.constant(24)),
    'client.pixelPercent': fc.double(),
    'client.timeZone': fc.oneof(fc.string(), fc.constantFrom('Europe/Stockholm', 'America/Sao_Paulo')),
    'client.utcOffset': fc.oneof(fc.double(), fc.constantFrom(60, 120, -180)),
    'client.languages': fc.string(),
    'client.platform': fc.oneof(fc.string(), fc.constantFrom('Windows', 'Android', '__proto__')),
    'client.platformVersion': fc.string(),
    'client.model': fc.string(),
    'client.touchPoints': fc.double(),
    'client.storage': fc.boolean(),
    'client.webdriver': fc.boolean(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<RiskFacts>

describe('#173 built-in signals', () => {
  test.each([
    ['at home', home],
    ['elsewhere', thief],
  ])('nothing that is said makes it look better than silence: %s', async (_where, facts) => {
    const provider = open(plugins.signals)
    const before = await provider.assess(event(silent(facts)), deadline)
    await fc.assert(
      fc.asyncProperty(forged, async (said) => {
        const after = await provider.assess(event({ ...silent(facts), ...said }), deadline)
        expect(after.score).toBeGreaterThanOrEqual(before.score as number)
        expect(strong(after.action)).toBeGreaterThanOrEqual(strong(before.action))
      }),
    )
  })

  test('to tell our page nothing, or nonsense, is worse than to tell it what the customer’s browser does', async () => {
    const provider = open(plugins.signals)
    const points = async (collected: string) => {
      const facts = collected === 'page' ? home : { ...silent(home), 'client.collected': collected }
      return (await provider.assess(event(facts), deadline)).score as number
    }
    expect(await points('none')).toBeGreaterThan(await points('page'))
    expect(await points('unreadable')).toBeGreaterThan(await points('page'))
  })

  test('coordinates of the customer’s home do not undo the travel that the edge saw', async () => {
    const said = { ...thief, 'client.latitude': 59.33, 'client.longitude': 18.06 }
    const { action, reasons } = await open(plugins.signals).assess(event(said), deadline)
    expect(reasons.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['impossible_travel', 'said_elsewhere']),
    )
    expect(strong(action)).toBeGreaterThanOrEqual(strong('hold'))
  })
})

/** An engine that knows the customer's home. */
async function learnt() {
  const provider = open(plugins.voyager)
  const { reference } = await provider.assess(event(home), deadline)
  const facts = { 'result.outcome': 'approved', 'result.method': 'pin' }
  await provider.report?.({ ...event(facts), kind: 'step-up-result', reference }, deadline)
  return provider
}

describe('#173 access signatures', () => {
  test('a thief who says all that the customer’s browser says is asked all the same', async () => {
    const provider = await learnt()
    const { action, reasons } = await provider.assess(event(thief), deadline)
    expect(action).toBe('step-up')
    expect(reasons[0]?.code).toBe('new_country')
  })

  test('nothing that is said makes up for what the edge saw', async () => {
    const provider = await learnt()
    // As if all that the caller says agreed.
    const best = await provider.assess(event(thief), deadline)
    await fc.assert(
      fc.asyncProperty(forged, async (said) => {
        const after = await provider.assess(event({ ...silent(thief), ...said }), deadline)
        expect(after.score).toBeGreaterThanOrEqual(best.score as number)
        expect(after.action).toBe('step-up')
      }),
    )
  })

  test('who says nothing is no better off', async () => {
    const provider = await learnt()
    expect((await provider.assess(event(silent(home)), deadline)).action).toBe('step-up')
  })

  test('an attempt, however often, does not teach itself', async () => {
    const provider = await learnt()
    for (let i = 0; i < 30; i++) {
      const { reference } = await provider.assess({ ...event(thief), id: `try-${i}` }, deadline)
      const facts = { 'result.outcome': i % 2 === 0 ? 'failed' : 'approved' }
      await provider.report?.({ ...event(facts), kind: 'outcome', reference }, deadline)
    }
    expect((await provider.assess(event(thief), deadline)).action).toBe('step-up')
  })
})
