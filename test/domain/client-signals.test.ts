// What browsers and apps say of their device: what is taken, what is not, and that nothing that comes is more than it may be.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  collectedFacts,
  longestSignals,
  readSignals,
  signalFacts,
  signalMembers,
  signalsOfApp,
  signalsOfPage,
} from '../../src/domain/client-signals.ts'
import { riskFactNames, riskFacts } from '../../src/domain/risk-event.ts'
import { hoursFromSun, offsetOfZone } from '../../src/domain/time-zone.ts'

const laptop = {
  ...{ screen_width: 1920, screen_height: 1080, color_depth: 24, pixel_ratio: 1.5 },
  ...{ time_zone: 'America/Argentina/Buenos_Aires', utc_offset: -180, languages: ['es-AR', 'en'] },
  ...{ platform: 'Windows', touch_points: 0, storage: true, webdriver: false },
}
const phone = { platform: 'iOS', platform_version: '19.1', model: 'iPhone17,3', time_zone: 'UTC' }

test('what our page says, and what an app may, is taken', () => {
  expect(signalFacts(signalsOfPage(JSON.stringify(laptop)))).toEqual({
    ...{ 'client.collected': 'page', 'client.screenWidth': 1920, 'client.screenHeight': 1080 },
    ...{ 'client.colorDepth': 24, 'client.pixelPercent': 150, 'client.utcOffset': -180 },
    ...{ 'client.timeZone': 'America/Argentina/Buenos_Aires', 'client.languages': 'es-AR,en' },
    ...{ 'client.platform': 'Windows', 'client.touchPoints': 0, 'client.storage': true },
    ...{ 'client.webdriver': false, 'client.platformVersion': undefined, 'client.model': undefined },
  })
  expect(readSignals(JSON.stringify(phone))).toEqual({
    said: { platform: 'iOS', platformVersion: '19.1', model: 'iPhone17,3', timeZone: 'UTC' },
  })
  expect(readSignals('{}')).toEqual({ said: {} })
})

describe('what is not taken', () => {
  test.each<[string, string]>([
    ['no JSON', 'screen=1920'],
    ['a list', '[]'],
    ['a text', '"1920"'],
    ['null', 'null'],
    ['a member that there is not', '{"fonts":["Arial"]}'],
    ['a member of every object', '{"__proto__":{"webdriver":true}}'],
    ['another one', '{"constructor":1}'],
    ['a name twice', '{"utc_offset":60,"utc_offset":-180}'],
    ['a number as text', '{"screen_width":"1920"}'],
    ['a part of a pixel', '{"screen_width":1920.5}'],
    ['no pixel at all', '{"screen_width":0}'],
    ['a screen as large as a house', '{"screen_width":32769}'],
    ['a number without end', '{"pixel_ratio":1e999}'],
    ['an offset of two days', '{"utc_offset":2880}'],
    ['a zone with a space', '{"time_zone":"Europe/Tal linn"}'],
    ['a zone that climbs', '{"time_zone":"../../etc/passwd"}'],
    ['a zone that is long', `{"time_zone":"Europe/${'x'.repeat(80)}"}`],
    ['a zone with a line break', '{"time_zone":"UTC\\n"}'],
    ['eleven languages', JSON.stringify({ languages: Array(11).fill('en') })],
    ['a language that is none', '{"languages":["en","<b>"]}'],
    ['a platform with a control character', '{"platform":"Win\\u0000dows"}'],
    ['a platform with a line break', '{"platform":"Windows\\r\\nX: y"}'],
    ['a platform that turns the text', '{"platform":"Win\\u202edows"}'],
    ['a model with half a character', '{"model":"\\ud800"}'],
    ['a model in markup', '{"model":"<script>"}'],
    ['a flag as a number', '{"webdriver":1}'],
    ['null in a member', '{"storage":null}'],
    ['what is nested', '{"languages":[["en"]]}'],
    ['too much', JSON.stringify({ ...laptop, model: 'x' }).padEnd(longestSignals + 1)],
  ])('%s', (_what, text) => {
    const read = readSignals(text)
    expect(read).toHaveProperty('fault')
    // Nothing of what came stands in what is said of it.
    expect('fault' in read && read.fault).toMatch(
      /^(no JSON|no object|a name is there twice|deeper than 3|a member that there is not|more than 2048 characters|\w+ is not as it has to be)$/,
    )
    expect(signalsOfPage(text)).toEqual({ by: 'unreadable', said: {} })
  })

  test('a page that says nothing is told from one that says nonsense, or half of it', () => {
    expect(signalsOfPage('').by).toBe('none')
    expect(signalsOfPage('{}').by).toBe('unreadable')
    expect(signalsOfPage(JSON.stringify({ ...laptop, utc_offset: undefined })).by).toBe('unreadable')
    expect(signalFacts(undefined)).toEqual({})
    const noLanguage = signalsOfPage(JSON.stringify({ ...laptop, languages: [] }))
    expect([noLanguage.by, signalFacts(noLanguage)['client.languages']]).toEqual(['page', undefined])
  })
})

test.each(['{}', ' { } ', '{"languages":[]}'])('an app that sends %s has said nothing', (text) => {
  expect(signalsOfApp(text)).toEqual({ by: 'none', said: {} })
})

test('an app that says something is heard, and what cannot be read is nothing', () => {
  expect(signalsOfApp('{"webdriver":false}')).toEqual({ by: 'app', said: { webdriver: false } })
  expect(signalsOfApp('[]')).toBeUndefined()
})

test('whatever comes, what is taken is bounded, printable and of its type', () => {
  const members = fc.dictionary(
    fc.oneof(fc.constantFrom(...signalMembers), fc.string()),
    fc.oneof(fc.jsonValue(), fc.constantFrom(1920, 24, 1.5, 'UTC', 'iOS', true, ['en'])),
    { maxKeys: 6 },
  )
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    members.map((one) => JSON.stringify(one)),
  )
  fc.assert(
    fc.property(anything, (text) => {
      const collected = signalsOfPage(text)
      const read = readSignals(text)
      for (const found of [collected, ...('said' in read ? [{ by: 'app' as const, said: read.said }] : [])]) {
        const facts = Object.entries(signalFacts(found)).filter(([, value]) => value !== undefined)
        for (const [name, value] of facts) {
          const { type } = riskFacts[name as keyof typeof riskFacts]
          expect(typeof value).toBe({ text: 'string', number: 'number', flag: 'boolean' }[type])
          if (typeof value === 'number') expect(Number.isInteger(value)).toBe(true)
          if (typeof value === 'string') expect(value).toMatch(/^[\x20-\x7e]{1,500}$/)
        }
      }
    }),
    { numRuns: 2000 },
  )
})

test('every collected fact is one that there is, and what the caller says of it is marked', () => {
  expect(collectedFacts.every((name) => riskFactNames.includes(name))).toBe(true)
  expect(collectedFacts.filter((name) => riskFacts[name].by !== 'caller')).toEqual(['client.collected'])
  const all = Object.keys(signalFacts({ by: 'app', said: {} }))
  expect(all.toSorted()).toEqual([...collectedFacts].toSorted())
})

test.each([
  ['Europe/Stockholm', '2026-01-15T12:00:00Z', 60],
  ['Europe/Stockholm', '2026-07-15T12:00:00Z', 120],
  ['Asia/Kolkata', '2026-07-15T12:00:00Z', 330],
  ['America/St_Johns', '2026-01-15T12:00:00Z', -210],
  ['UTC', '2026-01-15T12:00:00Z', 0],
  ['Middle/Earth', '2026-01-15T12:00:00Z', undefined],
  ['', '2026-01-15T12:00:00Z', undefined],
])('the clock of %s at %s is %s minutes from UTC', (zone, at, minutes) => {
  expect(offsetOfZone(zone, Date.parse(at))).toBe(minutes)
})

test.each([
  [60, 18, 0.2],
  // Kashgar by the clock of Beijing, Galicia in summer: as far as a country's clock is from its sun.
  [480, 76, 2.93],
  [120, -9.3, 2.62],
  [-660, 175, 1.33],
  [540, 18, 7.8],
])('a clock at %i minutes is so far from the sun at %d degrees', (offset, longitude, hours) => {
  expect(hoursFromSun(offset, longitude)).toBeCloseTo(hours, 1)
})
