// Mutual TLS towards the provider (RFC 8705), over real TLS with an authority of its own.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Signer } from '../../src/ports/key-store.ts'
import { type Op, startOp } from '../plugins/hostile-op.ts'
import { verdictBy } from '../plugins/oidc-walk.ts'
import { testSigner } from '../xml/signers.ts'

x509.cryptoProvider.set(webcrypto as Crypto)
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

async function identity(name: string) {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  })
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  const body = Buffer.from(pkcs8).toString('base64').replace(/.{64}/g, '$&\n')
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
  }
}

type Identity = Awaited<ReturnType<typeof identity>>
let op: Op
let signer: Signer
let provider: Identity
let bridge: Identity
let stranger: Identity
beforeAll(async () => {
  ;[provider, bridge, stranger, signer] = await Promise.all([
    ...['provider', 'bridge', 'stranger'].map(identity),
    testSigner('ES256'),
  ] as [Promise<Identity>, Promise<Identity>, Promise<Identity>, Promise<Signer>])
  op = await startOp({ ...provider, ca: bridge.cert, requestCert: true, rejectUnauthorized: true })
})
afterAll(() => op.stop())

const settings = () => ({
  clientAuth: 'self_signed_tls_client_auth',
  clientSecret: undefined,
  tlsCertificate: bridge.cert,
  tlsKey: bridge.key,
  tlsAuthority: provider.cert,
})
const verdict = (change: object = {}) => verdictBy({ op, signer }, { settings: { ...settings(), ...change } })

test('control: our certificate opens the door, and no secret travels', async () => {
  expect(await verdict()).toBe('accepted customer-1')
  expect(op.certifiedAs()).toBe('bridge')
  const [request] = op.requests
  expect(request?.authorization).toBeUndefined()
  expect([...(request?.form.keys() ?? [])]).not.toContain('client_secret')
  expect(request?.form.get('client_id')).toBe('bridge')
})
test('a provider whose certificate is of another authority is not believed', async () => {
  expect(await verdict({ tlsAuthority: stranger.cert })).toBe('fetch.failed')
  expect(await verdict({ tlsAuthority: undefined })).toBe('fetch.failed')
})
test('another certificate than the one that the provider knows', async () => {
  expect(await verdict({ tlsCertificate: stranger.cert, tlsKey: stranger.key })).toBe('fetch.failed')
})
test('the settings say what is missing', async () => {
  await expect(verdict({ tlsKey: undefined })).rejects.toThrow()
  await expect(verdict({ tlsCertificate: 'no certificate' })).rejects.toThrow()
})
