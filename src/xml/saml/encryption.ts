// Encrypted assertions (SAML Core 2.3.4, XML Encryption 1.1): what we accept, and how one is opened (duty D18).
import { createDecipheriv } from 'node:crypto'
import type { XmlElement } from 'libxml2-wasm'
import { Refusal } from '../../domain/refusal.ts'
import type { WrappedKey } from '../../domain/saml-answer.ts'
import { attribute, children, isNamed, named, one, optional, textOf, XmlShape } from '../element.ts'
import { ENC, NS } from '../names.ts'

/** Finds the content key of an answer; never says whether the wrapped key was a good one (attack 76). */
export type Unwrap = (wrapped: WrappedKey) => Uint8Array

interface Cipher {
  readonly name: `aes-${128 | 192 | 256}-${'gcm' | 'cbc'}`
  readonly keyBytes: WrappedKey['keyBytes']
}

const ciphers: Readonly<Record<string, Cipher>> = {
  [ENC.aes128Gcm]: { name: 'aes-128-gcm', keyBytes: 16 },
  [ENC.aes192Gcm]: { name: 'aes-192-gcm', keyBytes: 24 },
  [ENC.aes256Gcm]: { name: 'aes-256-gcm', keyBytes: 32 },
  [ENC.aes128Cbc]: { name: 'aes-128-cbc', keyBytes: 16 },
  [ENC.aes256Cbc]: { name: 'aes-256-cbc', keyBytes: 32 },
}

const digests: Readonly<Record<string, WrappedKey['hash']>> = {
  [ENC.sha1]: 'sha1',
  [ENC.sha256]: 'sha256',
  [ENC.sha384]: 'sha384',
  [ENC.sha512]: 'sha512',
}

const masks: Readonly<Record<string, WrappedKey['hash']>> = {
  [ENC.mgf1Sha1]: 'sha1',
  [ENC.mgf1Sha256]: 'sha256',
  [ENC.mgf1Sha384]: 'sha384',
  [ENC.mgf1Sha512]: 'sha512',
}

const refusal = (check: string, actual?: string): Refusal =>
  new Refusal('saml.encrypted', {
    check,
    expected: wanted[check] ?? 'one that opens',
    ...(actual !== undefined && { actual }),
  })

/** What would have been taken, by the name of the check. */
const wanted: Readonly<Record<string, string>> = {
  'encrypted type': ENC.element,
  'content encryption': 'aes128-gcm, aes192-gcm or aes256-gcm',
  'encrypted keys': '1',
  'key transport': 'rsa-oaep-mgf1p or rsa-oaep',
  'key transport parameters': 'one hash for digest and mask, no others',
  'cipher value': 'base64',
}

export interface EncryptedAssertion {
  readonly wrapped: WrappedKey
  readonly cipher: Cipher
  readonly data: Buffer
  /** CBC tells nothing of who made it: only under a verified outer signature, and where the connection allows it. */
  readonly authentic: boolean
}

/**
 * Reads one EncryptedAssertion: EncryptedData of type Element with one EncryptedKey, inside its KeyInfo or beside it.
 * References between the two are not followed (attack 79). Refuses other algorithms by `saml.encrypted` {check, actual}.
 */
export function readEncrypted(element: XmlElement): EncryptedAssertion {
  const data = one(element, NS.xenc, 'EncryptedData')
  const type = attribute(data, 'Type')
  if (type !== undefined && type !== ENC.element) throw refusal('encrypted type', type)
  const method = one(data, NS.xenc, 'EncryptionMethod')
  const algorithm = attribute(method, 'Algorithm') ?? '(none)'
  const cipher = Object.hasOwn(ciphers, algorithm) ? ciphers[algorithm] : undefined
  if (cipher === undefined || children(method).length > 0) throw refusal('content encryption', algorithm)
  const wrapped = wrappedOf(encryptedKey(element, data), cipher.keyBytes)
  return { wrapped, cipher, data: cipherValue(data), authentic: cipher.name.endsWith('gcm') }
}

function encryptedKey(element: XmlElement, data: XmlElement): XmlElement {
  const info = optional(data, NS.ds, 'KeyInfo')
  const found = [
    ...(info ? named(info, NS.xenc, 'EncryptedKey') : []),
    ...named(element, NS.xenc, 'EncryptedKey'),
  ]
  const [key, second] = found
  if (key === undefined || second) throw refusal('encrypted keys', String(found.length))
  return key
}

/** RSA-OAEP with one hash for label and mask, which is all that node:crypto does; RSA 1.5 is never read (attack 77). */
function wrappedOf(key: XmlElement, keyBytes: WrappedKey['keyBytes']): WrappedKey {
  const method = one(key, NS.xenc, 'EncryptionMethod')
  const algorithm = attribute(method, 'Algorithm') ?? '(none)'
  if (algorithm !== ENC.oaepMgf1p && algorithm !== ENC.oaep) throw refusal('key transport', algorithm)
  const strangers = children(method).filter(
    (child) => !isNamed(child, NS.ds, 'DigestMethod') && !isNamed(child, NS.xenc11, 'MGF'),
  )
  if (strangers[0]) throw refusal('key transport parameters', strangers[0].name)
  const digest = optional(method, NS.ds, 'DigestMethod')
  const mask = optional(method, NS.xenc11, 'MGF')
  // XML Encryption 1.1, 5.5.2: both hashes are SHA-1 where nothing else is said, and mgf1p means MGF1 with SHA-1.
  const hash = digest ? digests[attribute(digest, 'Algorithm') ?? ''] : 'sha1'
  const masked = mask ? masks[attribute(mask, 'Algorithm') ?? ''] : 'sha1'
  if (hash === undefined || masked === undefined || (mask && algorithm === ENC.oaepMgf1p))
    throw refusal('key transport parameters', `${hash}, ${masked}`)
  if (hash !== masked) throw refusal('key transport parameters', `digest ${hash}, mask ${masked}`)
  return { value: cipherValue(key).toString('base64'), hash, keyBytes }
}

function cipherValue(holder: XmlElement): Buffer {
  const data = one(holder, NS.xenc, 'CipherData')
  const text = textOf(one(data, NS.xenc, 'CipherValue')).replace(/[\t\n\r ]+/g, '')
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === 0 || bytes.toString('base64') !== text) throw refusal('cipher value', 'not base64')
  return bytes
}

/** The one thing that is said of a decryption that failed. */
export const notOpened = {
  check: 'decryption',
  expected: 'an assertion that opens by our key',
  actual: 'it does not',
} as const

/** The plaintext. Whatever goes wrong, one refusal says so and nothing more. */
export function opened({ cipher, data, wrapped }: EncryptedAssertion, unwrap: Unwrap): Buffer {
  const key = unwrap(wrapped)
  try {
    return cipher.name.endsWith('gcm') ? openGcm(cipher, data, key) : openCbc(cipher, data, key)
  } catch {
    throw new Refusal('saml.encrypted', notOpened)
  }
}

/** XML Encryption 1.1, 5.2.4: twelve bytes of nonce, the text, sixteen of tag. */
function openGcm({ name }: Cipher, data: Buffer, key: Uint8Array): Buffer {
  if (data.length < 12 + 16) throw new XmlShape('too short')
  const decipher = createDecipheriv(name as 'aes-128-gcm', key, data.subarray(0, 12), { authTagLength: 16 })
  decipher.setAuthTag(data.subarray(-16))
  return Buffer.concat([decipher.update(data.subarray(12, -16)), decipher.final()])
}

/** XML Encryption 1.1, 5.2.2: the last byte says how many bytes are padding; the others of them are anything. */
function openCbc({ name }: Cipher, data: Buffer, key: Uint8Array): Buffer {
  const decipher = createDecipheriv(name, key, data.subarray(0, 16)).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(data.subarray(16)), decipher.final()])
  const padding = padded.at(-1) ?? 0
  if (padding < 1 || padding > 16 || padding > padded.length) throw new XmlShape('padding')
  return padded.subarray(0, padded.length - padding)
}
