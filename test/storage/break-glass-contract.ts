// What every database must do for break-glass where several things happen at once, and for who has been told.
import { describe, expect, test } from 'vitest'
import type { BreakGlassKey } from '../../src/domain/break-glass.ts'
import type { Institution } from '../../src/domain/institution.ts'
import { createAdministrators } from '../../src/storage/administrators.ts'
import { createBreakGlassKeys, createBreakGlassUses } from '../../src/storage/break-glass.ts'
import { onDatabase } from './on-database.ts'
import { count, type everything, id, now, scope, twenty } from './rig.ts'

const bank: Institution = {
  ...{ id: 'alder', name: 'Alder Bank', host: undefined, accent: '#123456', language: 'en', help: undefined },
  ...{ stepUpOver: {}, pin: { length: 6, attempts: 5, lockSeconds: 900 }, devicesPerSubject: 5 },
}

const key = (change: Partial<BreakGlassKey> = {}): BreakGlassKey => ({
  ...{ institution: 'alder', id: id(), label: 'Safe', credentialId: id(), publicKey: 'k', counter: 0 },
  ...{ transports: ['usb'], registeredBy: 'administrator:s', registeredAt: now, lastUsedAt: undefined },
  ...change,
})

/** Registers the suite for one kind of database. */
export function breakGlassContract(kind: 'embedded' | 'server'): void {
  let all: ReturnType<typeof everything>
  let keys: ReturnType<typeof createBreakGlassKeys>
  let uses: ReturnType<typeof createBreakGlassUses>
  onDatabase(kind, async (opened) => {
    all = opened.all
    for (const one of ['alder', 'birch'])
      await all.directory.put(
        { institution: { ...bank, id: one }, relyingParties: [], connections: [], cores: [] },
        'file',
      )
    keys = createBreakGlassKeys(all.connections)
    uses = createBreakGlassUses(all.connections)
  })
  const inUnit = <T>(work: () => Promise<T>) => all.unit.run(scope(), work)
  const add = (one: BreakGlassKey) => inUnit(() => keys.add(one, 2))

  describe('break-glass', () => {
    test('of twenty keys that are added at once two are; each institution has its own two', async () => {
      expect(count(await twenty(() => add(key())))).toBe(2)
      expect(await keys.list('alder')).toHaveLength(2)
      const theirs = key({ institution: 'birch' })
      expect(await keys.add(theirs, 2)).toBe(true)
      expect(await keys.list('birch')).toEqual([theirs])
      // The same credential again is no second key.
      expect(await keys.add({ ...theirs, id: id() }, 2)).toBe(false)
      expect(await keys.remove('alder', theirs.id)).toBeUndefined()
      expect(await keys.remove('birch', theirs.id)).toEqual(theirs)
    })
    test('of twenty uses with one counter one is; counters are whole up to their last bit', async () => {
      const [{ id: one = '' } = {}] = await keys.list('alder')
      const use = (counter: number) => inUnit(() => keys.used('alder', { id: one, counter, at: now + 1 }))
      expect([await use(0), await use(0)]).toEqual([true, true])
      expect(count(await twenty(() => use(7)))).toBe(1)
      expect([await use(7), await use(6), await use(0)]).toEqual([false, false, false])
      expect(await use(2 ** 32 - 1)).toBe(true)
      expect((await keys.list('alder'))[0]).toMatchObject({ counter: 2 ** 32 - 1, lastUsedAt: now + 1 })
      expect(await keys.used('birch', { id: one, counter: 2 ** 33, at: now })).toBe(false)
    })
    test('each administrator is told of each use until they have seen it', async () => {
      const administrators = createAdministrators(all.connections)
      const person = (subject: string) =>
        ({ institution: 'alder', subject, roles: ['owner'], addedBy: 't', addedAt: now }) as const
      for (const subject of ['a', 'b']) await administrators.put(person(subject))
      const use = { institution: 'alder', id: id(), key: 'k', label: 'Safe', at: now, until: now + 3600_000 }
      const later = { ...use, id: id(), at: now + 1 }
      for (const one of [use, later]) await uses.add(one)
      expect(await uses.unseen('alder', 'a')).toEqual([later, use])
      // A name that is none, and one that comes twice, change nothing.
      const seen = { administrator: 'a', uses: [use.id, use.id, 'none'], at: now }
      expect(await uses.see('birch', seen)).toEqual([])
      expect(await uses.unseen('alder', 'a')).toEqual([later, use])
      for (const known of await twenty(() => uses.see('alder', seen))) expect(known).toEqual([use.id])
      expect(await uses.unseen('alder', 'a')).toEqual([later])
      expect(await uses.unseen('alder', 'b')).toEqual([later, use])
      expect(await uses.unseen('birch', 'a')).toEqual([])
      await administrators.remove('alder', 'a')
      await administrators.put(person('a'))
      expect(await uses.unseen('alder', 'a')).toEqual([later, use])
    })
  })
}
