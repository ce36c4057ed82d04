// Hashing of PINs, and of answers to questions: argon2id, then an HMAC with a pepper that is not in the database (ruling R-20).
import { argon2, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import type { KeyStore } from '../../ports/key-store.ts'
import type { PinHash } from '../../ports/pin-hash.ts'

interface Cost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane; near 50 ms here.
const cost: Cost = { memory: 19 * 1024, passes: 2, parallelism: 1 }
// A verifier is read from the database: no row may make us spend more than this.
const most: Cost = { memory: 256 * 1024, passes: 16, parallelism: 4 }
// A flood of PINs must not take all memory, nor the last of the four threads that the other cryptography runs on.
const atOnce = 3

const hash = promisify(argon2)

interface Verifier {
  readonly cost: Cost
  readonly nonce: Buffer
  readonly value: Buffer
}

/** `$hmac-argon2id$v=1$m=KIB,t=PASSES,p=LANES$NONCE$VALUE`, so that a PIN outlives a change of the cost. */
function written({ cost, nonce, value }: Verifier): string {
  const { memory, passes, parallelism } = cost
  const parts = [nonce.toString('base64url'), value.toString('base64url')]
  return `$hmac-argon2id$v=1$m=${memory},t=${passes},p=${parallelism}$${parts.join('$')}`
}

const form =
  /^\$hmac-argon2id\$v=1\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/

function read(verifier: string): Verifier | undefined {
  const match = form.exec(verifier)
  if (!match) return undefined
  const [, m, t, p, nonce = '', value = ''] = match
  const cost = { memory: Number(m), passes: Number(t), parallelism: Number(p) }
  // RFC 9106 3.1: at least one pass and one lane, and 8 KiB a lane.
  const least = cost.passes > 0 && cost.parallelism > 0 && cost.memory >= 8 * cost.parallelism
  const bounded =
    cost.memory <= most.memory && cost.passes <= most.passes && cost.parallelism <= most.parallelism
  if (!least || !bounded) return undefined
  return { cost, nonce: Buffer.from(nonce, 'base64url'), value: Buffer.from(value, 'base64url') }
}

// Whatever is hashed waits in one line: they share the memory and the threads.
const limit = pLimit(atOnce)

const tagged = (message: string, pepper: () => Uint8Array, { cost, nonce }: Omit<Verifier, 'value'>) =>
  limit(async () => {
    const slow = await hash('argon2id', { message, nonce, tagLength: 32, ...cost })
    return createHmac('sha256', pepper()).update(slow).digest()
  })

/** `purpose`: PINs and answers have peppers of their own. */
export function createPinHash(
  keys: Pick<KeyStore, 'secret'>,
  purpose: 'pin-pepper' | 'answer-pepper' = 'pin-pepper',
): PinHash {
  const tag = (institution: string, pin: string, how: Omit<Verifier, 'value'>) =>
    tagged(pin, () => keys.secret(institution, purpose), how)
  return {
    async make(institution, pin) {
      const nonce = randomBytes(16)
      return written({ cost, nonce, value: await tag(institution, pin, { cost, nonce }) })
    },
    async matches(institution, pin, verifier) {
      const known = read(verifier)
      return known !== undefined && timingSafeEqual(known.value, await tag(institution, pin, known))
    },
  }
}

/** Hashes that another system keeps and compares by their text: one answer of one customer to one question has one hash. */
export interface AnswerHash {
  of(
    institution: string,
    answered: { readonly subject: string; readonly question: string; readonly answer: string },
  ): Promise<string>
}

export const createAnswerHash = (keys: Pick<KeyStore, 'secret'>): AnswerHash => ({
  async of(institution, { subject, question, answer }) {
    const pepper = keys.secret(institution, 'answer-pepper')
    // No two customers, and no two questions, share a nonce; without the pepper nobody can tell it beforehand.
    const nonce = createHmac('sha256', pepper)
      .update(JSON.stringify(['nonce', subject, question]))
      .digest()
      .subarray(0, 16)
    return written({ cost, nonce, value: await tagged(answer, () => pepper, { cost, nonce }) })
  },
})
