// What kind of key each purpose has, and making one.
import { createHash, createPrivateKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import type { OwnKeyPurpose } from '../../domain/own-key.ts'
import type { KeyPurpose, Signer } from '../../ports/key-store.ts'
import { selfSigned } from './certificate.ts'

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>

export interface Kind {
  readonly algorithm: Signer['algorithm']
  readonly certified: boolean
  readonly make: () => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>
  readonly use?: 'enc'
}

const p256 = () => generate('ec', { namedCurve: 'P-256' })
const rsa = () => generate('rsa', { modulusLength: 2048 })
// Ruling R-25: SP keys are RSA, since IdPs of banks still know nothing else. For cores P-256 is far cheaper.
export const kinds: Readonly<Record<KeyPurpose | OwnKeyPurpose, Kind>> = {
  'id-token': { algorithm: 'ES256', certified: false, make: p256 },
  'saml-signing': { algorithm: 'RS256', certified: true, make: rsa },
  assertion: { algorithm: 'ES256', certified: true, make: p256 },
  message: { algorithm: 'ES256', certified: true, make: p256 },
  checkpoint: { algorithm: 'EdDSA', certified: false, make: () => generate('ed25519', {}) },
  evidence: { algorithm: 'ES256', certified: false, make: p256 },
  'client-assertion': { algorithm: 'ES256', certified: false, make: p256 },
  // Its certificate is signed by itself once, when it is made; after that the key only decrypts.
  'saml-decryption': { algorithm: 'RS256', certified: true, make: rsa, use: 'enc' },
}

export type Jwk = Readonly<Record<string, unknown>>

export interface MadeKey {
  readonly kid: string
  readonly algorithm: Signer['algorithm']
  readonly publicJwk: Jwk
  readonly privateJwk: Jwk
  /** Base64 DER without armour; empty where the purpose needs none. */
  readonly certificate: string
}

/** `subject` names the key for people, in its certificate. */
export async function makeKey(kind: Kind, subject: string, now: number): Promise<MadeKey> {
  const { algorithm, certified, make } = kind
  const use: 'sig' | 'enc' = kind.use ?? 'sig'
  const { publicKey, privateKey } = await make()
  const bare = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify(bare)).digest('base64url').slice(0, 16)
  const names = { kid, alg: algorithm, use }
  const publicJwk = { ...bare, ...names }
  const privateJwk = { ...privateKey.export({ format: 'jwk' }), ...names }
  const request = { subject, use, privateJwk, publicJwk, notBefore: new Date(now - 60_000), years: 3 }
  const certificate = certified
    ? await selfSigned({ ...request, algorithm: algorithm as 'RS256' | 'ES256' })
    : ''
  return { kid, algorithm, publicJwk, privateJwk, certificate }
}

/** Throws unless the certificate is for this very key: peers would come to trust a stranger's. */
export function certifies(certificate: string, key: Jwk, place: string): void {
  const privateKey = createPrivateKey({ key, format: 'jwk' } as never)
  if (!new X509Certificate(Buffer.from(certificate, 'base64')).checkPrivateKey(privateKey))
    throw new Error(`the certificate of the key ${place} is for another key`)
}
