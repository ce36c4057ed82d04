// Where addresses are: what a database says, what is never asked of it, and files that are none.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { createServices, type Foundation } from '../../src/compose/foundation.ts'
import { ConfigFault } from '../../src/config/faults.ts'
import { noPlaces, type OpenPlaces, openMaxmind } from '../../src/plugins/places/maxmind.ts'
import { announced, city, madePlaces } from './made-places.ts'

const directory = mkdtempSync(join(tmpdir(), 'places-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const said: string[] = []
const note = (event: string) => void said.push(event)
const log = { info: note, warn: note, error: note }

let opened: OpenPlaces | undefined
afterEach(() => opened?.close())

async function open(bytes: Uint8Array, everyMs?: number) {
  const file = join(directory, 'places.mmdb')
  writeFileSync(file, bytes)
  opened = await openMaxmind({ file, log, ...(everyMs !== undefined && { everyMs }) })
  return opened
}

const stockholm = { town: 'Stockholm, Sweden', at: { latitude: 59.33, longitude: 18.06 }, country: 'SE' }
const rows = {
  '89.160.0.0/16': city('Stockholm, Sweden', [59.33, 18.06]),
  '2a00:1450/32': city('Madrid, Spain', [40.42, -3.7]),
  '81.2.69.0/24': city('Somewhere, Sweden', [62, 15], 1000),
  '81.2.70.0/24': city(`${'A'.repeat(60)}, Sweden`, [62, 15]),
  '81.2.71.0/24': city('Stоckholm, Sweden', [62, 15]),
  '81.2.72.0/24': city('North, Pole', [91, 15]),
  '81.2.73.0/24': { country: { names: { en: 'Sweden' } } },
  '81.2.74.0/24': 'no map',
  '81.2.75.0/24': { country: { iso_code: 'SE' } },
  '81.2.76.0/24': { country: { names: { en: 'Sweden' }, iso_code: 'Sweden' } },
  // Nobody should have these; whoever does is not believed.
  '10.0.0.0/8': city('Inside, Sweden', [59, 18]),
  '127.0.0.0/8': city('Here, Sweden', [59, 18]),
  '192.168.0.0/16': city('Home, Sweden', [59, 18]),
  '100.64.0.0/10': city('Carrier, Sweden', [59, 18]),
  'fd00/8': city('Inside, Sweden', [59, 18]),
}

test.each([
  ['an address', '89.160.20.112', stockholm],
  ['the same over IPv6', '::ffff:89.160.20.112', stockholm],
  [
    'one of IPv6',
    '2a00:1450:4003::1',
    { town: 'Madrid, Spain', at: { latitude: 40.42, longitude: -3.7 }, country: 'ES' },
  ],
  ['one that nobody knows', '8.8.8.8', undefined],
  [
    'one that is known for its country alone',
    '81.2.69.1',
    { town: 'Somewhere, Sweden', at: undefined, country: 'SE' },
  ],
  [
    'a name that is too long to be shown',
    '81.2.70.1',
    { town: undefined, at: { latitude: 62, longitude: 15 }, country: 'SE' },
  ],
  [
    'a name in two alphabets',
    '81.2.71.1',
    { town: undefined, at: { latitude: 62, longitude: 15 }, country: 'SE' },
  ],
  ['no coordinates that there are', '81.2.72.1', { town: 'North, Pole', at: undefined }],
  ['none at all', '81.2.73.1', { town: 'Sweden', at: undefined }],
  ['a country by its code alone', '81.2.75.1', { town: undefined, at: undefined, country: 'SE' }],
  ['a code that is none', '81.2.76.1', { town: 'Sweden', at: undefined }],
  ['data of another form', '81.2.74.1', undefined],
  ['a private one', '10.1.2.3', undefined],
  ['loopback', '127.0.0.1', undefined],
  ['another private one', '192.168.1.1', undefined],
  ['a carrier’s', '100.64.0.1', undefined],
  ['a private one of IPv6', 'fd00::1', undefined],
  ['loopback of IPv6', '::1', undefined],
  ['octal', '0131.160.20.112', undefined],
  ['no address', 'unknown', undefined],
  ['nothing', '', undefined],
])('%s', async (_what, address, expected) => {
  expect((await open(madePlaces(rows))).of(address)).toEqual(expected)
})

test('an address of IPv6 is not looked up where there is IPv4 alone', async () => {
  // 59a0: reads as 89.160.
  const places = await open(madePlaces({ '89.160.0.0/16': rows['89.160.0.0/16'] }, 4))
  expect(places.of('59a0::1')).toBeUndefined()
  expect(places.of('89.160.1.1')).toEqual(stockholm)
})

describe('which network announces an address', () => {
  const systems = madePlaces({
    '89.160.0.0/16': announced(29_518),
    '8.8.8.0/24': announced(15_169),
    '81.2.69.0/24': announced(0),
    '10.0.0.0/8': announced(64_512),
  })
  const openBoth = async (bytes: { places?: Uint8Array; systems?: Uint8Array }) => {
    const paths = { file: join(directory, 'towns.mmdb'), asnFile: join(directory, 'systems.mmdb') }
    if (bytes.places) writeFileSync(paths.file, bytes.places)
    if (bytes.systems) writeFileSync(paths.asnFile, bytes.systems)
    opened = await openMaxmind({
      ...(bytes.places && { file: paths.file }),
      ...(bytes.systems && { asnFile: paths.asnFile }),
      log,
    })
    return opened
  }

  test.each([
    ['beside its town', '89.160.20.112', { ...stockholm, asn: 29_518 }],
    ['alone, where the town is not known', '8.8.8.8', { asn: 15_169 }],
    ['no number that there is', '81.2.69.1', { town: 'Somewhere, Sweden', at: undefined, country: 'SE' }],
    ['a private address', '10.1.2.3', undefined],
    ['nobody', '1.1.1.1', undefined],
  ])('%s', async (_what, address, expected) => {
    const places = await openBoth({ places: madePlaces(rows), systems })
    expect(places.of(address)).toEqual(expected)
    expect(places.covered).toEqual({ places: true, systems: true })
  })

  test('without towns', async () => {
    const places = await openBoth({ systems })
    expect(places.of('89.160.20.112')).toEqual({ asn: 29_518 })
    expect(places.covered).toEqual({ places: false, systems: true })
  })

  test('a file that is not there is named by its setting', async () => {
    const config = { saml: {}, places: { asnDatabase: join(directory, 'none.mmdb') } }
    const base = { config, log } as unknown as Foundation
    await expect(createServices(base)).rejects.toThrow(/^places\.asn_database: \/.*none\.mmdb cannot be read/)
  })
})

const whole = madePlaces(rows)
test.each([
  ['an empty one', Buffer.alloc(0)],
  ['text', Buffer.from('network,latitude,longitude\n')],
  ['a packed one', Buffer.from('1f8b0800000000000003', 'hex')],
  ['its first half', whole.subarray(0, whole.length / 2)],
  ['one with a hole', Buffer.concat([whole.subarray(0, 600), whole.subarray(900)])],
])('a file that is no database: %s', async (_what, bytes) => {
  await expect(open(bytes)).rejects.toThrow(/places\.mmdb is no whole MaxMind database/)
})

test('a file that is not there', async () => {
  const file = join(directory, 'none.mmdb')
  await expect(openMaxmind({ file, log })).rejects.toThrow(`${file} cannot be read (ENOENT)`)
  // What `serve` says of it: with status 78, before anything else is opened.
  const base = { config: { saml: {}, places: { database: file } }, log } as unknown as Foundation
  await expect(createServices(base)).rejects.toThrow(ConfigFault)
  await expect(createServices(base)).rejects.toThrow(/^places\.database: \/.*none\.mmdb cannot be read/)
  expect(noPlaces.of('89.160.20.112')).toBeUndefined()
  expect(noPlaces.covered).toEqual({ places: false, systems: false })
})

test('a new file is read, and a broken one leaves what was', async () => {
  const places = await open(whole, 20)
  const heard = async (event: string, bytes: Uint8Array) => {
    said.length = 0
    writeFileSync(join(directory, 'next'), bytes)
    renameSync(join(directory, 'next'), join(directory, 'places.mmdb'))
    for (let i = 0; i < 1000 && !said.includes(event); i++) await new Promise((done) => setTimeout(done, 20))
    expect(said).toContain(event)
  }
  await heard('places.unreadable', Buffer.from('broken'))
  expect(places.of('89.160.20.112')).toEqual(stockholm)
  await heard('places.read', madePlaces({ '89.160.0.0/16': rows['2a00:1450/32'] }))
  expect(places.of('89.160.20.112')?.town).toBe('Madrid, Spain')
})
