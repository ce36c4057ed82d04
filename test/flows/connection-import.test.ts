// A connection from what its IdP publishes: what is shown, what would be saved, what that changes, and what is not fetched.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../src/domain/learned-keys.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { createConnectionImport, type ImportRequest } from '../../src/flows/connection-import.ts'
import { oidcConnector } from '../../src/plugins/connectors/oidc.ts'
import { samlConnector } from '../../src/plugins/connectors/saml.ts'
import { createGuardedFetch } from '../../src/plugins/net/guarded-fetch.ts'
import { type MetadataServer, metadataXml, startMetadataServer } from '../journeys/metadata-server.ts'
import { idpEntityId, type Parts, startParts } from '../journeys/parts.ts'
import { type Op, startOp } from '../plugins/hostile-op.ts'
import { makeKey, type TestKey } from '../xml/hostile/idp.ts'

let parts: Parts
let idp: MetadataServer
let op: Op
let key: TestKey
let next: TestKey
let federation: TestKey
const institution = 'alder'
const actor = { by: 'administrator:ann', why: 'a test' }

beforeAll(async () => {
  ;[parts, op] = await Promise.all([
    startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } }),
    startOp(),
  ])
  ;[key, next, federation] = await Promise.all([makeKey(), makeKey('ec'), makeKey()])
})
afterAll(async () => {
  op.stop()
  await parts.stop()
})
let count = 0
beforeEach(async () => {
  count += 1
  op.good()
  idp = await startMetadataServer({ keys: [key, next], slo: 'https://idp.example/slo' })
})
afterEach(() => idp.stop())

const preview = (request: Partial<ImportRequest>) =>
  parts.flows.connectionImport.preview({ institution, type: 'saml', source: { url: idp.url }, ...request })
async function one(request: Partial<ImportRequest> = {}) {
  const found = await preview(request)
  if (found.kind !== 'one') throw new Error('several')
  return found
}
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing refused',
    (error: unknown) => (error instanceof Refusal ? error.code : error),
  )
const document = () => ({ document: Buffer.from(metadataXml(idp.published)) })

test('the end that a document names of itself is kept, to be warned of; one that is read again needs no keeping', async () => {
  idp.published.attributes = ' validUntil="2030-01-01T00:00:00Z"'
  expect((await one({ source: document() })).content.settings.metadataEnds).toBe('2030-01-01')
  expect((await one()).content.settings).not.toHaveProperty('metadataEnds')
  idp.published.attributes = ''
  expect((await one({ source: document() })).content.settings).not.toHaveProperty('metadataEnds')
})

describe('SAML metadata', () => {
  test('by its address: the facts, and a connection that can be saved as it is', async () => {
    idp.published.attributes = ' validUntil="2030-01-01T00:00:00Z" cacheDuration="PT6H"'
    const { facts, content, faults, change } = await one()
    expect(facts).toMatchObject({
      identifier: idpEntityId,
      endpoints: [
        { use: 'sign-in', binding: 'redirect', url: 'https://idp.example/sso' },
        { use: 'sign-out', binding: 'redirect', url: 'https://idp.example/slo' },
      ],
      ignored: [],
      nameIdFormats: ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'],
      signedBy: undefined,
      validUntil: Date.parse('2030-01-01T00:00:00Z'),
      cacheSeconds: 21_600,
    })
    expect(facts.certificates.map(({ fingerprint }) => fingerprint)).toEqual(
      [key, next].map(({ pem }) => fingerprintOf(pem)),
    )
    expect(facts.certificates[0]?.notAfter).toBeGreaterThan(Date.now())
    expect([faults, change]).toEqual([[], undefined])
    expect(content).toMatchObject({
      name: 'idp.example',
      type: 'saml',
      settings: {
        idpEntityId,
        ssoUrl: 'https://idp.example/sso',
        sloUrl: 'https://idp.example/slo',
        metadataUrl: idp.url,
      },
    })
    const made = await parts.flows.connections.create({ institution, id: `by-url-${count}`, content }, actor)
    expect(made).toMatchObject({ state: 'draft', version: 1 })
  })
  test('by a document: no address is remembered', async () => {
    const { content } = await one({ source: document() })
    expect(content.settings).not.toHaveProperty('metadataUrl')
    expect(idp.asked).toEqual([])
  })
  test.each([
    ['as it calls itself', 'Alder Personal', 'Alder Personal'],
    ['#201 but not so that it is read the other way round', '\u202eknaB redlA', 'idp.example'],
    ['#201 nor with what nobody sees', 'Al\u200bder', 'idp.example'],
  ])('is called %s', async (_, said, called) => {
    const organization =
      '<md:Organization><md:OrganizationName xml:lang="en">o</md:OrganizationName>' +
      `<md:OrganizationDisplayName xml:lang="en">${said}</md:OrganizationDisplayName>` +
      '<md:OrganizationURL xml:lang="en">https://o.example</md:OrganizationURL></md:Organization>'
    const xml = metadataXml(idp.published).replace(/(?=<\/md:EntityDescriptor>)/, organization)
    const { content, facts } = await one({ source: { document: Buffer.from(xml) } })
    expect([content.name, facts.name]).toEqual([called, said])
  })
  test('signed by whom it is pinned to, and refused by another', async () => {
    const settings = { metadataSigners: [federation.pem] }
    expect(await codeOf(preview({ settings }))).toBe('metadata.signature')
    idp.published.signer = federation
    const { facts, content } = await one({ settings })
    expect(facts.signedBy).toBe(fingerprintOf(federation.pem))
    expect(content.settings.metadataSigners).toEqual([federation.pem])
  })
  test('of several entities one is chosen by its name', async () => {
    const other = { ...idp.published, entityId: 'urn:other' }
    const [a, b] = [metadataXml(idp.published), metadataXml(other).replace('"_m1"', '"_m2"')]
    const group = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${a}${b}</md:EntitiesDescriptor>`
    const source = { document: Buffer.from(group) }
    expect(await preview({ source })).toEqual({ kind: 'several', identifiers: [idpEntityId, 'urn:other'] })
    expect((await one({ source, identifier: 'urn:other' })).content.settings.idpEntityId).toBe('urn:other')
    expect(await codeOf(preview({ source, identifier: 'urn:nobody' }))).toBe('metadata.entity')
  })
  test.each([
    ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', undefined],
    [
      'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
      'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    ],
    ['urn:oasis:names:tc:SAML:2.0:nameid-format:transient', undefined],
  ])('a NameID that lasts is asked for: %s', async (format, chosen) => {
    idp.published.nameIdFormat = format
    expect((await one()).content.settings.nameIdFormat).toBe(chosen)
  })
  test('against a connection: what would change, with the choices that were made there', async () => {
    const id = `again-${count}`
    const { content } = await one()
    const made = await parts.flows.connections.create(
      {
        institution,
        id,
        content: { ...content, name: 'Ours', settings: { ...content.settings, signed: 'both' } },
      },
      actor,
    )
    const same = await one({ connection: id })
    expect(same.change).toEqual({ changes: [], needsTest: false, loosened: [] })
    Object.assign(idp.published, { keys: [key], sso: 'https://new.example/sso' })
    const { change, version, content: changed } = await one({ connection: id })
    expect(change?.changes.map(({ path }) => path)).toEqual(['settings.certificates[]', 'settings.ssoUrl'])
    expect(change).toMatchObject({ needsTest: true, loosened: ['settings.ssoUrl'] })
    expect(changed).toMatchObject({ name: 'Ours', settings: { signed: 'both' } })
    expect(version).toBe(made.version)
    expect(
      (await parts.flows.connections.save({ institution, id, version: version ?? 0 }, changed, actor)).state,
    ).toBe('draft')
  })
  test('that another connection leads to the same IdP is told, and of one’s own institution alone', async () => {
    const { content } = await one()
    const id = `twin-${count}`
    await parts.flows.connections.create({ institution, id, content }, actor)
    expect((await one()).twins).toContain(id)
    expect((await one({ connection: id })).twins).not.toContain(id)
    expect((await one({ institution: 'birch' })).twins).toEqual([])
  })
  test('nothing is saved by looking', async () => {
    const before = await parts.flows.connections.list(institution)
    await one()
    expect(await parts.flows.connections.list(institution)).toEqual(before)
    expect(await codeOf(preview({ connection: 'nobody' }))).toBe('connection.unknown')
    expect(await codeOf(preview({ type: 'ldap' }))).toBe('connection.settings')
  })
})

describe('an OpenID provider', () => {
  const discover = (request: Partial<ImportRequest> = {}) =>
    one({ type: 'oidc', source: { url: op.issuer }, settings: { clientId: 'bridge' }, ...request })
  test('by its issuer: the facts, sensible choices, and what only people know', async () => {
    op.behaviour.discovery = (document) => ({
      ...document,
      scopes_supported: ['openid', 'email'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
      id_token_signing_alg_values_supported: ['HS256', 'ES256'],
    })
    const { facts, content, faults } = await discover()
    expect(facts).toMatchObject({
      identifier: op.issuer,
      algorithms: ['HS256', 'ES256'],
      clientAuths: ['client_secret_basic', 'private_key_jwt'],
      keyCount: 1,
      otherOrigins: [],
    })
    expect(content).toMatchObject({
      claims: { name: 'name', email: 'email' },
      settings: {
        ...{
          issuer: op.issuer,
          clientId: 'bridge',
          clientAuth: 'private_key_jwt',
          idTokenAlgorithm: 'ES256',
        },
        ...{ scopes: ['email'], userinfo: true },
      },
    })
    expect(faults).toEqual([])
    expect((await discover({ settings: {} })).faults.map(({ path }) => path)).toEqual(['settings.clientId'])
  })
  test('the address of its configuration will do', async () => {
    const url = `${op.issuer}/.well-known/openid-configuration`
    expect((await discover({ source: { url } })).content.settings.issuer).toBe(op.issuer)
  })
  test('a secret is asked for where it knows nothing else', async () =>
    expect((await discover()).faults.map(({ path }) => path)).toEqual(['settings.clientSecret']))
  test('#92 endpoints elsewhere are shown, and allowed only by what is saved', async () => {
    op.behaviour.discovery = (document) => ({
      ...document,
      userinfo_endpoint: 'https://else.example/userinfo',
    })
    const { facts, content } = await discover()
    expect(facts.otherOrigins).toEqual(['https://else.example'])
    expect(content.settings.otherOrigins).toEqual(['https://else.example'])
  })
  test('#92 a provider that calls itself otherwise is refused', async () => {
    op.behaviour.discovery = (document) => ({ ...document, issuer: 'https://else.example' })
    expect(await codeOf(discover())).toBe('oidc.discovery')
  })
  test.each([
    ['#94 too many keys', (keys: object[]) => Array.from({ length: 101 }, () => keys[0])],
    ['no key', () => []],
  ])('%s', async (_, keys) => {
    op.behaviour.keys = keys as never
    expect(await codeOf(discover())).toBe('oidc.discovery')
  })
  test('#87 only algorithms that need no key of ours to forge', async () => {
    op.behaviour.discovery = (document) => ({
      ...document,
      id_token_signing_alg_values_supported: ['none', 'HS256'],
    })
    expect(await codeOf(discover())).toBe('oidc.discovery')
  })
})

describe('#93, #193 what is never fetched', () => {
  const strict = () => {
    const { base, services, stores } = parts
    const fetch = createGuardedFetch({ allowedNetworks: [], timeoutMs: 20_000, maxBytes: 1024 * 1024 })
    const plugins = [samlConnector({ ...base, ...services, fetch }), oidcConnector({ ...base, fetch })]
    return createConnectionImport({ ...base, ...stores, connectors: { plugins: () => plugins } })
  }
  const ports = ['saml', 'oidc'].flatMap((type) =>
    [
      'http://127.0.0.1:1/metadata',
      'https://localhost/metadata',
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/',
      'https://[::ffff:10.0.0.1]/',
      'https://10.0.0.1/',
    ].map((url) => [type, url] as const),
  )
  test.each(ports)('%s from %s', async (type, url) =>
    expect(
      await codeOf(strict().preview({ institution, type, source: { url }, settings: { clientId: 'c' } })),
    ).toBe('fetch.refused'),
  )
  test.each(['file:///etc/passwd', 'gopher://idp.example/', 'data:text/xml,<x/>', 'not a URL'])(
    '%s',
    async (url) =>
      expect(await codeOf(strict().preview({ institution, type: 'saml', source: { url } }))).toBe(
        'fetch.refused',
      ),
  )
  test('where a redirect leads', async () => {
    idp.published.instead = (_, res) => void res.writeHead(302, { location: op.issuer }).end()
    expect(await codeOf(preview({}))).toBe('fetch.refused')
    expect(op.seen).not.toContain('/')
  })
  test('#94 more than a mebibyte, by address or by document', async () => {
    const large = Buffer.alloc(1024 * 1024 + 1, 0x20)
    idp.published.instead = (_, res) => void res.end(large)
    expect(await codeOf(preview({}))).toBe('fetch.failed')
    expect(await codeOf(preview({ source: { document: large } }))).toBe('metadata.malformed')
  })
  test('#192 a document that is built to harm', async () => {
    idp.published.instead = (_, res) =>
      void res.end('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>')
    expect(await codeOf(preview({}))).toBe('metadata.malformed')
  })
  test('an error page is no metadata', async () => {
    idp.published.instead = (_, res) => void res.writeHead(404).end(metadataXml(idp.published))
    expect(await codeOf(preview({}))).toBe('fetch.failed')
  })
})
