// PIN verifiers: slow, peppered, bound to their institution, and bounded in what they may cost.
import { argon2Sync, createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createPinHash } from '../../src/plugins/keys/pin-hash.ts'
import { derive } from '../../src/plugins/keys/seal.ts'

const pepperedBy = (master: Uint8Array) =>
  createPinHash({ secret: (institution, purpose) => derive(master, institution, purpose) })
const master = randomBytes(32)
const pins = pepperedBy(master)

test('the right PIN matches, another does not, and two verifiers of one PIN differ', async () => {
  const [one, two] = await Promise.all([pins.make('alder', '493817'), pins.make('alder', '493817')])
  expect(one).not.toBe(two)
  expect(one).toMatch(/^\$hmac-argon2id\$v=1\$m=19456,t=2,p=1\$/)
  expect(await pins.matches('alder', '493817', one)).toBe(true)
  expect(await pins.matches('alder', '493818', one)).toBe(false)
  expect(await pins.matches('alder', '', one)).toBe(false)
})

test('a verifier is worthless without the pepper and at another institution', async () => {
  const verifier = await pins.make('alder', '493817')
  expect(await pepperedBy(randomBytes(32)).matches('alder', '493817', verifier)).toBe(false)
  expect(await pins.matches('birch', '493817', verifier)).toBe(false)
})

/** A verifier as an older or newer release with other costs would have stored it. */
function made(pin: string, ...[memory, passes, parallelism]: readonly [number, number, number]): string {
  const nonce = randomBytes(16)
  const slow = argon2Sync('argon2id', { message: pin, nonce, memory, passes, parallelism, tagLength: 32 })
  const value = createHmac('sha256', derive(master, 'alder', 'pin-pepper'))
    .update(slow)
    .digest()
  const cost = `m=${memory},t=${passes},p=${parallelism}`
  return `$hmac-argon2id$v=1$${cost}$${nonce.toString('base64url')}$${value.toString('base64url')}`
}

describe('the cost that is written in the verifier', () => {
  test.each([
    [19_456, 2, 1],
    [8, 1, 1],
    [32_768, 3, 2],
  ])('m=%i t=%i p=%i is the one that is used', async (memory, passes, parallelism) => {
    const verifier = made('1234', memory, passes, parallelism)
    expect(await pins.matches('alder', '1234', verifier)).toBe(true)
    expect(await pins.matches('alder', '1235', verifier)).toBe(false)
  })
  test.each([
    'm=9999999,t=2,p=1',
    'm=19456,t=99,p=1',
    'm=19456,t=2,p=9',
    'm=19456,t=0,p=1',
    'm=19456,t=2,p=0',
    'm=4,t=1,p=1',
    'm=1e3,t=2,p=1',
  ])('%s is refused, quickly and without an error', async (cost) => {
    const verifier = made('1234', 19_456, 2, 1)
    expect(await pins.matches('alder', '1234', verifier)).toBe(true)
    expect(await pins.matches('alder', '1234', verifier.replace('m=19456,t=2,p=1', cost))).toBe(false)
  })
})

test.each([
  '',
  '$',
  'plain',
  '$hmac-argon2id$v=2$m=19456,t=2,p=1$AAAA$AAAA',
  '$argon2id$v=19$m=1,t=1,p=1$A$A',
])('a text that is no verifier (%j) matches nothing', async (text) =>
  expect(await pins.matches('alder', '1234', text)).toBe(false),
)

test('a flood waits its turn: memory is bounded, and the event loop stays free', async () => {
  const before = process.memoryUsage().rss
  let most = before
  let turns = 0
  let hashed = false
  const all = Promise.all(Array.from({ length: 40 }, (_, i) => pins.make('alder', String(i)))).finally(() => {
    hashed = true
  })
  while (!hashed) {
    turns += 1
    most = Math.max(most, process.memoryUsage().rss)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await all
  // Forty at once would be 760 MiB.
  expect((most - before) / 2 ** 20).toBeLessThan(250)
  // A loop that hashes itself turns once or twice a hash.
  expect(turns).toBeGreaterThan(200)
})
