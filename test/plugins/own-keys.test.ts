// Our own keys of connections: each its own, whole or refused, taken over from before, and opening what was encrypted to them.
import { createPublicKey, publicEncrypt, randomBytes, X509Certificate } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OwnKeyPlace, OwnKeyPurpose } from '../../src/domain/own-key.ts'
import { createLocalOwnKeys } from '../../src/plugins/keys/own.ts'
import { derive, sealText } from '../../src/plugins/keys/seal.ts'
import type { PublishedKey } from '../../src/ports/own-keys.ts'
import { createSealedOwnKeys } from '../../src/storage/connection-keys.ts'
import type { Database } from '../../src/storage/open.ts'
import { connection, keyRig, start, writer } from '../flows/own-keys-rig.ts'
import { id, master } from '../storage/rig.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'

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
  institution = `i${id()}`
})

const clock = { now: () => start }
const node = (masterKey: Uint8Array = master) =>
  createLocalOwnKeys({
    ...{ master: masterKey, clock, lifetimeMs: 1000 },
    sealed: createSealedOwnKeys(database, writer(clock)),
  })
const at = (purpose: OwnKeyPurpose, of = 'idp'): OwnKeyPlace => ({ institution, connection: of, purpose })
const rows = () => database.knex('connection_key').where({ institution })

describe('each connection', () => {
  test('has keys of its own, and twenty nodes at once agree on them', async () => {
    const kids = (of: string) =>
      Promise.all(Array.from({ length: 20 }, async () => (await node().signer(at('saml-signing', of))).kid))
    const [one, other] = [new Set(await kids('idp')), new Set(await kids('other'))]
    expect([one.size, other.size]).toEqual([1, 1])
    expect([...one]).not.toEqual([...other])
  })
  test.each([
    ['saml-signing', 'RS256', 'sig'],
    ['saml-decryption', 'RS256', 'enc'],
    ['client-assertion', 'ES256', 'sig'],
  ] as const)('%s is %s and published as that', async (purpose, alg, use) => {
    const [key] = await node().published(at(purpose))
    expect(key?.publicJwk).toMatchObject({ alg, use, kid: key?.kid })
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key?.publicJwk).not.toHaveProperty(secret)
    const [row] = await rows()
    if (purpose === 'client-assertion') {
      expect([key?.certificate, row.expires_at.getTime()]).toEqual(['', start + 1000])
      return
    }
    const certificate = new X509Certificate(Buffer.from(key?.certificate ?? '', 'base64'))
    expect(certificate.subject).toBe(`CN=${institution} idp ${purpose}`)
    expect(
      certificate.publicKey.equals(createPublicKey({ key: key?.publicJwk as never, format: 'jwk' })),
    ).toBe(true)
    expect(certificate.validToDate).toEqual(row.expires_at)
  })
})

test('the private half of a dropped key does not stay in memory', async () => {
  const here = node()
  const wanted = [{ id: 'idp', purposes: ['saml-signing', 'client-assertion'] as const }]
  const held = async (purpose: OwnKeyPurpose) => new WeakRef(await here.signer(at(purpose)))
  const [signing, assertion] = [await held('saml-signing'), await held('client-assertion')]
  await database
    .knex('connection_key')
    .where({ ...at('saml-signing') })
    .update({ state: 'dropped', sealed: '' })
  here.changed(institution)
  await here.ready(institution, wanted)
  await new Promise((resolve) => setTimeout(resolve, 10))
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  expect([signing.deref(), assertion.deref() !== undefined]).toEqual([undefined, true])
})

describe('before connections had keys of their own', () => {
  /** The institution's key of then, and whether this connection is from then. */
  async function before(of: string, keysOfInstitution = true) {
    const [own] = [
      await node().published({ institution: `${institution}x`, connection: 'i', purpose: 'saml-signing' }),
    ]
    const kid = own[0]?.kid as string
    const [row] = await database.knex('connection_key').where({ institution: `${institution}x` })
    const { privateJwk } = await opened(row)
    const sealed = sealText(
      derive(master, institution, 'signing-keys'),
      JSON.stringify(privateJwk),
      `${institution}|saml-signing|${kid}`,
    )
    const { certificate } = own[0] as PublishedKey
    const common = { institution, managed_by: 'file' }
    await database
      .knex('institution')
      .insert({ ...common, settings: '{}' })
      .onConflict()
      .ignore()
    await database
      .knex('connection')
      .insert({ ...common, id: of, settings: '{}', keys_of_institution: keysOfInstitution })
    await database
      .knex('signing_key')
      .insert({
        institution,
        purpose: 'saml-signing',
        kid,
        algorithm: 'RS256',
        sealed,
        public_jwk: '{}',
        certificate,
        state: 'active',
      })
      .onConflict()
      .ignore()
    return { kid, certificate }
  }
  async function opened(row: {
    institution: string
    connection: string
    purpose: string
    kid: string
    sealed: string
  }) {
    const { openText } = await import('../../src/plugins/keys/seal.ts')
    const bound = `${row.institution}|${row.connection}|${row.purpose}|${row.kid}`
    return {
      privateJwk: JSON.parse(openText(derive(master, row.institution, 'connection-keys'), row.sealed, bound)),
    }
  }

  test('the key that the IdP knows becomes the connection’s first one, under a seal of its own', async () => {
    const { kid, certificate } = await before('idp')
    const [key] = await node().published(at('saml-signing'))
    expect(key).toMatchObject({ kid, certificate, state: 'active' })
    const [row] = await rows()
    await opened(row)
    expect(row.expires_at).toEqual(new X509Certificate(Buffer.from(certificate, 'base64')).validToDate)
  })
  test('a bare key is counted from the upgrade on, not from when it was made', async () => {
    const client = { institution: `${institution}x`, connection: 'i', purpose: 'client-assertion' } as const
    const kid = (await node().signer(client)).kid
    const [row] = await database.knex('connection_key').where({ institution: client.institution })
    const { privateJwk } = await opened(row)
    const sealing = derive(master, institution, 'signing-keys')
    const sealed = sealText(sealing, JSON.stringify(privateJwk), `${institution}|client-assertion|${kid}`)
    const common = { institution, managed_by: 'file' }
    await database.knex('institution').insert({ ...common, settings: '{}' })
    await database
      .knex('connection')
      .insert({ ...common, id: 'idp', settings: '{}', keys_of_institution: true })
    await database.knex('signing_key').insert({
      ...{ institution, purpose: 'client-assertion', kid, algorithm: 'ES256', sealed, public_jwk: '{}' },
      ...{ certificate: '', state: 'active', created_at: new Date(0) },
    })
    expect((await node().signer(at('client-assertion'))).kid).toBe(kid)
    const [taken] = await rows()
    expect([taken.created_at, taken.expires_at]).toEqual([new Date(0), new Date(start + 1000)])
  })
  test('control: a connection that is younger gets a key of its own', async () => {
    const { kid } = await before('idp', false)
    expect((await node().signer(at('saml-signing'))).kid).not.toBe(kid)
  })
  test('the copy of the institution goes with the last connection that drops the key', async () => {
    const { kid } = await before('idp')
    const rig = keyRig(database, [connection(institution, 'idp')])
    const { keys } = rig.node()
    const actor = { by: 'command', why: '' }
    await keys.prepare(rig.at('saml-signing'), actor)
    await keys.promote(rig.at('saml-signing'), actor, { unpublished: true })
    const left = () => database.knex('signing_key').where({ institution, purpose: 'saml-signing' })
    expect(await left()).toHaveLength(1)
    await keys.remove({ institution, connection: 'idp', kid }, actor, { early: true })
    expect(await left()).toHaveLength(0)
  })
})

describe('decryption', () => {
  const decryption = () => at('saml-decryption')
  const wrappedTo = (certificate: string, content: Buffer) => {
    const { publicKey: key } = new X509Certificate(Buffer.from(certificate, 'base64'))
    const value = publicEncrypt({ key, oaepHash: 'sha1' }, content).toString('base64')
    return { value, hash: 'sha1', keyBytes: 32 } as const
  }
  test('by next, active and retired keys, and by none that was dropped', async () => {
    const rig = keyRig(database, [connection(institution, 'idp')])
    const { keys, ownKeys } = rig.node()
    const actor = { by: 'command', why: '' }
    await keys.ready(institution)
    await keys.prepare(decryption(), actor)
    await keys.ready(institution)
    const [active, next] = await ownKeys.published(decryption())
    const content = randomBytes(32)
    const opens = async (key: PublishedKey | undefined) =>
      Buffer.from(
        await (await ownKeys.decrypter(decryption())).unwrap(wrappedTo(key?.certificate ?? '', content)),
      ).equals(content)
    expect([await opens(active), await opens(next)]).toEqual([true, true])
    await keys.promote(decryption(), actor, { unpublished: true })
    await keys.ready(institution)
    expect((await ownKeys.published(decryption())).map(({ kid, state }) => [kid, state])).toEqual([
      [next?.kid, 'active'],
      [active?.kid, 'retired'],
    ])
    expect([await opens(active), await opens(next)]).toEqual([true, true])
    rig.clock.time += 8 * 24 * 3600_000
    await keys.renew(institution)
    await keys.ready(institution)
    expect([await opens(active), await opens(next)]).toEqual([false, true])
  })
  test('#76 what fits no key gives bytes of chance of the right length, never an error', async () => {
    const decrypter = await node().decrypter(decryption())
    const noise = { value: randomBytes(256).toString('base64'), hash: 'sha1', keyBytes: 16 } as const
    const [one, two] = [await decrypter.unwrap(noise), await decrypter.unwrap(noise)]
    expect([one.length, two.length]).toEqual([16, 16])
    expect(Buffer.from(one).equals(Buffer.from(two))).toBe(false)
    // A content key of another length than the cipher needs is no content key either.
    const [key] = await node().published(decryption())
    const short = { ...wrappedTo(key?.certificate ?? '', randomBytes(24)), keyBytes: 32 } as const
    expect(await decrypter.unwrap(short)).toHaveLength(32)
  })
})

describe('somebody with the database', () => {
  beforeEach(() => node().signer(at('saml-signing')))
  test('control: another process finds the key', async () =>
    expect((await node().signer(at('saml-signing'))).algorithm).toBe('RS256'))
  test('has nothing without the master key', async () =>
    expect(node(randomBytes(32)).signer(at('saml-signing'))).rejects.toThrow())
  test('cannot put a certificate of theirs before the IdP', async () => {
    const [theirs] = await node().published(at('saml-signing', 'theirs'))
    await rows().andWhere({ connection: 'idp' }).update({ certificate: theirs?.certificate })
    await expect(node().published(at('saml-signing'))).rejects.toThrow('certificate')
  })
  test.each([
    ['connection', { connection: 'other' }],
    ['purpose', { purpose: 'saml-decryption' as const }],
  ])('cannot move a key to another %s', async (_, change) => {
    await rows().update(change)
    await expect(node().published({ ...at('saml-signing'), ...change })).rejects.toThrow()
  })
  test('cannot move it to another institution', async () => {
    await rows().update({ institution: `${institution}y` })
    await expect(node().signer({ ...at('saml-signing'), institution: `${institution}y` })).rejects.toThrow()
  })
})
