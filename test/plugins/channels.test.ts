// What channels make of numbers, texts and settings, in tables.
import { describe, expect, test } from 'vitest'
import { isGsmText } from '../../src/plugins/channels/gsm-text.ts'
import { httpSmsChannel } from '../../src/plugins/channels/http-sms.ts'
import { phoneNumber } from '../../src/plugins/channels/phone-number.ts'
import { pushChannel } from '../../src/plugins/channels/push.ts'
import type { ChannelMessage } from '../../src/ports/channel.ts'
import type { GuardedAnswer, GuardedRequest } from '../../src/ports/guarded-fetch.ts'
import { alder } from '../journeys/parts.ts'

describe('a number', () => {
  test.each([
    ['+1 202-555-0123', ['US'], '+12025550123'],
    [' +372 5123 4567 ', ['EE'], '+37251234567'],
    ['+44 7400 123456', ['GB', 'EE'], '+447400123456'],
    ['+49 1512 3456789', ['DE'], '+4915123456789'],
  ])('%s is %s', async (text, countries, number) => {
    expect(await phoneNumber(text, countries)).toEqual({ number })
  })
  test.each([
    ['2025550123', 'channel.number'],
    ['tel:+12025550123', 'channel.number'],
    ['+1 202', 'channel.number'],
    ['', 'channel.number'],
    ['call +12025550123 now', 'channel.number'],
    ['+12025550123 ext. 7', 'channel.number'],
    // VoIP and pagers, what costs, and what stands on a desk (NIST SP 800-63B 5.1.3.1).
    ['+44 5600 123456', 'channel.number_kind'],
    ['+44 909 879 0000', 'channel.number_kind'],
    ['+44 7640 123456', 'channel.number_kind'],
    ['+44 20 7946 0000', 'channel.number_kind'],
    ['+44 800 123 4567', 'channel.number_kind'],
    ['+372 5123 4567', 'channel.number_country'],
    ['+7 912 345-67-89', 'channel.number_country'],
  ])('%s is not sent to: %s', async (text, code) => {
    expect(await phoneNumber(text, ['US', 'GB'])).toEqual({ code })
  })
})

test.each([
  ['Alder Bank: 483920', true],
  ['£ € [x] {y} ~ ^ \\ | ÄÖÑÜ §¿ Δ Ω', true],
  ['', true],
  ['код', false],
  ['“quoted”', false],
  ['–', false],
  ['ç', false],
  ['😀', false],
])('%s: an SMS has its letters: %s', (text, gsm) => expect(isGsmText(text)).toBe(gsm))

const keys = { secret: () => new Uint8Array(32) }
const refused = () => Promise.reject(new Error('not asked'))

describe('settings', () => {
  const sms = httpSmsChannel({ fetch: refused, keys })
  const fine = { url: 'https://gateway.example/send', countries: ['EE'] }
  test.each([
    [fine],
    [{ ...fine, gateway: 'generic', method: 'GET', fields: { to: 'msisdn' }, answerBegins: 'OK' }],
    [{ ...fine, username: 'bank', password: 'pw\n', from: 'Alder', receipts: false }],
  ])('%j fit', (given) => sms.check(given))
  test.each([
    [{ countries: ['EE'] }, /url/],
    [{ ...fine, countries: [] }, /to which countries/],
    [{ ...fine, countries: ['ee'] }, /country of two letters/],
    [{ ...fine, url: 'ftp://gateway.example' }, /http or https/],
    [{ ...fine, passwort: 'x' }, /passwort/],
    [{ ...fine, fields: { number: 'x' } }, /fields/],
  ])('%j do not', (given, fault) => expect(() => sms.check(given)).toThrow(fault))
  test('a push has none', () => {
    const push = pushChannel({ deviceMessages: { put: async () => undefined } })
    push.check({})
    expect(() => push.check({ token: 'x' })).toThrow(/token/)
  })
})

describe('a gateway that is not Kannel', () => {
  const message: ChannelMessage = {
    ...{ institution: 'alder', id: 'd1', purpose: 'code', text: 'код 1 & 2', sentAt: 0, expiresAt: 1 },
    address: { kind: 'number', number: '+372 5123 4567' },
  }
  const ask = async (settings: object, answer: Partial<GuardedAnswer> & { text?: string }) => {
    const asked: { url: string; request: GuardedRequest | undefined }[] = []
    const { text = '', status = 200 } = answer
    const fetch = async (url: string, request?: GuardedRequest) => {
      asked.push({ url, request })
      return { status, headers: {}, body: Buffer.from(text) }
    }
    const given = {
      gateway: 'generic',
      url: 'https://gateway.example/send?v=2',
      countries: ['EE'],
      ...settings,
    }
    const place = {
      institution: alder,
      channel: 'sms',
      settings: given,
      receipts: 'https://bridge.example/r',
    }
    const channel = httpSmsChannel({ fetch, keys }).open(place)
    const receipt = await channel.send(message).catch((error: Error) => error.message)
    return { receipt, asked: asked[0], hears: channel.heard !== undefined }
  }
  test('has a form posted, by the names that it has', async () => {
    const { asked, receipt, hears } = await ask(
      { username: 'u', password: 'p', fields: { to: 'msisdn', text: 'body' } },
      { status: 201 },
    )
    expect(receipt).toEqual({ outcome: 'sent' })
    expect(hears).toBe(false)
    expect(asked?.url).toBe('https://gateway.example/send?v=2')
    expect(Object.fromEntries(new URLSearchParams(asked?.request?.body))).toEqual({
      ...{ username: 'u', password: 'p', msisdn: '+37251234567', body: 'код 1 & 2' },
    })
  })
  test('or is asked by GET', async () => {
    const { asked } = await ask({ method: 'GET' }, {})
    expect(Object.fromEntries(new URL(asked?.url as string).searchParams)).toEqual({
      ...{ v: '2', to: '+37251234567', text: 'код 1 & 2' },
    })
  })
  test.each([
    [{ status: 200, text: 'OK 17' }, { outcome: 'sent' }],
    [{ status: 200, text: 'ERR balance' }, 'the gateway answered 200'],
    [
      { status: 400, text: 'OK' },
      { outcome: 'refused', code: 'channel.refused' },
    ],
    [{ status: 403, text: 'OK' }, 'the gateway answered 403'],
    [{ status: 503, text: '' }, 'the gateway answered 503'],
  ])('what it answers is judged by status and beginning: %j', async (answer, outcome) => {
    expect((await ask({ answerBegins: 'OK' }, answer)).receipt).toEqual(outcome)
  })
})
