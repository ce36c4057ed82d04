// Forgeries made as their inventors made them, so that each would succeed against the mistake that it is made for.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { DOMParser } from '@xmldom/xmldom'
import { beforeAll, describe, expect, test } from 'vitest'
import { SignedXml } from 'xml-crypto'
import { Refusal } from '../../src/domain/refusal.ts'
import type { Signer } from '../../src/ports/key-store.ts'
import { withDocument } from '../../src/xml/document.ts'
import { one } from '../../src/xml/element.ts'
import { gate, XmlRefused } from '../../src/xml/gate.ts'
import { ALG, NS } from '../../src/xml/names.ts'
import { readAuthnRequest } from '../../src/xml/saml/read-authn-request.ts'
import { readRedirect, signedRedirect } from '../../src/xml/saml/redirect-binding.ts'
import { checkResponse } from '../../src/xml/saml/response.ts'
import { verifiedBytes } from '../../src/xml/saml/signature.ts'
import { effortOf } from '../effort.ts'
import { explained } from '../xml/explained.ts'
import {
  answer,
  base64,
  expected,
  genuine,
  hmacByPublicKey,
  makeKey,
  type TestKey,
} from '../xml/hostile/idp.ts'
import { largestHonest } from '../xml/hostile/large.ts'
import { pem, testSigner } from '../xml/signers.ts'

let key: TestKey
let signer: Signer
beforeAll(async () => {
  ;[key, signer] = await Promise.all([makeKey(), testSigner('RS256')])
})

function verdictOf(form: string): string {
  try {
    return `accepted as ${checkResponse(form, { ...expected, idpCertificates: [key.pem] }).nameId.value}`
  } catch (error) {
    if (error instanceof Refusal) return explained(error)
    throw error
  }
}
const verdict = (xml: string | Buffer): string => verdictOf(base64(xml))
const good = () => answer({ key, sides: 'assertion' })

/** Our own verifier without gate and schema. */
const own = (xml: string): string =>
  withDocument(xml, (root) => {
    try {
      const element = one(root, NS.saml2, 'Assertion')
      return `${verifiedBytes({ xml, element, at: 'assertion', certificates: [key.pem] })}`.slice(0, 15)
    } catch (error) {
      if (error instanceof Refusal) return `${error.code} ${error.detail.check}`
      throw error
    }
  })

test('control: the same generator without a twist', () => {
  expect(verdict(good())).toBe('accepted as alice')
  expect(own(good())).toBe('<saml:Assertion')
})

describe('#20 an HMAC over SignedInfo, keyed by the PEM that everybody has', () => {
  test.each(['2000/09/xmldsig#hmac-sha1', '2001/04/xmldsig-more#hmac-sha256'])('%s', (name) => {
    const xml = answer({
      key,
      sides: 'assertion',
      assertionForm: hmacByPublicKey(key, `http://www.w3.org/${name}`),
    })
    expect(own(xml)).toBe('saml.signature_invalid signature')
    expect(verdict(xml)).toBe('saml.signature_invalid')
  })
  test('control: a verifier that lets the message choose the algorithm takes it', () => {
    const form = hmacByPublicKey(key, 'http://www.w3.org/2000/09/xmldsig#hmac-sha1')
    const xml = answer({ key, sides: 'assertion', assertionForm: form })
    const naive = new SignedXml({ publicCert: key.pem, getCertFromKeyInfo: () => null })
    naive.enableHMAC()
    const document = new DOMParser().parseFromString(xml, 'text/xml')
    naive.loadSignature(document.getElementsByTagNameNS(NS.ds, 'Signature')[0] as never)
    expect(naive.checkSignature(xml)).toBe(true)
    const other = new SignedXml({ publicCert: `${key.pem} `, getCertFromKeyInfo: () => null })
    other.enableHMAC()
    other.loadSignature(document.getElementsByTagNameNS(NS.ds, 'Signature')[0] as never)
    expect(() => other.checkSignature(xml)).toThrow('signature value')
  })
})

describe('#22 a forged SignedInfo beside the signed one (CVE-2025-29774)', () => {
  const info = /<ds:SignedInfo.*<\/ds:SignedInfo>/
  const value = /<ds:SignatureValue>[^<]*/
  const mallory = { ...genuine, nameId: 'mallory' }
  /** Mallory's assertion, whose own digest the forged SignedInfo carries, with the genuine value. */
  const made = (order: (forged: string, signed: string) => string): string => {
    const genuineSignature = /<ds:Signature .*<\/ds:Signature>/.exec(good())?.[0] ?? ''
    const forged = answer({ key, sides: 'assertion', facts: { nameId: 'mallory' } })
    const [ours, theirs] = [info.exec(forged)?.[0] ?? '', info.exec(genuineSignature)?.[0] ?? '']
    return forged.replace(info, order(ours, theirs)).replace(value, value.exec(genuineSignature)?.[0] ?? '')
  }
  test('forged first, signed second; and the reverse', () => {
    for (const xml of [
      made((forged, signed) => forged + signed),
      made((forged, signed) => signed + forged),
    ]) {
      expect(own(xml)).toBe('saml.shape signature form')
      expect(verdict(xml)).toBe('saml.schema')
    }
  })
  test('control: each half is what it says, and fails alone', () => {
    expect(own(made((forged) => forged))).toBe('saml.signature_invalid signing key')
    expect(own(made((_, signed) => signed))).toBe('saml.signature_invalid digest')
    expect(verdict(answer({ key, facts: mallory }))).toBe('accepted as mallory')
  })
})

describe('#32 where canonicalisation fails, nothing counts (duty D7)', () => {
  const relative = (xml: string) => xml.replace('<saml:Assertion ', '<saml:Assertion xmlns:x="relative/uri" ')
  test('behind the gate too: the digest of nothing, over what has no canonical form', () => {
    const xml = relative(answer({ key, sides: 'assertion', assertionForm: { canonical: '' } }))
    expect(() => own(xml)).toThrow(XmlRefused)
    expect(() => own(xml)).toThrow(/not canonicalised|canonical form is empty/)
    expect(verdict(xml)).toBe('saml.malformed')
  })
  test('a SignedInfo without canonical form', () => {
    const twist = (s: string) => s.replace('<ds:SignedInfo ', '<ds:SignedInfo xmlns:x="relative/uri" ')
    const xml = answer({ key, sides: 'assertion', assertionForm: { twist } })
    expect(() => own(xml)).toThrow(/not canonicalised|canonical form is empty/)
  })
})

test('#17 whatever KeyInfo points to, it is neither fetched nor believed', async () => {
  let calls = 0
  const listener = createServer((_, reply) => {
    calls += 1
    reply.end()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/key`
  const [rogue, x509] = [await makeKey(), 'http://www.w3.org/2000/09/xmldsig#X509Data']
  const infos = [
    `<ds:KeyName>${url}</ds:KeyName>`,
    `<ds:RetrievalMethod URI="${url}" Type="${x509}"/>`,
    `<ds:X509Data><ds:X509SubjectName>${url}</ds:X509SubjectName></ds:X509Data>`,
    `<ds:KeyName>test</ds:KeyName><ds:X509Data><ds:X509Certificate>${rogue.base64}</ds:X509Certificate></ds:X509Data>`,
  ]
  const by = (signing: TestKey, inner: string) =>
    verdict(
      answer({
        key: signing,
        sides: 'assertion',
        assertionForm: { keyInfo: `<ds:KeyInfo>${inner}</ds:KeyInfo>` },
      }),
    )
  expect(infos.map((inner) => by(key, inner))).toEqual(infos.map(() => 'accepted as alice'))
  expect(infos.map((inner) => by(rogue, inner))).toEqual(infos.map(() => 'saml.signature_invalid'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(calls).toBe(0)
  await fetch(url)
  expect(calls).toBe(1)
  await new Promise((resolve) => listener.close(resolve))
})

describe('#39 entities that are used', () => {
  const levels = Array.from({ length: 10 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join(
    '',
  )
  const laughs = `<!DOCTYPE r [<!ENTITY e0 "ha">${levels}]>`
  test('ten levels of ten: refused without growing, sooner than an honest answer is checked', () => {
    const xml = laughs + good().replace('>alice<', '>&e10;<')
    const before = process.memoryUsage().rss
    const honest = effortOf(() => expect(verdict(good())).toBe('accepted as alice'))
    expect(effortOf(() => expect(verdict(xml)).toBe('saml.malformed'))).toBeLessThan(5 * honest)
    // Of twenty gigabytes.
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })
  test('one that is harmless, and one that was never declared', () => {
    expect(verdict(`<!DOCTYPE r [<!ENTITY a "alice">]>${good().replace('>alice<', '>&a;<')}`)).toBe(
      'saml.malformed',
    )
    expect(verdict(good().replace('>alice<', '>&a;<'))).toBe('saml.malformed')
  })
})

describe('#46 bytes that are not UTF-8, in the midst of the name', () => {
  const within = (bytes: number[]): Buffer => {
    const xml = Buffer.from(good())
    const at = xml.indexOf('>alice<') + 3
    return Buffer.concat([xml.subarray(0, at), Buffer.from(bytes), xml.subarray(at)])
  }
  test.each([
    ['overlong solidus', [0xc0, 0xaf]],
    ['overlong NUL', [0xc0, 0x80]],
    ['overlong in three bytes', [0xe0, 0x80, 0xaf]],
    ['a surrogate half', [0xed, 0xa0, 0x80]],
    ['a pair of surrogates (CESU-8)', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['half a letter', [0xc3]],
  ])('%s', (_, bytes) => {
    expect(() => gate(within(bytes))).toThrow('not UTF-8')
    expect(verdict(within(bytes))).toBe('saml.malformed')
  })
  test('control: two whole bytes in the same place are a letter, and break the digest alone', () => {
    expect(gate(within([0xc3, 0xa9]))).toContain('aléice')
    expect(verdict(within([0xc3, 0xa9]))).toBe('saml.signature_invalid')
  })
})

test('#47 every bomb is refused sooner than a large honest message is read', () => {
  const bombs = [
    '<a>'.repeat(5000) + '</a>'.repeat(5000),
    `<a>${'<b/>'.repeat(50_000)}</a>`,
    `<a ${Array.from({ length: 50_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`,
    `<a>${'x'.repeat(5_000_000)}</a>`,
    // Within the bytes that are allowed at all.
    `<a>${'<b/>'.repeat(30_000)}</a>`,
    `<a ${Array.from({ length: 12_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`,
  ]
  const honest = effortOf(() => gate(largestHonest))
  for (const bomb of bombs)
    expect(effortOf(() => expect(() => gate(bomb)).toThrow(XmlRefused))).toBeLessThan(honest)
})

describe('#48 a genuine, signed request that grows past 1 MiB', () => {
  const padded = (bytes: number): string => {
    const [head, tail] = [
      `<samlp:AuthnRequest xmlns:samlp="${NS.samlp}" ID="_r" Version="2.0" `,
      `IssueInstant="2026-11-24T12:00:00Z"><saml:Issuer xmlns:saml="${NS.saml2}">sp</saml:Issuer></samlp:AuthnRequest>`,
    ]
    return head + ' '.repeat(bytes - head.length - tail.length) + tail
  }
  const queryOf = async (xml: string): Promise<string> => {
    const delivery = { to: 'https://a.example', name: 'SAMLRequest', xml, relayState: 'r' } as const
    return (await signedRedirect(delivery, signer)).split('?')[1] as string
  }
  const mebibyte = 1024 * 1024
  test('the binding: the last byte that passes, the first that does not', async () => {
    const read = async (bytes: number) => readRedirect(await queryOf(padded(bytes)), [pem(signer)])
    expect((await read(mebibyte)).xml).toHaveLength(mebibyte)
    await expect(read(mebibyte + 1)).rejects.toMatchObject({
      code: 'saml.malformed',
      detail: { actual: 'deflate' },
    })
  })
  test('the reader of requests', async () => {
    const read = async (bytes: number) => readAuthnRequest(await queryOf(padded(bytes)), signer.certificate)
    expect((await read(1000)).issuer).toBe('sp')
    await expect(read(mebibyte)).rejects.toThrow('too large')
    await expect(read(mebibyte + 1)).rejects.toThrow('deflate')
  })
  test('200 MB in 200 KB cost no memory', async () => {
    const packed = deflateRawSync(Buffer.alloc(200_000_000, ' '))
    const unsigned = `SAMLRequest=${encodeURIComponent(packed.toString('base64'))}&RelayState=r&SigAlg=${encodeURIComponent(ALG.rsaSha256)}`
    const signature = (await signer.sign(unsigned)).toString('base64')
    const before = process.memoryUsage().rss
    expect(() =>
      readRedirect(`${unsigned}&Signature=${encodeURIComponent(signature)}`, [pem(signer)]),
    ).toThrow(Refusal)
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })
})
