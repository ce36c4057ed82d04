// An authority that issues certificates for requests, as banks have one.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto as Crypto)
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}
const dayMs = 24 * 3600_000

export interface Issue {
  readonly now: number
  /** Days from now. */
  readonly from?: number
  readonly until?: number
  readonly hash?: 'SHA-1' | 'SHA-256'
  readonly ca?: boolean
  readonly usage?: x509.KeyUsageFlags | undefined
}

export async function startAuthority() {
  const keys = (await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify'])) as CryptoKeyPair
  const signingAlgorithm = { name: rsa.name, hash: 'SHA-256' }
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Alder CA',
    keys,
    signingAlgorithm,
  })
  return {
    /** Its own certificate, PEM. */
    pem: own.toString('pem'),
    /** A certificate for what the request names. Throws where the request is not signed by its key. */
    async issue(
      csr: string,
      { now, from = -1, until = 365, hash = 'SHA-256', ca = false, usage }: Issue,
    ): Promise<string> {
      const request = new x509.Pkcs10CertificateRequest(csr)
      if (!(await request.verify())) throw new Error('the request proves nothing')
      const certificate = await x509.X509CertificateGenerator.create({
        subject: request.subject,
        issuer: own.subject,
        publicKey: request.publicKey,
        notBefore: new Date(now + from * dayMs),
        notAfter: new Date(now + until * dayMs),
        signingKey: await withHash(keys.privateKey, hash),
        signingAlgorithm: { name: rsa.name, hash },
        extensions: [
          new x509.BasicConstraintsExtension(ca),
          ...(usage === undefined ? [] : [new x509.KeyUsagesExtension(usage)]),
        ],
      })
      return certificate.toString('pem')
    },
  }
}

/** WebCrypto binds a key to its hash. */
async function withHash(key: CryptoKey, hash: string): Promise<CryptoKey> {
  const jwk = await webcrypto.subtle.exportKey('jwk', key)
  const { alg: _alg, ...bare } = jwk
  return (await webcrypto.subtle.importKey('jwk', bare, { name: rsa.name, hash }, false, [
    'sign',
  ])) as CryptoKey
}
