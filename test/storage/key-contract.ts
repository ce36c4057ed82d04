// What every database must do for our own keys: one active and one next each, one winner of every race, no name twice.
import { describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/domain/audit.ts'
import type { Expiry } from '../../src/domain/expiry.ts'
import type { OwnKeyPlace } from '../../src/domain/own-key.ts'
import type { SealedOwnKey } from '../../src/ports/own-keys.ts'
import { createSealedOwnKeys } from '../../src/storage/connection-keys.ts'
import { migrate } from '../../src/storage/migrate.ts'
import type { Database } from '../../src/storage/open.ts'
import { onDatabase } from './on-database.ts'
import { count, type everything, id, now, scope, twenty } from './rig.ts'
import { migrated, scratch } from './scratch.ts'

const key = (place: OwnKeyPlace, kid = id()): SealedOwnKey => ({
  ...place,
  ...{ kid, algorithm: 'RS256', sealed: 'sealed', certificate: 'x', state: 'next', createdAt: now },
  ...{ expiresAt: now + 1000, promoteAt: now + 500, promotedAt: undefined, retiredAt: undefined },
})

const told: AuditEvent = { type: 'key.promoted', outcome: 'ok' }

/** Registers the suite for one kind of database. */
export function keyContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })
  const inUnit = <T>(work: () => Promise<T>) => all.unit.run(scope(), work)
  const at = (): OwnKeyPlace => ({ institution: 'alder', connection: id(), purpose: 'saml-signing' })
  const statesAt = async ({ connection }: OwnKeyPlace) =>
    (await all.ownKeyStore.list('alder'))
      .filter((one) => one.connection === connection)
      .map(({ state }) => state)

  describe('our own keys', () => {
    test('come back as they went in; of twenty first ones and twenty next ones one is stored', async () => {
      const place = at()
      const sealed = createSealedOwnKeys(database, all.events)
      expect(count(await twenty(() => sealed.insertFirst(key(place), told)))).toBe(1)
      expect(count(await twenty(() => inUnit(() => all.ownKeyStore.insertNext(key(place)))))).toBe(1)
      const [first, next] = (await sealed.all('alder')).filter(
        ({ connection }) => connection === place.connection,
      )
      expect([first?.state, next?.state].toSorted()).toEqual(['active', 'next'])
      expect(next?.state === 'next' ? next : first).toEqual({
        ...key(place, (next?.state === 'next' ? next : first)?.kid),
        state: 'next',
      })
    })
    test('of twenty promotions one wins, and one is active at any time', async () => {
      const place = at()
      const [old, young] = [key(place), key(place)]
      await createSealedOwnKeys(database, all.events).insertFirst(old, told)
      await inUnit(() => all.ownKeyStore.insertNext(young))
      const change = { from: old.kid, to: young.kid, at: now + 5 }
      expect(count(await twenty(() => inUnit(() => all.ownKeyStore.promote(place, change))))).toBe(1)
      const keys = (await all.ownKeyStore.list('alder')).filter((one) => one.connection === place.connection)
      expect(keys.find(({ kid }) => kid === old.kid)).toMatchObject({ state: 'retired', retiredAt: now + 5 })
      expect(keys.find(({ kid }) => kid === young.kid)).toMatchObject({
        state: 'active',
        promotedAt: now + 5,
      })
    })
    test('a promotion that is not from the active one to the next one changes nothing', async () => {
      const place = at()
      const [old, young] = [key(place), key(place)]
      await createSealedOwnKeys(database, all.events).insertFirst(old, told)
      const promote = (from: string, to: string, where = place) =>
        inUnit(() => all.ownKeyStore.promote(where, { from, to, at: now }))
      expect(await promote(old.kid, young.kid)).toBe(false)
      await inUnit(() => all.ownKeyStore.insertNext(young))
      expect(await promote(young.kid, old.kid)).toBe(false)
      expect(await promote(old.kid, young.kid, { ...place, institution: 'birch' })).toBe(false)
      expect((await statesAt(place)).toSorted()).toEqual(['active', 'next'])
    })
    test('#204 the active one is never dropped, and no name comes twice', async () => {
      const place = at()
      const [old, young] = [key(place), key(place)]
      await createSealedOwnKeys(database, all.events).insertFirst(old, told)
      await inUnit(() => all.ownKeyStore.insertNext(young))
      const drop = (kid: string, state: 'next' | 'retired') =>
        inUnit(() => all.ownKeyStore.drop(place, { kid, state, at: now }))
      expect([await drop(old.kid, 'retired'), await drop(old.kid, 'next')]).toEqual([false, false])
      expect(count(await twenty(() => drop(young.kid, 'next')))).toBe(1)
      const [row] = await database.knex('connection_key').where({ kid: young.kid })
      expect(row).toMatchObject({ state: 'dropped', sealed: '' })
      expect(await inUnit(() => all.ownKeyStore.insertNext(young))).toBe(false)
      expect(await inUnit(() => all.ownKeyStore.insertNext(key(place)))).toBe(true)
    })
    test('institutions have keys of one name each', async () => {
      const place = at()
      const sealed = createSealedOwnKeys(database, all.events)
      const same = key(place)
      expect(await sealed.insertFirst(same, told)).toBe(true)
      expect(await sealed.insertFirst({ ...same, institution: 'birch' }, told)).toBe(true)
      const { institution: _, ...of } = place
      expect(await inUnit(() => all.ownKeyStore.insertNext(key({ institution: 'birch', ...of })))).toBe(true)
      expect(await statesAt(place)).toEqual(['active'])
    })
  })

  test('connections from before the keys of their own are marked by the migration, later ones are not', async () => {
    const old = await scratch(kind)
    const before = await migrated(old)
    const undo = `drop table connection_key; drop table expiry_warning;
      alter table connection drop column keys_of_institution;
      delete from knex_migrations where name = '0010-own-keys.ts'`
    for (const statement of undo.split(';')) await before.knex.raw(statement)
    const put = async (name: string) => {
      const common = { institution: 'alder', settings: '{}', managed_by: 'file' }
      await before.knex('institution').insert(common).onConflict().ignore()
      await before.knex('connection').insert({ ...common, id: name })
    }
    await put('old')
    await migrate(before, old.url)
    await put('young')
    const rows = await before.knex('connection').orderBy('id').select('id', 'keys_of_institution')
    expect(rows.map(({ id: name, keys_of_institution }) => [name, keys_of_institution])).toEqual([
      ['old', true],
      ['young', false],
    ])
    await before.close()
    await old.remove()
  })
  test('of twenty who give one warning one is the first; another level, day or institution is another', async () => {
    const expiry: Expiry = { connection: id(), kind: 'metadata', name: 'm', at: now }
    const first = (change: Partial<Expiry> = {}, level: 60 | 30 = 60, institution = 'alder') =>
      inUnit(() => all.expiryWarnings.first(institution, { ...expiry, ...change }, { level, at: now }))
    expect(count(await twenty(() => first()))).toBe(1)
    expect([await first({}, 30), await first({ at: now + 1 }), await first({}, 60, 'birch')]).toEqual([
      true,
      true,
      true,
    ])
  })
}
