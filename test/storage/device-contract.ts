// What every database must do for devices where several things happen to them at once.
import { describe, expect, test } from 'vitest'
import type { Device } from '../../src/domain/device.ts'
import type { TokenKey } from '../../src/ports/tokens.ts'
import type { Database } from '../../src/storage/open.ts'
import { sweep } from '../../src/storage/sweeper.ts'
import { onDatabase } from './on-database.ts'
import { count, device, type everything, id, now, scope, twenty } from './rig.ts'

/** Registers the suite for one kind of database. */
export function deviceContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })

  const customer = () =>
    all.subjects.resolve(
      { institution: 'alder', connection: 'c', issuer: 'i', format: 'f', qualifiers: '', value: id() },
      {},
      id(),
    )
  const created = async (change: Partial<Device>): Promise<Device> => {
    const one = device(id(), change)
    await all.devices.create(one)
    return one
  }
  const activate = (one: Device, limit: number) =>
    all.unit.run(scope(), () => all.devices.activate(one, { nonce: 'n1', now, limit }))

  describe('devices', () => {
    test('twenty activations of one customer’s devices at once: as many as the limit, in the end too', async () => {
      const subject = await customer()
      const mine = await twenty(() => created({ subject }))
      expect(count(await Promise.all(mine.map((one) => activate(one, 2))))).toBe(2)
      const states = (await all.devices.list('alder', subject)).map(({ state }) => state)
      expect(states.filter((state) => state === 'active')).toHaveLength(2)
      const other = await created({ subject: await customer() })
      expect(await activate(other, 2)).toBe(true)
    })
    test('twenty enrolments of one key at once: one is made, and the others hear of it', async () => {
      const subject = await customer()
      const jkt = id()
      const enrol = () => all.unit.run(scope(), () => all.devices.create(device(id(), { subject, jkt })))
      expect(count(await twenty(enrol))).toBe(1)
      expect(await all.devices.list('alder', subject)).toHaveLength(1)
      const [first] = await all.devices.list('alder', subject)
      await all.devices.revoke('alder', first?.id ?? '', now)
      expect(await enrol()).toBe(true)
    })
    test('a suspended device takes its place, a revoked one does not', async () => {
      const subject = await customer()
      const [first, second] = [await created({ subject, state: 'suspended' }), await created({ subject })]
      expect(await activate(second, 1)).toBe(false)
      await all.devices.revoke('alder', first.id, now)
      expect(await activate(second, 1)).toBe(true)
    })
    test('whoever ends a device that is held waits, and then ends what was issued meanwhile', async () => {
      const { id: name, jkt } = await created({ state: 'active' })
      const token = { institution: 'alder', model: 'AccessToken', id: id() }
      const issuing = Promise.withResolvers<void>()
      const issued = all.unit.run(scope(), async () => {
        await all.devices.hold('alder', jkt)
        expect((await all.devices.byKey('alder', jkt))?.id).toBe(name)
        issuing.resolve()
        await new Promise((resolve) => setTimeout(resolve, 200))
        await all.tokens.upsert(token, { jkt }, 60)
      })
      await issuing.promise
      const ended = await all.unit.run(scope(), async () => {
        await all.devices.revoke('alder', name, now)
        return all.tokens.revoke('alder', { jkt })
      })
      await issued
      expect(ended).toBe(1)
      expect(await all.tokens.find(token)).toBeUndefined()
    })
    test('a device that was ended first is gone for whoever holds it next', async () => {
      const { id: name, jkt } = await created({ state: 'active' })
      const ending = Promise.withResolvers<void>()
      const ended = all.unit.run(scope(), async () => {
        await all.devices.revoke('alder', name, now)
        ending.resolve()
        await new Promise((resolve) => setTimeout(resolve, 200))
      })
      await ending.promise
      const found = await all.unit.run(scope(), async () => {
        await all.devices.hold('alder', jkt)
        return all.devices.byKey('alder', jkt)
      })
      await ended
      expect(found).toBeUndefined()
    })
    test('whoever ends a token that is held waits; one that was ended, or is over, is not held', async () => {
      const jkt = id()
      const [token, over] = [0, 1].map(() => ({ institution: 'alder', model: 'AccessToken', id: id() })) as [
        TokenKey,
        TokenKey,
      ]
      await all.tokens.upsert(token, { jkt }, 60)
      await all.tokens.upsert(over, { jkt: id() }, -1)
      expect(await all.tokens.hold(over)).toBe(false)
      expect(await all.tokens.hold({ ...token, institution: 'birch' })).toBe(false)
      const order: string[] = []
      const held = Promise.withResolvers<void>()
      const using = all.unit.run(scope(), async () => {
        expect(await all.tokens.hold(token)).toBe(true)
        held.resolve()
        await new Promise((resolve) => setTimeout(resolve, 200))
        order.push('used')
      })
      await held.promise
      await all.unit.run(scope(), () => all.tokens.revoke('alder', { jkt }))
      order.push('ended')
      await using
      expect(order).toEqual(['used', 'ended'])
      expect(await all.tokens.hold(token)).toBe(false)
    })
    test('the sweeper takes enrolments that were never finished, and nothing else', async () => {
      const [long, ago] = [Date.now() - 3600_000, Date.now() - 60_000]
      const abandoned = await created({ nonceExpiresAt: long })
      const kept = [
        await created({ nonceExpiresAt: ago }),
        await created({ nonceExpiresAt: long, state: 'active' }),
        await created({ nonceExpiresAt: long, state: 'revoked' }),
      ]
      await sweep(database, { exchangeBytes: 1e9 })
      expect(await all.devices.get('alder', abandoned.id)).toBeUndefined()
      for (const one of kept) expect(await all.devices.get('alder', one.id)).toBeDefined()
    })
  })
}
