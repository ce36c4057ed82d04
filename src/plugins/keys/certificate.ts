// Self-signed certificates for our own keys: peers pin them, so that no authority is asked.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto as Crypto)

export interface CertificateRequest {
  readonly subject: string
  readonly use: 'sig' | 'enc'
  readonly privateJwk: Readonly<Record<string, unknown>>
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly algorithm: 'RS256' | 'ES256'
  readonly notBefore: Date
  readonly years: number
}

const algorithms = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const

const usages = { sig: x509.KeyUsageFlags.digitalSignature, enc: x509.KeyUsageFlags.keyEncipherment } as const

/** A self-signed certificate (RFC 5280) as base64 DER without armour. */
export async function selfSigned(request: CertificateRequest): Promise<string> {
  const algorithm = algorithms[request.algorithm]
  const { subtle } = webcrypto
  const bare = ({ kid: _kid, alg: _alg, use: _use, ...jwk }: Record<string, unknown>) => jwk as JsonWebKey
  const privateKey = await subtle.importKey('jwk', bare({ ...request.privateJwk }), algorithm, true, ['sign'])
  const publicKey = await subtle.importKey('jwk', bare({ ...request.publicJwk }), algorithm, true, ['verify'])
  const notAfter = new Date(request.notBefore)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + request.years)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${request.subject.replace(/[^\w .:-]/g, '-')}`,
    notBefore: request.notBefore,
    notAfter,
    keys: { privateKey, publicKey } as CryptoKeyPair,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(usages[request.use], true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey as CryptoKey),
    ],
  })
  return Buffer.from(certificate.rawData).toString('base64')
}
