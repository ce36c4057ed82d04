// Renewal by a given clock, over a real database: each step once whoever does it, and every step told of.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OwnKey } from '../../src/domain/own-key.ts'
import type { Database } from '../../src/storage/open.ts'
import { id } from '../storage/rig.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'
import { actor, connection, day, keyRig, start } from './own-keys-rig.ts'

let place: Scratch
let database: Database
let rig: ReturnType<typeof keyRig>

beforeAll(async () => {
  place = await scratch('embedded')
  database = await migrated(place)
})
afterAll(async () => {
  await database.close()
  await place.remove()
})
beforeEach(() => {
  const institution = `i${id()}`
  rig = keyRig(database, [connection(institution, 'idp'), connection(institution, 'op', { type: 'oidc' })])
})

const told = ({ connection: of, purpose, state }: Pick<OwnKey, 'connection' | 'purpose' | 'state'>) =>
  `${of} ${purpose} ${state}`
const types = async () => (await rig.events()).map(({ type }) => type)
const threeYears = (Date.parse('2029-11-24T11:59:00Z') - start) / day

describe('the schedule', () => {
  test('prepares, promotes and drops in its time, and tells of each step', async () => {
    const { keys } = rig.node()
    const certified = (all: readonly OwnKey[]) => all.filter(({ connection: of }) => of === 'idp').map(told)
    await keys.renew(rig.institution)
    expect((await keys.list(rig.institution)).map(told)).toEqual([
      'idp saml-decryption active',
      'idp saml-signing active',
      'op client-assertion active',
    ])
    rig.clock.time = start + (threeYears - 31) * day
    // The key without a certificate has long been renewed, by its own shorter life.
    await keys.renew(rig.institution)
    expect(certified(await keys.list(rig.institution))).toHaveLength(2)
    rig.clock.time = start + (threeYears - 29.9) * day
    await keys.renew(rig.institution)
    expect(certified(await keys.list(rig.institution))).toEqual([
      'idp saml-decryption active',
      'idp saml-decryption next',
      'idp saml-signing active',
      'idp saml-signing next',
    ])
    rig.clock.time = start + (threeYears - 9.9) * day
    await keys.renew(rig.institution)
    expect(certified(await keys.list(rig.institution))).toEqual([
      'idp saml-decryption retired',
      'idp saml-decryption active',
      'idp saml-signing retired',
      'idp saml-signing active',
    ])
    rig.clock.time = start + (threeYears - 2.8) * day
    await keys.renew(rig.institution)
    expect(certified(await keys.list(rig.institution))).toEqual([
      'idp saml-decryption active',
      'idp saml-signing active',
    ])
    const events = (await rig.events()).filter(({ connection: of }) => of === 'idp')
    const signing = events.filter(({ detail }) => detail?.purpose === 'saml-signing')
    expect(signing.map(({ type }) => type)).toEqual([
      'key.prepared',
      'key.promoted',
      'key.retired',
      'key.dropped',
    ])
    expect(signing[0]?.detail).toMatchObject({ by: 'schedule', purpose: 'saml-signing' })
    const [prepared, promoted, retired, dropped] = signing.map(({ detail }) => detail?.kid)
    expect([promoted, dropped]).toEqual([prepared, retired])
  })
  test('on two nodes at once does each step once', async () => {
    const [one, two] = [rig.node(), rig.node()]
    const both = async () => {
      const done = await Promise.all([one.keys.renew(rig.institution), two.keys.renew(rig.institution)])
      return done.flat().filter((step) => step.step !== undefined).length
    }
    expect(await both()).toBe(0)
    rig.clock.time = start + (threeYears - 20) * day
    // Three places: prepared once each, whichever node did it.
    expect(await both()).toBe(3)
    rig.clock.time += 11 * day
    expect(await both()).toBe(3)
    const all = await one.ownKeyStore.list(rig.institution)
    expect(all.filter(({ state }) => state === 'active')).toHaveLength(3)
    expect((await types()).toSorted()).toEqual(
      ['key.prepared', 'key.promoted', 'key.retired'].flatMap((type) => [type, type, type]),
    )
  })
})

test('the first keys are told of as they begin to sign, once whichever node made them', async () => {
  await Promise.all([1, 2, 3].map(() => rig.node().keys.ready(rig.institution)))
  const keys = await rig.node().keys.list(rig.institution)
  const first = await rig.firstKeys()
  expect(first.map(({ type, outcome }) => `${type} ${outcome}`)).toEqual(keys.map(() => 'key.promoted ok'))
  const facts = (kid: unknown, of: unknown, purpose: unknown) => `${kid} ${of} ${purpose}`
  expect(
    first.map(({ connection: of, detail }) => facts(detail?.kid, of, detail?.purpose)).toSorted(),
  ).toEqual(keys.map(({ kid, connection: of, purpose }) => facts(kid, of, purpose)).toSorted())
})

describe('by hand', () => {
  const signing = () => rig.at('saml-signing')
  test('prepare makes one next key however often it is asked, of one purpose or of all', async () => {
    const { keys } = rig.node()
    const first = await keys.prepare(signing(), actor)
    expect(first.map(told).toSorted()).toEqual(['idp saml-signing active', 'idp saml-signing next'])
    expect(first.find(({ state }) => state === 'next')).toMatchObject({
      promoteAt: start + 20 * day,
      promotableAt: start + day,
    })
    await Promise.all([keys.prepare(signing(), actor), rig.node().keys.prepare(signing(), actor)])
    expect(await types()).toEqual(['key.prepared'])
    const { purpose: _, ...everywhere } = signing()
    expect((await keys.prepare(everywhere, actor)).map(told)).toContain('idp saml-decryption next')
    expect((await rig.events()).map(({ detail }) => detail?.by)).toEqual([actor.by, actor.by])
  })
  test('two promotions at once: one wins, and the other hears of it', async () => {
    const { keys } = rig.node()
    await keys.prepare(signing(), actor)
    rig.clock.time += 2 * day
    const both = await Promise.allSettled([
      keys.promote(signing(), actor),
      rig.node().keys.promote(signing(), actor),
    ])
    const lost = both.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(lost).toHaveLength(1)
    expect(['connection.stale', 'key.no_next']).toContain(lost[0]?.reason.code)
    expect((await types()).filter((type) => type === 'key.promoted')).toHaveLength(1)
  })
  // Two seconds of the clock: a machine that stalls gets another try.
  test('what one node promotes, the others sign by within two seconds', { retry: 3 }, async () => {
    const [here, there] = [rig.node(), rig.node()]
    await here.keys.prepare(signing(), actor)
    await there.keys.ready(rig.institution)
    const before = (await there.ownKeys.signer(signing())).kid
    const promoted = await here.keys.promote(signing(), actor, { unpublished: true })
    const wanted = promoted.find(({ state }) => state === 'active')?.kid
    expect(wanted).not.toBe(before)
    const began = performance.now()
    while ((await there.ownKeys.signer(signing())).kid !== wanted) {
      expect(performance.now() - began).toBeLessThan(2000)
      await new Promise((resolve) => setTimeout(resolve, 50))
      await there.keys.ready(rig.institution)
    }
    await here.keys.ready(rig.institution)
    expect((await here.ownKeys.signer(signing())).kid).toBe(wanted)
  })
})
