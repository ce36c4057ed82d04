// Attacks on single logout: messages that nobody signed, that were signed for something else, or that were bent on the way.
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import type { LogoutMessage } from '../../src/domain/saml-logout.ts'
import type { Signer } from '../../src/ports/key-store.ts'
import { ALG } from '../../src/xml/names.ts'
import { checkLogout } from '../../src/xml/saml/read-logout.ts'
import { enveloped } from '../../src/xml/signed-info.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { introspect } from '../journeys/customer.ts'
import {
  byRedirect,
  type LogoutIdp,
  requestFor,
  responseTo,
  type SignedIn,
  signedIn,
  withLogout,
} from '../journeys/upstream-logout.ts'
import { pem, testSigner } from '../xml/signers.ts'

let bridge: TestBridge
let idp: LogoutIdp
let alice: SignedIn
let stranger: Signer
const active = async (who: SignedIn) => (await introspect(bridge, who.tokens.accessToken)).active

beforeAll(async () => {
  bridge = await startBridge()
  idp = await withLogout(bridge)
  stranger = await testSigner('RS256', 'nobody')
  alice = await signedIn(bridge)
})
afterAll(() => bridge.stop())

type Sent = { url: string; form?: Record<string, string> }

async function refusalOf({ url, form }: Sent): Promise<[number, string | undefined]> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'text/html' },
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  })
  const next = response.headers.get('location')
  // A posted answer waits for the browser; what it is worth shows when it comes.
  if (next?.includes('/slo/')) return refusalOf({ url: new URL(next, url).href })
  return [response.status, /<code>([a-z_.]+)<\/code>/.exec(await response.text())?.[1]]
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const text = ({ head, tail }: { head: string; tail: string }): string => head + tail
const packed = (xml: string): string => encodeURIComponent(deflateRawSync(xml).toString('base64'))
const by = (form: Record<string, string>): Sent => ({ url: idp.service, form })
const genuine = (change: Parameters<typeof requestFor>[2] = {}) => requestFor(idp, alice, change)
const signed = async (query: string, signer = idp.signer): Promise<Sent> => {
  const signature = (await signer.sign(query)).toString('base64')
  return { url: `${idp.service}?${query}&Signature=${encodeURIComponent(signature)}` }
}
/** The genuine address, bent. */
const bent = async (bend: (query: string) => string): Promise<Sent> => {
  const url = await byRedirect(idp, genuine(), { relayState: 'abc' })
  const query = bend(url.slice(url.indexOf('?') + 1))
  return { url: `${idp.service}?${query}` }
}
const part = (query: string, name: string): string =>
  query.split('&').find((pair) => pair.startsWith(`${name}=`)) as string

const cases: Record<string, () => Promise<Sent> | Sent> = {
  '#80 a request that nobody signed, by redirect': () => ({
    url: `${idp.service}?SAMLRequest=${packed(text(genuine()))}`,
  }),
  '#80 the same with an algorithm and no signature': () => ({
    url: `${idp.service}?SAMLRequest=${packed(text(genuine()))}&SigAlg=${encodeURIComponent(ALG.rsaSha256)}`,
  }),
  '#80 a request that nobody signed, by POST': () => by({ SAMLRequest: base64(text(genuine())) }),
  '#80 an answer that nobody signed, by redirect': () => ({
    url: `${idp.service}?SAMLResponse=${packed(text(responseTo(idp, '_x')))}`,
  }),
  '#80 an answer that nobody signed, by POST': () =>
    by({ SAMLResponse: base64(text(responseTo(idp, '_x'))) }),
  '#80 signed by a key that is not pinned, by redirect': async () => ({
    url: await byRedirect(idp, genuine(), { signer: stranger }),
  }),
  '#80 signed by a key that is not pinned, by POST': async () =>
    by({ SAMLRequest: base64(await enveloped(genuine(), stranger)) }),
  '#80 changed after it was signed': async () => {
    const xml = await enveloped(genuine(), idp.signer)
    return by({ SAMLRequest: base64(xml.replace(alice.sessionIndex, '_other')) })
  },
  '#80 signed inside, sent by redirect without a signature over the query': async () => ({
    url: `${idp.service}?SAMLRequest=${packed(await enveloped(genuine(), idp.signer))}`,
  }),
  '#80 signed inside and out: by redirect the XML carries no signature': async () =>
    signed(
      `SAMLRequest=${packed(await enveloped(genuine(), idp.signer))}&SigAlg=${encodeURIComponent(ALG.rsaSha256)}`,
    ),
  '#80 an unsigned request around a signed one': async () => {
    const inner = await enveloped(genuine(), idp.signer)
    const { head, tail } = genuine()
    const extensions = `<samlp:Extensions>${inner}</samlp:Extensions>`
    return by({ SAMLRequest: base64(head + extensions + tail) })
  },
  '#81 SAMLRequest twice': () => bent((query) => `${part(query, 'SAMLRequest')}&${query}`),
  '#81 SigAlg twice': () => bent((query) => `${query}&${part(query, 'SigAlg')}`),
  '#81 Signature twice': () => bent((query) => `${query}&${part(query, 'Signature')}`),
  '#81 RelayState twice': () => bent((query) => query.replace('&SigAlg', '&RelayState=abc&SigAlg')),
  '#81 another order': () =>
    bent((query) =>
      ['RelayState', 'SAMLRequest', 'SigAlg', 'Signature'].map((name) => part(query, name)).join('&'),
    ),
  '#81 encoded otherwise': () => bent((query) => query.replaceAll('%2F', '%2f').replaceAll('%3D', '%3d')),
  '#81 a stranger among the parameters': () => bent((query) => `${query}&x=1`),
  '#81 another RelayState than was signed': () =>
    bent((query) => query.replace('RelayState=abc', 'RelayState=evil')),
  '#81 RSA-SHA1': () =>
    signed(
      `SAMLRequest=${packed(text(genuine()))}&SigAlg=${encodeURIComponent('http://www.w3.org/2000/09/xmldsig#rsa-sha1')}`,
    ),
  '#81 HMAC by the public key': () =>
    signed(
      `SAMLRequest=${packed(text(genuine()))}&SigAlg=${encodeURIComponent('http://www.w3.org/2000/09/xmldsig#hmac-sha1')}`,
    ),
  '#81 both messages, by redirect': () =>
    bent((query) =>
      query.replace('&RelayState', `&SAMLResponse=${packed(text(responseTo(idp, '_x')))}&RelayState`),
    ),
  '#81 both messages, by POST': async () => {
    const xml = base64(await enveloped(genuine(), idp.signer))
    return by({ SAMLRequest: xml, SAMLResponse: xml })
  },
  '#81 a request that says it is an answer': async () => {
    const url = await byRedirect(idp, genuine(), { name: 'SAMLResponse' })
    return { url }
  },
  '#48 a DEFLATE bomb': () =>
    signed(`SAMLRequest=${packed('<a>'.padEnd(2_000_000, 'a'))}&SigAlg=${encodeURIComponent(ALG.rsaSha256)}`),
  '#65 another issuer': async () => ({
    url: await byRedirect(idp, genuine({ issuer: 'https://evil.example' })),
  }),
  '#54 meant for another service': async () => ({
    url: await byRedirect(idp, genuine({ destination: 'https://other.example/slo' })),
  }),
  '#60 of an hour ago': async () => ({ url: await byRedirect(idp, genuine({ now: Date.now() - 3600_000 })) }),
  '#60 of tomorrow': async () => ({ url: await byRedirect(idp, genuine({ now: Date.now() + 86_400_000 })) }),
}

// `request`: it would hold alone; two messages in one form are refused before either is read.
const causes: Readonly<Record<string, string>> = {
  '#80 a request that nobody signed, by redirect': 'saml.signature_missing',
  '#80 the same with an algorithm and no signature': 'saml.signature_missing',
  '#80 a request that nobody signed, by POST': 'saml.signature_missing',
  '#80 an answer that nobody signed, by redirect': 'saml.signature_missing',
  '#80 an answer that nobody signed, by POST': 'saml.signature_missing',
  '#80 signed by a key that is not pinned, by redirect': 'saml.signature_invalid',
  '#80 signed by a key that is not pinned, by POST': 'saml.signature_invalid',
  '#80 changed after it was signed': 'saml.signature_invalid',
  '#80 signed inside, sent by redirect without a signature over the query': 'saml.signature_missing',
  '#80 signed inside and out: by redirect the XML carries no signature': 'saml.shape',
  '#80 an unsigned request around a signed one': 'saml.shape',
  '#81 SAMLRequest twice': 'saml.malformed',
  '#81 SigAlg twice': 'saml.malformed',
  '#81 Signature twice': 'saml.malformed',
  '#81 RelayState twice': 'saml.malformed',
  '#81 another order': 'saml.malformed',
  '#81 encoded otherwise': 'saml.signature_invalid',
  '#81 a stranger among the parameters': 'saml.malformed',
  '#81 another RelayState than was signed': 'saml.signature_invalid',
  '#81 RSA-SHA1': 'saml.algorithm',
  '#81 HMAC by the public key': 'saml.signature_invalid',
  '#81 both messages, by redirect': 'saml.malformed',
  '#81 both messages, by POST': 'request',
  '#81 a request that says it is an answer': 'saml.shape',
  '#48 a DEFLATE bomb': 'saml.malformed',
  '#65 another issuer': 'saml.issuer',
  '#54 meant for another service': 'saml.destination',
  '#60 of an hour ago': 'saml.expired',
  '#60 of tomorrow': 'saml.not_yet_valid',
}

/** Which check of the bridge's own refuses it: people are told one code for all. */
function causeOf({ url, form }: Sent): string {
  const [name = 'SAMLRequest', value = ''] = Object.entries(form ?? {})[0] ?? []
  const message: LogoutMessage = form
    ? { binding: 'post', name: name as 'SAMLRequest', value }
    : { binding: 'redirect', query: url.slice(url.indexOf('?') + 1) }
  const { entityId: idpEntityId, service: destination } = idp
  const expected = { idpEntityId, idpCertificates: [pem(idp.signer)], destination, now: Date.now() }
  try {
    return checkLogout(message, { ...expected, skewSeconds: 60 }).kind
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error)
  }
}

describe('a logout message that does not hold ends nothing', () => {
  test.each(Object.entries(cases))('%s', async (name, make) => {
    const sent = await make()
    expect(causeOf(sent)).toBe(causes[name])
    expect(await refusalOf(sent)).toEqual([400, 'logout.refused'])
    expect(await active(alice)).toBe(true)
  })
  test('#73 a customer of another name, format or qualifier is another customer', async () => {
    const { nameId } = alice
    const others = [
      { ...nameId, value: nameId.value.toUpperCase() },
      { ...nameId, format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified' },
      { ...nameId, nameQualifier: 'https://evil.example' },
    ]
    for (const name of others)
      await fetch(await byRedirect(idp, genuine({ nameId: name })), { redirect: 'manual' })
    await fetch(await byRedirect(idp, genuine({ sessionIndex: '_other' })), { redirect: 'manual' })
    expect(await active(alice)).toBe(true)
  })
  test('#59 the same request again is refused', async () => {
    const url = await byRedirect(idp, genuine({ sessionIndex: '_other' }))
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(303)
    expect(await refusalOf({ url })).toEqual([400, 'logout.refused'])
  })
  test('control: the same generator unbent ends the session, by redirect and by POST', async () => {
    const bob = await signedIn(bridge, 'bob')
    const { url } = await bent((query) => query)
    expect(causeOf({ url })).toBe('request')
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(303)
    expect(await active(alice)).toBe(false)
    expect(await active(bob)).toBe(true)
    const xml = await enveloped(requestFor(idp, bob), idp.signer)
    const posted = await fetch(idp.service, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ SAMLRequest: base64(xml) }),
    })
    expect(posted.status).toBe(303)
    expect(await active(bob)).toBe(false)
  })
})
