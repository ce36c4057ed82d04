// Hashing of PINs: argon2id, then an HMAC with a pepper that is not in the database (ruling R-20).
import { argon2, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import type { KeyStore } from '../../ports/key-store.ts'
import type { PinHash } from '../../ports/pin-hash.ts'

// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane; near 50 ms here.
const parameters = { memory: 19 * 1024, passes: 2, parallelism: 1, tagLength: 32 }
// A flood of PINs must not take all memory: the others wait.
const atOnce = 4

const hash = promisify(argon2)

export function createPinHash(keys: KeyStore): PinHash {
  const limit = pLimit(atOnce)
  const tag = (institution: string, pin: string, nonce: Buffer) =>
    limit(async () => {
      const slow = await hash('argon2id', { message: pin, nonce, ...parameters })
      return createHmac('sha256', keys.secret(institution, 'pin-pepper')).update(slow).digest()
    })
  return {
    async make(institution, pin) {
      const nonce = randomBytes(16)
      const value = await tag(institution, pin, nonce)
      const { memory, passes, parallelism } = parameters
      return `$hmac-argon2id$v=1$m=${memory},t=${passes},p=${parallelism}$${nonce.toString('base64url')}$${value.toString('base64url')}`
    },
    async matches(institution, pin, verifier) {
      const [, scheme, version, , nonce, value] = verifier.split('$')
      if (scheme !== 'hmac-argon2id' || version !== 'v=1' || nonce === undefined || value === undefined)
        return false
      const expected = Buffer.from(value, 'base64url')
      const actual = await tag(institution, pin, Buffer.from(nonce, 'base64url'))
      return expected.length === actual.length && timingSafeEqual(expected, actual)
    },
  }
}
