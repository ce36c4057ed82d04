// Keys of the demo's peers, made at start: nothing secret is ever in the repository.
import 'reflect-metadata'
import { generateKeyPair, randomBytes, sign, webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import * as x509 from '@peculiar/x509'
import type { Signer } from '../ports/key-store.ts'

x509.cryptoProvider.set(webcrypto as Crypto)

export interface PeerKey {
  readonly signer: Signer
  readonly pem: string
}

/** An RSA key with a self-signed certificate, as an IdP of a bank has one. */
export async function createPeerKey(name: string): Promise<PeerKey> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const keys = {
    privateKey: await webcrypto.subtle.importKey(
      'pkcs8',
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      algorithm,
      false,
      ['sign'],
    ),
    publicKey: await webcrypto.subtle.importKey(
      'spki',
      publicKey.export({ type: 'spki', format: 'der' }),
      algorithm,
      true,
      ['verify'],
    ),
  } as CryptoKeyPair
  const notBefore = new Date(Date.now() - 60_000)
  const notAfter = new Date(Date.now() + 90 * 24 * 3600_000)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore,
    notAfter,
    keys,
    signingAlgorithm: algorithm,
  })
  const signer: Signer = {
    kid: randomBytes(4).toString('hex'),
    algorithm: 'RS256',
    certificate: Buffer.from(certificate.rawData).toString('base64'),
    sign: async (data) => sign('sha256', Buffer.from(data as string), privateKey),
  }
  return { signer, pem: certificate.toString('pem') }
}
