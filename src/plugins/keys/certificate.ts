// Self-signed certificates for our own keys, since peers pin them; and requests, where a peer wants an authority to be asked.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto as Crypto)

export interface CertifiedKey {
  readonly subject: string
  readonly use: 'sig' | 'enc'
  readonly privateJwk: Readonly<Record<string, unknown>>
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly algorithm: 'RS256' | 'ES256'
}

export interface CertificateRequest extends CertifiedKey {
  readonly notBefore: Date
  readonly years: number
}

const algorithms = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const

const usages = { sig: x509.KeyUsageFlags.digitalSignature, enc: x509.KeyUsageFlags.keyEncipherment } as const

const nameOf = ({ subject }: CertifiedKey): string => `CN=${subject.replace(/[^\w .:-]/g, '-')}`

async function pairOf({ privateJwk, publicJwk, algorithm }: CertifiedKey): Promise<CryptoKeyPair> {
  const { subtle } = webcrypto
  const bare = ({ kid: _kid, alg: _alg, use: _use, ...jwk }: Record<string, unknown>) => jwk as JsonWebKey
  const by = algorithms[algorithm]
  const privateKey = await subtle.importKey('jwk', bare({ ...privateJwk }), by, true, ['sign'])
  const publicKey = await subtle.importKey('jwk', bare({ ...publicJwk }), by, true, ['verify'])
  return { privateKey, publicKey } as CryptoKeyPair
}

/** PKCS #10 (RFC 2986) as PEM: signed by the key itself, which proves to the authority that we hold it. */
export async function requestFor(key: CertifiedKey): Promise<string> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(key),
    keys: await pairOf(key),
    signingAlgorithm: algorithms[key.algorithm],
    extensions: [new x509.KeyUsagesExtension(usages[key.use], true)],
  })
  return `${request.toString('pem')}\n`
}

/** A self-signed certificate (RFC 5280) as base64 DER without armour. */
export async function selfSigned(request: CertificateRequest): Promise<string> {
  const algorithm = algorithms[request.algorithm]
  const keys = await pairOf(request)
  const notAfter = new Date(request.notBefore)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + request.years)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: nameOf(request),
    notBefore: request.notBefore,
    notAfter,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(usages[request.use], true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return Buffer.from(certificate.rawData).toString('base64')
}
