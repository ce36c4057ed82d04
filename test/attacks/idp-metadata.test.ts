// Attacks 192, 195 and 196 on IdP metadata, each with its control: the same document with the attack off is read.
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MetadataWish } from '../../src/domain/idp-metadata.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { NS } from '../../src/xml/names.ts'
import { readIdpMetadata } from '../../src/xml/saml/idp-metadata.ts'
import { createMetadataReader } from '../../src/xml/saml/metadata-reader.ts'
import { makeKey, now, signed, type TestKey } from '../xml/hostile/idp.ts'

let key: TestKey
let next: TestKey
let weak: TestKey
let federation: TestKey
beforeAll(async () => {
  ;[key, next, weak, federation] = await Promise.all([
    makeKey(),
    makeKey('ec'),
    makeKey('rsa', 1024),
    makeKey(),
  ])
})

const entityId = 'https://idp.example/metadata'
const binding = (name: string) => `urn:oasis:names:tc:SAML:2.0:bindings:HTTP-${name}`
const keyXml = (certificate: string, use = ' use="signing"') =>
  `<md:KeyDescriptor${use}><ds:KeyInfo xmlns:ds="${NS.ds}"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
const sso = (location: string, name = 'Redirect') =>
  `<md:SingleSignOnService Binding="${binding(name)}" Location="${location}"/>`

interface Parts {
  id?: string
  xmlId?: string
  attributes?: string
  keys?: string
  logout?: string
  sso?: string
  role?: string
  roles?: (role: string) => string
}

/** One IdP, as a good one describes itself. */
function entity(parts: Parts = {}): string {
  const role =
    `<md:IDPSSODescriptor protocolSupportEnumeration="${NS.samlp}"${parts.role ?? ''}>${parts.keys ?? keyXml(key.base64)}` +
    `${parts.logout ?? ''}<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>` +
    `${parts.sso ?? sso('https://idp.example/sso')}</md:IDPSSODescriptor>`
  return (
    `<md:EntityDescriptor xmlns:md="${NS.md}" entityID="${parts.id ?? entityId}" ID="${parts.xmlId ?? '_m1'}"${parts.attributes ?? ''}>` +
    `${(parts.roles ?? ((one) => one))(role)}</md:EntityDescriptor>`
  )
}
const group = (inner: string, attributes = '') =>
  `<md:EntitiesDescriptor xmlns:md="${NS.md}" ID="_group"${attributes}>${inner}</md:EntitiesDescriptor>`

const wish = (change: Partial<MetadataWish> = {}): MetadataWish => ({
  entityId: undefined,
  signers: [],
  now,
  ...change,
})
const read = (xml: string | Buffer, change: Partial<MetadataWish> = {}) =>
  readIdpMetadata(Buffer.from(xml), wish(change))

function verdict(xml: string | Buffer, change: Partial<MetadataWish> = {}): string {
  try {
    const { idp, entityIds } = read(xml, change)
    return `read ${idp?.entityId ?? entityIds.join(' ')}`
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}
const good = `read ${entityId}`

test('control: the facts of a good IdP', () => {
  const xml = entity({
    attributes: ' validUntil="2026-12-01T00:00:00Z" cacheDuration="PT1H"',
    role: ' WantAuthnRequestsSigned="true" cacheDuration="P1D"',
    keys: keyXml(key.base64) + keyXml(next.base64, '') + keyXml(federation.base64, ' use="encryption"'),
    logout: `<md:SingleLogoutService Binding="${binding('POST')}" Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo/done"/>`,
    sso:
      sso('https://idp.example/sso') +
      sso('https://idp.example/sso', 'POST') +
      sso('https://idp.example:8443/s', 'SOAP'),
  })
  const fingerprint = (one: TestKey) => new X509Certificate(one.pem).fingerprint256
  const { idp, entityIds, signedBy } = read(xml)
  expect({ entityIds, signedBy }).toEqual({ entityIds: [entityId], signedBy: undefined })
  expect(idp).toMatchObject({
    entityId,
    name: undefined,
    sso: [
      { binding: 'redirect', url: 'https://idp.example/sso' },
      { binding: 'post', url: 'https://idp.example/sso' },
    ],
    slo: [{ binding: 'post', url: 'https://idp.example/slo', responseUrl: 'https://idp.example/slo/done' }],
    ignored: [],
    nameIdFormats: ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'],
    wantAuthnRequestsSigned: true,
    validUntil: Date.parse('2026-12-01T00:00:00Z'),
    cacheSeconds: 3600,
  })
  expect(idp?.signing.map((one) => one.fingerprint)).toEqual([fingerprint(key), fingerprint(next)])
  expect(idp?.encryption.map((one) => one.fingerprint)).toEqual([fingerprint(next), fingerprint(federation)])
  expect(idp?.signing[0]?.pem.trim()).toBe(new X509Certificate(key.pem).toString().trim())
})

describe('what real products write', () => {
  test('a byte order mark, blank lines, comments and hints where schemas are', () => {
    const hint = ` xmlns:xsi="${NS.xsi}" xsi:schemaLocation="${NS.md} http://127.0.0.1:1/x.xsd"`
    const xml = `<!-- from the wizard -->\n${entity({ attributes: hint, role: '' }).replace('<md:NameIDFormat>', '<!-- one -->$&')}`
    expect(verdict(`\n\ufeff${xml}`)).toBe('metadata.malformed')
    expect(verdict(`\ufeff\r\n${xml}`)).toBe(good)
  })
  test('WS-Federation roles, as ADFS and Entra ID put them before the SAML one', () => {
    const fed = `<md:RoleDescriptor xmlns:xsi="${NS.xsi}" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"><fed:TokenTypesOffered/></md:RoleDescriptor>`
    expect(verdict(entity({ roles: (role) => fed + role }))).toBe(good)
  })
  test('a name for people, in English where there is one', () => {
    const ui = `<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"><mdui:DisplayName xml:lang="es">Banco</mdui:DisplayName><mdui:DisplayName xml:lang="en">Bank  &lt;One&gt;</mdui:DisplayName></mdui:UIInfo></md:Extensions>`
    expect(read(entity({ keys: ui + keyXml(key.base64) })).idp?.name).toBe('Bank <One>')
  })
  test('several entities are listed, and one is read when it is named', () => {
    const xml = group(
      entity() + group(entity({ id: 'urn:other', xmlId: '_m2' })).replace('"_group"', '"_g2"'),
    )
    expect(read(xml)).toMatchObject({ entityIds: [entityId, 'urn:other'], idp: undefined })
    expect(verdict(xml, { entityId: 'urn:other' })).toBe('read urn:other')
    expect(verdict(xml, { entityId: 'urn:nobody' })).toBe('metadata.entity')
  })
})

describe('#192 documents that are built to harm', () => {
  test.each([
    ['a DOCTYPE', `<!DOCTYPE x>${'HERE'}`],
    ['an external entity', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>HERE'],
    ['entities in entities', '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>HERE'],
    ['a DOCTYPE hidden by a comment', '<!-<!--- --><!DOCTYPE x>HERE'],
    ['a processing instruction', '<?xml-stylesheet href="http://127.0.0.1:1/"?>HERE'],
    ['CDATA', 'HERE'.replace('HERE', '<x><![CDATA[y]]></x>')],
  ])('%s', (_, text) => {
    expect(verdict(text.replace('HERE', entity()))).toBe('metadata.malformed')
    expect(verdict(entity())).toBe(good)
  })
  test('too large, too deep, too many elements, too many entities', () => {
    const many = (count: number) =>
      group(Array.from({ length: count }, (_, i) => entity({ id: `urn:e${i}`, xmlId: `_e${i}` })).join(''))
    expect(verdict(many(50))).toMatch(/^read urn:e0/)
    expect(verdict(many(501))).toBe('metadata.malformed')
    expect(verdict(many(5000))).toBe('metadata.malformed')
    expect(verdict(entity() + ' '.repeat(1024 * 1024))).toBe('metadata.malformed')
    expect(verdict(`${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`)).toBe('metadata.malformed')
    expect(verdict(group('<a/>'.repeat(20_001)))).toBe('metadata.malformed')
  })
  test('another document, or none', () => {
    expect(verdict('')).toBe('metadata.malformed')
    expect(verdict('<html/>')).toBe('metadata.malformed')
    expect(verdict(entity().replace('<md:NameIDFormat>', '<md:Strange/><md:NameIDFormat>'))).toBe(
      'metadata.malformed',
    )
    expect(verdict(Buffer.from([0x3c, 0xff, 0x3e]))).toBe('metadata.malformed')
  })
  test('a comment inside a value cannot cut it', () => {
    const xml = entity().replace('nameid-format:persistent<', 'nameid-format:persistent<!-- -->x<')
    expect(verdict(xml)).toBe('metadata.malformed')
  })
})

describe('endpoints to which no customer may be sent', () => {
  test.each([
    'javascript:alert(1)',
    'http://idp.example/sso',
    'http://127.0.0.1.evil.example/sso',
    'data:text/html,x',
    'ftp://idp.example/',
    '//idp.example/sso',
    'https://user:pass@idp.example/sso',
    'https://idp.example/sso#x',
    'https:\\\\idp.example/sso',
  ])('%s', (location) => {
    expect(verdict(entity({ sso: sso(location) }))).toBe('metadata.endpoint')
    const logout = `<md:SingleLogoutService Binding="${binding('POST')}" Location="https://idp.example/slo" ResponseLocation="${location}"/>`
    expect(verdict(entity({ logout }))).toBe('metadata.endpoint')
  })
  test('https, and http on loopback for those who try things out', () => {
    for (const location of [
      'https://idp.example/sso?x=1',
      'http://127.0.0.1:8080/sso',
      'http://localhost/sso',
    ])
      expect(verdict(entity({ sso: sso(location) }))).toBe(good)
  })
  test('none that we can use', () => {
    expect(verdict(entity({ sso: sso('https://idp.example/sso', 'SOAP') }))).toBe('metadata.endpoint')
  })
})

describe('#195 keys and dates that must never switch the signature off', () => {
  test.each([
    ['no key', () => ''],
    ['RSA of 1024 bits', () => keyXml(weak.base64)],
    ['a key for encryption alone', () => keyXml(key.base64, ' use="encryption"')],
    [
      'a name instead of a certificate',
      () =>
        `<md:KeyDescriptor><ds:KeyInfo xmlns:ds="${NS.ds}"><ds:KeyName>k</ds:KeyName></ds:KeyInfo></md:KeyDescriptor>`,
    ],
    ['something that is no certificate', () => keyXml('AAAA')],
    [
      'a chain, of which nobody can say which is the IdP’s',
      () => keyXml(`${key.base64}</ds:X509Certificate><ds:X509Certificate>${next.base64}`),
    ],
  ])('%s', (_, keys) => {
    expect(verdict(entity({ keys: keys() }))).toBe('metadata.certificate')
    // Beside a key that counts it is named and left out.
    const { idp } = read(entity({ keys: keyXml(key.base64) + keys() }))
    expect(idp?.signing).toHaveLength(1)
  })
  test('a key without `use` signs (SAML Metadata 2.4.1.1)', () => {
    expect(read(entity({ keys: keyXml(key.base64, '') })).idp?.signing).toHaveLength(1)
  })
  test('what is left out is told', () => {
    const { idp } = read(entity({ keys: keyXml(key.base64) + keyXml(weak.base64) + keyXml('AAAA', '') }))
    expect(idp?.ignored).toEqual([
      { use: 'signing', reason: 'weak' },
      { use: 'both', reason: 'unreadable' },
    ])
  })
  test('validUntil in the past: of the entity, of its role, of a group around it', () => {
    const past = ' validUntil="2026-11-24T11:59:59Z"'
    const future = ' validUntil="2026-11-24T12:00:01Z"'
    for (const make of [
      (until: string) => entity({ attributes: until }),
      (until: string) => entity({ role: until }),
      (until: string) => group(entity(), until),
      (until: string) => group(group(entity()).replace('"_group"', '"_g2"'), until),
    ]) {
      expect(verdict(make(past))).toBe('metadata.expired')
      expect(verdict(make(future))).toBe(good)
    }
    expect(verdict(entity({ attributes: ' validUntil="2026-13-01T00:00:00Z"' }))).toBe('metadata.malformed')
  })
  test('another entity than the one that was asked for', () => {
    expect(verdict(entity(), { entityId })).toBe(good)
    expect(verdict(entity(), { entityId: `${entityId}/` })).toBe('metadata.entity')
  })
  test('two roles of one kind, one entity twice, no IdP at all', () => {
    expect(verdict(entity({ roles: (role) => role + role }))).toBe('metadata.entity')
    expect(verdict(group(entity() + entity({ xmlId: '_m2' })))).toBe('metadata.entity')
    expect(verdict(entity().replace(NS.samlp, 'urn:oasis:names:tc:SAML:1.1:protocol'))).toBe(
      'metadata.entity',
    )
  })
})

test('#196 what the IdP wants or does not want is a fact, and switches nothing', () => {
  const plain = read(entity()).idp
  const without = read(entity({ role: ' WantAuthnRequestsSigned="false"' })).idp
  expect(without).toEqual(plain)
  expect(read(entity({ role: ' WantAuthnRequestsSigned="1"' })).idp).toEqual({
    ...plain,
    wantAuthnRequestsSigned: true,
  })
})

describe('the signature, where a certificate is pinned', () => {
  const pinned = () => ({ signers: [federation.pem] })
  const fingerprint = () => new X509Certificate(federation.pem).fingerprint256
  test('control: one entity, a group, several pins', () => {
    expect(read(signed(entity(), '_m1', federation), pinned()).signedBy).toBe(fingerprint())
    expect(read(signed(group(entity()), '_group', federation), pinned()).signedBy).toBe(fingerprint())
    const both = { signers: [next.pem, federation.pem] }
    expect(read(signed(entity(), '_m1', federation), both).signedBy).toBe(fingerprint())
    expect(read(signed(entity(), '_m1', federation)).signedBy).toBeUndefined()
  })
  test('none, another’s, of another text, by an old algorithm', () => {
    expect(verdict(entity(), pinned())).toBe('metadata.signature')
    expect(verdict(signed(entity(), '_m1', key), pinned())).toBe('metadata.signature')
    const changed = signed(entity(), '_m1', federation).replace(
      'https://idp.example/sso',
      'https://evil.example/sso',
    )
    expect(verdict(changed, pinned())).toBe('metadata.signature')
    const old = { method: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }
    expect(verdict(signed(entity(), '_m1', federation, old), pinned())).toBe('metadata.signature')
  })
  test('wrapped: a signed entity inside an unsigned group, beside or within the attacker’s', () => {
    const genuine = signed(entity(), '_m1', federation)
    const evil = entity({ id: 'urn:evil', xmlId: '_evil', keys: keyXml(key.base64) })
    expect(verdict(group(genuine), pinned())).toBe('metadata.signature')
    expect(verdict(group(evil + genuine), { ...pinned(), entityId: 'urn:evil' })).toBe('metadata.signature')
    const [signature = ''] = /<ds:Signature .*<\/ds:Signature>/.exec(genuine) ?? []
    // The genuine signature in the attacker's root, its element kept where the schema lets anything stand.
    const hidden = evil.replace(
      /(<md:EntityDescriptor[^>]*>)/,
      `$1${signature}<md:Extensions><x:x xmlns:x="urn:x">${entity()}</x:x></md:Extensions>`,
    )
    expect(verdict(hidden, pinned())).toBe('metadata.signature')
    expect(verdict(hidden.replace('"_evil"', '"_m1"').replace(/(<x:x.*)"_m1"/, '$1"_m2"'), pinned())).toBe(
      'metadata.signature',
    )
  })
})

describe('the reader', () => {
  const reader = createMetadataReader({ deadlineMs: 10_000 })
  afterAll(() => reader.close())
  test('reads in a thread, and its refusals keep their code', async () => {
    const reading = await reader.read(Buffer.from(entity()), wish())
    expect(reading.idp?.entityId).toBe(entityId)
    await expect(reader.read(Buffer.from('<html/>'), wish())).rejects.toMatchObject({
      code: 'metadata.malformed',
    })
    await expect(reader.read(Buffer.alloc(2_000_000), wish())).rejects.toMatchObject({
      code: 'metadata.malformed',
    })
    const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
    await expect(reader.read(Buffer.from(entity()), wish({ signers: [key] }))).rejects.toMatchObject({
      code: 'metadata.signature',
    })
  })
  test('gives up what takes too long, and reads the next', async () => {
    const hasty = createMetadataReader({ deadlineMs: 1 })
    const late = hasty.read(Buffer.from(entity()), wish())
    await expect(late).rejects.toMatchObject({
      code: 'metadata.malformed',
      detail: { actual: 'too slow to read' },
    })
    await hasty.close()
    expect((await reader.read(Buffer.from(entity()), wish())).idp?.entityId).toBe(entityId)
  })
})
