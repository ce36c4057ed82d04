// Mappings of risk engines as tables: what may be written, what an event makes of it, and what an answer is taken for.
import { describe, expect, test } from 'vitest'
import type { RiskEvent, RiskFacts } from '../../src/domain/risk-event.ts'
import { eventText, eventTextFault, requestFaults, requestMapping } from '../../src/domain/risk-mapping.ts'
import { answerFaults, answerReading } from '../../src/domain/risk-reading.ts'
import { strictJson } from '../../src/domain/strict-json.ts'

const facts: RiskFacts = {
  ...{ 'subject.id': 's1', 'transaction.amount': '10000.00', 'transaction.minor': '1000000' },
  ...{ 'device.ageDays': 3.7, 'device.present': true, 'network.latitude': 59.4, 'network.asn': 3249 },
}
const event: RiskEvent = { id: 'e1', kind: 'payment', institution: 'alder', at: 1_000_000.5, facts }
const filled = (mapping: unknown, of: Partial<RiskEvent> = {}) =>
  requestMapping(mapping, { apiKey: 'k' })({ ...event, ...of })

describe('a body', () => {
  test.each([
    ['subject.id', 's1'],
    ['event.kind + "/" + event.id', 'payment/e1'],
    ['event.at', 1_000_000],
    ['device.ageDays', 3],
    ['device.present', true],
    ['network.latitude', 59.4],
    ['"AS" + string(network.asn)', 'AS3249'],
    ['secret.apiKey', 'k'],
    ['decimal(transaction.amount, 6)', 10_000_000_000],
    ['transaction.minor > 250000 ? "large" : "small"', 'large'],
    ['has(network.country) ? network.country : "ZZ"', 'ZZ'],
    ['[event.id, subject.id]', ['e1', 's1']],
    ['{"sign-in": "$login", "payment": "$transaction"}[event.kind]', '$transaction'],
    [7, 7],
    [false, false],
  ])('%s', (value, expected) => expect(filled({ value })).toEqual({ value: expected }))

  test.each([
    ['a fact', 'network.country'],
    ['one of several', 'subject.id + network.country'],
    ['a word that a table does not have', '{"sign-in": "$login"}[event.kind]'],
    ['a device token', 'event.deviceToken'],
    ['a name of the engine’s own', 'event.reference.session'],
    ['an object of them', { inside: { deeper: 'network.country' } }],
    ['a list of them', ['network.country', 'client.userAgent']],
  ])('has nothing where there is nothing: %s', (_, value) =>
    expect(filled({ value, always: 1 })).toEqual({ always: 1 }),
  )

  test('has what the engine gave us before', () => {
    const before = { deviceToken: 'dt', reference: { session: 's' } }
    const mapping = { token: 'event.deviceToken', session: 'event.reference.session' }
    expect(filled(mapping, before)).toEqual({ token: 'dt', session: 's' })
  })

  test('is not made of a number that JSON would change', () => {
    const huge = { facts: { 'transaction.minor': '9007199254740993' } }
    expect(() => filled({ a: 'transaction.minor' }, huge)).toThrow('too large')
    expect(() =>
      filled({ a: 'decimal(transaction.amount)' }, { facts: { 'transaction.amount': '1e9' } }),
    ).toThrow('decimal')
    expect(() =>
      filled({ a: 'decimal(transaction.amount, 1)' }, { facts: { 'transaction.amount': '0.25' } }),
    ).toThrow('digits')
  })
})

describe('what is wrong with a body is told with its place', () => {
  test.each([
    ['subject.nme', 'No such key'],
    ['sbject.id', 'Unknown variable'],
    ['secret.other', 'No such key'],
    ['has(subject.nme)', 'No such key'],
    ['subject[app.id]', 'table'],
    // Ruling R-30: what was seen to go wrong with the language.
    ['transaction.amount > "2500.00"', 'compares numbers'],
    ['{"a": transaction.amount}["a"] <= subject.id', 'compares numbers'],
    ['device.count > 1.5', '1.5'],
    ['subject.id.matches("^(a+)+$")', 'matches'],
    ['[1, 2].map(x, x)', 'map'],
    ['dyn(subject.id)', 'dyn'],
    ['int(subject.id)', 'int'],
    ['subject', 'not sent'],
    ['event.reference', 'not sent'],
    ['decimal(transaction.amount, device.count)', 'digits'],
    ['decimal(transaction.amount, 10)', 'digits'],
    ['"abc', 'Unterminated'],
    ['', ''],
    [`"${'x'.repeat(2000)}"`, 'characters'],
    [null, 'an expression is needed'],
  ])('%s', (value, message) => {
    const faults = requestFaults({ a: ['event.id', { b: value }] }, ['apiKey'])
    expect(faults.map(({ path }) => path)).toEqual([['a', 1, 'b']])
    expect(faults[0]?.message).toContain(message)
  })
  test('and so are too much and too deep', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(9)}1${'}'.repeat(9)}`)
    expect(requestFaults(deep, [])[0]?.message).toContain('deeper')
    const wide = Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`m${i}`, 1]))
    expect(requestFaults(wide, [])[0]?.message).toContain('values')
    expect(requestFaults(JSON.parse('{"__proto__":{"a":1}}'), [])).toHaveLength(1)
    expect(requestFaults(['event.id'], [])).toHaveLength(1)
  })
  test('a mapping with a fault is never used', () =>
    expect(() => requestMapping({ a: 'subject.nme' }, {})).toThrow('a: No such key'))
  test('the name of an event is a text', () => {
    expect(eventTextFault('event.id')).toBeUndefined()
    expect(eventTextFault('event.at')).toContain('int')
    expect(eventText('network.country')(event)).toBeUndefined()
  })
})

const mapping = {
  answered: 'answer.flag("/ok")',
  action: '{"pass": "allow", "stop": "deny"}[answer.text("/verdict")]',
  score: 'answer.number("/risk/score", 3)',
  band: 'answer.text("/band")',
  reasons: 'answer.texts("/risk/reasons/*/name")',
  correlation: 'answer.text("/id")',
  deviceToken: 'answer.text("/token")',
  reference: { session: 'answer.text("/session")' },
}
const good = {
  ...{ ok: true, verdict: 'pass', id: 'e1', band: 'low', token: 't', session: 's' },
  risk: { score: 0.6657, reasons: [{ name: 'r1' }, {}, { name: 'r2' }] },
}
const read = (change: object, of: Partial<typeof mapping> = {}) =>
  answerReading({ ...mapping, ...of })({ ...good, ...change }, 'e1')

describe('an answer', () => {
  test('is read by kind and place', () =>
    expect(read({}).said).toEqual({
      ...{ action: 'allow', score: 666, band: 'low', deviceToken: 't', reference: { session: 's' } },
      reasons: [{ code: 'r1' }, { code: 'r2' }],
    }))
  test('may leave out what is not needed, by null too', () =>
    expect(read({ risk: undefined, band: null, token: undefined, session: undefined }).said).toEqual({
      ...{ action: 'allow', reasons: [] },
    }))
  test.each([
    [{ ok: false }, 'answered'],
    [{ ok: 'true' }, 'answered'],
    [{ ok: undefined }, 'answered'],
    [{ verdict: undefined }, 'action'],
    [{ verdict: 'maybe' }, 'action'],
    [{ verdict: ['pass'] }, 'action'],
    [{ verdict: 'constructor' }, 'action'],
    [{ id: 'e2' }, 'correlation'],
    [{ id: undefined }, 'correlation'],
    [{ risk: { score: '0.5' } }, 'score'],
    [{ risk: { score: -0.0001 } }, 'score'],
    [{ risk: { score: 1.001 } }, 'score'],
    [{ risk: { score: 1e300 } }, 'score'],
    [{ risk: { score: Number.POSITIVE_INFINITY } }, 'score'],
    [{ risk: { score: [1] } }, 'score'],
    [{ risk: { score: 0, reasons: 'r1' } }, 'reasons'],
    [{ risk: { score: 0, reasons: [{ name: 1 }] } }, 'reasons'],
    [{ risk: { score: 0, reasons: Array(101).fill({ name: 'r' }) } }, 'reasons'],
    [{ band: 'x'.repeat(5000) }, 'band'],
    [{ token: 5 }, 'deviceToken'],
    [{ session: {} }, 'reference.session'],
  ])('#167 #170 is none, and says where: %j', (change, place) => expect(read(change).fault).toContain(place))
  test.each([[null], [[]], ['pass'], [7], [true]])('%j is none', (json) =>
    expect(answerReading(mapping)(json, 'e1').fault).toBeDefined(),
  )
  test('to something that was not sent is none', () =>
    expect(answerReading(mapping)(good, undefined).fault).toContain('correlation'))
  test('that makes its own expression fail is none', () =>
    expect(read({ risk: { score: 0 } }, { score: '1000 / answer.number("/risk/score")' }).fault).toContain(
      'division',
    ))
  test('has names with / and ~ as RFC 6901 writes them', () =>
    expect(
      answerReading({ action: 'answer.text("/a~1b/0/~0c")' })({ 'a/b': [{ '~c': 'hold' }] }, undefined).said
        ?.action,
    ).toBe('hold'))
})

describe('what is wrong with a reading is told with its place', () => {
  test.each([
    ['action', '"allow"', 'whatever the engine answers'],
    ['action', 'answer.text("/a") == "b" ? "alow" : "deny"', '"alow" is no action'],
    ['action', '{"x": "pass"}[answer.text("/a")]', '"pass" is no action'],
    ['action', 'answer.text("/a") > "b" ? "deny" : "allow"', 'compares numbers'],
    ['action', 'answer.number("/a", 2)', 'of type int'],
    ['action', 'answer.text("a")', 'RFC 6901'],
    ['action', 'answer.text(answer.text("/a"))', 'RFC 6901'],
    ['action', 'answer.text("/a/*/b")', 'texts()'],
    ['action', 'answer.verdict', 'No such key'],
    ['action', 'answer.texts("/a")[0]', 'table'],
    ['action', 'event.kind', 'Unknown variable'],
    ['score', 'answer.number("/a", 10)', 'digits'],
    ['score', 'answer.number("/a", answer.number("/b"))', 'digits'],
    ['score', 'answer.text("/a")', 'of type string'],
    ['answered', 'answer.text("/a")', 'of type string'],
    ['reasons', 'answer.text("/a")', 'of type string'],
    ['correlation', '"e1"', 'whatever the engine answers'],
  ])('%s: %s', (role, text, message) => {
    const faults = answerFaults({ action: 'answer.text("/a")', [role]: text })
    expect(faults.map(({ path }) => path)).toEqual([[role]])
    expect(faults[0]?.message).toContain(message)
  })
})

describe('JSON of strangers', () => {
  test.each([
    ['{"a":{"b":1},"b":[{"c":1},{"c":2}]}'],
    ['{"a":"}{\\"","b":[":"],"\\\\":"\\\\"}'],
    ['"text"'],
    ['[]'],
  ])('%s is read', (text) => expect(strictJson(Buffer.from(text), 4)).toEqual({ value: JSON.parse(text) }))
  test.each([
    ['{"a":1,"a":1}', 'twice'],
    ['{"a":[{"b":1,"\\u0062":2}]}', 'twice'],
    ['[[[[[1]]]]]', 'deeper'],
    ['{"a":NaN}', 'no JSON'],
    ['{"a":1', 'no JSON'],
    ['', 'no JSON'],
    ['\ufeff{}', 'no JSON'],
    ['{} {}', 'no JSON'],
  ])('%s is not', (text, fault) => expect(strictJson(Buffer.from(text), 4).fault).toContain(fault))
  test('nor is what is not UTF-8', () =>
    expect(strictJson(Buffer.from([0x22, 0xff, 0x22]), 4).fault).toBe('no JSON'))
  test('a million brackets or quotes take no time', () => {
    const began = performance.now()
    expect(strictJson(Buffer.from('['.repeat(500_000) + ']'.repeat(500_000)), 32).fault).toContain('deeper')
    expect(strictJson(Buffer.from(`"${'\\"'.repeat(400_000)}`), 32).fault).toBe('no JSON')
    expect(performance.now() - began).toBeLessThan(15_000)
  })
})
