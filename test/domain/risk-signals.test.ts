// Signals: what each is found by, what it adds, and that no bad fact ever makes an event look better.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RiskAction, riskActions } from '../../src/domain/risk.ts'
import {
  type AskedKind,
  askedKinds,
  type RiskEvent,
  type RiskFacts,
  riskFactNames,
  riskFacts,
} from '../../src/domain/risk-event.ts'
import { networkFacts } from '../../src/domain/risk-network.ts'
import {
  judgedBy,
  type Listed,
  type SignalCode,
  type SignalRules,
  signalsOf,
  usualPoints,
  usualThresholds,
} from '../../src/domain/risk-signals.ts'

const usual: SignalRules = {
  ...{ points: usualPoints, thresholds: usualThresholds, youngDays: 7, maxSpeed: 900, placeRadius: 200 },
  ...{ saidKilometres: 500, denyCountries: ['KP'], raiseCountries: ['RU'], denyNetworks: [64_666] },
  ...{ raiseNetworks: [64_500], attemptsPerHour: 10, addressAttemptsPerHour: 60, paymentsPerDay: 20 },
  ...{ amountFactor: 3, quietHours: [22, 5] },
}

// Noon of a Thursday.
const noon = Date.UTC(2026, 0, 15, 12)
const stockholm = { 'network.latitude': 59.33, 'network.longitude': 18.06 }
const good: RiskFacts = {
  ...{ 'device.present': true, 'device.ageDays': 400, 'network.address': '89.160.20.112' },
  ...{ 'network.country': 'SE', 'network.asn': 29_518, 'network.located': true, ...stockholm },
  ...{ 'history.lastAt': noon - 3_600_000, 'history.lastCountry': 'SE' },
  ...{ 'history.lastLatitude': 59.33, 'history.lastLongitude': 18.06 },
  ...{ 'history.attemptsHour': 1, 'history.addressAttemptsHour': 1 },
}
const payment: RiskFacts = {
  ...good,
  ...{ 'transaction.minor': '25000', 'history.largest': '20000', 'history.knownPayee': true },
  ...{ 'history.countDay': 1 },
}

const event = (kind: AskedKind, facts: RiskFacts, at = noon): RiskEvent<AskedKind> => ({
  ...{ id: 'e1', kind, institution: 'alder', at, facts },
})
const codes = (kind: AskedKind, facts: RiskFacts, at?: number) =>
  signalsOf(event(kind, facts, at), usual, undefined).map(({ code }) => code)
const clock = (zone: string, offset: number) => ({ 'client.timeZone': zone, 'client.utcOffset': offset })
const system = (platform: string, agent: string) => ({
  ...{ 'client.platform': platform, 'client.userAgent': `Mozilla/5.0 (${agent}) Safari/605.1` },
})
const home = { 'history.lastLatitude': undefined, 'history.lastLongitude': undefined }
const tonga = { ...home, 'network.latitude': -21.1, 'network.longitude': 175.2 }
const nowhere = { ...home, 'network.latitude': undefined, 'network.longitude': undefined }
const madrid = { 'network.latitude': 40.42, 'network.longitude': -3.7 }

test.each<[string, AskedKind, RiskFacts, readonly SignalCode[]]>([
  ['an ordinary sign-in', 'sign-in', good, []],
  ['an ordinary payment', 'payment', payment, []],
  ['no device', 'sign-in', { ...good, 'device.present': false }, ['unknown_device']],
  [
    'nothing said of a device',
    'sign-in',
    { ...good, 'device.present': undefined, 'device.ageDays': undefined },
    ['unknown_device'],
  ],
  ['no device yet, where one is enrolled', 'enrolment', { ...good, 'device.present': false }, []],
  ['a device of yesterday', 'sign-in', { ...good, 'device.ageDays': 1 }, ['young_device']],
  ['a device of no known age', 'sign-in', { ...good, 'device.ageDays': undefined }, ['young_device']],
  ['a device of a week', 'sign-in', { ...good, 'device.ageDays': 7 }, []],
  ['2593 km in an hour', 'sign-in', { ...good, ...madrid }, ['impossible_travel']],
  [
    '2593 km in three hours: less than 2193 for certain',
    'sign-in',
    { ...good, ...madrid, 'history.lastAt': noon - 3 * 3_600_000 },
    [],
  ],
  [
    'a clock that goes backwards',
    'sign-in',
    { ...good, ...madrid, 'history.lastAt': noon + 3_600_000 },
    ['impossible_travel'],
  ],
  [
    'as far as both places may be off',
    'sign-in',
    { ...good, 'network.latitude': 56, 'history.lastAt': noon },
    [],
  ],
  [
    'nobody has been here before',
    'sign-in',
    { ...good, ...madrid, 'history.lastAt': undefined, 'history.lastCountry': undefined },
    [],
  ],
  ['another country', 'sign-in', { ...good, 'network.country': 'NO' }, ['new_country']],
  [
    'an address that the database does not know',
    'sign-in',
    { ...good, ...networkFacts('8.8.8.8', undefined, { places: true, systems: true }) },
    ['unknown_place'],
  ],
  [
    'no database',
    'sign-in',
    { ...good, ...networkFacts('8.8.8.8', undefined, { places: false, systems: false }) },
    [],
  ],
  [
    'no address at all',
    'sign-in',
    { ...good, ...networkFacts(undefined, undefined, { places: true, systems: true }) },
    ['unknown_address'],
  ],
  [
    'it says it is elsewhere',
    'sign-in',
    { ...good, 'client.latitude': 40, 'client.longitude': -3 },
    ['said_elsewhere'],
  ],
  ['it says it is near', 'sign-in', { ...good, 'client.latitude': 60, 'client.longitude': 18 }, []],
  [
    'coordinates that there are not',
    'sign-in',
    { ...good, 'client.latitude': 400, 'client.longitude': 1 },
    [],
  ],
  ['a program', 'sign-in', { ...good, 'client.userAgent': 'curl/8.5.0' }, ['scripted_client']],
  ['a browser', 'sign-in', { ...good, 'client.userAgent': 'Mozilla/5.0 (X11; Linux) Firefox/140.0' }, []],
  ['a driven browser', 'sign-in', { ...good, 'client.webdriver': true }, ['scripted_client']],
  ['a browser that nobody drives', 'sign-in', { ...good, 'client.webdriver': false }, []],
  ['a page that was told nothing', 'sign-in', { ...good, 'client.collected': 'none' }, ['client_silent']],
  [
    'a page that was told nonsense',
    'sign-in',
    { ...good, 'client.collected': 'unreadable' },
    ['client_silent'],
  ],
  ['a clock at home', 'sign-in', { ...good, ...clock('Europe/Stockholm', 60) }, []],
  ['a table that is an hour older', 'sign-in', { ...good, ...clock('Europe/Stockholm', 120) }, []],
  [
    'a clock of another zone',
    'sign-in',
    { ...good, ...clock('Europe/Stockholm', 180) },
    ['client_contradicts'],
  ],
  ['a zone that there is not', 'sign-in', { ...good, ...clock('Mars/Phobos', 60) }, ['client_contradicts']],
  ['and no clock', 'sign-in', { ...good, 'client.timeZone': 'Mars/Phobos' }, ['client_contradicts']],
  ['a system that knows no zone of its own', 'sign-in', { ...good, ...clock('Etc/Unknown', 60) }, []],
  ['a clock abroad', 'sign-in', { ...good, ...clock('Asia/Tokyo', 540) }, ['zone_elsewhere']],
  ['a zone abroad', 'sign-in', { ...good, 'client.timeZone': 'Asia/Tokyo' }, ['zone_elsewhere']],
  ['over the date line', 'sign-in', { ...good, ...tonga, 'client.utcOffset': -660 }, []],
  ['a clock abroad, no place', 'sign-in', { ...good, ...nowhere, ...clock('Asia/Tokyo', 540) }, []],
  ['one system', 'sign-in', { ...good, ...system('Windows', 'Windows NT 10.0') }, []],
  ['two systems', 'sign-in', { ...good, ...system('Linux', 'Windows NT 10.0') }, ['client_contradicts']],
  ['an iPad that poses as a Mac', 'sign-in', { ...good, ...system('iPadOS', 'Macintosh') }, []],
  ['a system without a family', 'sign-in', { ...good, ...system('constructor', 'Windows NT 10.0') }, []],
  ['a card that was swapped', 'sign-in', { ...good, 'subject.sim': 'swapped' }, ['sim_swapped']],
  ['a card that was kept', 'sign-in', { ...good, 'subject.sim': 'kept', 'subject.simHours': 1 }, []],
  ['a card that nobody knows', 'payment', { ...payment, 'subject.sim': 'unknown' }, ['sim_unknown']],
  ['a denied country', 'sign-in', { ...good, 'network.country': 'KP' }, ['denied_country', 'new_country']],
  ['a raised country', 'sign-in', { ...good, 'network.country': 'RU' }, ['raised_country', 'new_country']],
  ['a denied network', 'sign-in', { ...good, 'network.asn': 64_666 }, ['denied_network']],
  ['a raised network', 'sign-in', { ...good, 'network.asn': 64_500 }, ['raised_network']],
  ['nine sign-ins', 'sign-in', { ...good, 'history.attemptsHour': 9 }, []],
  ['ten sign-ins', 'sign-in', { ...good, 'history.attemptsHour': 10 }, ['many_attempts']],
  ['a busy address', 'sign-in', { ...good, 'history.addressAttemptsHour': 60 }, ['busy_address']],
  ['a new payee', 'payment', { ...payment, 'history.knownPayee': false }, ['new_payee']],
  ['nothing known of the payee', 'payment', { ...payment, 'history.knownPayee': undefined }, ['new_payee']],
  ['three times the largest', 'payment', { ...payment, 'transaction.minor': '60000' }, []],
  ['a little more', 'payment', { ...payment, 'transaction.minor': '60001' }, ['large_amount']],
  ['the first payment', 'payment', { ...payment, 'history.largest': undefined }, ['large_amount']],
  ['no amount', 'payment', { ...payment, 'transaction.minor': undefined }, ['large_amount']],
  ['an amount that is none', 'payment', { ...payment, 'transaction.minor': '1e9' }, ['large_amount']],
  ['many payments', 'payment', { ...payment, 'history.countDay': 20 }, ['many_payments']],
])('%s', (_what, kind, facts, expected) => expect(codes(kind, facts)).toEqual(expected))

test.each([
  [21, []],
  [22, ['quiet_hours']],
  [4, ['quiet_hours']],
  [5, []],
])('quiet hours of 22 to 5 at %i o’clock UTC', (hours, expected) => {
  const at = Date.UTC(2026, 0, 15, hours, 59)
  expect(codes('sign-in', { ...good, 'history.lastAt': at }, at)).toEqual(expected)
})

test.each<[string, Listed, string, number]>([
  ['by the usual points', { score: 500 }, 'the address is listed (+500)', 500],
  ['by its own', { score: 60, label: 'Tor exit' }, 'the address is listed: Tor exit (+60)', 60],
  ['where the list cannot be read', 'unread', 'the list of addresses could not be read (+100)', 100],
])('a listed address %s', (_what, listed, text, score) => {
  const judged = judgedBy(usual, signalsOf(event('sign-in', good), usual, listed))
  expect(judged).toMatchObject({ score, reasons: [{ text }] })
})

test('the figures stand in the reasons, the most points first', () => {
  const facts = { ...good, ...madrid, 'network.country': 'ES', 'device.ageDays': 2 }
  expect(judgedBy(usual, signalsOf(event('sign-in', facts), usual, undefined))).toEqual({
    score: 800,
    action: 'hold',
    reasons: [
      {
        code: 'impossible_travel',
        text: '2592 km from the last sign-in, 1.0 h ago: faster than 900 km/h, though both places may be off by 200 km (+500)',
      },
      { code: 'young_device', text: 'the device is 2 days old, less than 7 (+150)' },
      { code: 'new_country', text: 'from ES; the last sign-in was from SE (+150)' },
    ],
  })
})

test.each<[number, RiskAction]>([
  [249, 'allow'],
  [250, 'review'],
  [399, 'review'],
  [400, 'step-up'],
  [750, 'hold'],
  [900, 'deny'],
  [5000, 'deny'],
])('%i points', (points, action) => {
  const judged = judgedBy(usual, [{ code: 'new_payee', text: '', points }])
  expect(judged).toMatchObject({ action, score: Math.min(1000, points) })
})

test('a signal of no points is switched off', () => {
  const rules = { ...usual, points: { ...usualPoints, new_country: 0 } }
  expect(signalsOf(event('sign-in', { ...good, 'network.country': 'NO' }), rules, undefined)).toEqual([])
})

const kinds = fc.constantFrom(...askedKinds)
/** Any facts of their types, and now and then of another. */
const anyFacts = fc.record(
  Object.fromEntries(
    riskFactNames.map((name) => {
      const by = {
        text: fc.oneof(fc.string(), fc.constantFrom('SE', '25000', '0', '-1', '٣')),
        number: fc.oneof(fc.double(), fc.integer({ min: -200, max: 200 }), fc.constant(noon)),
        flag: fc.boolean(),
      }
      return [name, fc.oneof({ weight: 9, arbitrary: by[riskFacts[name].type] }, fc.anything())]
    }),
  ),
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<RiskFacts>
const anyRules = fc.record({
  points: fc.record(
    Object.fromEntries(Object.keys(usualPoints).map((code) => [code, fc.integer({ min: 0, max: 1000 })])),
  ),
  maxSpeed: fc.integer({ min: 1, max: 5000 }),
  placeRadius: fc.integer({ min: 0, max: 5000 }),
}) as unknown as fc.Arbitrary<Partial<SignalRules>>
const anyListed = fc.constantFrom<Listed>(undefined, 'unread', { score: 0 }, { score: 1000, label: 'x' })

describe('whatever the facts', () => {
  test('a score is a whole number from 0 to 1000, and its action is one', () => {
    fc.assert(
      fc.property(
        kinds,
        anyFacts,
        fc.double(),
        fc.tuple(anyRules, anyListed),
        (kind, facts, at, [some, listed]) => {
          const rules = { ...usual, ...some }
          const { score, action } = judgedBy(rules, signalsOf(event(kind, facts, at), rules, listed))
          expect(Number.isInteger(score) && score >= 0 && score <= 1000, `${score}`).toBe(true)
          expect(riskActions).toContain(action)
        },
      ),
    )
  })

  /** Facts that are bad whatever else is said. */
  const bad: readonly RiskFacts[] = [
    { 'device.present': false },
    { 'device.ageDays': 0 },
    { 'history.attemptsHour': 1000 },
    { 'history.addressAttemptsHour': 1000 },
    { 'history.countDay': 1000 },
    { 'history.knownPayee': false },
    { 'transaction.minor': '9'.repeat(30) },
    { 'client.userAgent': 'curl/8' },
    { 'client.latitude': -80, 'client.longitude': 0 },
    { 'client.webdriver': true },
    { 'subject.sim': 'swapped' },
  ]
  test('a bad fact more never lowers the score', () => {
    const strong = (action: RiskAction) => riskActions.indexOf(action)
    fc.assert(
      fc.property(
        kinds,
        anyFacts,
        fc.constantFrom(...bad),
        fc.tuple(anyRules, anyListed),
        (kind, facts, worse, [some, listed]) => {
          // An unknown device is no young one; the one is weighed against the other by the institution.
          fc.pre(worse['device.present'] === undefined || facts['device.present'] !== true)
          // Elsewhere than was said before: as far from the place of the address as before, or not.
          fc.pre(worse['client.latitude'] === undefined || facts['client.latitude'] === undefined)
          fc.pre(worse['subject.sim'] === undefined || facts['subject.sim'] === undefined)
          fc.pre(worse['client.userAgent'] === undefined || facts['client.userAgent'] === undefined)
          const rules = { ...usual, ...some }
          const judged = (all: RiskFacts) => judgedBy(rules, signalsOf(event(kind, all), rules, listed))
          const [before, after] = [judged(facts), judged({ ...facts, ...worse })]
          expect(after.score).toBeGreaterThanOrEqual(before.score)
          expect(strong(after.action)).toBeGreaterThanOrEqual(strong(before.action))
        },
      ),
      { numRuns: 300 },
    )
  })
})
