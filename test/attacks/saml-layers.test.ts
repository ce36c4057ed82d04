// Each layer that judges a signature, alone: the others are out of the way, so that none is there in name only.
import { createPublicKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import type { XmlElement } from 'libxml2-wasm'
import { beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import { withDocument } from '../../src/xml/document.ts'
import { one } from '../../src/xml/element.ts'
import { ALG, NS } from '../../src/xml/names.ts'
import { checkResponse } from '../../src/xml/saml/response.ts'
import { verifiedBytes } from '../../src/xml/saml/signature.ts'
import { signedBytes } from '../../src/xml/second-opinion.ts'
import { canonicalTree, parseTree } from '../../src/xml/tree.ts'
import { answer, base64, expected, makeKey, type SignatureForm, type TestKey } from '../xml/hostile/idp.ts'

let key: TestKey
let ec: TestKey
let rogue: TestKey
beforeAll(async () => {
  ;[key, ec, rogue] = await Promise.all([makeKey(), makeKey('ec'), makeKey()])
})

const made = (form: SignatureForm = {}, signer = key) =>
  answer({ key: signer, sides: 'assertion', assertionForm: form })
const twisted = (from: string | RegExp, to: string) => made({ twist: (s) => s.replace(from, to) })

/** Our own verifier without gate, schema and table of places; `xml` is what the second opinion is shown. */
function own(document: string, { xml = document, certificates = [key.pem] } = {}): string {
  return withDocument(document, (root) => {
    try {
      const element: XmlElement = one(root, NS.saml2, 'Assertion')
      return `${verifiedBytes({ xml, element, at: 'assertion', certificates })}`.slice(0, 15)
    } catch (error) {
      if (error instanceof Refusal) return `${error.code} ${error.detail.check}`
      throw error
    }
  })
}

const good = '<saml:Assertion'

describe('our own verifier', () => {
  test('control', () => {
    expect(own(made())).toBe(good)
    expect(own(made({}, ec), { certificates: [ec.pem] })).toBe(good)
  })
  test('the digest', () => {
    expect(own(made().replace('>alice<', '>mallory<'))).toBe('saml.signature_invalid digest')
    expect(own(made({ canonical: '' }))).toBe('saml.signature_invalid digest')
  })
  test('the value', () => {
    expect(own(made({}, rogue))).toBe('saml.signature_invalid signing key')
    expect(own(made(), { certificates: [] })).toBe('saml.signature_invalid signing key')
    // A digest that fits the changed content, under the old signature.
    const forged = answer({ key: rogue, sides: 'assertion', facts: { nameId: 'mallory' } })
    const value = /<ds:SignatureValue>.*<\/ds:SignatureValue>/
    expect(own(forged.replace(value, value.exec(made())?.[0] ?? ''))).toBe(
      'saml.signature_invalid signing key',
    )
  })
  test('#16 what it names as its key is told to people, and believed by nobody', () => {
    const said = (document: string, certificates: readonly string[]) =>
      withDocument(document, (root) => {
        const element: XmlElement = one(root, NS.saml2, 'Assertion')
        const judge = () => verifiedBytes({ xml: document, element, at: 'assertion', certificates })
        try {
          return judge()
        } catch (error) {
          const { expected: wanted, actual } = (error as Refusal).detail
          return [wanted, actual]
        }
      })
    const [ours, theirs] = [key, rogue].map(({ pem }) => new X509Certificate(pem).fingerprint256)
    const named = ({ base64: der }: TestKey, signer: TestKey) => {
      const info = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
      const document = made({}, signer).replace(/<ds:KeyInfo>.*?<\/ds:KeyInfo>/, '')
      return document.replace('</ds:SignatureValue>', `</ds:SignatureValue>${info}`)
    }
    expect(said(named(rogue, rogue), [key.pem])).toEqual([
      ours,
      `by none of these; the answer names ${theirs}`,
    ])
    expect(said(named(key, rogue), [key.pem])).toEqual([
      ours,
      `does not hold, though the answer names ${ours}`,
    ])
    const silent = 'by none of these; the answer does not say which key it used'
    for (const junk of ['', 'AAAA', '&lt;&gt;'])
      expect(said(named({ ...rogue, base64: junk }, rogue), [key.pem, ec.pem])).toEqual([
        `${ours} or ${new X509Certificate(ec.pem).fingerprint256}`,
        silent,
      ])
    // The control: a stranger's name beside our own key's signature takes nothing from it.
    expect(said(named(rogue, key), [key.pem])).toContain(good)
  })
  test('#22 a second SignedInfo, an Object, a stranger, another order', () => {
    const info = /<ds:SignedInfo.*<\/ds:SignedInfo>/.exec(made())?.[0] ?? ''
    for (const xml of [
      twisted('<ds:SignatureValue>', `${info}<ds:SignatureValue>`),
      twisted('</ds:Signature>', '<ds:Object></ds:Object></ds:Signature>'),
      twisted('</ds:Signature>', '<x:y xmlns:x="urn:x"></x:y></ds:Signature>'),
      twisted(/(<ds:SignedInfo.*<\/ds:SignedInfo>)(<ds:SignatureValue>.*<\/ds:SignatureValue>)/, '$2$1'),
    ]) {
      expect(own(xml)).toBe('saml.shape signature form')
    }
  })
  test.each([
    ['#24 two References', /(<ds:Reference.*<\/ds:Reference>)/, '$1$1', 'saml.shape signature form'],
    ['#25 a URI to another', 'URI="#_a1"', 'URI="#_r1"', 'saml.shape signature form'],
    ['#25 an empty URI', 'URI="#_a1"', 'URI=""', 'saml.shape signature form'],
    [
      'something in DigestMethod',
      /(<ds:DigestMethod [^>]*)\/>/,
      '$1><x></x></ds:DigestMethod>',
      'saml.algorithm digest',
    ],
    [
      'something in SignatureMethod',
      /(<ds:SignatureMethod [^>]*)\/>/,
      '$1><x></x></ds:SignatureMethod>',
      'saml.algorithm signature',
    ],
    [
      'something in a Transform',
      `"${ALG.enveloped}"/>`,
      `"${ALG.enveloped}"><x></x></ds:Transform>`,
      'saml.algorithm transforms',
    ],
    [
      'something in CanonicalizationMethod',
      /(<ds:CanonicalizationMethod [^>]*)\/>/,
      '$1><x></x></ds:CanonicalizationMethod>',
      'saml.shape signature form',
    ],
    ['no base64', /<ds:DigestValue>./, '<ds:DigestValue>!', 'saml.shape signature form'],
    [
      'base64 with bits to spare',
      /<ds:DigestValue>[^<]*/,
      '<ds:DigestValue>AAA',
      'saml.shape signature form',
    ],
  ])('%s', (_, from, to, refusal) => expect(own(twisted(from, to))).toBe(refusal))
  test('#29 canonicalisation of SignedInfo that is not the exclusive one', () => {
    const inclusive = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
    const xml = twisted(
      `<ds:CanonicalizationMethod Algorithm="${ALG.excC14n}"/>`,
      `<ds:CanonicalizationMethod Algorithm="${inclusive}"/>`,
    )
    expect(own(xml)).toBe('saml.algorithm canonicalisation')
  })
})

describe('#21 keys that do not fit are passed over, not tried', () => {
  const spki = (pair: { publicKey: ReturnType<typeof createPublicKey> }) =>
    pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  test('among several pinned keys the one that fits is found', () => {
    const ed = spki(generateKeyPairSync('ed25519'))
    expect(own(made(), { certificates: [ed, ec.pem, rogue.pem, key.pem] })).toBe(good)
    expect(own(made(), { certificates: [ed, ec.pem] })).toBe('saml.signature_invalid signing key')
  })
  test('a curve that nobody vouches for', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const odd: TestKey = { kind: 'ec', privateKey: pair.privateKey, pem: spki(pair), base64: '' }
    expect(own(made({}, odd), { certificates: [odd.pem] })).toBe('saml.signature_invalid signing key')
    const fine = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
    const known: TestKey = { kind: 'ec', privateKey: fine.privateKey, pem: spki(fine), base64: '' }
    expect(own(made({}, known), { certificates: [known.pem] })).toBe(good)
  })
})

describe('the second opinion', () => {
  const opinion = (xml: string, by = key) =>
    signedBytes({ xml, at: 'assertion', key: createPublicKey(by.pem) })
  test('control: it returns the very bytes that we verified', () => {
    const xml = made()
    const bytes = withDocument(xml, (root) =>
      verifiedBytes({
        xml,
        element: one(root, NS.saml2, 'Assertion'),
        at: 'assertion',
        certificates: [key.pem],
      }),
    )
    expect(opinion(xml)).toBe(bytes)
    expect(bytes).toContain('>alice<')
  })
  test('it says no to changed content, another key, a changed SignedInfo, no signature', () => {
    expect(opinion(made().replace('>alice<', '>mallory<'))).toBeUndefined()
    expect(opinion(made(), rogue)).toBeUndefined()
    expect(opinion(made(), ec)).toBeUndefined()
    expect(opinion(made().replace(ALG.rsaSha256, ALG.rsaSha512))).toBeUndefined()
    expect(opinion(answer({ key, sides: 'none' }))).toBeUndefined()
  })
  test('where the two see different documents, as with a parser that errs, the answer is refused', () => {
    const [genuine, other] = [made(), answer({ key, sides: 'assertion', facts: { nameId: 'bob' } })]
    expect(own(genuine, { xml: genuine.replace('>alice<', '>mallory<') })).toBe(
      'saml.signature_invalid second opinion',
    )
    expect(own(genuine, { xml: other })).toBe('saml.signature_invalid second opinion')
    expect(own(other, { xml: genuine })).toBe('saml.signature_invalid second opinion')
  })
  test('it sorts as the standard says, where the library as it comes does not: prefixes of mixed case', () => {
    const attributes = `<saml:Attribute Name="n"><saml:AttributeValue xmlns:b="urn:1" xmlns:B="urn:2" xmlns:a="urn:3" b:x="1" B:y="2" a:z="3">v</saml:AttributeValue></saml:Attribute>`
    const xml = answer({ key, facts: { attributes } })
    const subject = checkResponse(base64(xml), { ...expected, idpCertificates: [key.pem] })
    expect(subject.verified).toContain('xmlns:B="urn:2" xmlns:a="urn:3" xmlns:b="urn:1"')
  })
})

test('ECDSA signatures are r||s (RFC 6931 2.3.6); the same one in DER is refused', () => {
  const by = (dsaEncoding: 'der' | 'ieee-p1363') =>
    made(
      {
        twist: (s) => {
          const info = canonicalTree(parseTree(/<ds:SignedInfo.*<\/ds:SignedInfo>/.exec(s)?.[0] ?? '').root)
          const value = sign('sha256', Buffer.from(info), { key: ec.privateKey, dsaEncoding })
          return s.replace(/<ds:SignatureValue>[^<]*/, `<ds:SignatureValue>${value.toString('base64')}`)
        },
      },
      ec,
    )
  expect(own(by('ieee-p1363'), { certificates: [ec.pem] })).toBe(good)
  expect(own(by('der'), { certificates: [ec.pem] })).toBe('saml.signature_invalid signing key')
})
