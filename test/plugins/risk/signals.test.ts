// Built-in signals as a provider: settings, and the list of addresses that is read from a file.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Institution } from '../../../src/domain/institution.ts'
import type { AskedKind, RiskEvent } from '../../../src/domain/risk-event.ts'
import { type AddressList, openAddressList } from '../../../src/plugins/risk/address-list.ts'
import { riskSignals } from '../../../src/plugins/risk/signals.ts'
import type { RiskDeadline } from '../../../src/ports/risk.ts'
import { memoryInMemory } from './memory.ts'

const directory = mkdtempSync(join(tmpdir(), 'risk-list-'))
const opened: AddressList[] = []
afterAll(() => {
  for (const list of opened) list.close()
  rmSync(directory, { recursive: true, force: true })
})

const said: { event: string; fields: unknown }[] = []
const note = (event: string, fields?: unknown) => void said.push({ event, fields })
const log = { info: note, warn: note, error: note }

let files = 0
function listOf(text: string, everyMs?: number) {
  const file = join(directory, `list-${files++}.txt`)
  writeFileSync(file, text)
  const list = openAddressList({ file, usual: 500, log, ...(everyMs !== undefined && { everyMs }) })
  opened.push(list)
  return { file, list }
}

const text = `# Addresses of bad repute
198.51.100.7
198.51.100.0/24 100 a bad neighbourhood
203.0.113.0/25,250,scanners
2001:db8:bad::/48 300
2001:db8:bad::1 900 Tor exit # seen yesterday
::ffff:192.0.2.0/120 10
192.0.2.9 0
0.0.0.0/0 1000
10.1.2 700
192.0.2.10 1001
somewhere.example 700
198.51.100.9 700 wоrse
`

describe('a list of addresses', () => {
  test.each([
    ['an address, and its network', '198.51.100.7', { score: 500 }],
    ['its network alone', '198.51.100.8', { score: 100, label: 'a bad neighbourhood' }],
    ['over IPv6', '::ffff:198.51.100.8', { score: 100, label: 'a bad neighbourhood' }],
    ['with commas', '203.0.113.127', { score: 250, label: 'scanners' }],
    ['beside it', '203.0.113.128', undefined],
    ['a network of IPv6', '2001:db8:bad::2', { score: 300 }],
    [
      'an address of IPv6, however it is written',
      '2001:DB8:BAD:0:0:0:0:1',
      { score: 900, label: 'Tor exit' },
    ],
    ['written as IPv6', '192.0.2.1', { score: 10 }],
    ['the worst holds: nothing on a list clears', '192.0.2.9', { score: 10 }],
    ['a label in two alphabets is not shown', '198.51.100.9', { score: 700 }],
    ['a line that is none', '10.1.0.2', undefined],
    ['no address', 'unknown', undefined],
  ])('%s', async (_what, address, expected) => {
    expect(await listOf(text).list.of(address)).toEqual(expected)
  })

  test('lines that are none are told, with the first of them', async () => {
    said.length = 0
    await listOf(text).list.of('192.0.2.1')
    expect(said.map(({ event }) => event)).toEqual(['risk.list_read', 'risk.list_lines'])
    expect(said[0]?.fields).toMatchObject({ entries: 8 })
    expect(said[1]?.fields).toMatchObject({ count: 4, first: 9 })
  })

  test.each([
    ['a file that is not there', join(directory, 'none.txt')],
    ['a folder', directory],
    ['what never ends', '/dev/zero'],
  ])('%s is unread', async (_what, file) => {
    const list = openAddressList({ file, usual: 500 })
    opened.push(list)
    expect(await list.of('198.51.100.7')).toBe('unread')
  })

  test('is read again when it changes; what cannot be read leaves what was', async () => {
    const { file, list } = listOf('198.51.100.7 100\n', 20)
    expect(await list.of('198.51.100.7')).toEqual({ score: 100 })
    const until = async (event: string) => {
      for (let i = 0; i < 2000 && !said.some((one) => one.event === event); i++)
        await new Promise((done) => setTimeout(done, 10))
      expect(said.map((one) => one.event)).toContain(event)
      said.length = 0
    }
    said.length = 0
    rmSync(file)
    await until('risk.list_unreadable')
    expect(await list.of('198.51.100.7')).toEqual({ score: 100 })
    writeFileSync(`${file}.next`, '198.51.100.7 200\n')
    renameSync(`${file}.next`, file)
    await until('risk.list_read')
    expect(await list.of('198.51.100.7')).toEqual({ score: 200 })
  })

  test('a hundred thousand entries are looked up at once', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => {
      const [a, b, c] = [11 + (i >> 16), (i >> 8) & 255, i & 255]
      return i % 5 === 0 ? `${a}.${b}.${c}.0/${24 - (i % 8)} 100` : `${a}.${b}.${c}.7 200`
    })
    const { list } = listOf(lines.join('\n'))
    expect(await list.of('11.0.1.7')).toEqual({ score: 200 })
    const began = performance.now()
    for (let i = 0; i < 10_000; i++) await list.of(`12.${i & 127}.${i & 255}.7`)
    // A scan of the list would take minutes.
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})

const deadline: RiskDeadline = { signal: new AbortController().signal, ms: 800 }
const plugin = riskSignals({ log })
const open = (settings: Readonly<Record<string, unknown>>) =>
  plugin.open({
    institution: { id: 'alder' } as Institution,
    ...{ provider: 'own', settings, memory: memoryInMemory(Date.now), now: Date.now },
  })
const event: RiskEvent<AskedKind> = {
  ...{ id: 'e7', kind: 'sign-in', institution: 'alder', at: Date.UTC(2026, 0, 15, 12) },
  facts: { 'network.address': '198.51.100.7', 'device.present': true, 'device.ageDays': 90 },
}

test('the list adds to the score, and its label stands in the reason', async () => {
  const provider = open({ listFile: listOf('198.51.100.0/24 450 scanners\n').file })
  expect(await provider.assess(event, deadline)).toEqual({
    event: 'e7',
    score: 450,
    action: 'step-up',
    reasons: [{ code: 'listed_address', text: 'the address is listed: scanners (+450)' }],
  })
  await provider.close?.()
})

test('a list that nobody can read counts against everybody, and the rest goes on', async () => {
  const provider = open({ listFile: join(directory, 'none.txt') })
  expect(await provider.assess(event, deadline)).toMatchObject({
    score: 100,
    reasons: [{ code: 'list_unread' }],
  })
  await provider.close?.()
})

test('points and thresholds are the institution’s', async () => {
  const settings = { points: { young_device: 990 }, thresholds: { deny: 990, hold: 980 }, youngDays: 100 }
  expect(await open(settings).assess(event, deadline)).toMatchObject({ score: 990, action: 'deny' })
})

test.each<[Readonly<Record<string, unknown>>, RegExp]>([
  [{ thresholds: { review: 500 } }, /the stronger an action, the more points it needs/],
  [{ points: { unknown: 1 } }, /points/],
  [{ points: { new_payee: -1 } }, /points\.new_payee/],
  [{ denyCountries: ['Sweden'] }, /a country of two letters is needed/],
  [{ quietHours: '22:00' }, /two hours of UTC are needed/],
  [{ quietHours: '22-24' }, /two hours of UTC are needed/],
  [{ maxSpeed: Number.NaN }, /maxSpeed/],
  [{ other: 1 }, /other/],
])('settings that do not hold: %j', (settings, words) => {
  expect(() => plugin.check(settings)).toThrow(words)
})

test('every setting is on the form, and the usual ones hold', () => {
  expect(() => plugin.check({})).not.toThrow()
  expect(plugin.fields.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['thresholds.step-up', 'points', 'listFile', 'quietHours', 'denyNetworks']),
  )
  expect(plugin.fields.filter(({ meaning, path }) => meaning === '' || path === '')).toEqual([])
})
