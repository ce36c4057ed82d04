// Attacks 75 to 79 and 231 on encrypted assertions, each with its control; and what an IdP may choose.
import { constants, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { encrypt } from 'xml-encryption'
import { Refusal } from '../../src/domain/refusal.ts'
import type { ExpectedAnswer } from '../../src/domain/saml-answer.ts'
import { ALG, ENC, NS } from '../../src/xml/names.ts'
import { checkResponse } from '../../src/xml/saml/response.ts'
import { explained } from '../xml/explained.ts'
import { type EncryptionForm, encrypted, receiver, unwrapBy } from '../xml/hostile/encrypt.ts'
import {
  assertionXml,
  base64,
  expected,
  genuine,
  makeKey,
  responseXml,
  signed,
  type TestKey,
} from '../xml/hostile/idp.ts'

let key: TestKey
let rogue: TestKey
beforeAll(async () => {
  ;[key, rogue] = await Promise.all([makeKey(), makeKey()])
})

const unwrap = unwrapBy(receiver.privateKey)

function verdict(xml: string, change: Partial<ExpectedAnswer> = {}): string {
  try {
    const subject = checkResponse(base64(xml), { ...expected, idpCertificates: [key.pem], ...change }, unwrap)
    return `accepted as ${subject.nameId.value}`
  } catch (error) {
    if (error instanceof Refusal) return explained(error)
    throw error
  }
}

const accepted = 'accepted as alice'
const inner = (facts: Partial<typeof genuine> = {}, by: TestKey | null = key) => {
  const bare = assertionXml({ ...genuine, ...facts })
  return by ? signed(bare, '_a1', by) : bare
}
const around = (assertion: string) => responseXml(genuine, assertion)
const outerSigned = (assertion: string) => signed(around(assertion), '_r1', key)

describe('controls: what good IdPs send', () => {
  const forms: [string, EncryptionForm][] = [
    ['AES-128-GCM', { algorithm: ENC.aes128Gcm }],
    ['AES-192-GCM', { algorithm: ENC.aes192Gcm }],
    ['AES-256-GCM', {}],
    [
      'OAEP that says SHA-1',
      { parameters: `<ds:DigestMethod xmlns:ds="${NS.ds}" Algorithm="${ENC.sha1}"/>` },
    ],
    [
      'OAEP of XML Encryption 1.1 with SHA-256 twice',
      {
        transport: ENC.oaep,
        hash: 'sha256',
        parameters: `<ds:DigestMethod xmlns:ds="${NS.ds}" Algorithm="${ENC.sha256}"/><xenc11:MGF xmlns:xenc11="${NS.xenc11}" Algorithm="${ENC.mgf1Sha256}"/>`,
      },
    ],
    ['the key beside the data', { retrieval: '#_key' }],
  ]
  test.each(forms)('%s', (_, form) => {
    expect(verdict(around(encrypted(inner(), form)))).toBe(accepted)
    expect(verdict(outerSigned(encrypted(inner({}, null), form)))).toBe(accepted)
    expect(verdict(outerSigned(encrypted(inner(), form)), { signed: 'both' })).toBe(accepted)
  })
  test('as the package xml-encryption does it', async () => {
    const options = {
      rsa_pub: receiver.publicKey.export({ type: 'spki', format: 'pem' }),
      pem: key.pem,
      encryptionAlgorithm: ENC.aes128Gcm,
      keyEncryptionAlgorithm: ENC.oaepMgf1p,
    }
    const data = await promisify(encrypt)(inner(), options as never)
    const xml = `<saml:EncryptedAssertion xmlns:saml="${NS.saml2}">${data}</saml:EncryptedAssertion>`
    expect(verdict(around(xml))).toBe(accepted)
  })
  test('the connection says whether it must, may or must not be so', () => {
    expect(verdict(around(encrypted(inner())), { encrypted: 'required' })).toBe(accepted)
    expect(verdict(around(inner()), { encrypted: 'required' })).toBe('saml.encrypted')
    expect(verdict(around(encrypted(inner())), { encrypted: 'refused' })).toBe('saml.encrypted')
    expect(verdict(around(inner()), { encrypted: 'refused' })).toBe(accepted)
  })
  test('without a key to open it, it is refused', () => {
    const open = () =>
      checkResponse(base64(around(encrypted(inner()))), { ...expected, idpCertificates: [key.pem] })
    expect(open).toThrow('saml.encrypted')
  })
})

test('plain and encrypted side by side, and two encrypted', () => {
  expect(verdict(around(inner() + encrypted(inner({ nameId: 'mallory' }))))).toBe('saml.shape')
  expect(verdict(outerSigned(encrypted(inner()) + encrypted(inner()).replace('"_key"', '"_k2"')))).toBe(
    'saml.shape',
  )
})

describe('#75 encrypted, but signed by nobody or a stranger', () => {
  test('anyone can encrypt to us', () => {
    expect(verdict(around(encrypted(inner({ nameId: 'mallory' }, null))))).toBe('saml.signature_missing')
    expect(verdict(around(encrypted(inner({ nameId: 'mallory' }, rogue))))).toBe('saml.signature_invalid')
  })
  test('a signed response whose ciphertext was exchanged', () => {
    const genuineOne = outerSigned(encrypted(inner()))
    const evil = encrypted(inner({ nameId: 'mallory' }, null))
    const swapped = genuineOne.replace(/<saml:EncryptedAssertion.*<\/saml:EncryptedAssertion>/s, evil)
    expect(verdict(swapped)).toBe('saml.signature_invalid')
  })
})

describe('#76 padding oracle', () => {
  const cbc = { algorithm: ENC.aes256Cbc }
  const allow = ['aes-cbc'] as const
  test('CBC is not taken, whoever signed', () => {
    for (const algorithm of [ENC.aes128Cbc, ENC.aes256Cbc]) {
      expect(verdict(around(encrypted(inner(), { algorithm })))).toBe('saml.encrypted')
      expect(verdict(outerSigned(encrypted(inner(), { algorithm })))).toBe('saml.encrypted')
    }
  })
  test('forgiven, it is taken under a verified outer signature and no other', () => {
    expect(verdict(outerSigned(encrypted(inner(), cbc)), { allow })).toBe(accepted)
    expect(verdict(around(encrypted(inner(), cbc)), { allow })).toBe('saml.encrypted')
  })
  test('a thousand tampered ciphertexts have one outcome', () => {
    const tampered = (xml: string) =>
      xml.replace(/(<\/ds:KeyInfo><xenc:CipherData><xenc:CipherValue>)([^<]+)/, (_, head, value) => {
        const bytes = Buffer.from(value, 'base64')
        const at = Math.floor(Math.random() * bytes.length)
        bytes[at] = (bytes[at] as number) ^ (1 + Math.floor(Math.random() * 255))
        return `${head}${bytes.toString('base64')}`
      })
    const sealed = around(encrypted(inner()))
    const outcomes = Array.from({ length: 1000 }, () => verdict(tampered(sealed)))
    expect(new Set(outcomes)).toEqual(new Set(['saml.encrypted']))
    const old = outerSigned(encrypted(inner(), cbc))
    expect(new Set(Array.from({ length: 200 }, () => verdict(tampered(old), { allow })))).toEqual(
      new Set(['saml.signature_invalid']),
    )
  })
  test('a key that was wrapped for somebody else looks like any other failure', () => {
    const other = encrypted(inner(), { publicKey: rogue.privateKey })
    expect(verdict(around(other))).toBe('saml.encrypted')
  })
})

describe('#77 algorithms that are not taken, whoever signed', () => {
  const forms: [string, EncryptionForm][] = [
    [
      'RSA 1.5',
      { transport: 'http://www.w3.org/2001/04/xmlenc#rsa-1_5', padding: constants.RSA_PKCS1_PADDING },
    ],
    ['RSA 1.5 named OAEP', { padding: constants.RSA_PKCS1_PADDING }],
    ['3DES', { algorithm: 'http://www.w3.org/2001/04/xmlenc#tripledes-cbc' }],
    ['OAEPparams', { parameters: '<xenc:OAEPparams>AAAA</xenc:OAEPparams>' }],
    ['an unknown digest', { parameters: `<ds:DigestMethod xmlns:ds="${NS.ds}" Algorithm="urn:x"/>` }],
    [
      'digest and mask apart',
      { parameters: `<ds:DigestMethod xmlns:ds="${NS.ds}" Algorithm="${ENC.sha256}"/>` },
    ],
    ['__proto__', { twist: (xml) => xml.replace(ENC.aes256Gcm, '__proto__') }],
    [
      'parameters in the content’s method',
      { twist: (xml) => xml.replace('aes256-gcm">', 'aes256-gcm"><xenc:KeySize>256</xenc:KeySize>') },
    ],
    [
      'GCM said of CBC',
      { algorithm: ENC.aes256Cbc, twist: (xml) => xml.replace(ENC.aes256Cbc, ENC.aes256Gcm) },
    ],
  ]
  test.each(forms)('%s', (_, form) => {
    expect(verdict(outerSigned(encrypted(inner(), form)), { allow: ['aes-cbc'] })).toBe('saml.encrypted')
  })
})

describe('#78 hostile plaintext', () => {
  const plain: [string, (good: string) => string][] = [
    ['DOCTYPE', (good) => `<!DOCTYPE x [<!ENTITY y "z">]>${good}`],
    ['comment in the NameID', (good) => good.replace('>alice<', '>alice<!-- -->.evil<')],
    ['processing instruction', (good) => good.replace('>alice<', '><?p x?>alice<')],
    ['CDATA', (good) => good.replace('>alice<', '><![CDATA[alice]]><')],
    ['not UTF-8', (good) => `${good}\ud800`],
    ['no XML', () => 'hello'],
    ['nothing', () => ''],
    ['two roots', (good) => good + good],
  ]
  test.each(plain)('%s', (_, change) => {
    expect(verdict(outerSigned(encrypted(change(inner()))))).toBe('saml.encrypted')
  })
  test('a second Assertion inside, by Advice', () => {
    const nested = inner({
      insideAssertion: `<saml:Advice>${assertionXml({ ...genuine, assertionId: '_a2' })}</saml:Advice>`,
    })
    expect(verdict(outerSigned(encrypted(nested)))).toBe('saml.shape')
  })
  test('a bomb', () => {
    expect(verdict(around(encrypted(`<a>${'<b>'.repeat(60)}${'</b>'.repeat(60)}</a>`)))).toBe(
      'saml.encrypted',
    )
  })
})

describe('#79 references between data and key', () => {
  test.each(["#_key' or '1'='1", '//*', '#xpointer(/)', 'http://127.0.0.1:1/key', '#_other'])(
    '%s',
    (retrieval) => {
      // Control and outcome in one: the reference is not followed, so that it changes nothing.
      const escaped = retrieval.replace(/'/g, '&apos;')
      expect(verdict(around(encrypted(inner(), { retrieval: escaped })))).toBe(accepted)
    },
  )
  test('several keys, or none', () => {
    const twice = (xml: string) =>
      xml.replace(
        /(<xenc:EncryptedKey.*?<\/xenc:EncryptedKey>)/s,
        (found) => found + found.replace('Id="_key"', 'Id="_k2"'),
      )
    expect(verdict(around(encrypted(inner(), { twist: twice })))).toBe('saml.encrypted')
    const none = (xml: string) =>
      xml.replace(/<xenc:EncryptedKey.*?<\/xenc:EncryptedKey>/s, '<ds:KeyName>x</ds:KeyName>')
    expect(verdict(around(encrypted(inner(), { twist: none })))).toBe('saml.encrypted')
  })
})

describe('#231 decrypted wrapper', () => {
  test('a Response, an element of no name, or an Assertion inside another element', () => {
    expect(verdict(outerSigned(encrypted(signed(around(inner()), '_r1', key))))).toBe('saml.shape')
    expect(verdict(outerSigned(encrypted(`<x xmlns="urn:x">${inner()}</x>`)))).toMatch(
      /^saml\.(shape|schema)$/,
    )
    expect(verdict(outerSigned(encrypted('<x/>')))).toMatch(/^saml\.(shape|schema)$/)
  })
  test('what no signature covers is not read: only the signed bytes are', () => {
    const extra = inner().replace(
      '<saml:AuthnStatement',
      '<saml:AttributeStatement><saml:Attribute Name="role"><saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute></saml:AttributeStatement><saml:AuthnStatement',
    )
    expect(verdict(around(encrypted(extra)))).toBe('saml.signature_invalid')
  })
  test('an encrypted ID or attribute inside is not taken', () => {
    const data = `<xenc:EncryptedData xmlns:xenc="${NS.xenc}"><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`
    const bare = assertionXml(genuine).replace(
      /<saml:NameID.*<\/saml:NameID>/,
      `<saml:EncryptedID>${data}</saml:EncryptedID>`,
    )
    expect(verdict(around(encrypted(signed(bare, '_a1', key))))).toBe('saml.encrypted')
  })
})

describe('what a connection forgives for a while', () => {
  const old = { method: ALG.rsaSha1, digest: ALG.sha1 }
  const oldOne = () => around(signed(assertionXml(genuine), '_a1', key, old))
  test('#18, #19 SHA-1 only where it is allowed', () => {
    expect(verdict(oldOne())).toBe('saml.algorithm')
    expect(verdict(oldOne(), { allow: ['aes-cbc', 'schema-warn', 'missing-authn-statement'] })).toBe(
      'saml.algorithm',
    )
    expect(verdict(oldOne(), { allow: ['sha1-signatures'] })).toBe(accepted)
    const forged = oldOne().replace('>alice<', '>mallory<')
    expect(verdict(forged, { allow: ['sha1-signatures'] })).toBe('saml.signature_invalid')
  })
  test('each use is noted', () => {
    const allow = ['sha1-signatures'] as const
    const { checks } = checkResponse(base64(oldOne()), { ...expected, idpCertificates: [key.pem], allow })
    expect(checks.map(({ name }) => name)).toContain('compat: sha1-signatures')
  })
  test('a missing AuthnStatement, but never where one was asked for', () => {
    const bare = assertionXml(genuine).replace(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/, '')
    const xml = around(signed(bare, '_a1', key))
    const allow = ['missing-authn-statement'] as const
    expect(verdict(xml)).toBe('saml.shape')
    expect(verdict(xml, { allow })).toBe(accepted)
    expect(verdict(xml, { allow, authenticatedAfter: expected.now - 1000 })).toBe('saml.authn_context')
    expect(verdict(xml, { allow, authnContexts: ['urn:x'] })).toBe('saml.authn_context')
  })
  test('a schema that is not kept; everything else still holds', () => {
    const bare = assertionXml(genuine).replace('Version="2.0"', 'Version="2.0" Odd="1"')
    const xml = around(signed(bare, '_a1', key))
    const allow = ['schema-warn'] as const
    expect(verdict(xml)).toBe('saml.schema')
    expect(verdict(xml, { allow })).toBe(accepted)
    expect(verdict(around(bare), { allow })).toBe('saml.signature_missing')
    expect(
      verdict(around(inner() + assertionXml({ ...genuine, assertionId: '_a2', nameId: 'mallory' })), {
        allow,
      }),
    ).toBe('saml.shape')
  })
})

test('chance instead of a key decrypts nothing', () => {
  const open = () =>
    checkResponse(base64(around(encrypted(inner()))), { ...expected, idpCertificates: [key.pem] }, () =>
      randomBytes(32),
    )
  expect(open).toThrow('saml.encrypted')
})
