// How the bridge proves itself to risk engines, judged by servers of the test's own: signatures, tokens, certificates.
import 'reflect-metadata'
import { createHmac, webcrypto } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import * as x509 from '@peculiar/x509'
import { generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { httpJsonEngine } from '../../src/plugins/risk/http-json.ts'
import { riskService } from '../../src/plugins/risk/service.ts'
import type { RiskProvider } from '../../src/ports/risk.ts'
import * as rig from './risk-engines.ts'

x509.cryptoProvider.set(webcrypto as Crypto)
const plugin = httpJsonEngine({ fetch: rig.openFetch })
const service = riskService({ fetch: rig.openFetch })

const body = async (req: IncomingMessage) => Buffer.concat(await req.toArray()).toString('utf8')
const answer = '{"event":"event-1","action":"allow"}'
const mapped = { request: { id: 'event.id' }, response: { action: 'answer.text("/action")' } }
const ask = (provider: RiskProvider) =>
  rig.outcome(provider.assess(rig.seen(rig.signIn, []), rig.within(20_000)))

/** An engine that lets in whom `judge` lets in, and answers others with 401. */
const engine = (judge: (req: IncomingMessage, text: string) => boolean | Promise<boolean>) =>
  rig.serving(async (req, res) => {
    const text = await body(req)
    res.setHeader('content-type', 'application/json').writeHead((await judge(req, text)) ? 200 : 401)
    res.end(answer)
  })

test('HMAC: time, method, target and body are signed, each of them', async () => {
  const hmacSecret = 'a secret that both sides have had for long'
  let changed = (lines: string[]) => lines
  const lines: string[][] = []
  const { url, stop } = await engine((req, text) => {
    const {
      'drawbridge-timestamp': at = '',
      'drawbridge-signature': given,
      'drawbridge-key': key,
    } = req.headers
    const own = ['v1', String(at), req.method ?? '', req.url ?? '', text]
    lines.push([...own, String(key)])
    const mac = createHmac('sha256', hmacSecret).update(changed(own).join('\n'), 'utf8').digest('hex')
    return given === `v1=${mac}`
  })
  const signed = { authentication: 'hmac', hmacSecret, keyId: 'k1' }
  const now = () => 1_790_000_000_999
  const asked = () => ask(rig.opened(plugin, { url: `${url}/a/b?c=d`, ...mapped, ...signed }, now))
  expect(await asked()).toBe('allow')
  expect(lines[0]).toEqual(['v1', '1790000000', 'POST', '/a/b?c=d', '{"id":"event-1"}', 'k1'])
  expect(await ask(rig.opened(service, { url, ...signed }, now))).toBe('allow')
  for (const place of [0, 1, 2, 3, 4]) {
    changed = (own) => own.with(place, 'x')
    expect(await asked()).toBe('status 401')
  }
  expect(
    await ask(rig.opened(plugin, { url, ...mapped, ...signed, hmacSecret: hmacSecret.toUpperCase() })),
  ).toBe('status 401')
  stop()
})

test.each([
  [
    { authentication: 'basic', username: 'bank', password: 'pä:ss' },
    'authorization',
    'Basic YmFuazpww6Q6c3M=',
  ],
  [{ authentication: 'bearer', token: 'abc' }, 'authorization', 'Bearer abc'],
  [{ authentication: 'header', keyHeader: 'Client-Key', apiKey: 'k' }, 'client-key', 'k'],
  [{ headers: { 'X-Tenant': 'alder' } }, 'x-tenant', 'alder'],
  [{}, 'authorization', undefined],
])('%j', async (access, header, value) => {
  const { url, stop } = await engine((req) => req.headers[header] === value)
  expect(await ask(rig.opened(plugin, { url, ...mapped, ...access }))).toBe('allow')
  stop()
})

async function issuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const asked: string[] = []
  let life: number | undefined = 300
  let spoilt: string | undefined
  let issued = 0
  const server = await rig.serving(async (req, res) => {
    asked.push(`${req.method} ${req.headers.authorization} ${await body(req)}`)
    issued += 1
    const jwt = new SignJWT({ n: issued }).setProtectedHeader({ alg: 'ES256' }).setAudience('risk')
    const token = { access_token: await jwt.sign(privateKey), token_type: 'bearer', expires_in: life }
    res.setHeader('content-type', 'application/json').end(spoilt ?? JSON.stringify(token))
  })
  const holds = async (req: IncomingMessage): Promise<number> => {
    const [scheme, token = ''] = (req.headers.authorization ?? '').split(' ')
    if (scheme !== 'Bearer') return 0
    return Number((await jwtVerify(token, publicKey, { audience: 'risk' })).payload.n)
  }
  const set = (next: { life?: number | undefined; spoilt?: string | undefined }) => {
    life = next.life
    spoilt = next.spoilt
  }
  return { ...server, asked, holds, set }
}

test('OAuth: one token for as long as it holds, another when it is not accepted', async () => {
  const tokens = await issuer()
  let least = 1
  const used: number[] = []
  const { url, stop } = await engine(async (req) => {
    used.push(await tokens.holds(req))
    return (used.at(-1) ?? 0) >= least
  })
  let now = 1_790_000_000_000
  const oauth = { tokenUrl: tokens.url, clientId: 'bank:1', clientSecret: 'ä b', scope: 'risk' }
  const provider = rig.opened(plugin, { url, ...mapped, authentication: 'oauth', ...oauth }, () => now)
  expect(await Promise.all([ask(provider), ask(provider), ask(provider)])).toEqual([
    'allow',
    'allow',
    'allow',
  ])
  // RFC 6749 2.3.1: each is form-encoded before it is joined.
  const basic = Buffer.from('bank%3A1:%C3%A4+b').toString('base64')
  expect(tokens.asked).toEqual([`POST Basic ${basic} grant_type=client_credentials&scope=risk`])
  now += 269_000
  expect(await ask(provider)).toBe('allow')
  expect(tokens.asked).toHaveLength(1)
  now += 2000
  expect(await ask(provider)).toBe('allow')
  expect(tokens.asked).toHaveLength(2)
  // Withdrawn over there: it is asked once more with another, and only once.
  least = 3
  expect(await ask(provider)).toBe('allow')
  expect(used).toEqual([1, 1, 1, 1, 2, 2, 3])
  least = 99
  expect(await ask(provider)).toBe('status 401')
  expect(tokens.asked).toHaveLength(4)
  stop()
  tokens.stop()
})

test.each([
  ['no token', '{"token_type":"bearer"}'],
  ['one of another kind', '{"access_token":"a","token_type":"mac"}'],
  ['one that is no header', '{"access_token":"a\\r\\nb: c","token_type":"bearer"}'],
  ['garbage', '<html>'],
])('OAuth: %s is none', async (_, spoilt) => {
  const tokens = await issuer()
  tokens.set({ spoilt })
  const oauth = { tokenUrl: tokens.url, clientId: 'bank', clientSecret: 's' }
  const settings = { url: 'http://127.0.0.1:9', ...mapped, authentication: 'oauth', ...oauth }
  expect(await ask(rig.opened(plugin, settings))).toBe('token no token')
  tokens.stop()
})

async function identity(name: string) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: `CN=${name}`, keys, signingAlgorithm: algorithm },
    extensions: [
      new x509.BasicConstraintsExtension(true),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  })
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  const pem = Buffer.from(pkcs8).toString('base64').replace(/.{64}/g, '$&\n')
  const key = `-----BEGIN PRIVATE KEY-----\n${pem}\n-----END PRIVATE KEY-----\n`
  return { cert: certificate.toString('pem'), key }
}

test('mutual TLS: our certificate lets us in, and no other engine is taken for ours', async () => {
  const [there, bridge, stranger] = await Promise.all(['engine', 'bridge', 'stranger'].map(identity))
  const names: unknown[] = []
  const options = { ...there, ca: bridge?.cert, requestCert: true, rejectUnauthorized: true }
  const server = createServer(options, (req, res) => {
    names.push((req.socket as TLSSocket).getPeerCertificate().subject.CN)
    res.setHeader('content-type', 'application/json').end(answer)
  })
  const { url, stop } = await rig.listening(server)
  const by = (who: typeof bridge, authority: typeof bridge) => {
    const tls = { tlsCertificate: who?.cert, tlsKey: who?.key, tlsAuthority: authority?.cert }
    return ask(rig.opened(service, { url: `https://${url}`, ...tls }))
  }
  expect(await by(bridge, there)).toBe('allow')
  expect(names).toEqual(['bridge'])
  expect(await by(stranger, there)).toMatch(/^connection/)
  expect(await by(bridge, stranger)).toBe('connection tls')
  expect(names).toEqual(['bridge'])
  stop()
})
