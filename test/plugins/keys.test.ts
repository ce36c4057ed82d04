// Keys of institutions: one a purpose, made once whoever comes first, worthless without the master key, and whole or refused.
import { createPublicKey, createVerify, randomBytes, verify, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLocalKeys } from '../../src/plugins/keys/local.ts'
import { createFieldSeal, openText, sealText } from '../../src/plugins/keys/seal.ts'
import { type KeyPurpose, type KeyStore, keyPurposes, secretPurposes } from '../../src/ports/key-store.ts'
import type { Database } from '../../src/storage/open.ts'
import { createSealedKeys } from '../../src/storage/sealed-keys.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'

const master = randomBytes(32)
const clock = { now: () => Date.parse('2026-11-24T12:00:00Z') }
let place: Scratch
let database: Database
let institution = ''

beforeAll(async () => {
  place = await scratch('embedded')
  database = await migrated(place)
})
afterAll(async () => {
  await database.close()
  await place.remove()
})
beforeEach(() => {
  institution = `i${randomBytes(4).toString('hex')}`
})

/** One node's key store; `signed` lists the purposes that signed. */
function node(masterKey: Uint8Array = master) {
  const signed: KeyPurpose[] = []
  const ports = { master: masterKey, sealed: createSealedKeys(database), clock }
  return { signed, keys: createLocalKeys({ ...ports, signed: (purpose) => void signed.push(purpose) }) }
}

const certified: readonly KeyPurpose[] = ['assertion', 'message']

async function holds(keys: KeyStore, purpose: KeyPurpose, data: string, signature: Buffer): Promise<boolean> {
  const key = createPublicKey({ key: (await keys.publicJwk(institution, purpose)) as never, format: 'jwk' })
  const { algorithm } = await keys.signer(institution, purpose)
  if (algorithm === 'EdDSA') return verify(null, Buffer.from(data), key, signature)
  const check = createVerify('sha256').update(data)
  return check.verify(algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key, signature)
}

describe('each purpose', () => {
  test.each([
    ['id-token', 'ES256'],
    ['assertion', 'ES256'],
    ['message', 'ES256'],
    ['checkpoint', 'EdDSA'],
    ['evidence', 'ES256'],
  ] as const)('%s signs by %s', async (purpose, algorithm) => {
    const { keys, signed } = node()
    const signer = await keys.signer(institution, purpose)
    expect(signer.algorithm).toBe(algorithm)
    const signature = await signer.sign('text')
    expect(await holds(keys, purpose, 'text', signature)).toBe(true)
    expect(await holds(keys, purpose, 'texT', signature)).toBe(false)
    expect(signed).toEqual([purpose])
    const jwk = await keys.publicJwk(institution, purpose)
    expect(jwk).toMatchObject({ kid: signer.kid, alg: algorithm, use: 'sig' })
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(jwk).not.toHaveProperty(secret)
  })
  test('has a key of its own, and so has each core that needs one (R-28)', async () => {
    const { keys } = node()
    const signers = await Promise.all([
      ...keyPurposes.map((purpose) => keys.signer(institution, purpose)),
      keys.signer(institution, 'message', 'core-a'),
      keys.signer(institution, 'message', 'core-b'),
    ])
    expect(new Set(signers.map(({ kid }) => kid)).size).toBe(keyPurposes.length + 2)
  })
  test('has a certificate for that very key where peers pin one', async () => {
    const { keys } = node()
    for (const purpose of keyPurposes) {
      const { certificate } = await keys.signer(institution, purpose)
      if (!certified.includes(purpose)) {
        expect(certificate).toBe('')
        continue
      }
      const read = new X509Certificate(Buffer.from(certificate, 'base64'))
      const key = createPublicKey({
        key: (await keys.publicJwk(institution, purpose)) as never,
        format: 'jwk',
      })
      expect(read.publicKey.equals(key)).toBe(true)
      expect(read.verify(key)).toBe(true)
      expect([read.ca, read.subject]).toEqual([false, `CN=${institution} ${purpose}`])
    }
  })
  test('ES256 is r||s of 64 bytes, however long the integers of the DER are', async () => {
    const { keys } = node()
    const signer = await keys.signer(institution, 'id-token')
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        const signature = await signer.sign(text)
        expect(signature).toHaveLength(64)
        expect(await holds(keys, 'id-token', text, signature)).toBe(true)
      }),
      // Leading zero bytes come once in 256 signatures a half.
      { numRuns: 2000 },
    )
  })
})

describe('nodes', () => {
  test('twenty at once agree on one key', async () => {
    const nodes = Array.from({ length: 20 }, () => node())
    const kids = await Promise.all(
      nodes.map(async ({ keys }) => (await keys.signer(institution, 'checkpoint')).kid),
    )
    expect(new Set(kids).size).toBe(1)
    expect(await database.knex('signing_key').where({ institution })).toHaveLength(1)
  })
  test('a failure is not remembered', async () => {
    let fail = true
    const sealed = createSealedKeys(database)
    const active: typeof sealed.active = async (...given) => {
      if (fail) throw new Error('database away')
      return sealed.active(...given)
    }
    const keys = createLocalKeys({ master, sealed: { ...sealed, active }, clock })
    await expect(keys.signer(institution, 'id-token')).rejects.toThrow('database away')
    fail = false
    expect((await keys.signer(institution, 'id-token')).algorithm).toBe('ES256')
  })
})

test('what an older key has signed is still read: every public half is told, the active one first', async () => {
  const { keys } = node()
  const first = await keys.publicJwk(institution, 'evidence')
  await database.knex('signing_key').where({ institution, purpose: 'evidence' }).update({ state: 'retired' })
  const later = node().keys
  const second = await later.publicJwk(institution, 'evidence')
  expect(second.kid).not.toBe(first.kid)
  expect(await later.publicJwks(institution, 'evidence')).toEqual([second, first])
  expect(await later.publicJwks(institution, 'checkpoint')).toEqual([
    await later.publicJwk(institution, 'checkpoint'),
  ])
})

describe('somebody with the database', () => {
  const stored = (purpose: KeyPurpose) => database.knex('signing_key').where({ institution, purpose })
  beforeEach(() => node().keys.ready(institution))

  test('control: another process finds the keys', async () => {
    const { keys } = node()
    for (const purpose of keyPurposes) {
      const signature = await (await keys.signer(institution, purpose)).sign('x')
      expect(await holds(node().keys, purpose, 'x', signature)).toBe(true)
    }
  })
  test('reads no private key', async () => {
    const { d } = await node().keys.privateJwk(institution, 'id-token')
    expect(JSON.stringify(await stored('id-token'))).not.toContain(String(d))
  })
  test('has nothing without the master key', async () =>
    expect(node(randomBytes(32)).keys.signer(institution, 'id-token')).rejects.toThrow())
  test('cannot publish a key of theirs as ours', async () => {
    const ours = await node().keys.publicJwk(institution, 'id-token')
    const theirs = await node(randomBytes(32)).keys.publicJwk(`${institution}x`, 'id-token')
    await stored('id-token').update({ public_jwk: JSON.stringify(theirs) })
    expect(await node().keys.publicJwk(institution, 'id-token')).toEqual(ours)
  })
  test('cannot put a certificate of theirs before peers', async () => {
    const { certificate } = await node().keys.signer(institution, 'message')
    await stored('assertion').update({ certificate })
    await expect(node().keys.signer(institution, 'assertion')).rejects.toThrow('certificate')
  })
  test.each([
    ['purpose', () => ({ purpose: 'assertion' as const })],
    ['institution', () => ({ institution: `${institution}y` })],
  ])('cannot move a key to another %s', async (_, change) => {
    await database.knex('signing_key').where({ institution, purpose: 'assertion' }).del()
    const [row] = await stored('id-token')
    await database
      .knex('signing_key')
      .insert({ ...row, public_jwk: JSON.stringify(row.public_jwk), ...change() })
    const at = { institution, purpose: 'id-token' as KeyPurpose, ...change() }
    await expect(node().keys.signer(at.institution, at.purpose)).rejects.toThrow()
  })
})

describe('secrets', () => {
  test('are the same on every node, and no two are alike', () => {
    const [one, two] = [node().keys, node().keys]
    const all = ['alder', 'birch'].flatMap((id) =>
      secretPurposes.map((purpose) => {
        expect(Buffer.from(two.secret(id, purpose))).toEqual(Buffer.from(one.secret(id, purpose)))
        expect(one.secret(id, purpose)).toHaveLength(32)
        return Buffer.from(one.secret(id, purpose)).toString('hex')
      }),
    )
    expect(new Set(all).size).toBe(all.length)
  })
  test('a sealed field opens for its institution alone, unchanged', () => {
    const seal = createFieldSeal(master)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (plain, n) => {
        const sealed = seal.seal('alder', plain)
        expect(seal.open('alder', sealed)).toBe(plain)
        expect(() => seal.open('birch', sealed)).toThrow()
        const bytes = Buffer.from(sealed, 'base64url')
        const i = n % bytes.length
        bytes[i] = (bytes[i] as number) ^ 1
        expect(() => seal.open('alder', bytes.toString('base64url'))).toThrow()
        expect(() => seal.open('alder', bytes.subarray(0, i).toString('base64url'))).toThrow()
      }),
    )
  })
  test('a sealed text is bound to its place', () => {
    const key = randomBytes(32)
    expect(openText(key, sealText(key, 'x', 'here'), 'here')).toBe('x')
    expect(() => openText(key, sealText(key, 'x', 'here'), 'there')).toThrow()
  })
})
