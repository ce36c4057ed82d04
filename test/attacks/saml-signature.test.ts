// Attacks 1 to 33 on the signature structure of a SAML answer; every one with its control from the same generator.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import type { ExpectedAnswer } from '../../src/domain/saml-answer.ts'
import { ALG, NS } from '../../src/xml/names.ts'
import { checkResponse } from '../../src/xml/saml/response.ts'
import { canonicalTree, parseTree } from '../../src/xml/tree.ts'
import { explained } from '../xml/explained.ts'
import {
  type AnswerOptions,
  answer,
  assertionXml,
  base64,
  expected,
  genuine,
  hmacByPublicKey,
  makeKey,
  responseXml,
  type SignatureForm,
  signatureFor,
  signed,
  type TestKey,
} from '../xml/hostile/idp.ts'

let key: TestKey
let ec: TestKey
let rogue: TestKey

beforeAll(async () => {
  ;[key, ec, rogue] = await Promise.all([makeKey(), makeKey('ec'), makeKey()])
})

const check = (xml: string, change: Partial<ExpectedAnswer> = {}) =>
  checkResponse(base64(xml), { ...expected, idpCertificates: [key.pem, ec.pem], ...change })

/** The stable code with which this answer is refused; 'accepted as NAME' when it was not. */
function verdict(xml: string, change: Partial<ExpectedAnswer> = {}): string {
  try {
    return `accepted as ${check(xml, change).nameId.value}`
  } catch (error) {
    if (error instanceof Refusal) return explained(error)
    throw error
  }
}

const refused = expect.stringMatching(/^saml\./)
const make = (options: Omit<AnswerOptions, 'key'> = {}) => answer({ key, ...options })

describe('controls: genuine answers are accepted', () => {
  test.each(['assertion', 'response', 'both'] as const)('signed: %s', (sides) => {
    const subject = check(make({ sides }))
    expect(subject.nameId.value).toBe('alice')
    expect(subject.checks.every(({ ok }) => ok)).toBe(true)
  })
  test.each(['saml', 'saml2', 'SAML', 'ns10', 'a'])('prefix %s', (prefix) => {
    expect(verdict(make({ facts: { prefix, protocolPrefix: `${prefix}P` } }))).toBe('accepted as alice')
  })
  test('an EC key', () => expect(verdict(answer({ key: ec }))).toBe('accepted as alice'))
  test.each([
    ['SHA-384', ALG.rsaSha384, ALG.sha384],
    ['SHA-512', ALG.rsaSha512, ALG.sha512],
    ['SHA-512 over SHA-256', ALG.rsaSha512, ALG.sha256],
  ])('%s', (_, method, digest) => {
    const form = { method, digest }
    expect(verdict(make({ assertionForm: form, responseForm: form }))).toBe('accepted as alice')
  })
  test('an InclusiveNamespaces prefix list, as OpenSAML writes it', () => {
    const transforms = `<ds:Transform Algorithm="${ALG.enveloped}"/><ds:Transform Algorithm="${ALG.excC14n}"><ec:InclusiveNamespaces xmlns:ec="${ALG.excC14n}" PrefixList="xs"/></ds:Transform>`
    expect(verdict(make({ sides: 'assertion', assertionForm: { transforms } }))).toBe('accepted as alice')
  })
})

const evil = () => ({ ...genuine, assertionId: '_evil', nameId: 'mallory' })

/** An answer whose assertion is genuinely signed, in pieces. */
function pieces() {
  const bare = assertionXml(genuine)
  const good = signed(bare, '_a1', key)
  const signature = /<ds:Signature.*<\/ds:Signature>/.exec(good)?.[0] ?? ''
  const wrap = (inner: string) => responseXml(genuine, inner)
  return { bare, good, signature, wrap }
}

const afterIssuer = (xml: string, what: string) => xml.replace('</saml:Issuer>', `</saml:Issuer>${what}`)

describe('wrapping', () => {
  test('control: the pieces put together honestly are accepted', () => {
    const { good, wrap } = pieces()
    expect(verdict(wrap(good))).toBe('accepted as alice')
  })
  test('#1 XSW1: evil Response, original Response inside its Signature', () => {
    const original = make({ sides: 'response' })
    const signature = /<ds:Signature.*<\/ds:Signature>/.exec(original)?.[0] ?? ''
    const bare = original.replace(signature, '')
    const inside = signature.replace('</ds:Signature>', `<ds:Object>${bare}</ds:Object></ds:Signature>`)
    const outer = responseXml({ ...evil(), responseId: '_evilr' }, assertionXml(evil()))
    expect(verdict(outer.replace('</saml:Issuer>', `</saml:Issuer>${inside}`))).toBe('saml.shape')
  })
  test('#2 XSW2: evil Response, original Response before the detached Signature', () => {
    const original = make({ sides: 'response' })
    const signature = /<ds:Signature.*<\/ds:Signature>/.exec(original)?.[0] ?? ''
    const bare = original.replace(signature, '')
    const outer = responseXml({ ...evil(), responseId: '_evilr' }, assertionXml(evil()))
    expect(verdict(outer.replace('</saml:Issuer>', `</saml:Issuer>${bare}${signature}`))).toBe('saml.schema')
  })
  test('#3 XSW3: unsigned evil assertion before the signed one', () => {
    const { good, wrap } = pieces()
    expect(verdict(wrap(assertionXml(evil()) + good))).toBe('saml.shape')
    expect(verdict(wrap(good + assertionXml(evil())))).toBe('saml.shape')
  })
  test('#4 XSW4: signed assertion nested in an evil one', () => {
    const { good, wrap } = pieces()
    expect(verdict(wrap(assertionXml(evil()).replace('</saml:Assertion>', `${good}</saml:Assertion>`)))).toBe(
      'saml.schema',
    )
    const advice = assertionXml({ ...evil(), insideAssertion: `<saml:Advice>${good}</saml:Advice>` })
    expect(verdict(wrap(advice))).toBe('saml.shape')
  })
  test('#5 XSW5: evil assertion carries the Signature, original appended', () => {
    const { bare, signature, wrap } = pieces()
    expect(verdict(wrap(afterIssuer(assertionXml(evil()), signature) + bare))).toBe('saml.shape')
  })
  test('#6 XSW6: original inside the Signature of the evil assertion', () => {
    const { bare, signature, wrap } = pieces()
    const inside = signature.replace('</ds:Signature>', `<ds:Object>${bare}</ds:Object></ds:Signature>`)
    expect(verdict(wrap(afterIssuer(assertionXml(evil()), inside)))).toBe('saml.shape')
    const inKeyInfo = signature.replace('</ds:KeyInfo>', `${bare}</ds:KeyInfo>`)
    expect(verdict(wrap(afterIssuer(assertionXml(evil()), inKeyInfo)))).toBe('saml.shape')
  })
  test('#7 XSW7: original in samlp:Extensions, evil sibling', () => {
    const { good } = pieces()
    const xml = responseXml(genuine, assertionXml(evil())).replace(
      '<samlp:Status>',
      `<samlp:Extensions>${good}</samlp:Extensions><samlp:Status>`,
    )
    expect(verdict(xml)).toBe('saml.shape')
  })
  test('#8 XSW8: original in ds:Object of the evil assertion', () => {
    const { good, signature, wrap } = pieces()
    const object = signature.replace('</ds:Signature>', `<ds:Object>${good}</ds:Object></ds:Signature>`)
    expect(verdict(wrap(afterIssuer(assertionXml(evil()), object)))).toBe('saml.shape')
  })
  test('#9 XSW-Advice: original in Advice, Signature moved to the Response', () => {
    const { bare, signature } = pieces()
    const xml = responseXml(
      genuine,
      assertionXml({ ...evil(), insideAssertion: `<saml:Advice>${bare}</saml:Advice>` }),
    )
    expect(verdict(afterIssuer(xml, signature))).toBe('saml.shape')
  })
  test('#10 hoisted signature: the assertion’s Signature as child of the Response', () => {
    const { bare, signature } = pieces()
    expect(verdict(afterIssuer(responseXml(genuine, bare), signature))).toBe('saml.shape')
  })
  test('#11 foreign root', () => {
    expect(verdict(`<x>${make()}</x>`)).toBe('saml.schema')
    expect(verdict(`<samlp:Response xmlns:samlp="urn:x">${make()}</samlp:Response>`)).toBe('saml.schema')
    // Roots that the schema takes: an ArtifactResponse holds anything, and an Assertion may stand alone.
    const { good, wrap } = pieces()
    const artifact = wrap(good).replaceAll('samlp:Response', 'samlp:ArtifactResponse')
    expect(verdict(artifact)).toBe('saml.shape')
    expect(verdict(good)).toBe('saml.shape')
    const around = wrap('').replaceAll('samlp:Response', 'samlp:ArtifactResponse').replace('_r1', '_r0')
    expect(
      verdict(around.replace('</samlp:ArtifactResponse>', `${wrap(good)}</samlp:ArtifactResponse>`)),
    ).toBe('saml.shape')
  })
  test('#12 two signed assertions', () => {
    const { good, wrap } = pieces()
    const second = signed(assertionXml({ ...genuine, assertionId: '_a2', nameId: 'bob' }), '_a2', key)
    expect(verdict(wrap(good + second))).toBe('saml.shape')
  })
  test('#13 signed and encrypted mix', () => {
    const { good, wrap } = pieces()
    const data = `<xenc:EncryptedData xmlns:xenc="${NS.xenc}"><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`
    expect(
      verdict(
        wrap(`${good}<saml:EncryptedAssertion xmlns:saml="${NS.saml2}">${data}</saml:EncryptedAssertion>`),
      ),
    ).toBe('saml.shape')
  })
})

describe('what is signed, and by whom', () => {
  test('#14 signature exclusion', () => {
    expect(verdict(make({ sides: 'none' }))).toBe('saml.signature_missing')
    expect(verdict(make({ sides: 'response' }), { signed: 'assertion' })).toBe('saml.signature_missing')
    expect(verdict(make({ sides: 'assertion' }), { signed: 'both' })).toBe('saml.signature_missing')
  })
  test('#15 wrong element signed: the Signature covers the Status only', () => {
    const bare = make({ sides: 'none' })
    const status = canonicalTree(
      parseTree(
        /<samlp:Status>.*<\/samlp:Status>/
          .exec(bare)?.[0]
          ?.replace('<samlp:Status>', `<samlp:Status xmlns:samlp="${NS.samlp}" ID="_st">`) ?? '',
      ).root,
    )
    const withId = bare.replace('<samlp:Status>', '<samlp:Status ID="_st">')
    expect(verdict(afterIssuer(withId, signatureFor(status, '_st', key)))).toBe('saml.schema')
    // The schema lets a stranger with an ID stand in Extensions.
    const stranger = '<x:y xmlns:x="urn:x" ID="_x1"></x:y>'
    const extended = bare.replace(
      '<samlp:Status>',
      `<samlp:Extensions>${stranger}</samlp:Extensions><samlp:Status>`,
    )
    expect(verdict(extended)).toBe('saml.signature_missing')
    const covered = signatureFor(canonicalTree(parseTree(stranger).root), '_x1', key)
    expect(verdict(afterIssuer(extended, covered))).toBe('saml.shape')
  })
  test('#16 KeyInfo substitution: a stranger’s key with its own certificate', () => {
    expect(verdict(answer({ key: rogue }))).toBe('saml.signature_invalid')
    const form: SignatureForm = {
      keyInfo: `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${key.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`,
    }
    expect(verdict(answer({ key: rogue, assertionForm: form, responseForm: form }))).toBe(
      'saml.signature_invalid',
    )
  })
  test('#17 KeyInfo is not dereferenced, and not needed', () => {
    const form: SignatureForm = {
      keyInfo: '<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:1/key"/></ds:KeyInfo>',
    }
    expect(verdict(make({ sides: 'assertion', assertionForm: form }))).toBe('accepted as alice')
    expect(verdict(make({ sides: 'assertion', assertionForm: { keyInfo: '' } }))).toBe('accepted as alice')
  })
  test('#17, #26, #27, #40, #42 no message makes us call anyone', async () => {
    let calls = 0
    const listener = createServer((_, reply) => {
      calls += 1
      reply.end()
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/x`
    const xml = make({ sides: 'assertion' })
    const form = (twist: (s: string) => string) => make({ sides: 'assertion', assertionForm: { twist } })
    const hints = (name: string, value: string) =>
      xml.replace('<samlp:Response ', `<samlp:Response xmlns:xsi="${NS.xsi}" xsi:${name}="${value}" `)
    const verdicts = [
      verdict(
        make({ assertionForm: { keyInfo: `<ds:KeyInfo><ds:RetrievalMethod URI="${url}"/></ds:KeyInfo>` } }),
      ),
      verdict(form((s) => s.replace('URI="#_a1"', `URI="${url}"`))),
      verdict(`<!DOCTYPE r SYSTEM "${url}">${xml}`),
      verdict(`<!DOCTYPE r [<!ENTITY % p SYSTEM "${url}"> %p;]>${xml}`),
      verdict(`<?xml-stylesheet href="${url}"?>${xml}`),
      verdict(hints('schemaLocation', `${NS.samlp} ${url}`)),
      verdict(hints('noNamespaceSchemaLocation', url)),
      verdict(xml.replace('<samlp:Response ', `<samlp:Response xml:base="${url}" `)),
    ]
    // The listener is heard before it is closed.
    await fetch(url)
    listener.close()
    expect(verdicts).toEqual(['accepted as alice', ...Array(7).fill(refused)])
    expect(calls).toBe(1)
  })
  test('#18 RSA-SHA1 signature', () => {
    expect(
      verdict(
        make({ sides: 'assertion', assertionForm: { method: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' } }),
      ),
    ).toBe('saml.algorithm')
  })
  test('#19 SHA-1 digest under RSA-SHA256', () => {
    expect(
      verdict(
        make({ sides: 'assertion', assertionForm: { digest: 'http://www.w3.org/2000/09/xmldsig#sha1' } }),
      ),
    ).toBe('saml.algorithm')
  })
  test.each([
    ['hmac-sha1', 'http://www.w3.org/2000/09/xmldsig#hmac-sha1'],
    ['hmac-sha256', 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256'],
  ])('#20 HMAC with the public key: %s', (_, method) => {
    const assertionForm = hmacByPublicKey(key, method)
    expect(verdict(make({ sides: 'assertion', assertionForm }))).toBe('saml.signature_invalid')
  })
  test('#21 unknown algorithm, none, and a key of another type', () => {
    for (const method of ['none', '', 'urn:x', '__proto__', 'constructor']) {
      expect(verdict(make({ sides: 'assertion', assertionForm: { method } }))).toEqual(refused)
    }
    const mismatch = make({
      sides: 'assertion',
      assertionForm: { twist: (s) => s.replace(ALG.rsaSha256, ALG.ecdsaSha256) },
    })
    expect(verdict(mismatch)).toBe('saml.signature_invalid')
    expect(verdict(make(), { idpCertificates: [ec.pem] })).toBe('saml.signature_invalid')
    const padded = make({
      sides: 'assertion',
      assertionForm: {
        twist: (s) => s.replace(`"${ALG.rsaSha256}"/>`, `"${ALG.rsaSha256}"><x/></ds:SignatureMethod>`),
      },
    })
    expect(verdict(padded)).toEqual(refused)
  })
  test('#22 two SignedInfo', () => {
    const twist = (s: string) =>
      s.replace(
        '<ds:SignatureValue>',
        `${/<ds:SignedInfo.*<\/ds:SignedInfo>/.exec(s)?.[0]}<ds:SignatureValue>`,
      )
    expect(verdict(make({ sides: 'assertion', assertionForm: { twist } }))).toBe('saml.schema')
  })
  test('#23 a comment in DigestValue', () => {
    const twist = (s: string) => s.replace('</ds:DigestValue>', '<!--x--></ds:DigestValue>')
    expect(verdict(make({ sides: 'assertion', assertionForm: { twist } }))).toBe('saml.malformed')
  })
  test('#24 several References', () => {
    const twist = (s: string) =>
      s.replace('</ds:SignedInfo>', `${/<ds:Reference.*<\/ds:Reference>/.exec(s)?.[0]}</ds:SignedInfo>`)
    expect(verdict(make({ sides: 'assertion', assertionForm: { twist } }))).toBe('saml.shape')
  })
  test.each([
    '',
    '#',
    '#_other',
    '#xpointer(/)',
    "#'_a1'",
    'http://127.0.0.1:1/a',
    'file:///etc/passwd',
    '#_a1#',
  ])('#25, #26 Reference URI %j', (uri) => {
    const twist = (s: string) => s.replace('URI="#_a1"', `URI="${uri}"`)
    expect(verdict(make({ sides: 'assertion', assertionForm: { twist } }))).toBe(
      uri === '#_a1#' ? 'saml.schema' : 'saml.shape',
    )
  })
  test('#25 no Reference URI at all', () => {
    const twist = (s: string) => s.replace(' URI="#_a1"', '')
    expect(verdict(make({ sides: 'assertion', assertionForm: { twist } }))).toBe('saml.shape')
  })
  const one = (algorithm: string, inner = '') =>
    `<ds:Transform Algorithm="${algorithm}">${inner}</ds:Transform>`
  test.each([
    ['#27 XSLT', one(ALG.enveloped) + one('http://www.w3.org/TR/1999/REC-xslt-19991116'), 'saml.algorithm'],
    [
      '#28 XPath',
      one(ALG.enveloped) + one('http://www.w3.org/TR/1999/REC-xpath-19991116', '<ds:XPath>1</ds:XPath>'),
      'saml.algorithm',
    ],
    ['#28 base64', one(ALG.enveloped) + one(`${NS.ds}base64`), 'saml.algorithm'],
    ['#29 three transforms', one(ALG.enveloped) + one(ALG.excC14n) + one(ALG.excC14n), 'saml.shape'],
    ['#29 swapped', one(ALG.excC14n) + one(ALG.enveloped), 'saml.algorithm'],
    ['#29 with comments', one(ALG.enveloped) + one(`${ALG.excC14n}WithComments`), 'saml.algorithm'],
    [
      '#29 inclusive',
      one(ALG.enveloped) + one('http://www.w3.org/TR/2001/REC-xml-c14n-20010315'),
      'saml.algorithm',
    ],
    ['#29 exclusive alone', one(ALG.excC14n), 'saml.shape'],
    ['#29 none', '', 'saml.schema'],
  ])('%s', (_, transforms, code) => {
    expect(verdict(make({ sides: 'assertion', assertionForm: { transforms } }))).toBe(code)
  })
  test('#30 duplicate ID', () => {
    const xml = make({ facts: { responseId: '_a1' }, sides: 'assertion' })
    expect(verdict(xml)).toBe('saml.malformed')
  })
  test.each(['Id', 'id', 'ID'])('#31 %s confusion on the Status', (name) => {
    const { good, wrap } = pieces()
    expect(verdict(wrap(good).replace('<samlp:Status>', `<samlp:Status ${name}="_a1">`))).toBe(
      'saml.malformed',
    )
  })
  test('#32 void canonicalisation: the digest of nothing', () => {
    expect(verdict(make({ sides: 'assertion', assertionForm: { canonical: '' } }))).toBe(
      'saml.signature_invalid',
    )
    const relative = make({ sides: 'assertion' }).replace(
      '<saml:Assertion ',
      '<saml:Assertion xmlns:x="relative/uri" ',
    )
    expect(verdict(relative)).toBe('saml.malformed')
  })
  test('#33 signature of another IdP: the keys come from the request’s connection', () => {
    expect(verdict(make(), { idpCertificates: [rogue.pem] })).toBe('saml.signature_invalid')
    expect(verdict(make(), { idpEntityId: 'https://other.example' })).toBe('saml.issuer')
  })
  test('a key under 2048 bits counts for nothing', async () => {
    const weak = await makeKey('rsa', 1024)
    expect(verdict(answer({ key: weak }), { idpCertificates: [weak.pem] })).toBe('saml.signature_invalid')
  })
  test('one changed byte anywhere in what was signed is refused', () => {
    const xml = make({ sides: 'assertion' })
    const from = xml.indexOf('<saml:Assertion')
    for (const [what, by] of [
      ['alice', 'alicf'],
      ['_request1', '_request2'],
      ['2026-11-24T12:05:00', '2026-11-24T12:05:01'],
    ] as const) {
      const at = xml.indexOf(what, from)
      expect(at).toBeGreaterThan(0)
      expect(verdict(xml.slice(0, at) + by + xml.slice(at + what.length))).toBe('saml.signature_invalid')
    }
  })
})
