// Mistakes with keys that lock a bank out, or let somebody in: refused, each with its control (attack 204).
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import { kinds, makeKey } from '../../src/plugins/keys/kinds.ts'
import type { Database } from '../../src/storage/open.ts'
import { actor, connection, day, keyRig } from '../flows/own-keys-rig.ts'
import { id } from '../storage/rig.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'

let place: Scratch
let database: Database
let rig: ReturnType<typeof keyRig>
let node: ReturnType<typeof rig.node>

beforeAll(async () => {
  place = await scratch('embedded')
  database = await migrated(place)
})
afterAll(async () => {
  await database.close()
  await place.remove()
})
beforeEach(async () => {
  const institution = `i${id()}`
  rig = keyRig(database, [connection(institution, 'idp')])
  node = rig.node()
  await node.keys.ready(institution)
})

const signing = () => rig.at('saml-signing')
const keysNow = async () =>
  (await node.keys.list(rig.institution)).filter((key) => key.purpose === 'saml-signing')
const kidOf = async (state: string) => (await keysNow()).find((key) => key.state === state)?.kid ?? '(none)'
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'done'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}
const remove = (kid: string, given = {}) =>
  codeOf(node.keys.remove({ institution: rig.institution, connection: 'idp', kid }, actor, given))
const promote = (given = {}) => codeOf(node.keys.promote(signing(), actor, given))

describe('#204 the active key', () => {
  test('cannot be removed, whatever is said with it', async () => {
    const kid = await kidOf('active')
    expect([await remove(kid), await remove(kid, { early: true })]).toEqual(['key.active', 'key.active'])
    expect(await kidOf('active')).toBe(kid)
  })
  test('control: a next one can, and then is gone', async () => {
    await node.keys.prepare(signing(), actor)
    const kid = await kidOf('next')
    expect(await remove(kid)).toBe('done')
    expect([await kidOf('next'), await remove(kid)]).toEqual(['(none)', 'key.unknown'])
    expect((await rig.events()).map(({ type }) => type)).toEqual(['key.prepared', 'key.dropped'])
  })
})

describe('a next key that the IdP may encrypt to already', () => {
  const decryption = () => rig.at('saml-decryption')
  const nextOf = async () =>
    (await node.keys.list(rig.institution)).find(
      ({ purpose, state }) => purpose === 'saml-decryption' && state === 'next',
    )?.kid ?? '(none)'
  test('is destroyed only by somebody who says that it is not used', async () => {
    await node.keys.prepare(decryption(), actor)
    const kid = await nextOf()
    expect([await remove(kid), await nextOf()]).toEqual(['key.overlap', kid])
    expect([await remove(kid, { early: true }), await nextOf()]).toEqual(['done', '(none)'])
  })
})

describe('a next key of one purpose that was removed', () => {
  test('does not hold back those of the others', async () => {
    const { purpose: _, ...everywhere } = signing()
    await node.keys.prepare(everywhere, actor)
    const next = await kidOf('next')
    const decryption = (await node.keys.list(rig.institution)).find(
      ({ purpose, state }) => purpose === 'saml-decryption' && state === 'next',
    )
    expect(await remove(decryption?.kid ?? '', { early: true })).toBe('done')
    expect(await codeOf(node.keys.promote(everywhere, actor, { unpublished: true }))).toBe('done')
    expect(await kidOf('active')).toBe(next)
    expect(await codeOf(node.keys.promote(everywhere, actor, { unpublished: true }))).toBe('key.no_next')
  })
})

describe('#204 a promotion', () => {
  test('needs a next key', async () => expect(await promote({ unpublished: true })).toBe('key.no_next'))
  test('needs it to have been published for a day', async () => {
    await node.keys.prepare(signing(), actor)
    const [before, next] = [await kidOf('active'), await kidOf('next')]
    rig.clock.time += day - 1
    expect(await promote()).toBe('key.unpublished')
    expect(await kidOf('active')).toBe(before)
    rig.clock.time += 1
    expect(await promote()).toBe('done')
    expect(await kidOf('active')).toBe(next)
  })
  test('control: who says so promotes at once, and the audit has their name', async () => {
    await node.keys.prepare(signing(), actor)
    expect(await promote({ unpublished: true })).toBe('done')
    const promoted = (await rig.events()).find(({ type }) => type === 'key.promoted')
    expect(promoted).toMatchObject({
      connection: 'idp',
      detail: { by: actor.by, kid: await kidOf('active') },
    })
  })
  test('is not made by the schedule before its time, however near the end is', async () => {
    const [active] = await keysNow()
    rig.clock.time = (active?.expiresAt ?? 0) - 1000
    await node.keys.renew(rig.institution)
    await node.keys.renew(rig.institution)
    expect((await keysNow()).map(({ state }) => state)).toEqual(['active', 'next'])
    rig.clock.time += day
    await node.keys.renew(rig.institution)
    expect((await keysNow()).map(({ state }) => state)).toEqual(['retired', 'active'])
  })
  test('of several keys is all or none', async () => {
    const { purpose: _, ...all } = signing()
    await node.keys.prepare(all, actor)
    const decryption = (await node.keys.list(rig.institution)).find(
      ({ purpose, state }) => purpose === 'saml-decryption' && state === 'next',
    )
    await remove(decryption?.kid ?? '', { early: true })
    rig.clock.time += 2 * day
    // The other one is made only now, and nobody can have read it yet.
    await node.keys.prepare(all, actor)
    const before = await kidOf('active')
    expect(await codeOf(node.keys.promote(all, actor))).toBe('key.unpublished')
    expect(await kidOf('active')).toBe(before)
  })
})

describe('#204 the overlap', () => {
  beforeEach(async () => {
    await node.keys.prepare(signing(), actor)
    await node.keys.promote(signing(), actor, { unpublished: true })
  })
  test('a retired key stays for seven days', async () => {
    const kid = await kidOf('retired')
    rig.clock.time += 7 * day - 1
    expect(await remove(kid)).toBe('key.overlap')
    await node.keys.renew(rig.institution)
    expect(await kidOf('retired')).toBe(kid)
    rig.clock.time += 1
    await node.keys.renew(rig.institution)
    expect(await kidOf('retired')).toBe('(none)')
  })
  test('control: one that was stolen goes at once, where somebody says so', async () =>
    expect(await remove(await kidOf('retired'), { early: true })).toBe('done'))
  test('what was retired never signs again, and its name is never given again', async () => {
    const kid = await kidOf('retired')
    await remove(kid, { early: true })
    const again = { ...(await node.ownKeys.make(signing())), kid }
    const stored = await node.unit.run({ institution: rig.institution, reference: 'DB-TEST-0001' }, () =>
      node.ownKeyStore.insertNext(again),
    )
    expect(stored).toBe(false)
    const fresh = await Promise.all(
      Array.from({ length: 20 }, async () => (await makeKey(kinds['client-assertion'], 'x', 0)).kid),
    )
    expect(new Set([...fresh, kid]).size).toBe(21)
  })
})

test('#204 an institution can neither see nor change another’s keys', async () => {
  const other = keyRig(database, [connection(`o${id()}`, 'idp')])
  await other.node().keys.ready(other.institution)
  const kid = await kidOf('active')
  const at = { institution: other.institution, connection: 'idp', kid }
  expect(await codeOf(other.node().keys.remove(at, actor, { early: true }))).toBe('key.unknown')
  const seen = await other.node().keys.list(other.institution)
  expect(seen.map((key) => key.kid)).not.toContain(kid)
  expect(await codeOf(node.keys.prepare({ institution: rig.institution, connection: 'nobody' }, actor))).toBe(
    'key.unknown',
  )
})
