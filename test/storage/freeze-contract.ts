// What every database must do for freezes: in force at once wherever it is asked, and never at the same time as what it stops.
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { FreezeTarget } from '../../src/domain/freeze.ts'
import type { Database } from '../../src/storage/open.ts'
import { createSubjectStates } from '../../src/storage/subject-states.ts'
import { approvedSample } from './approved-sample.ts'
import { onDatabase } from './on-database.ts'
import { device, type everything, id, now, scope } from './rig.ts'

/** Registers the suite for one kind of database. */
export function freezeContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })
  const inUnit = <T>(work: () => Promise<T>, institution = 'alder') => all.unit.run(scope(institution), work)
  const made = (
    target: FreezeTarget,
    change: { id?: string; endsAt?: number; institution?: string } = {},
  ) => ({
    ...{ institution: 'alder', id: id(), ...target, name: `name of ${target.key}` },
    ...{ why: 'seen at a mule', by: 'administrator:a', at: now, endsAt: undefined },
    ...change,
  })
  const set = async (target: FreezeTarget, change: Parameters<typeof made>[1] = {}) => {
    const freeze = made(target, change)
    await inUnit(() => all.freezes.set(freeze), freeze.institution)
    return freeze
  }
  const lift = (of: string) =>
    inUnit(() => all.freezes.lift('alder', of, { by: 'administrator:b', at: now + 1, why: 'a mistake' }))
  const has = (target: FreezeTarget) => all.freezes.has('alder', target)

  describe('freezes', () => {
    test('are in force until they are lifted, and are kept with who did it and why', async () => {
      const target = { kind: 'core', key: id() } as const
      expect(await has(target)).toBe(false)
      const freeze = await set(target)
      expect(await has(target)).toBe(true)
      expect(await inUnit(() => all.freezes.hold('alder', target))).toBe(true)
      expect(await all.freezes.get('alder', freeze.id)).toEqual({
        ...{ ...freeze, lifted: undefined, state: 'in-force' },
      })
      expect([await lift(freeze.id), await lift(freeze.id)]).toEqual([true, false])
      expect(await has(target)).toBe(false)
      expect(await all.freezes.get('alder', freeze.id)).toMatchObject({
        lifted: { by: 'administrator:b', at: now + 1, why: 'a mistake' },
        state: 'over',
      })
      expect((await all.freezes.list('alder', 'over')).map((one) => one.id)).toContain(freeze.id)
      expect((await all.freezes.list('alder', 'in-force')).map((one) => one.id)).not.toContain(freeze.id)
    })
    test('of one institution are none of another’s', async () => {
      const target = { kind: 'payee', key: id() } as const
      const { id: of } = await set(target, { institution: 'birch' })
      expect([await has(target), await all.freezes.get('alder', of), await lift(of)]).toEqual([
        false,
        undefined,
        false,
      ])
      expect(await all.freezes.has('birch', target)).toBe(true)
    })
    test('of one kind are none of another, and end by themselves', async () => {
      const key = id()
      await set({ kind: 'customer', key })
      expect(await has({ kind: 'core', key })).toBe(false)
      const over = await set({ kind: 'core', key }, { endsAt: Date.now() - 60_000 })
      expect([await has({ kind: 'core', key }), await lift(over.id)]).toEqual([false, false])
      expect((await all.freezes.get('alder', over.id))?.state).toBe('over')
      await set({ kind: 'core', key }, { endsAt: Date.now() + 3_600_000 })
      expect(await has({ kind: 'core', key })).toBe(true)
    })
    test('stand until the last of the same is lifted; of one id there is one', async () => {
      const target = { kind: 'core', key: id() } as const
      const [first, second] = [await set(target), await set(target)]
      expect(await inUnit(() => all.freezes.set(made(target, { id: first.id })))).toBe(false)
      await lift(first.id)
      expect(await has(target)).toBe(true)
      await lift(second.id)
      expect(await has(target)).toBe(false)
    })
    test('keep names and reasons sealed', async () => {
      const { id: of, name, why } = await set({ kind: 'payee', key: id() })
      await lift(of)
      const { rows } = await database.knex.raw('select t::text as row from freeze_record t where id = ?', [
        of,
      ])
      for (const secret of [name, why, 'a mistake']) expect(rows[0].row).not.toContain(secret)
    })
  })

  describe('what is frozen', () => {
    test('a customer: beside what a back end disabled, and neither lifts the other', async () => {
      const states = createSubjectStates(all.connections)
      const key = id()
      const disabled = () => states.isDisabled('alder', key)
      const freeze = await set({ kind: 'customer', key })
      expect(await disabled()).toBe(true)
      await states.disable('alder', key)
      await lift(freeze.id)
      expect(await disabled()).toBe(true)
      const again = await set({ kind: 'customer', key })
      await states.enable('alder', key)
      expect(await disabled()).toBe(true)
      await lift(again.id)
      expect(await disabled()).toBe(false)
    })
    test('a device: suspended by its key, also where it is ended and enrolled anew', async () => {
      const phone = device(id(), { state: 'active' })
      await all.devices.create(phone)
      const state = async () => (await all.devices.byKey('alder', phone.jkt))?.state
      const approvalKey = { jkt: id(), publicJwk: {}, registeredAt: now, usableFrom: now }
      const freeze = await set({ kind: 'device', key: phone.jkt })
      expect([await state(), (await all.devices.get('alder', phone.id))?.state]).toEqual([
        'suspended',
        'suspended',
      ])
      expect(await all.devices.setApprovalKey(phone, approvalKey)).toBe(false)
      expect((await all.devices.list('alder', phone.subject)).find((one) => one.id === phone.id)?.state).toBe(
        'suspended',
      )
      await all.devices.revoke('alder', phone.id, now)
      const again = device(id(), { jkt: phone.jkt })
      await all.devices.create(again)
      expect(await state()).toBe('pending')
      expect(await all.devices.activate(again, { nonce: 'n1', now, limit: 50 })).toBe(true)
      expect(await state()).toBe('suspended')
      await lift(freeze.id)
      expect(await state()).toBe('active')
      expect(await all.devices.setApprovalKey(again, approvalKey)).toBe(true)
    })
    test('a payee: known to whoever decides, and what was approved is used only once it is lifted', async () => {
      const { to, subject, by } = await approvedSample(all)
      const asked = { since: 0, now, to }
      const history = () => all.transactions.history({ institution: 'alder', subject }, asked)
      expect((await history()).payeeFrozen).toBe(false)
      const freeze = await set({ kind: 'payee', key: to })
      expect((await history()).payeeFrozen).toBe(true)
      expect(await all.transactions.history({ institution: 'birch', subject }, asked)).toMatchObject({
        payeeFrozen: false,
      })
      const use = () => inUnit(() => all.transactions.use('alder', by))
      expect([await use(), await all.transactions.isFrozen('alder', by)]).toEqual([undefined, true])
      await lift(freeze.id)
      expect(await all.transactions.isFrozen('alder', by)).toBe(false)
      expect([await use(), await use()]).toEqual([expect.any(String), undefined])
      await set({ kind: 'payee', key: to })
      // What was used is no longer in anybody's way.
      expect(await all.transactions.isFrozen('alder', by)).toBe(false)
    })
  })

  test('what asks whether something is frozen waits for the database once', async () => {
    const { to, subject, by } = await approvedSample(all)
    const waits = async (work: () => Promise<unknown>) => {
      const before = database.roundTrips()
      await work()
      return database.roundTrips() - before
    }
    await inUnit(async () => {
      const asked = { since: 0, now, to }
      const history = () => all.transactions.history({ institution: 'alder', subject }, asked)
      expect(await waits(history)).toBe(1)
      expect(await waits(() => all.transactions.use('alder', by))).toBe(1)
      expect(await waits(() => all.freezes.hold('alder', { kind: 'core', key: id() }))).toBe(1)
      expect(await waits(() => all.devices.hold('alder', id()))).toBe(0)
      expect(await waits(() => all.devices.byKey('alder', id()))).toBe(1)
      expect(await waits(() => createSubjectStates(all.connections).isDisabled('alder', subject))).toBe(1)
    })
  })

  describe('a freeze and what it stops, at once', () => {
    /** Until somebody waits for somebody else's freeze, or the only session of the database is taken. */
    const waiting = async () => {
      if (kind === 'embedded') return
      const blocked = `select count(*)::int as n from pg_locks
        where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`
      while ((await database.aside.raw(blocked)).rows[0].n === 0) await setTimeout(5)
    }
    const gate = () => {
      let open = () => undefined as unknown
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      return { open, opened }
    }
    const kinds = ['payee', 'core', 'device'] as const

    test.each(kinds)('a %s: whoever was first goes on, and the freeze waits', async (what) => {
      const sample = await approvedSample(all)
      const key = what === 'payee' ? sample.to : id()
      const [held, go] = [gate(), gate()]
      const stopped: string[] = []
      const using = inUnit(async () => {
        if (what === 'payee') expect(await all.transactions.use('alder', sample.by)).toBeDefined()
        else if (what === 'core') expect(await all.freezes.hold('alder', { kind: what, key })).toBe(false)
        else {
          await all.devices.hold('alder', key)
          // It waits for nothing: what is read next does.
          await all.devices.byKey('alder', key)
        }
        held.open()
        await go.opened
        stopped.push('used')
      })
      await held.opened
      const freezing = set({ kind: what, key }).then(() => stopped.push('frozen'))
      await waiting()
      go.open()
      await Promise.all([using, freezing])
      expect(stopped).toEqual(['used', 'frozen'])
    })
    test.each(kinds)('a %s: whoever comes while it is frozen waits, and is stopped', async (what) => {
      const sample = await approvedSample(all)
      const phone = device(id(), { state: 'active' })
      await all.devices.create(phone)
      const key = { payee: sample.to, core: id(), device: phone.jkt }[what]
      const [held, go] = [gate(), gate()]
      const freezing = inUnit(async () => {
        await all.freezes.set(made({ kind: what, key }))
        held.open()
        await go.opened
      })
      await held.opened
      const used = inUnit(async () => {
        if (what === 'payee') return (await all.transactions.use('alder', sample.by)) !== undefined
        if (what === 'core') return !(await all.freezes.hold('alder', { kind: what, key }))
        await all.devices.hold('alder', key)
        return (await all.devices.byKey('alder', key))?.state === 'active'
      })
      await waiting()
      go.open()
      await freezing
      expect(await used).toBe(false)
    })
    test('many uses and a freeze: what commits after it was stopped by it', async () => {
      const samples = await Promise.all(Array.from({ length: 12 }, () => approvedSample(all)))
      const to = id()
      await database
        .knex('customer_transaction')
        .whereIn(
          'id',
          samples.map((one) => one.id),
        )
        .update({ to_account: to })
      let frozen = false
      const after: boolean[] = []
      const use = async ({ by }: (typeof samples)[number]) => {
        const begun = frozen
        const used = await inUnit(() => all.transactions.use('alder', by))
        if (begun) after.push(used !== undefined)
        return used !== undefined
      }
      const early = samples.slice(0, 6).map(use)
      const freezing = set({ kind: 'payee', key: to }).then(() => {
        frozen = true
      })
      const uses = [...early, ...samples.slice(6, 9).map(use)]
      await freezing
      uses.push(...samples.slice(9).map(use))
      const done = await Promise.all(uses)
      expect(after).toEqual([false, false, false])
      expect(done.filter(Boolean).length).toBeLessThanOrEqual(9)
      const counted = await database.knex('customer_transaction').where({ to_account: to, state: 'used' })
      expect(counted).toHaveLength(done.filter(Boolean).length)
    })
  })
}
