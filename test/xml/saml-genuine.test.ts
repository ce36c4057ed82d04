// What genuine IdPs send that a strict reader could stumble over: each must be accepted, and read rightly.
import { beforeAll, describe, expect, test } from 'vitest'
import { canonical, withDocument } from '../../src/xml/document.ts'
import { one } from '../../src/xml/element.ts'
import { ALG, NS } from '../../src/xml/names.ts'
import { checkResponse } from '../../src/xml/saml/response.ts'
import {
  answer,
  assertionXml,
  base64,
  expected,
  type Facts,
  genuine,
  makeKey,
  responseXml,
  signatureFor,
  signed,
  type TestKey,
} from './hostile/idp.ts'

let key: TestKey
beforeAll(async () => {
  key = await makeKey()
})

const read = (xml: string) => checkResponse(base64(xml), { ...expected, idpCertificates: [key.pem] })

/** Builds and signs as an IdP does: first the assertion, then the response around it. */
function made(facts: Partial<Facts>, shape: (xml: string) => string = (xml) => xml, prefix = 'ds'): string {
  const f = { ...genuine, ...facts }
  const inner = signed(shape(assertionXml(f)), f.assertionId, key, { prefix })
  return signed(shape(responseXml(f, 'HERE')).replace('HERE', inner), f.responseId, key, { prefix })
}

const xs = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
const xsi = `xmlns:xsi="${NS.xsi}"`
const uri = 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri'
const typed = (declared: string, values: readonly string[]) =>
  `<saml:Attribute Name="role" NameFormat="${uri}" FriendlyName="role">${values.map((value) => `<saml:AttributeValue ${declared} xsi:type="xs:string">${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`

describe('attributes', () => {
  test.each([
    ['declared on each value, as OpenSAML does', (xml: string) => xml, `${xs} ${xsi}`],
    [
      'declared on the assertion, as SimpleSAMLphp does',
      (xml: string) => xml.replace('<saml:Assertion ', `<saml:Assertion ${xs} ${xsi} `),
      '',
    ],
  ])('xsi:type, %s', (_, shape, declared) => {
    const subject = read(made({ attributes: typed(declared, ['teller', 'auditor']) }, shape))
    expect(subject.attributes.get('role')).toEqual(['teller', 'auditor'])
  })
  test('declared on the Response, and named in the prefix list of the assertion’s signature', () => {
    const transforms = `<ds:Transform Algorithm="${ALG.enveloped}"/><ds:Transform Algorithm="${ALG.excC14n}"><ec:InclusiveNamespaces xmlns:ec="${ALG.excC14n}" PrefixList="xs"/></ds:Transform>`
    const facts = { ...genuine, attributes: typed(xsi, ['teller']) }
    const around = (assertion: string) =>
      responseXml(facts, assertion).replace('<samlp:Response ', `<samlp:Response ${xs} `)
    const bare = assertionXml(facts)
    const inPlace = withDocument(around(bare), (root) => canonical(one(root, NS.saml2, 'Assertion'), ['xs']))
    const signature = signatureFor(inPlace, '_a1', key, { transforms })
    const subject = read(around(bare.replace('</saml:Issuer>', `</saml:Issuer>${signature}`)))
    expect(subject.attributes.get('role')).toEqual(['teller'])
    expect(subject.verified).toContain(xs)
  })
  test('nil, empty, and with elements inside', () => {
    const attributes =
      `<saml:Attribute Name="nil"><saml:AttributeValue ${xsi} xsi:nil="true"/></saml:Attribute>` +
      '<saml:Attribute Name="empty"/>' +
      '<saml:Attribute Name="targeted"><saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue></saml:Attribute>'
    const { attributes: found } = read(made({ attributes }))
    expect(Object.fromEntries(found)).toEqual({ nil: [''], empty: [], targeted: [] })
  })
  test('text of any language, and characters that XML escapes', () => {
    const attributes = typed(`${xs} ${xsi}`, ['Zoë &amp; &lt;Söhne&gt; &quot;’ 日本 😀', ' kept  as is '])
    expect(read(made({ attributes })).attributes.get('role')).toEqual([
      'Zoë & <Söhne> "’ 日本 😀',
      ' kept  as is ',
    ])
  })
})

describe('form', () => {
  test('default namespaces for assertion and signature, as Entra ID and AD FS write them', () => {
    const shape = (xml: string) =>
      xml.replaceAll('<saml:', '<').replaceAll('</saml:', '</').replaceAll('xmlns:saml=', 'xmlns=')
    const xml = made({}, shape, '')
    expect(xml).toContain(`<Assertion xmlns="${NS.saml2}"`)
    expect(xml).toContain(`<Signature xmlns="${NS.ds}"`)
    expect(read(xml).nameId.value).toBe('alice')
  })
  test('pretty-printed with CRLF line ends, as sent from Windows', () => {
    const pretty = made({}, (xml) => xml.replace(/></g, '>\n  <'))
    expect(pretty).toContain('\n')
    expect(read(pretty.replaceAll('\n', '\r\n')).nameId.value).toBe('alice')
  })
  test.each([
    ['line feeds', '\n'],
    ['escaped CR, as Java on Windows writes it', '&#13;\n'],
  ])('base64 of the signature broken by %s', (_, end) => {
    const twist = (s: string) =>
      s.replace(/(<ds:SignatureValue>)([^<]+)/, (_all, tag: string, value: string) => {
        return `${tag}${end}${(value.match(/.{1,76}/g) ?? []).join(end)}${end}`
      })
    expect(read(answer({ key, sides: 'assertion', assertionForm: { twist } })).nameId.value).toBe('alice')
  })
  test('an XML declaration, a Consent, an Extensions and a StatusMessage', () => {
    const shape = (xml: string) =>
      xml
        .replace(' Version="2.0"', ' Version="2.0" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified"')
        .replace(
          '<samlp:Status>',
          '<samlp:Extensions><x:trace xmlns:x="urn:x">1</x:trace></samlp:Extensions><samlp:Status>',
        )
        .replace('</samlp:Status>', '<samlp:StatusMessage>Fine</samlp:StatusMessage></samlp:Status>')
    const f = genuine
    const xml = signed(shape(responseXml(f, 'HERE')).replace('HERE', assertionXml(f)), f.responseId, key)
    expect(read(`<?xml version='1.0' encoding='utf-8' standalone="yes"?>\n${xml}`).nameId.value).toBe('alice')
  })
  test.each(['SAML2P', 'aB', 'Ab', 'z', 'ns2', '_', 'é'])('the prefix %s', (prefix) => {
    const shape = (xml: string) => xml.replaceAll('saml:', `${prefix}a:`).replaceAll('samlp:', `${prefix}:`)
    const facts = { attributes: typed(`${xs} ${xsi}`, ['teller']) }
    const subject = read(made(facts, (xml) => declared(shape(xml), prefix)))
    expect(subject.attributes.get('role')).toEqual(['teller'])
  })
  const declared = (xml: string, prefix: string) =>
    xml.replaceAll('xmlns:saml=', `xmlns:${prefix}a=`).replaceAll('xmlns:samlp=', `xmlns:${prefix}=`)
})

describe('content', () => {
  test.each(['2026-11-24T11:59:40Z', '2026-11-24T11:59:40.1Z', '2026-11-24T11:59:40.1234567Z'])(
    'the instant %s',
    (authnInstant) => expect(read(made({ authnInstant })).authenticatedAt).toBeGreaterThan(0),
  )
  test('where the customer sat, and who else was asked', () => {
    const shape = (xml: string) =>
      xml
        .replace('<saml:AuthnContext>', '<saml:SubjectLocality Address="192.0.2.1"/><saml:AuthnContext>')
        .replace(
          '</saml:AuthnContext>',
          '<saml:AuthenticatingAuthority>https://other.example</saml:AuthenticatingAuthority></saml:AuthnContext>',
        )
    expect(read(made({}, shape)).authnContext).toBe(genuine.authnContext)
  })
  test('a holder-of-key confirmation beside the bearer one', () => {
    const shape = (xml: string) =>
      xml.replace(
        '<saml:SubjectConfirmation ',
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"/><saml:SubjectConfirmation ',
      )
    expect(read(made({}, shape)).nameId.value).toBe('alice')
  })
  test('an Issuer that says it is an entity; any other kind of name is refused', () => {
    const format = (kind: string) => (xml: string) =>
      xml.replace(/<saml:Issuer/, `<saml:Issuer Format="urn:oasis:names:tc:SAML:${kind}"`)
    expect(read(made({}, format('2.0:nameid-format:entity'))).issuer).toBe(genuine.issuer)
    expect(() => read(made({}, format('1.1:nameid-format:emailAddress')))).toThrow('saml.issuer')
  })
})
