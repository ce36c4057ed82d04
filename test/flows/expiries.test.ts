// What ends is listed by urgency, and warned of once a level, whichever node is the first.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Expiry } from '../../src/domain/expiry.ts'
import type { Connection } from '../../src/domain/institution.ts'
import { metadataExpiries } from '../../src/flows/expiries.ts'
import { kinds, makeKey } from '../../src/plugins/keys/kinds.ts'
import type { Database } from '../../src/storage/open.ts'
import { id } from '../storage/rig.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'
import { connection, day, keyRig, start } from './own-keys-rig.ts'

let place: Scratch
let database: Database
let certificate: string
let institution = ''

beforeAll(async () => {
  place = await scratch('embedded')
  database = await migrated(place)
  // Ends three years after the start, less the minute by which it begins earlier.
  const made = await makeKey(kinds['saml-signing'], 'IdP', start)
  certificate = `-----BEGIN CERTIFICATE-----\n${made.certificate.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`
})
afterAll(async () => {
  await database.close()
  await place.remove()
})
beforeEach(() => {
  institution = `i${id()}`
})

const saml = (change: Partial<Connection> = {}, settings: object = {}) =>
  connection(institution, 'idp', {
    settings: {
      idpEntityId: 'x',
      ssoUrl: 'https://idp.example/sso',
      certificates: [certificate],
      ...settings,
    },
    ...change,
  })
const oidc = (clientSecretExpires?: string) =>
  connection(institution, 'op', {
    type: 'oidc',
    settings: {
      ...{
        issuer: 'https://op.example',
        clientId: 'c',
        clientAuth: 'client_secret_basic',
        clientSecret: 's',
      },
      ...(clientSecretExpires !== undefined && { clientSecretExpires }),
    },
  })
const lastDay = (days: number) => new Date(start + days * day).toISOString().slice(0, 10)
const metadata: Expiry = { connection: 'idp', kind: 'metadata', name: 'validUntil', at: start + 5.5 * day }
const threeYears = (Date.parse('2029-11-24T11:59:00Z') - start) / day

describe('the list', () => {
  test('has everything that ends, from settings, own keys and other sources, the most urgent first', async () => {
    const compat = { until: lastDay(40), allow: ['sha1-signatures'] }
    const rig = keyRig(database, [saml({}, { compat }), oidc(lastDay(20))], [{ of: async () => [metadata] }])
    const { keys, expiries } = rig.node()
    await keys.ready(institution)
    const listed = await expiries.list(institution)
    expect(listed.map(({ connection: of, kind, daysLeft }) => [of, kind, daysLeft])).toEqual([
      ['idp', 'metadata', 5],
      ['op', 'client-secret', 20],
      ['idp', 'compat', 40],
      ['idp', 'idp-certificate', 1095],
      ['idp', 'own-certificate', 1095],
      ['idp', 'own-certificate', 1095],
    ])
    expect(JSON.stringify(listed)).not.toContain('"s"')
  })
  test('a secret without a day, a connection that is off and settings that do not hold have nothing to say', async () => {
    const broken = connection(institution, 'broken', { settings: { certificates: ['x'] } })
    const rig = keyRig(database, [saml({ state: 'disabled' }), oidc(), broken])
    expect(await rig.node().expiries.list(institution)).toEqual([])
  })
  test('control: the same connections switched on, with a day, do', async () => {
    const rig = keyRig(database, [saml(), oidc(lastDay(1))])
    expect(await rig.node().expiries.list(institution)).toHaveLength(2)
  })
  test('the certificate for mutual TLS counts where it is used', async () => {
    const settings = { issuer: 'https://op.example', clientId: 'c', tlsCertificate: certificate }
    const of = (clientAuth: string) =>
      connection(institution, clientAuth, { type: 'oidc', settings: { ...settings, clientAuth, ...key } })
    const { privateKey } = await kinds['client-assertion'].make()
    const key = { tlsKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
    const rig = keyRig(database, [of('tls_client_auth'), of('private_key_jwt')])
    const listed = await rig.node().expiries.list(institution)
    expect(listed.map(({ connection: at, kind }) => [at, kind])).toEqual([
      ['tls_client_auth', 'client-certificate'],
    ])
  })
})

describe('ends that are easily overlooked', () => {
  const listed = async (one: Connection) =>
    (await keyRig(database, [one]).node().expiries.list(institution)).map(({ kind, at }) => [kind, at])
  const end = Date.parse('2029-11-24T11:59:00Z')
  test('of a key that metadata taught beside a file’s', async () => {
    const other = await makeKey(kinds['saml-signing'], 'IdP', start - 30 * day)
    const learned = [`-----BEGIN CERTIFICATE-----\n${other.certificate}\n-----END CERTIFICATE-----\n`]
    expect(await listed(saml())).toEqual([['idp-certificate', end]])
    expect((await listed(saml({ learned }))).map(([kind]) => kind)).toEqual([
      'idp-certificate',
      'idp-certificate',
    ])
  })
  test('of each authority that a provider’s certificate may be from', async () => {
    const op = oidc()
    expect(await listed(op)).toEqual([])
    const tlsAuthority = `${certificate}\n${certificate}`
    expect(await listed({ ...op, settings: { ...op.settings, tlsAuthority } })).toEqual([
      ['idp-certificate', end],
      ['idp-certificate', end],
    ])
  })
  test('of metadata that was given as a document; not where it is read again at an address', async () => {
    const metadataEnds = lastDay(40)
    const document = ['metadata', Date.parse(metadataEnds)]
    expect(await listed(saml({}, { metadataEnds }))).toContainEqual(document)
    const metadataUrl = 'https://idp.example/metadata'
    expect(await listed(saml({}, { metadataEnds, metadataUrl }))).not.toContainEqual(document)
  })
})

describe('metadata', () => {
  // One that is published anew each day, always good for a fortnight, and one that nobody publishes any more.
  const published = (now: () => number, rolling: boolean) =>
    metadataExpiries(
      {
        metadataValidity: async () => {
          const validSince = rolling ? now() - day : start
          return [{ connection: 'idp', validSince, validUntil: validSince + 14 * day }]
        },
      },
      { now },
    )
  const over30Days = async (rolling: boolean) => {
    const clock = { time: start }
    const rig = keyRig(database, [connection(institution, 'idp')], [published(() => clock.time, rolling)])
    const given: number[] = []
    for (let days = 0; days <= 30; days += 1) {
      rig.clock.time = clock.time = start + days * day
      if ((await rig.node().expiries.warn(institution)) > 0) given.push(days)
    }
    return given
  }
  test('whose end moves on with each reading is never warned of', async () => {
    expect(await over30Days(true)).toEqual([])
  })
  test('control: whose end stays is, as soon as a third of its time is left', async () => {
    expect(await over30Days(false)).toEqual([10, 14])
  })
})

describe('a warning', () => {
  const warned = async (rig: ReturnType<typeof keyRig>) =>
    (await rig.events()).filter(({ type }) => type === 'expiry.warned').map(({ detail }) => detail?.level)

  test('comes once at each level, though two nodes look at once and again', async () => {
    const rig = keyRig(database, [saml()])
    const [one, two] = [rig.node(), rig.node()]
    const passes = async (left: number) => {
      rig.clock.time = start + (threeYears - left) * day
      const given = await Promise.all([1, 2, 3, 4].map((i) => (i % 2 ? one : two).expiries.warn(institution)))
      return given.reduce((sum, n) => sum + n, 0)
    }
    expect(await passes(60.1)).toBe(0)
    expect(await warned(rig)).toEqual([])
    for (const left of [60, 59, 30, 8, 7, 0.5, 0, -1, -100]) await passes(left)
    expect(await warned(rig)).toEqual([60, 30, 7, 0])
    const [first] = await rig.events()
    expect(first).toMatchObject({
      type: 'expiry.warned',
      outcome: 'ok',
      connection: 'idp',
      detail: { kind: 'idp-certificate', level: 60, days: 60, expires: '2029-11-24T11:59:00.000Z' },
    })
  })
  test('one that was slept through is not made up for', async () => {
    const rig = keyRig(database, [saml()])
    rig.clock.time = start + (threeYears - 3) * day
    expect(await rig.node().expiries.warn(institution)).toBe(1)
    expect(await warned(rig)).toEqual([7])
  })
  test('the day of the secret moved on: it is warned of anew when that comes', async () => {
    const before = keyRig(database, [oidc(lastDay(5))])
    expect(await before.node().expiries.warn(institution)).toBe(1)
    const after = keyRig(database, [oidc(lastDay(25))])
    expect(await after.node().expiries.warn(institution)).toBe(1)
    expect(await after.node().expiries.warn(institution)).toBe(0)
    expect((await warned(after)).toSorted()).toEqual([30, 7])
  })
  test('is each institution’s own', async () => {
    const one = keyRig(database, [oidc(lastDay(5))])
    institution = `j${institution}`
    const other = keyRig(database, [oidc(lastDay(5))])
    expect(await one.node().expiries.warn(one.institution)).toBe(1)
    expect(await other.node().expiries.warn(other.institution)).toBe(1)
    expect([await warned(one), await warned(other)]).toEqual([[7], [7]])
  })
})
