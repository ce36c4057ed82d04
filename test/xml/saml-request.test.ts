// What we send to an IdP: the AuthnRequest in a signed redirect, and our metadata.
import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Signer } from '../../src/ports/key-store.ts'
import { validate, withDocument } from '../../src/xml/document.ts'
import { attribute, children, named, one, required, textOf } from '../../src/xml/element.ts'
import { gate } from '../../src/xml/gate.ts'
import { NAME_ID, NS } from '../../src/xml/names.ts'
import {
  type AuthnRequestContent,
  buildAuthnRequest,
  postedAuthnRequest,
} from '../../src/xml/saml/authn-request.ts'
import { readAuthnRequest } from '../../src/xml/saml/read-authn-request.ts'
import { verifiedBytes } from '../../src/xml/saml/signature.ts'
import { spMetadata } from '../../src/xml/saml/sp-metadata.ts'
import { pem, testSigner } from './signers.ts'

let rsa: Signer
let ec: Signer
beforeAll(async () => {
  ;[rsa, ec] = await Promise.all([testSigner('RS256'), testSigner('ES256')])
})

const content: AuthnRequestContent = {
  spEntityId: 'https://bridge.example/alder/saml/main/metadata',
  acsUrl: 'https://bridge.example/alder/saml/main/acs',
  ssoUrl: 'https://idp.example/sso',
  nameIdFormat: NAME_ID.persistent,
  forceAuthn: false,
  authnContexts: [],
  relayState: 'aB3_-x',
}

const build = (change: Partial<AuthnRequestContent> = {}) => buildAuthnRequest({ ...content, ...change }, rsa)

const xmlOf = (url: string): string =>
  inflateRawSync(Buffer.from(new URL(url).searchParams.get('SAMLRequest') ?? '', 'base64')).toString('utf8')

describe('AuthnRequest by redirect', () => {
  test('the XML keeps the schema and says what was asked', async () => {
    const { url, requestId } = await build()
    withDocument(gate(xmlOf(url)), (root, document) => {
      validate(document, 'protocol')
      expect(required(root, 'ID')).toBe(requestId)
      expect(required(root, 'Destination')).toBe(content.ssoUrl)
      expect(required(root, 'AssertionConsumerServiceURL')).toBe(content.acsUrl)
      expect(attribute(root, 'ForceAuthn') ?? 'false').toBe('false')
      expect(textOf(one(root, NS.saml2, 'Issuer'))).toBe(content.spEntityId)
      expect(required(one(root, NS.samlp, 'NameIDPolicy'), 'Format')).toBe(content.nameIdFormat)
      expect(named(root, NS.samlp, 'RequestedAuthnContext')).toHaveLength(0)
    })
  })
  test('ForceAuthn, and classes of authentication in the order given', async () => {
    const authnContexts = ['urn:oasis:names:tc:SAML:2.0:ac:classes:X509', 'https://refeds.org/profile/mfa']
    const { url } = await build({ forceAuthn: true, authnContexts })
    withDocument(gate(xmlOf(url)), (root, document) => {
      validate(document, 'protocol')
      expect(attribute(root, 'ForceAuthn')).toBe('true')
      const asked = one(root, NS.samlp, 'RequestedAuthnContext')
      expect(attribute(asked, 'Comparison')).toBe('exact')
      expect(children(asked).map(textOf)).toEqual(authnContexts)
    })
  })
  test('request IDs begin with _, and no two are the same', async () => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, () => build().then(({ requestId }) => requestId)),
    )
    expect(new Set(ids).size).toBe(50)
    for (const id of ids) expect(id).toMatch(/^_[0-9a-f]{32,}$/)
  })
  test('the signature stands over the very octets that are sent (SAML Bindings 3.4.4.1)', async () => {
    const { url } = await build()
    const query = new URL(url).search.slice(1)
    const [signed = '', signature = ''] = query.split('&Signature=')
    expect(signed).toMatch(/^SAMLRequest=[^&]+&RelayState=aB3_-x&SigAlg=[^&]+$/)
    const value = Buffer.from(decodeURIComponent(signature), 'base64')
    expect(verify('sha256', Buffer.from(signed), new X509Certificate(pem(rsa)).publicKey, value)).toBe(true)
    expect(readAuthnRequest(query, rsa.certificate)).toMatchObject({ relayState: content.relayState })
  })
  test.each(['SAMLRequest', 'RelayState', 'SigAlg', 'Signature'])(
    '#81 %s changed, doubled or left out is refused by a reader; control: as it is, it is read',
    async (name) => {
      const { url, requestId } = await build()
      const query = new URL(url).search.slice(1)
      expect(readAuthnRequest(query, rsa.certificate).id).toBe(requestId)
      const part = query.split('&').find((pair) => pair.startsWith(`${name}=`)) as string
      for (const twisted of [
        query.replace(part, `${part.slice(0, -6)}AAAA${part.slice(-2)}`),
        `${query}&${part}`,
        query.replace(part, 'x=y'),
      ]) {
        expect(() => readAuthnRequest(twisted, rsa.certificate)).toThrow()
      }
    },
  )
  test('an SSO address that has a query of its own keeps it', async () => {
    const { url } = await build({ ssoUrl: 'https://idp.example/sso?tenant=a%20b' })
    expect(url).toMatch(/^https:\/\/idp\.example\/sso\?tenant=a%20b&SAMLRequest=/)
    const query = new URL(url).search.slice(1)
    expect(readAuthnRequest(query, rsa.certificate).acsUrl).toBe(content.acsUrl)
  })
  test('names that XML must escape arrive as they are', async () => {
    const spEntityId = 'https://bridge.example/?a=1&b=<"\'>'
    const { url } = await build({ spEntityId })
    expect(readAuthnRequest(new URL(url).search.slice(1), rsa.certificate).issuer).toBe(spEntityId)
  })
  test('a key that is not RSA is refused, never labelled rsa-sha256', async () => {
    await expect(buildAuthnRequest(content, ec)).rejects.toThrow('must be RSA')
  })
})

describe('AuthnRequest by a form', () => {
  test('keeps the schema, is signed right after its Issuer, and by nothing else', async () => {
    const { kind, url, requestId, fields } = await postedAuthnRequest(content, rsa)
    expect({ kind, url, relay: fields.RelayState }).toEqual({
      kind: 'post',
      url: content.ssoUrl,
      relay: content.relayState,
    })
    const xml = Buffer.from(fields.SAMLRequest as string, 'base64').toString('utf8')
    withDocument(gate(xml), (root, document) => {
      validate(document, 'protocol')
      expect(
        children(root)
          .map(({ name }) => name)
          .slice(0, 2),
      ).toEqual(['Issuer', 'Signature'])
      expect(required(root, 'ID')).toBe(requestId)
      const certificates = [pem(rsa)]
      expect(verifiedBytes({ xml, element: root, at: 'root', certificates })).toContain(`ID="${requestId}"`)
    })
    const changed = xml.replace(content.acsUrl, 'https://evil.example/acs')
    withDocument(gate(changed), (element) => {
      const certificates = [pem(rsa)]
      expect(() => verifiedBytes({ xml: changed, element, at: 'root', certificates })).toThrow(
        'saml.signature_invalid',
      )
    })
  })
  test('a key that is not RSA is refused here too', async () => {
    await expect(postedAuthnRequest(content, ec)).rejects.toThrow('must be RSA')
  })
})

describe('metadata', () => {
  const validUntil = Date.parse('2026-12-24T12:00:00Z')
  const made = (change: object = {}) => {
    const { spEntityId: entityId, acsUrl, nameIdFormat } = content
    return spMetadata({
      entityId,
      acsUrl,
      sloUrl: 'https://sp.example/slo',
      nameIdFormat,
      signing: [rsa.certificate],
      encryption: [],
      validUntil,
      ...change,
    })
  }
  test('keeps the schema and says what we are', () => {
    withDocument(gate(made()), (root, document) => {
      validate(document, 'metadata')
      expect(required(root, 'entityID')).toBe(content.spEntityId)
      expect(required(root, 'validUntil')).toBe('2026-12-24T12:00:00.000Z')
      const [sp, ...others] = children(root)
      expect(others).toEqual([])
      expect(sp!.attrs.map(({ name, value }) => [name, value])).toEqual(
        expect.arrayContaining([
          ['AuthnRequestsSigned', 'true'],
          ['WantAssertionsSigned', 'true'],
        ]),
      )
      const services = named(sp!, NS.md, 'AssertionConsumerService')
      expect(services.map((service) => required(service, 'Location'))).toEqual([content.acsUrl])
      expect(required(services[0]!, 'Binding')).toBe('urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST')
      expect(textOf(one(sp!, NS.md, 'NameIDFormat'))).toBe(content.nameIdFormat)
    })
  })
  test('the key in it is the one that signs our requests', async () => {
    const certificate = /<ds:X509Certificate>([^<]+)</.exec(made())?.[1] ?? ''
    const { url } = await build()
    expect(readAuthnRequest(new URL(url).search.slice(1), certificate).issuer).toBe(content.spEntityId)
    const own = new X509Certificate(pem(rsa)).publicKey.export({ type: 'spki', format: 'der' })
    expect(createPublicKey(pem(rsa)).export({ type: 'spki', format: 'der' })).toEqual(own)
  })
  test('during a change of keys it has several of each use, and keeps the schema', () => {
    const other = ec.certificate
    const text = made({ signing: [rsa.certificate, other], encryption: [other, rsa.certificate] })
    withDocument(gate(text), (_, document) => validate(document, 'metadata'))
    const keys = [...text.matchAll(/use="(\w+)".*?<ds:X509Certificate>([^<]+)/g)].map(([, use, key]) => [
      use,
      key,
    ])
    expect(keys).toEqual([
      ['signing', rsa.certificate],
      ['signing', other],
      ['encryption', other],
      ['encryption', rsa.certificate],
    ])
  })
  test('names that XML must escape do not become markup', () => {
    const entityId = 'urn:x"><evil a="&'
    withDocument(gate(made({ entityId, nameIdFormat: 'urn:<b>' })), (root, document) => {
      validate(document, 'metadata')
      expect(required(root, 'entityID')).toBe(entityId)
    })
  })
  test('the schema is really asked: without its ACS the metadata is refused', () => {
    const without = made().replace(/<md:AssertionConsumerService.*<\/md:AssertionConsumerService>/, '')
    expect(() => withDocument(without, (_, document) => validate(document, 'metadata'))).toThrow('schema')
  })
})
