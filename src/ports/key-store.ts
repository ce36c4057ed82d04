// Keys of an institution: one per purpose (ruling R-11); those of its connections are in own-keys. Private keys never leave the store; callers hold a Signer or a Decrypter.
import type { WrappedKey } from '../domain/saml-answer.ts'

export const keyPurposes = ['id-token', 'assertion', 'message', 'checkpoint', 'evidence'] as const
export type KeyPurpose = (typeof keyPurposes)[number]

export const secretPurposes = [
  'pin-pepper',
  'cookies',
  'dpop-nonce',
  'pairwise',
  'form-token',
  'accounts',
  'addresses',
  'codes',
  'audit-salt',
  'field-encryption',
  'receipts',
  'answer-pepper',
  'numbers',
] as const
export type SecretPurpose = (typeof secretPurposes)[number]

/** A private key that can only sign. `sign` resolves with the raw signature: PKCS #1 v1.5 for RS256, r||s for ES256. */
export interface Signer {
  readonly kid: string
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA'
  /** The certificate as base64 DER without armour; empty for purposes that need none (id-token, checkpoint, evidence). */
  readonly certificate: string
  sign(data: string | Uint8Array): Promise<Buffer>
}

/** A private key that can only unwrap content keys (RSA-OAEP, XML Encryption 1.1, 5.5.2). */
export interface Decrypter {
  /** The certificate as base64 DER without armour, for those who encrypt to us. */
  readonly certificate: string
  /** Resolves with bytes of chance where the key does not fit: nobody is told that it did not (attack 76). */
  unwrap(wrapped: WrappedKey): Promise<Uint8Array>
}

/** Keys of institutions. A key that is missing is made once, by whichever node comes first; all nodes then see the same. */
export interface KeyStore {
  /**
   * Opens the institution's keys, making what is missing. Before a unit of work begins: a key that is first needed inside
   * one would wait for the database that the unit holds.
   */
  ready(institution: string): Promise<void>
  /** `scope` names a core that must have a message key of its own (ruling R-28). */
  signer(institution: string, purpose: KeyPurpose, scope?: string): Promise<Signer>
  /** The public half as a JWK with `kid`, `alg`, `use`. */
  publicJwk(institution: string, purpose: KeyPurpose): Promise<Readonly<Record<string, unknown>>>
  /** Every public half that this purpose ever had, the one that signs now first: what an older one signed is still read. */
  publicJwks(institution: string, purpose: KeyPurpose): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** The private JWK, for the one library that cannot sign through us; only `id-token` is given out. */
  privateJwk(institution: string, purpose: 'id-token'): Promise<Readonly<Record<string, unknown>>>
  /** 32 bytes derived from the master key for this institution and purpose (HKDF-SHA256); the same on every node. */
  secret(institution: string, purpose: SecretPurpose): Uint8Array
}
