// What a telephone operator says of a SIM card, and what becomes of one that says nonsense, nothing, or something else.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Institution } from '../../src/domain/institution.ts'
import { simDoubt, simFallbacks, simStates } from '../../src/domain/sim.ts'
import { camaraSimSwap } from '../../src/plugins/lines/camara.ts'
import { createLineFacts } from '../../src/plugins/lines/lines.ts'
import { createGuardedFetch } from '../../src/plugins/net/guarded-fetch.ts'
import { alder } from '../journeys/parts.ts'
import { hangs, type Operator, raw, says, startOperator } from './line-operator.ts'

let operator: Operator
let now = Date.parse('2026-11-27T12:00:00Z')
beforeAll(async () => {
  operator = await startOperator()
})
afterAll(() => operator.stop())
beforeEach(() => {
  operator.asked.length = 0
  operator.refused.length = 0
})

const fetch = createGuardedFetch({ allowedNetworks: ['127.0.0.0/8'], timeoutMs: 10_000, maxBytes: 65_536 })
const plugin = camaraSimSwap({ fetch, now: () => now })
const number = '+44 7911 123456'

const bank = (settings: Record<string, unknown> = {}, maxAgeHours = 72): Institution => ({
  ...alder,
  lineFacts: {
    ...{ type: 'camara-sim-swap', maxAgeHours, onFailure: 'refuse' },
    settings: { ...operator.settings, timeoutMs: 400, ...settings },
  },
})

function opened() {
  const log: string[] = []
  const note = (name: string, fields?: object) => void log.push(`${name} ${JSON.stringify(fields)}`)
  const lines = createLineFacts({
    ...{ plugins: [plugin], now: () => now, keys: { secret: () => Buffer.alloc(32) } },
    log: { info: note, warn: note, error: note } as never,
  })
  return { lines, log, sim: (institution: Institution, text = number) => lines.sim(institution, text) }
}

describe('an operator that keeps to the definition', () => {
  test.each([
    ['check', {}, { swapped: true }, { state: 'swapped' }],
    ['check', {}, { swapped: false }, { state: 'kept' }],
    ['check', {}, { swapped: false, more: 'than that' }, { state: 'kept' }],
    ['retrieve-date', {}, { latestSimChange: '2026-11-26T13:00:00+01:00' }, { state: 'swapped', hours: 24 }],
    [
      'retrieve-date',
      {},
      { latestSimChange: '2026-11-24T12:00:00.471829447Z' },
      { state: 'swapped', hours: 71 },
    ],
    ['retrieve-date', {}, { latestSimChange: '2026-11-24T11:59:59Z' }, { state: 'kept', hours: 72 }],
    ['retrieve-date', {}, { latestSimChange: '2027-01-01T00:00:00Z' }, { state: 'swapped', hours: -828 }],
    ['retrieve-date', {}, { latestSimChange: null }, { state: 'kept' }],
    ['retrieve-date', {}, { latestSimChange: null, monitoredPeriod: 120 }, { state: 'kept' }],
    ['retrieve-date', {}, { latestSimChange: null, monitoredPeriod: 2 }, { state: 'unknown' }],
  ])('%s %j: %j is %j', async (operation, more, answer, { state, ...expected }) => {
    operator.will(says(answer))
    const said = await opened().sim(bank({ operation, ...more }))
    const at = said?.changedAt
    expect(said?.state).toBe(state)
    expect(at === undefined ? undefined : Math.floor((now - at) / 3_600_000)).toBe(
      (expected as { hours?: number }).hours,
    )
    const maxAge = operation === 'check' ? { maxAge: 72 } : {}
    expect(operator.asked).toEqual([
      { path: `/sim-swap/v2/${operation}`, phoneNumber: '+447911123456', ...maxAge },
    ])
    expect(operator.refused).toEqual([])
  })

  test('of an institution that names nobody there is nothing to say, and nobody is asked', async () => {
    expect(await opened().sim(alder)).toBeUndefined()
    expect(operator.asked).toEqual([])
  })

  test.each(['', '07911 123456', '+44', 'unknown', '+447911123456, +447911123457'])(
    'a record that says "%s" is no number, and does not leave',
    async (text) => {
      const { sim, log } = opened()
      expect(await sim(bank(), text)).toEqual({ state: 'unknown' })
      expect([operator.asked, operator.refused]).toEqual([[], []])
      expect(log).toEqual([`lines.failed ${JSON.stringify({ institution: 'alder', reason: 'no_number' })}`])
    },
  )

  test('a token is used until it is refused; then there is another, once', async () => {
    operator.will(says({ swapped: false }))
    const { sim } = opened()
    const before = operator.tokens()
    await sim(bank(), '+44 7911 123456')
    await sim(bank(), '+44 7911 123457')
    expect(operator.tokens()).toBe(before + 1)
    operator.forget()
    expect(await sim(bank(), '+44 7911 123458')).toEqual({ state: 'kept' })
    expect(operator.tokens()).toBe(before + 2)
  })
})

describe('an operator that does not', () => {
  test.each([
    ['swapped as text', says({ swapped: 'false' })],
    ['swapped as a number', says({ swapped: 0 })],
    ['swapped as null', says({ swapped: null })],
    ['nothing of it', says({})],
    ['a list', says([{ swapped: false }])],
    ['another answer', says({ latestSimChange: null })],
    ['a name twice', raw('{"swapped":true,"swapped":false}')],
    ['no JSON', raw('<html>maintenance</html>')],
    ['JSON of another type', raw('{"swapped":false}', { headers: { 'content-type': 'text/html' } })],
    ['nothing at all', raw('')],
    ['too much', raw(`{"swapped":false,"more":"${'x'.repeat(70_000)}"}`)],
    ['that it must not be asked', says({ status: 403, code: 'PERMISSION_DENIED', message: 'no' }, 403)],
    [
      'that it does not know the line',
      says({ status: 404, code: 'IDENTIFIER_NOT_FOUND', message: 'no' }, 404),
    ],
    [
      'that the line is not its own',
      says({ status: 422, code: 'SERVICE_NOT_APPLICABLE', message: 'no' }, 422),
    ],
    ['that it is asked too much', says({ status: 429, code: 'TOO_MANY_REQUESTS', message: 'no' }, 429)],
    ['a good answer as an error', says({ swapped: false }, 500)],
    ['that it moved', raw('', { status: 302, headers: { location: 'http://127.0.0.1:1/check' } })],
    ['nothing for ever', hangs],
  ])('says %s: that is no answer, in time, and the log has no number (#138)', async (_what, conduct) => {
    operator.will(conduct)
    const { sim, log } = opened()
    expect(await sim(bank())).toEqual({ state: 'unknown' })
    expect(log).toHaveLength(1)
    expect(log[0]).toMatch(/^lines\.failed \{"institution":"alder","reason":"[^"]+"\}$/)
    expect(log[0]).not.toContain('7911')
    expect(log[0]).not.toContain('maintenance')
  })

  test.each([
    ['no date', { latestSimChange: 'yesterday' }],
    ['a day alone', { latestSimChange: '2026-11-26' }],
    ['no zone', { latestSimChange: '2026-11-26T12:00:00' }],
    ['a number', { latestSimChange: 1_764_158_400 }],
    ['nothing of it', {}],
    ['a period of another type', { latestSimChange: null, monitoredPeriod: '120' }],
  ])('says as the date %s', async (_what, answer) => {
    operator.will(says(answer))
    expect(await opened().sim(bank({ operation: 'retrieve-date' }))).toEqual({ state: 'unknown' })
  })

  test('where its token endpoint lets nobody in, nobody waits longer than the settings say', async () => {
    operator.forget()
    const { sim, log } = opened()
    expect(await sim(bank({ clientSecret: 'another' }))).toEqual({ state: 'unknown' })
    expect(operator.asked).toEqual([])
    expect(log.join()).not.toContain('another')
  })

  test('settings that cannot be opened fail as an operator does', async () => {
    const { sim } = opened()
    expect(await sim(bank({ timeoutMs: 'soon' }))).toEqual({ state: 'unknown' })
  })
})

test('three codes are one question; minutes later it is another; what failed is asked again within seconds', async () => {
  operator.will(says({ swapped: false }))
  const { sim } = opened()
  const institution = bank()
  await Promise.all([sim(institution), sim(institution), sim(institution, '+447911123456')])
  expect(operator.asked).toHaveLength(1)
  operator.will(says({ swapped: true }))
  now += 4 * 60_000
  expect(await sim(institution)).toEqual({ state: 'kept' })
  now += 2 * 60_000
  expect(await sim(institution)).toEqual({ state: 'swapped' })
  expect(operator.asked).toHaveLength(2)
  // Other settings are another question, and another institution has answers of its own.
  operator.will(says({}))
  expect(await sim(bank({}, 100))).toEqual({ state: 'unknown' })
  expect(await sim({ ...institution, id: 'birch' })).toEqual({ state: 'unknown' })
  operator.will(says({ swapped: false }))
  expect(await sim(bank({}, 100))).toEqual({ state: 'unknown' })
  now += 11_000
  expect(await sim(bank({}, 100))).toEqual({ state: 'kept' })
})

test.each([
  ['no address', { url: undefined }],
  ['http abroad', { url: 'http://api.operator.example/sim-swap/v2' }],
  ['a query', { url: 'https://api.operator.example/sim-swap/v2?key=1' }],
  ['no secret', { clientSecret: undefined }],
  ['a misspelt name', { maxAge: 5 }],
  ['a wait that is none', { timeoutMs: 5 }],
])('settings with %s are refused', (_what, change) => {
  expect(() => plugin.check(operator.settings)).not.toThrow()
  expect(() => plugin.check({ ...operator.settings, ...change })).toThrow()
})

test('what follows for codes, of every state and setting', () => {
  const table = simStates.flatMap((state) =>
    simFallbacks.map((onFailure) => [state, onFailure, simDoubt({ state }, onFailure)]),
  )
  expect(table).toEqual([
    ['kept', 'refuse', undefined],
    ['kept', 'send', undefined],
    ['swapped', 'refuse', 'sim.swapped'],
    ['swapped', 'send', 'sim.swapped'],
    ['unknown', 'refuse', 'sim.unknown'],
    ['unknown', 'send', undefined],
  ])
})
