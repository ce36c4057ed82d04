// One record a line, whatever the values hold (attack 212), and no secrets.
import { describe, expect, test } from 'vitest'
import { createLog, type LogSettings, loggedPath } from '../../src/http/logging.ts'

function logged(fields: Record<string, unknown>, level: LogSettings['level'] = 'info') {
  const lines: string[] = []
  const log = createLog({ level, destination: 'stdout' }, { write: (line: string) => void lines.push(line) })
  log.warn('probe', fields)
  return lines
}

const record = (fields: Record<string, unknown>) => JSON.parse(logged(fields)[0] ?? '')

describe('hostile values stay inside of their record', () => {
  test.each([
    ['CR and LF', 'a\r\n{"level":"info","event":"forged"}'],
    ['ANSI colours and cursor', '\u001b[2J\u001b[31mred'],
    ['a one-byte escape', '\u009b31mred'],
    ['line separators', 'a\u2028b\u2029c\u0085d'],
    ['turned text', 'a\u202egnp.exe'],
    ['JSON break-out', '","level":"fatal","x":"'],
    ['NUL and DEL', '\u0000\u007f'],
  ])('%s', (_, value) => {
    const lines = logged({ value, [value]: 1 })
    expect(lines).toHaveLength(1)
    const [line = ''] = lines
    expect(line.endsWith('\n')).toBe(true)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/)
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', event: 'probe', value, [value]: 1 })
  })

  test('a megabyte becomes a few lines’ worth; depth and width are bounded', () => {
    const circular: Record<string, unknown> = { list: Array.from({ length: 10_000 }, (_, i) => i) }
    circular.self = circular
    const [line = ''] = logged({ value: 'é'.repeat(1_000_000), circular })
    expect(line.length).toBeLessThan(10_000)
    expect(JSON.parse(line).value).toMatch(/… \(1000000\)$/)
  })

  test('fields cannot take the place of level, time or event', () => {
    const [line = ''] = logged({ level: 'debug', time: 'never', event: 'other' })
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      event: 'probe',
      level_: 'debug',
      event_: 'other',
    })
    expect(line.match(/"(level|time|event)":/g)).toHaveLength(3)
  })
})

test('secrets that stray in are blanked, at any depth and spelling', () => {
  const secrets = {
    pin: '123456',
    Authorization: 'DPoP x',
    'set-cookie': ['s=1'],
    code_verifier: 'v',
    SAMLResponse: 'x',
  }
  const { fields, body } = record({
    fields: secrets,
    body: { deep: { access_token: 't', accessToken: 't' } },
  })
  for (const value of Object.values(fields)) expect(value).toBe('[secret]')
  expect(body).toEqual({ deep: { access_token: '[secret]', accessToken: '[secret]' } })
  expect(record({ code: 'a'.repeat(43) }).code).toBe('[secret]')
  expect(record({ codes: 'kept', code: 'pin.wrong', pins: 1 })).toMatchObject({
    codes: 'kept',
    code: 'pin.wrong',
    pins: 1,
  })
})

test('errors keep their stack and cause; bytes, big numbers and dates can be read', () => {
  const error = new Error('late', { cause: new Error('ECONNREFUSED') })
  const got = record({ error, bytes: new Uint8Array(32), big: 12n, when: new Date(0), nothing: undefined })
  expect(got.error).toMatchObject({ name: 'Error', message: 'late', cause: { message: 'ECONNREFUSED' } })
  expect(got.error.stack).toContain('logging.test.ts')
  expect(got).toMatchObject({ bytes: '[32 bytes]', big: '12', when: '1970-01-01T00:00:00.000Z' })
})

test('below its level nothing is written', () => {
  expect(logged({ a: 1 }, 'error')).toEqual([])
  expect(logged({ a: 1 }, 'warn')).toHaveLength(1)
})

test('what opens something once is not in the path of a record', () => {
  const paths = {
    '/alder/mandates/ES9121000418450200051332': '/alder/mandates/…',
    '/alder/Mandates/ES9121000418450200051332': '/alder/Mandates/…',
    '/alder/console/invitation/6gP6__V04qcX': '/alder/console/invitation/…',
    '/upstream/handle-of-an-answer': '/upstream/…',
    '/alder/test-login/handle': '/alder/test-login/…',
    '/alder/saml/idp/slo/handle': '/alder/saml/idp/slo/…',
    '/alder/channels/sms/receipts/3174bdf6/mAc-': '/alder/channels/sms/receipts/3174bdf6/…',
    '/alder/console/connections/main': '/alder/console/connections/main',
    '/alder/saml/idp/slo': '/alder/saml/idp/slo',
  }
  for (const [path, logged] of Object.entries(paths)) expect(loggedPath(path)).toBe(logged)
})
