// A private key that can only unwrap content keys, over node:crypto.
import { constants, createPrivateKey, privateDecrypt, randomBytes } from 'node:crypto'
import type { Decrypter } from '../../ports/key-store.ts'

export interface DecrypterKey {
  readonly certificate: string
  readonly privateJwk: Readonly<Record<string, unknown>>
}

export function decrypterOf({ certificate, privateJwk }: DecrypterKey): Decrypter {
  const key = createPrivateKey({ key: privateJwk as never, format: 'jwk' })
  return {
    certificate,
    async unwrap({ value, hash, keyBytes }) {
      // Drawn before, so that both ends take the same steps.
      const chance = randomBytes(keyBytes)
      try {
        const padding = constants.RSA_PKCS1_OAEP_PADDING
        const found = privateDecrypt({ key, padding, oaepHash: hash }, Buffer.from(value, 'base64'))
        return found.length === keyBytes ? found : chance
      } catch {
        return chance
      }
    },
  }
}
