// Encrypting assertions as an IdP does, and the handles by which each attack changes that.
import {
  constants,
  createCipheriv,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { ENC, NS } from '../../../src/xml/names.ts'
import type { Unwrap } from '../../../src/xml/saml/encryption.ts'

export const receiver = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** As the key store does it, with the private key at hand. */
export const unwrapBy =
  (key: KeyObject): Unwrap =>
  ({ value, hash, keyBytes }) => {
    try {
      const padding = constants.RSA_PKCS1_OAEP_PADDING
      return privateDecrypt({ key, padding, oaepHash: hash }, Buffer.from(value, 'base64'))
    } catch {
      return randomBytes(keyBytes)
    }
  }

export interface EncryptionForm {
  readonly algorithm?: string
  readonly transport?: string
  /** Children of the key's EncryptionMethod. */
  readonly parameters?: string
  readonly hash?: string
  readonly padding?: number
  /** The EncryptedKey beside the EncryptedData, with a RetrievalMethod by this URI. */
  readonly retrieval?: string
  readonly publicKey?: KeyObject
  readonly twist?: (xml: string) => string
}

const bits = (algorithm: string): number => Number(/aes(128|192|256)|tripledes/.exec(algorithm)?.[1] ?? 192)

function cipherText(algorithm: string, key: Buffer, plain: Buffer): Buffer {
  if (algorithm.endsWith('gcm')) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv(`aes-${bits(algorithm)}-gcm` as 'aes-128-gcm', key, nonce)
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }
  const name = algorithm.includes('tripledes') ? 'des-ede3-cbc' : `aes-${bits(algorithm)}-cbc`
  const iv = randomBytes(algorithm.includes('tripledes') ? 8 : 16)
  const cipher = createCipheriv(name, key, iv)
  return Buffer.concat([iv, cipher.update(plain), cipher.final()])
}

/** One EncryptedAssertion around this text. */
export function encrypted(plain: string | Buffer, form: EncryptionForm = {}): string {
  const {
    algorithm = ENC.aes256Gcm,
    transport = ENC.oaepMgf1p,
    hash = 'sha1',
    parameters = '',
    retrieval,
  } = form
  const key = randomBytes(bits(algorithm) / 8)
  const padding = form.padding ?? constants.RSA_PKCS1_OAEP_PADDING
  const wrapped = publicEncrypt({ key: form.publicKey ?? receiver.publicKey, padding, oaepHash: hash }, key)
  const value = (bytes: Buffer) =>
    `<xenc:CipherData><xenc:CipherValue>${bytes.toString('base64')}</xenc:CipherValue></xenc:CipherData>`
  const encryptedKey = `<xenc:EncryptedKey Id="_key"><xenc:EncryptionMethod Algorithm="${transport}">${parameters}</xenc:EncryptionMethod>${value(wrapped)}</xenc:EncryptedKey>`
  const inside =
    retrieval === undefined
      ? encryptedKey
      : `<ds:RetrievalMethod Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey" URI="${retrieval}"></ds:RetrievalMethod>`
  const xml =
    `<saml:EncryptedAssertion xmlns:saml="${NS.saml2}"><xenc:EncryptedData xmlns:xenc="${NS.xenc}" Type="${ENC.element}">` +
    `<xenc:EncryptionMethod Algorithm="${algorithm}"></xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="${NS.ds}">${inside}</ds:KeyInfo>` +
    `${value(cipherText(algorithm, key, Buffer.from(plain)))}</xenc:EncryptedData>` +
    `${retrieval === undefined ? '' : encryptedKey.replace('<xenc:EncryptedKey', `<xenc:EncryptedKey xmlns:xenc="${NS.xenc}"`)}</saml:EncryptedAssertion>`
  return form.twist ? form.twist(xml) : xml
}
