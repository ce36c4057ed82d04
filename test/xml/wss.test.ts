// Messages to cores: canonical as they are written, accepted by our own verifier, refused once anything is changed.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import type { Signer } from '../../src/ports/key-store.ts'
import { canonical, withDocument } from '../../src/xml/document.ts'
import { children } from '../../src/xml/element.ts'
import { ALG, NS } from '../../src/xml/names.ts'
import { signAssertion } from '../../src/xml/saml/assertion.ts'
import { faultXml, readAnswer, readRequest } from '../../src/xml/soap.ts'
import { canonicalTree, parseTree } from '../../src/xml/tree.ts'
import { WssRefused } from '../../src/xml/wss/proof.ts'
import { verifyMessage } from '../../src/xml/wss/verify.ts'
import { bodyXml, content, type MessageOptions, message, testSigner, to } from './signers.ts'

let rsa: Signer
let ec: Signer
let rogue: Signer
beforeAll(async () => {
  ;[rsa, ec, rogue] = await Promise.all([
    testSigner('RS256'),
    testSigner('ES256'),
    testSigner('ES256', 'rogue'),
  ])
})

const expectedBy = () => ({
  trusted: [rsa.certificate, ec.certificate],
  audience: 'urn:alder:core:payments',
  now: Date.now(),
  skewSeconds: 60,
  to,
})

function verdict(xml: string): string {
  try {
    return `accepted for ${verifyMessage(xml, expectedBy()).assertion.subject}`
  } catch (error) {
    if (error instanceof WssRefused) return error.check
    if (error instanceof Refusal) return error.code
    throw error
  }
}

const make = (options: Partial<MessageOptions> = {}) => message({ signer: ec, ...options })
const accepted = 'accepted for sub-1'

describe('what we write is canonical already', () => {
  test.each(['1.1', '1.2'] as const)('SOAP %s: libxml2 writes every signed part the same', async (soap) => {
    const xml = await make({ message: { soap }, content: { subject: 'Zoë <&>"\' \t \r 😀' } })
    const parts = withDocument(xml, (root) => {
      const [header, body] = children(root)
      const wsa = children(header!).filter(({ namespaceUri }) => namespaceUri === NS.wsa)
      const security = children(header!).find(({ name }) => name === 'Security')!
      const inside = children(security).filter(({ name }) => name === 'Timestamp' || name === 'Assertion')
      return [...wsa, ...inside, body!].map((element) => canonical(element))
    })
    expect(parts).toHaveLength(6)
    for (const part of parts) expect(xml).toContain(part)
  })
  test('and our own canonicaliser agrees with libxml2 on any tree', () => {
    const name = fc.constantFrom('a', 'b:x', 'B:y', 'Z', 'S:e', 'ns10:k', 'ns2:k')
    const text = fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .map((s) => s.replace(/[<&\p{Cc}\ufffe\uffff]/gu, '_').replaceAll(']]>', '_'))
    const attribute = fc.tuple(
      fc.constantFrom('q', 'p', 'b:q', 'B:q', 'ns2:w'),
      text.map((s) => s.replaceAll('"', '_')),
    )
    const { node } = fc.letrec<{ node: string }>((tie) => ({
      node: fc
        .tuple(
          name,
          fc.uniqueArray(attribute, { selector: ([key]) => key, maxLength: 4 }),
          fc.array(fc.oneof({ maxDepth: 3 }, text, tie('node')), { maxLength: 3 }),
        )
        .map(
          ([tag, attributes, inner]) =>
            `<${tag}${attributes.map(([key, value]) => ` ${key}="${value}"`).join('')}>${inner.join('')}</${tag}>`,
        ),
    }))
    const wrapped = node.map(
      (inner) =>
        `<r xmlns="urn:d" xmlns:b="urn:b" xmlns:B="urn:a" xmlns:S="urn:s" xmlns:ns2="urn:2" xmlns:ns10="urn:10">${inner}</r>`,
    )
    fc.assert(
      fc.property(wrapped, (xml) => {
        expect(canonicalTree(parseTree(xml).root)).toBe(withDocument(xml, (root) => canonical(root)))
      }),
      { numRuns: 400 },
    )
  })
  test('the digest of the assertion holds over the very text that is sent', async () => {
    const xml = await signAssertion(content(), rsa)
    const digest = /<ds:DigestValue>([^<]+)/.exec(xml)?.[1]
    expect(
      createHash('sha256')
        .update(xml.replace(/<ds:Signature.*<\/ds:Signature>/, ''))
        .digest('base64'),
    ).toBe(digest)
  })
  test('#187 what a name holds cannot become markup, and what XML cannot carry is refused', async () => {
    for (const subject of ['</saml2:NameID><x/>', ']]>', '<![CDATA[x]]>', '&amp;', '\u2028', '"\'']) {
      expect(verifyMessage(await make({ content: { subject } }), expectedBy()).assertion.subject).toBe(
        subject,
      )
    }
    for (const subject of ['\u0000', '\u001b', '\ufffe', '\ud800'])
      await expect(make({ content: { subject } })).rejects.toThrow(Refusal)
  })
})

describe('controls', () => {
  test.each(['1.1', '1.2'] as const)('SOAP %s, both keys, with and without addresses', async (soap) => {
    for (const signer of [rsa, ec]) {
      expect(verdict(await make({ signer, message: { soap } }))).toBe(accepted)
      expect(verdict(await make({ signer, message: { soap, addressing: undefined } }))).toBe(accepted)
      expect(verdict(await make({ signer, message: { soap, assertionBy: 'id' } }))).toBe(accepted)
    }
  })
  test('what comes out is what went in, and the ranges are the signed parts', async () => {
    const xml = await make()
    const read = verifyMessage(xml, expectedBy())
    expect(read).toMatchObject({
      version: '1.1',
      operation: { namespace: 'urn:alder:payments:1', localName: 'Transfer' },
      messageId: 'urn:drawbridge:message:1',
      assertion: {
        acr: 'urn:drawbridge:acr:device-pin',
        amr: ['fed', 'pop', 'pin'],
        device: 'device-1',
        transaction: 'hash-1',
        auditId: 'audit-1',
      },
    })
    expect(read.ranges.map(({ name }) => name).sort()).toEqual([
      'Action',
      'Assertion',
      'Body',
      'MessageID',
      'Timestamp',
      'To',
    ])
    for (const { name, start, end } of read.ranges)
      expect(xml.slice(start, end)).toMatch(new RegExp(`^<\\w+:${name}[ >].*</\\w+:${name}>$`, 's'))
  })
})

const swap = (xml: string, what: string | RegExp, by: string): string => {
  const changed = xml.replace(what, by)
  if (changed === xml) throw new Error(`${what} is not there`)
  return changed
}

describe('refused', () => {
  const signature = /<ds:Signature xmlns:ds="[^"]*" Id="SIG-1">.*?<\/ds:Signature>(?=<\/wsse:Security>)/
  test.each<[string, (xml: string) => string, string]>([
    ['one byte of the Body', (xml) => swap(xml, '125.50', '925.50'), 'digest'],
    ['one byte of the Timestamp', (xml) => swap(xml, '<wsu:Created>2', '<wsu:Created>1'), 'digest'],
    ['one byte of the assertion', (xml) => swap(xml, '>sub-1<', '>sub-2<'), 'digest'],
    ['#177 To altered', (xml) => swap(xml, '/payments</wsa:To>', '/paymentz</wsa:To>'), 'digest'],
    [
      '#177 a header that nothing covers',
      (xml) =>
        swap(
          xml,
          '<wsse:Security ',
          `<wsa:ReplyTo xmlns:wsa="${NS.wsa}">http://evil.example</wsa:ReplyTo><wsse:Security `,
        ),
      'coverage',
    ],
    [
      '#174 signed Body moved away, new Body',
      (xml) =>
        swap(
          xml,
          /<soap:Body .*<\/soap:Body>/,
          `<soap:Body xmlns:soap="${NS.soap11}">${bodyXml}</soap:Body>`,
        ),
      'reference',
    ],
    [
      '#174 signed Body inside the new one',
      (xml) => swap(xml, /(<soap:Body .*<\/soap:Body>)/, '<soap:Body><w>$1</w></soap:Body>'),
      'coverage',
    ],
    [
      '#174 two Bodies',
      (xml) => swap(xml, /(<soap:Body .*<\/soap:Body>)/, '$1<soap:Body><x/></soap:Body>'),
      'soap.malformed',
    ],
    ['#176 no Timestamp', (xml) => swap(xml, /<wsu:Timestamp .*<\/wsu:Timestamp>/, ''), 'reference'],
    [
      '#176 two Timestamps',
      (xml) =>
        swap(
          xml,
          /(<wsu:Timestamp .*<\/wsu:Timestamp>)/,
          `<wsu:Timestamp wsu:Id="TS-2"><wsu:Created>2026-01-01T00:00:00Z</wsu:Created></wsu:Timestamp>$1`,
        ),
      'form',
    ],
    [
      '#178 two Security headers',
      (xml) =>
        swap(
          xml,
          /(<wsse:Security .*<\/wsse:Security>)/,
          `<wsse:Security xmlns:wsse="${NS.wsse}"></wsse:Security>$1`,
        ),
      'form',
    ],
    [
      '#179 an unknown header',
      (xml) => swap(xml, '<soap:Header>', '<soap:Header><x:y xmlns:x="urn:x" soap:mustUnderstand="1"></x:y>'),
      'form',
    ],
    ['unsigned', (xml) => swap(xml, signature, ''), 'form'],
    [
      'two signatures',
      (xml) => swap(xml, /(<\/wsse:Security>)/, `<ds:Signature xmlns:ds="${NS.ds}"></ds:Signature>$1`),
      'form',
    ],
    [
      '#181 SHA-1 signature',
      (xml) =>
        swap(
          xml,
          new RegExp(`${ALG.ecdsaSha256}(?=.*SIG-1|[^]*Body-1)`, 'g'),
          'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1',
        ),
      'algorithm',
    ],
    [
      '#181 HMAC',
      (xml) => xml.replaceAll(ALG.ecdsaSha256, 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256'),
      'algorithm',
    ],
    [
      '#182 XPath instead of canonicalisation',
      (xml) =>
        swap(
          xml,
          `<ds:Reference URI="#Body-1"><ds:Transforms><ds:Transform Algorithm="${ALG.excC14n}">`,
          '<ds:Reference URI="#Body-1"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">',
        ),
      'signature',
    ],
    ['#188 DOCTYPE', (xml) => `<!DOCTYPE x>${xml}`, 'soap.malformed'],
    ['a comment in a value', (xml) => swap(xml, '125.50', '125<!-- -->.50'), 'soap.malformed'],
    ['a PI in a value', (xml) => swap(xml, '125.50', '<?a 125.50?>'), 'soap.malformed'],
    ['duplicate ids', (xml) => swap(xml, '<soap:Header>', '<soap:Header wsu:Id="Body-1">'), 'soap.malformed'],
    ['other SOAP version', (xml) => xml.replaceAll(NS.soap11, 'urn:soap'), 'soap.version'],
  ])('%s', async (_, twist, check) => {
    const good = await make()
    expect(verdict(good)).toBe(accepted)
    const got = verdict(twist(good))
    expect(got).not.toMatch(/^accepted/)
    // An altered SignedInfo fails at its own signature first; which of the two is said is no matter.
    expect([check, 'signature', 'form', 'soap.malformed']).toContain(got)
  })
  test('#183 a key that is not pinned, for the message or for the assertion', async () => {
    expect(verdict(await make({ signer: rogue }))).toBe('signer')
    expect(verdict(await make({ signer: ec, assertionSigner: rogue }))).toBe('signer')
    const swapped = swap(await make({ signer: rogue }), rogue.certificate, ec.certificate)
    expect(verdict(swapped)).toBe('signature')
  })
  test('#176 expired, from the future, living too long; assertions likewise; wrong audience', async () => {
    const now = Date.now()
    expect(verdict(await make({ message: { now: now - 3_600_000 } }))).toBe('timestamp')
    expect(verdict(await make({ message: { now: now + 3_600_000 } }))).toBe('timestamp')
    expect(verdict(await make({ message: { ttlSeconds: 3600 } }))).toBe('timestamp')
    expect(verdict(await make({ content: { notOnOrAfter: now - 61_000 } }))).toBe('lifetime')
    expect(verdict(await make({ content: { notBefore: now + 61_000 } }))).toBe('lifetime')
    expect(verdict(await make({ content: { audience: 'urn:other' } }))).toBe('audience')
  })
  test('#238 a message for another core', async () => {
    expect(
      verdict(
        await make({ message: { addressing: { to: 'https://other.example', action: 'a', messageId: 'm' } } }),
      ),
    ).toBe('addressing')
  })
})

describe('requests of apps', () => {
  const envelope = (inner: string, header = '') =>
    `<s:Envelope xmlns:s="${NS.soap11}">${header}<s:Body>${inner}</s:Body></s:Envelope>`
  test('the Body comes out canonical with its namespaces, and values by path only when they are there once', () => {
    const xml = `<s:Envelope xmlns:s="${NS.soap11}" xmlns:p="urn:p"><s:Header><evil/></s:Header><s:Body><p:Pay b="2" a="1"><p:to><p:iban>X</p:iban></p:to><p:n>1</p:n><p:n>2</p:n></p:Pay></s:Body></s:Envelope>`
    const request = readRequest(xml)
    expect(request).toMatchObject({ version: '1.1', operation: { namespace: 'urn:p', localName: 'Pay' } })
    expect(request.bodyXml).toBe(
      '<p:Pay xmlns:p="urn:p" a="1" b="2"><p:to><p:iban>X</p:iban></p:to><p:n>1</p:n><p:n>2</p:n></p:Pay>',
    )
    expect([
      request.valueAt(['to', 'iban']),
      request.valueAt(['to']),
      request.valueAt(['n']),
      request.valueAt(['no']),
    ]).toEqual(['X', undefined, undefined, undefined])
  })
  test.each([
    ['nothing', '<p:n>1</p:n>', true],
    ['an empty parent', '<p:to></p:to>', true],
    ['the value', '<p:to><p:iban>X</p:iban></p:to>', false],
    ['two of them', '<p:to><p:iban>X</p:iban><p:iban>Y</p:iban></p:to>', false],
    ['one in the second of two parents', '<p:to></p:to><p:to><p:iban>X</p:iban></p:to>', false],
    ['one in a foreign namespace', '<x:to><x:iban>X</x:iban></x:to>', false],
    ['one that is no text', '<p:to><p:iban><p:b>X</p:b></p:iban></p:to>', false],
  ])('absent is only what is nowhere: %s', (_, fields, absent) => {
    const xml = envelope(`<p:Pay xmlns:p="urn:p" xmlns:x="urn:x">${fields}</p:Pay>`)
    expect(readRequest(xml).isAbsent(['to', 'iban'])).toBe(absent)
  })
  const read = (fields: string) =>
    readRequest(envelope(`<p:Pay xmlns:p="urn:p" xmlns:x="urn:x">${fields}</p:Pay>`)).valueAt(['to', 'iban'])
  test.each([
    ['the operation’s namespace', '<p:to><p:iban>X</p:iban></p:to>'],
    ['none, as elementFormDefault="unqualified" has it', '<to><iban>X</iban></to>'],
  ])('a value in %s is read', (_, fields) => expect(read(fields)).toBe('X'))
  test.each([
    ['a foreign namespace', '<p:to><x:iban>X</x:iban></p:to>'],
    ['a foreign parent', '<x:to><p:iban>X</p:iban></x:to>'],
    ['its place, with a foreign one beside it', '<p:to><p:iban>X</p:iban><x:iban>Y</x:iban></p:to>'],
    ['its place, with an unqualified one beside it', '<p:to><p:iban>X</p:iban><iban>Y</iban></p:to>'],
  ])('a value in %s is not', (_, fields) => expect(read(fields)).toBeUndefined())
  test.each([
    ['no Body', `<s:Envelope xmlns:s="${NS.soap11}"/>`],
    ['two operations', envelope('<a xmlns="urn:a"/><b xmlns="urn:b"/>')],
    ['text in the Body', envelope('x<a xmlns="urn:a"/>')],
    ['no namespace', envelope('<a/>')],
    ['empty Body', envelope('')],
    [
      'Header after Body',
      `<s:Envelope xmlns:s="${NS.soap11}"><s:Body><a xmlns="urn:a"/></s:Body><s:Header/></s:Envelope>`,
    ],
    ['not XML', '{"a":1}'],
  ])('%s is refused', (_, xml) =>
    expect(() => readRequest(xml)).toThrow(expect.objectContaining({ code: 'soap.malformed' })),
  )
  test('a fault can be read back, in both versions, with its code', () => {
    for (const version of ['1.1', '1.2'] as const) {
      const fault = faultXml({
        version,
        side: 'caller',
        reason: 'No <b>',
        code: 'core.operation',
        reference: 'DB-1',
      })
      expect(readAnswer(Buffer.from(fault)).fault).toBe(version === '1.1' ? 'soap:Client' : 'soap:Sender')
      expect(fault).toContain('core.operation')
    }
  })
})
