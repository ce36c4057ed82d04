// Private keys that can only unwrap content keys, over node:crypto.
import { constants, createPrivateKey, type KeyObject, privateDecrypt, randomBytes } from 'node:crypto'
import type { WrappedKey } from '../../domain/saml-answer.ts'
import type { Decrypter } from '../../ports/key-store.ts'

export interface DecrypterKey {
  readonly certificate: string
  readonly privateJwk: Readonly<Record<string, unknown>>
}

export const decrypterOf = (key: DecrypterKey): Decrypter => decrypterOfAll([key])

/**
 * Of the keys that peers may still encrypt to; the first one's certificate is the one to encrypt to now. Every key is
 * tried, also after one has fitted: which of them it was, or that none was, is not told by how long it took (attack 76).
 */
export function decrypterOfAll(given: readonly DecrypterKey[]): Decrypter {
  const keys = given.map(({ privateJwk }) => createPrivateKey({ key: privateJwk as never, format: 'jwk' }))
  return {
    certificate: given[0]?.certificate ?? '',
    async unwrap(wrapped) {
      // Drawn before, so that both ends take the same steps.
      const chance = randomBytes(wrapped.keyBytes)
      const found = keys.map((key) => unwrapped(key, wrapped))
      return found.find((content) => content.length === wrapped.keyBytes) ?? chance
    },
  }
}

const nothing = Buffer.alloc(0)

function unwrapped(key: KeyObject, { value, hash }: WrappedKey): Buffer {
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return privateDecrypt({ key, padding, oaepHash: hash }, Buffer.from(value, 'base64'))
  } catch {
    return nothing
  }
}
