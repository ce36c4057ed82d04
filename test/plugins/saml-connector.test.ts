// The SAML connector from settings to subject, with real keys and a real checking thread: what settings do, and until when.
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encrypt } from 'xml-encryption'
import type { Connection, Institution } from '../../src/domain/institution.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { samlConnector } from '../../src/plugins/connectors/saml.ts'
import { createLocalOwnKeys } from '../../src/plugins/keys/own.ts'
import type { Connector, ConnectorPlugin } from '../../src/ports/connector.ts'
import type { SealedOwnKey } from '../../src/ports/own-keys.ts'
import { ALG, ENC, NS } from '../../src/xml/names.ts'
import { createSamlChecker } from '../../src/xml/saml/checker.ts'
import { readIdpMetadata } from '../../src/xml/saml/idp-metadata.ts'
import {
  answer,
  assertionXml,
  base64,
  expected,
  type Facts,
  genuine,
  makeKey,
  responseXml,
  signed,
  type TestKey,
} from '../xml/hostile/idp.ts'

let idp: TestKey
let plugin: ConnectorPlugin
let ownKeys: ReturnType<typeof createLocalOwnKeys>
const kept: SealedOwnKey[] = []
const clockNow = expected.now
let close: () => Promise<void>

beforeAll(async () => {
  idp = await makeKey()
  const clock = { now: () => clockNow }
  const sealed = {
    all: async () => kept,
    inherited: async () => undefined,
    insertFirst: async (key: SealedOwnKey) => kept.push(key) > 0,
  }
  ownKeys = createLocalOwnKeys({ master: randomBytes(32), sealed, clock, lifetimeMs: 1 })
  const checker = await createSamlChecker({ workers: 1, deadlineMs: 20_000 })
  close = () => checker.close()
  // What only an import uses.
  const unused = { fetch: undefined as never, idpMetadata: undefined as never }
  plugin = samlConnector({ ownKeys, checker, clock, ...unused })
})
afterAll(() => close())

const settings = (change: object = {}) => ({
  idpEntityId: expected.idpEntityId,
  ssoUrl: 'https://idp.example/sso',
  certificates: [idp.pem],
  ...change,
})

function opened(change: object = {}, row: Partial<Connection> = {}): Connector {
  return plugin.open({
    institution: { id: 'alder' } as Institution,
    connection: { id: 'main', settings: settings(change), ...row } as unknown as Connection,
    issuer: 'https://bridge.example/alder',
    acsUrl: expected.acsUrl,
    entityId: expected.spEntityId,
  } as never)
}

async function outcome(connector: Connector, xml: string, now = expected.now): Promise<string> {
  try {
    const reply = {
      payload: base64(xml),
      requestId: '_request1',
      fresh: false,
      askedAt: now,
      memory: {},
      now,
    }
    const { nameId, checks } = await connector.complete(reply)
    return [
      `accepted as ${nameId.value}`,
      ...checks.map(({ name }) => name).filter((name) => /^compat/.test(name)),
    ].join(', ')
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

const old = { method: ALG.rsaSha1, digest: ALG.sha1 }
/** An answer that is fresh at this moment, signed as was usual long ago. */
function oldAnswer(now: number): string {
  const at = (seconds: number) => new Date(now + seconds * 1000).toISOString()
  const facts: Facts = {
    ...genuine,
    issueInstant: at(-1),
    authnInstant: at(-2),
    conditionsNotBefore: at(-30),
    conditionsUntil: at(300),
    confirmationUntil: at(300),
  }
  return responseXml(facts, signed(assertionXml(facts), '_a1', idp, old))
}

describe('#18 #19 what is forgiven ends by its date', () => {
  const compat = { until: '2026-12-31', allow: ['sha1-signatures'] }
  const lastMoment = Date.parse('2026-12-31T23:59:59.999Z')
  test('off, on, and on the day after, without opening the connection anew', async () => {
    const [strict, lenient] = [opened(), opened({ compat })]
    for (const now of [expected.now, lastMoment]) {
      expect(await outcome(strict, oldAnswer(now), now)).toBe('saml.algorithm')
      expect(await outcome(lenient, oldAnswer(now), now)).toMatch(
        /^accepted as alice, compat: sha1-signatures/,
      )
    }
    expect(await outcome(lenient, oldAnswer(lastMoment + 1), lastMoment + 1)).toBe('saml.algorithm')
    const other = opened({ compat: { ...compat, allow: ['aes-cbc'] } })
    expect(await outcome(other, oldAnswer(expected.now))).toBe('saml.algorithm')
  })
  test('the date is at most 180 days ahead when somebody writes it; what was written stays readable', () => {
    const until = (days: number) => new Date(clockNow + days * 86_400_000).toISOString().slice(0, 10)
    const check = (days: number) => () =>
      plugin.check(settings({ compat: { ...compat, until: until(days) } }))
    expect(check(179)).not.toThrow()
    expect(check(181)).toThrow('at most 180 days ahead')
    expect(() => opened({ compat: { ...compat, until: until(400) } })).not.toThrow()
  })
  test.each([
    ['RSA 1.5', { until: '2026-12-31', allow: ['rsa1_5'] }],
    ['no end', { allow: ['aes-cbc'] }],
    ['nothing', { until: '2026-12-31', allow: [] }],
    ['no date', { until: 'never', allow: ['aes-cbc'] }],
  ])('%s is no such setting', (_, odd) => {
    expect(() => plugin.check(settings({ compat: odd }))).toThrow('compat')
  })
})

describe('encrypted to the key in our metadata', () => {
  const ours = async (connector: Connector) => (await connector.metadata(expected.now))?.body ?? ''
  async function sealed(assertion: string, change: { pem?: string } = {}): Promise<string> {
    const [, certificate = ''] =
      /use="encryption".*?<ds:X509Certificate>([^<]+)/.exec(await ours(opened())) ?? []
    const pem =
      change.pem ??
      `-----BEGIN CERTIFICATE-----\n${certificate.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`
    const data = await promisify(encrypt)(assertion, {
      rsa_pub: pem,
      pem,
      encryptionAlgorithm: ENC.aes256Gcm,
      keyEncryptionAlgorithm: ENC.oaepMgf1p,
    } as never)
    return responseXml(
      genuine,
      `<saml:EncryptedAssertion xmlns:saml="${NS.saml2}">${data}</saml:EncryptedAssertion>`,
    )
  }
  const good = () => signed(assertionXml(genuine), '_a1', idp)
  test('opened by the key store, as another library encrypted it', async () => {
    expect(await outcome(opened(), await sealed(good()))).toBe('accepted as alice')
    expect(await outcome(opened({ encrypted: 'required' }), await sealed(good()))).toBe('accepted as alice')
    expect(await outcome(opened({ encrypted: 'required' }), responseXml(genuine, good()))).toBe(
      'saml.encrypted',
    )
    expect(await outcome(opened({ encrypted: 'refused' }), await sealed(good()))).toBe('saml.encrypted')
    expect(await ours(opened({ encrypted: 'refused' }))).not.toContain('use="encryption"')
  })
  test('a key that was retired meanwhile still opens it, a dropped one does not, and nobody is led to it', async () => {
    const place = { institution: 'alder', connection: 'main', purpose: 'saml-decryption' } as const
    const answer = await sealed(good())
    const published = async () => (await ours(opened())).match(/use="encryption"/g)?.length
    const change = async (states: readonly SealedOwnKey['state'][]) => {
      const own = kept.filter(({ purpose }) => purpose === place.purpose)
      for (const [i, state] of states.entries())
        kept[kept.indexOf(own[i] as SealedOwnKey)] = { ...own[i]!, state }
      ownKeys.changed('alder')
      await ownKeys.ready('alder', [])
    }
    kept.push(await ownKeys.make(place))
    await change(['active', 'next'])
    expect([await published(), await outcome(opened(), answer)]).toEqual([2, 'accepted as alice'])
    await change(['retired', 'active'])
    expect([await published(), await outcome(opened(), answer)]).toEqual([1, 'accepted as alice'])
    expect(await outcome(opened(), await sealed(good()))).toBe('accepted as alice')
    kept.splice(
      kept.findIndex(({ state }) => state === 'retired'),
      1,
    )
    await change(['active'])
    expect(await outcome(opened(), answer)).toBe('saml.encrypted')
    expect(await outcome(opened(), await sealed(good()))).toBe('accepted as alice')
  })
  test('#75 what anybody may encrypt proves nothing', async () => {
    expect(await outcome(opened(), await sealed(assertionXml(genuine)))).toBe('saml.signature_missing')
  })
  test('#76 refusals leave in step, whatever went wrong and however early', async () => {
    const connector = opened()
    const whole = await sealed(good())
    const forms = [
      await sealed(good(), { pem: idp.pem }),
      // The last bytes are the tag.
      whole.replace(/.{8}(=*<\/[\w:]*CipherValue>(?!.*CipherValue))/s, 'AAAAAAAA$1'),
      await sealed('no XML'),
      await sealed(assertionXml(genuine)),
    ]
    expect(forms[1]).not.toBe(whole)
    for (const form of forms) {
      const started = performance.now()
      expect(await outcome(connector, form)).toMatch(/^saml\.(encrypted|signature_missing)$/)
      // Timers fire up to a millisecond early.
      expect(performance.now() - started).toBeGreaterThan(98)
    }
  })
})

test('requests by a form carry their signature inside, and nothing else than that and the relay state', async () => {
  const start = { relayState: 'uid', fresh: false, neededAcr: undefined, now: expected.now } as never
  const departure = await opened({ binding: 'post' }).begin(start)
  expect(departure).toMatchObject({
    kind: 'post',
    url: 'https://idp.example/sso',
    fields: { RelayState: 'uid' },
  })
  expect((await opened().begin(start)).kind).toBe('redirect')
})

describe('classes of authentication', () => {
  const levels = { device: ['https://refeds.org/profile/mfa'], 'device-pin': ['urn:alder:loa:strong'] }
  const usual = { authnContexts: [genuine.authnContext] }
  const withLevels = (change: object = {}) =>
    plugin.open({
      institution: { id: 'alder' },
      connection: { id: 'main', settings: settings(change), levels },
      issuer: 'https://bridge.example/alder',
      acsUrl: expected.acsUrl,
      entityId: expected.spEntityId,
    } as never)
  async function asked(change: object, neededAcr?: string) {
    const start = { relayState: 'uid', fresh: false, neededAcr, now: expected.now } as never
    const { url } = await withLevels(change).begin(start)
    const packed = new URL(url).searchParams.get('SAMLRequest') ?? ''
    const xml = inflateRawSync(Buffer.from(packed, 'base64')).toString()
    const classes = [...xml.matchAll(/AuthnContextClassRef>([^<]+)<\//g)].map(([, one]) => one)
    return [/Comparison="(\w+)"/.exec(xml)?.[1], ...classes]
  }
  test('asked are those of the settings, by their comparison, and those of a level, exactly', async () => {
    expect(await asked({})).toEqual([undefined])
    expect(await asked(usual)).toEqual(['exact', genuine.authnContext])
    const minimum = { ...usual, authnContextComparison: 'minimum' }
    expect(await asked(minimum)).toEqual(['minimum', genuine.authnContext])
    for (const change of [{}, usual, minimum])
      expect(await asked(change, 'urn:drawbridge:acr:device')).toEqual([
        'exact',
        'https://refeds.org/profile/mfa',
        'urn:alder:loa:strong',
      ])
    expect(() => plugin.check(settings({ authnContextComparison: 'better' }))).toThrow()
  })
  test('#70 taken are those of the settings, and the stronger ones of the table where they were asked for', async () => {
    const mfa = base64(answer({ key: idp, facts: { authnContext: 'https://refeds.org/profile/mfa' } }))
    const plain = base64(answer({ key: idp }))
    const reply = { requestId: '_request1', fresh: false, askedAt: clockNow, memory: {}, now: clockNow }
    const taken = async (payload: string, change: object, askedAcr?: 'urn:drawbridge:acr:device') => {
      const done = withLevels(change).complete({ ...reply, payload, askedAcr })
      return done.then(
        ({ authnContext }) => authnContext,
        (error: Refusal) => error.code,
      )
    }
    expect(await taken(mfa, usual)).toBe('saml.authn_context')
    expect(await taken(mfa, usual, 'urn:drawbridge:acr:device')).toBe('https://refeds.org/profile/mfa')
    expect(await taken(mfa, { ...usual, authnContextComparison: 'minimum' })).toBe(
      'https://refeds.org/profile/mfa',
    )
    // A weaker answer is taken, and counts as what it is: what is left of the level is ours to raise.
    expect(await taken(plain, usual, 'urn:drawbridge:acr:device')).toBe(genuine.authnContext)
    expect(await taken(plain, { authnContexts: ['urn:other'] })).toBe('saml.authn_context')
  })
})

describe('a clock that is 90 seconds off', () => {
  test.each([
    ['ahead', { offset: 90_000, lasts: 300 }, 'saml.not_yet_valid'],
    ['behind, and brief', { offset: -90_000, lasts: 1 }, 'saml.expired'],
  ])('%s: refused at 60, taken at 120', async (_, { offset, lasts }, code) => {
    const at = (seconds: number) => new Date(expected.now + offset + seconds * 1000).toISOString()
    const facts = {
      ...{ issueInstant: at(0), authnInstant: at(0), conditionsNotBefore: at(0) },
      ...{ conditionsUntil: at(lasts), confirmationUntil: at(lasts) },
    }
    const xml = answer({ key: idp, facts })
    expect(await outcome(opened({ skewSeconds: 60 }), xml)).toBe(code)
    expect(await outcome(opened({ skewSeconds: 120 }), xml)).toBe('accepted as alice')
  })
  test('more than 180 seconds are not to be had', () => {
    expect(() => plugin.check(settings({ skewSeconds: 181 }))).toThrow()
    expect(() => plugin.check(settings({ skewSeconds: 180 }))).not.toThrow()
  })
})

test('what we say of ourselves is metadata that names no IdP', async () => {
  const body = (await opened().metadata(expected.now))?.body ?? ''
  const read = () =>
    readIdpMetadata(Buffer.from(body), { entityId: undefined, signers: [], now: expected.now })
  expect(read).toThrow('metadata.entity')
})

describe('a certificate whose time is over', () => {
  const end = new Date(expected.now - 1000)
  const check = async (change: object, key: TestKey) => {
    const connector = opened({ certificates: [key.pem], ...change })
    const payload = base64(responseXml(genuine, signed(assertionXml(genuine), '_a1', key)))
    const { now } = expected
    const reply = { payload, requestId: '_request1', fresh: false, askedAt: now, memory: {}, now }
    const checks = await connector.complete(reply).then(
      (subject) => subject.checks,
      (error: Refusal) => [{ code: error.code }, ...(error.detail.checks as { name: string }[])],
    )
    return {
      checks,
      named: checks.find((one) => 'name' in one && one.name === 'certificate of the assertion'),
    }
  }
  test('is told among the checks and taken, as SAML metadata means it', async () => {
    const over = await makeKey('rsa', 2048, { notBefore: new Date(0), notAfter: end })
    const { named } = await check({}, over)
    expect(named).toMatchObject({ ok: true, actual: 'expired 2026-11-24T11:59:59.000Z' })
  })
  test('is refused where the connection says so, and a good one is not', async () => {
    const over = await makeKey('rsa', 2048, { notBefore: new Date(0), notAfter: end })
    const strict = { expiredCertificates: 'refuse' }
    const { checks, named } = await check(strict, over)
    expect(checks[0]).toEqual({ code: 'saml.certificate_expired' })
    expect(named).toMatchObject({ ok: false, expected: 'good after 2026-11-24T12:00:00.000Z' })
    const good = await makeKey('rsa', 2048, {
      notBefore: new Date(0),
      notAfter: new Date(expected.now + 1000),
    })
    expect((await check(strict, good)).named).toMatchObject({
      ok: true,
      actual: 'good until 2026-11-24T12:00:01.000Z',
    })
  })
})

describe('#195 metadata whose validUntil is over', () => {
  const start = { relayState: 'uid', fresh: false, neededAcr: undefined, now: expected.now } as never
  const answer = () => responseXml(genuine, signed(assertionXml(genuine), '_a1', idp))
  const refuse = { expiredMetadata: 'refuse', metadataUrl: 'https://idp.example/metadata' }
  const over = { metadataUntil: expected.now }
  test('stops sign-ins where the connection says so', async () => {
    await expect(opened(refuse, over).begin(start)).rejects.toMatchObject({ code: 'upstream.unavailable' })
    expect(await outcome(opened(refuse, over), answer())).toBe('upstream.unavailable')
  })
  test.each([
    ['it is not over', refuse, { metadataUntil: expected.now + 1 }],
    ['it says no end', refuse, {}],
    ['the connection only warns', { ...refuse, expiredMetadata: 'warn' }, over],
    ['no metadata is read any more', { ...refuse, metadataUrl: undefined }, over],
  ])('not where %s', async (_, change, row) => {
    expect(await outcome(opened(change, row), answer())).toBe('accepted as alice')
  })
})
