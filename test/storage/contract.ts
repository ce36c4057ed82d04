// What every database must do: units of work, single use, migrations. One suite, run on the embedded one and on PostgreSQL.
import { describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import { migrate, NewerDatabase, pendingMigrations } from '../../src/storage/migrate.ts'
import type { Database } from '../../src/storage/open.ts'
import { onDatabase } from './on-database.ts'
import { count, device, event, type everything, id, login, now, scope, twenty } from './rig.ts'
import type { Scratch } from './scratch.ts'

/** Registers the suite for one kind of database. */
export function storeContract(kind: 'embedded' | 'server'): void {
  let place: Scratch
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    place = opened.place
    database = opened.database
    all = opened.all
  })
  const audited = async (reference: string) =>
    (await all.auditLog.pending('alder')).filter(({ body }) => body.includes(reference)).length

  describe('unit of work', () => {
    const write = (key: string) =>
      all.replays.once('alder', { kind: 'dpop', id: key, expiresAt: Date.now() + 60_000 })
    const written = async (key: string) => (await database.knex('replay').where({ id: key })).length === 1

    test('state and event commit together, the event with the unit’s reference', async () => {
      const [key, reference] = [id(), id()]
      await all.unit.run({ institution: 'alder', reference }, async () => {
        await write(key)
        all.audit.record(event)
      })
      expect([await written(key), await audited(reference)]).toEqual([true, 1])
    })
    test('an error takes both back', async () => {
      const [key, reference] = [id(), id()]
      const run = all.unit.run({ institution: 'alder', reference }, async () => {
        await write(key)
        all.audit.record(event)
        throw new Error('no')
      })
      await expect(run).rejects.toThrow('no')
      expect([await written(key), await audited(reference)]).toEqual([false, 0])
    })
    test('a refusal keeps what was counted and recorded (R-2)', async () => {
      const [key, reference] = [id(), id()]
      const run = all.unit.run({ institution: 'alder', reference }, async () => {
        await write(key)
        all.audit.record(event)
        throw new Refusal('pin.wrong')
      })
      await expect(run).rejects.toThrow(Refusal)
      expect([await written(key), await audited(reference)]).toEqual([true, 1])
    })
    test('fail() takes both back without an error', async () => {
      const [key, reference] = [id(), id()]
      await all.unit.run({ institution: 'alder', reference }, async () => {
        await write(key)
        all.audit.record(event)
        all.unit.fail()
      })
      expect([await written(key), await audited(reference)]).toEqual([false, 0])
    })
    test('a checkpoint commits what came before, whatever comes after', async () => {
      const [before, after] = [id(), id()]
      const run = all.unit.run(scope(), async () => {
        await write(before)
        await all.unit.checkpoint()
        await write(after)
        throw new Error('no')
      })
      await expect(run).rejects.toThrow('no')
      expect([await written(before), await written(after)]).toEqual([true, false])
    })
    test('a unit within a unit is the same unit', async () => {
      const key = id()
      const run = all.unit.run(scope(), async () => {
        await all.unit.run(scope(), async () => void (await write(key)))
        throw new Error('no')
      })
      await expect(run).rejects.toThrow('no')
      expect(await written(key)).toBe(false)
    })
    test('reads see the unit’s own writes, and nothing begins before the first write', async () => {
      await all.unit.run(scope(), async () => {
        const before = database.roundTrips()
        expect(await all.consents.scopes('alder', 'nobody', 'app')).toEqual([])
        expect(database.roundTrips() - before).toBe(1)
        const subject = id()
        await all.consents.remember('alder', { subject, relyingParty: 'app', scopes: ['openid'] })
        expect(await all.consents.scopes('alder', subject, 'app')).toEqual(['openid'])
      })
    })
    test('BEGIN waits for nobody, and COMMIT leaves with the events', async () => {
      const [waits, statements] = [database.roundTrips(), database.statements()]
      await all.unit.run(scope(), async () => {
        await write(id())
        all.audit.record(event)
      })
      expect(database.roundTrips() - waits).toBe(2)
      expect(database.statements() - statements).toBe(4)
    })
    test('a statement that failed is not forgotten because somebody caught its error', async () => {
      const [key, reference] = [id(), id()]
      const run = all.unit.run({ institution: 'alder', reference }, async () => {
        await write(key)
        all.audit.record(event)
        const db = await all.connections.writer()
        await db.raw('select 1/0').catch(() => undefined)
      })
      await expect(run).rejects.toThrow('division by zero')
      expect([await written(key), await audited(reference)]).toEqual([false, 0])
      expect(await all.unit.run(scope(), () => write(key))).toBe(true)
    })
    test('a write that is not waited for fails its unit all the same', async () => {
      const [key, uid] = [id(), id()]
      await all.logins.create(login(uid))
      const run = all.unit.run(scope(), async () => {
        await write(key)
        await all.logins.create(login(uid))
        all.audit.record(event)
      })
      await expect(run).rejects.toThrow('duplicate key')
      expect(await written(key)).toBe(false)
    })
    test('whoever reads after it is told what failed, not that something had failed', async () => {
      const uid = id()
      await all.logins.create(login(uid))
      const run = all.unit.run(scope(), async () => {
        await all.logins.create(login(uid))
        await all.tokens.find({ institution: 'alder', model: 'Grant', id: id() })
      })
      await expect(run).rejects.toThrow('duplicate key')
    })
    test('a connection that dies within a unit: nothing is stored, and the next unit has another', async () => {
      if (database.kind === 'embedded') return
      const key = id()
      const run = all.unit.run(scope(), async () => {
        await write(key)
        const db = await all.connections.writer()
        await db.raw('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined)
        all.audit.record(event)
      })
      await expect(run).rejects.toThrow()
      expect(await written(key)).toBe(false)
      expect(await all.unit.run(scope(), () => write(key))).toBe(true)
    })
    test('work that outlives its unit writes nothing', async () => {
      const key = id()
      let late: Promise<unknown> = Promise.resolve()
      await all.unit.run(scope(), async () => {
        late = new Promise((resolve) => setTimeout(resolve, 20)).then(() => write(key))
      })
      await expect(late).rejects.toThrow('ended')
      expect(await written(key)).toBe(false)
    })
    test('an event outside a unit is a mistake that shows', () =>
      expect(() => all.audit.record(event)).toThrow())
    test('twenty units at once', async () => {
      const results = await twenty(() => all.unit.run(scope(), () => write(id())))
      expect(count(results)).toBe(20)
    })
    test('numbers of rolled-back events are explained by audit.void', async () => {
      const knex = database.knex
      await knex.raw("alter table audit_event add constraint no_poison check (body not like '%poison%')")
      const run = all.unit.run(scope(), async () => all.audit.record({ ...event, detail: { poison: true } }))
      await expect(run).rejects.toThrow()
      await knex.raw('alter table audit_event drop constraint no_poison')
      await all.unit.run(scope(), async () => all.audit.record(event))
      const rows = (await all.auditLog.pending('alder')).map(({ node, counter }) => `${node}/${counter}`)
      const [node] = (rows.at(-1) as string).split('/')
      const numbers = rows
        .filter((row) => row.startsWith(`${node}/`))
        .map((row) => Number(row.split('/')[1]))
        .sort((a, b) => a - b)
      expect(numbers).toEqual(numbers.map((_, i) => i))
      expect((await all.auditLog.pending('alder')).some(({ body }) => body.includes('audit.void'))).toBe(true)
    })
  })

  describe('used once, whoever comes', () => {
    test('twenty consumptions of one code', async () => {
      const key = { institution: 'alder', model: 'AuthorizationCode', id: id() }
      await all.tokens.upsert(key, { grantId: 'g' }, 60)
      expect(count(await twenty(() => all.unit.run(scope(), () => all.tokens.consume(key))))).toBe(1)
      expect((await all.tokens.find(key))?.consumedAt).toBeTypeOf('number')
    })
    test('twenty sights of one id', async () => {
      const seen = { kind: 'dpop', id: id(), expiresAt: Date.now() + 60_000 } as const
      expect(count(await twenty(() => all.unit.run(scope(), () => all.replays.once('alder', seen))))).toBe(1)
    })
    test('twenty takers of one answer', async () => {
      const handle = id()
      await all.answers.put(
        'alder',
        { handle, connection: 'idp', relayState: 'r', payload: 'p' },
        Date.now() + 60_000,
      )
      const taken = await twenty(() => all.unit.run(scope(), () => all.answers.take('alder', handle)))
      expect(taken.filter((one) => one !== undefined)).toEqual([
        { handle, connection: 'idp', relayState: 'r', payload: 'p' },
      ])
    })
    test('twenty activations of one device', async () => {
      const name = id()
      await all.devices.create(device(name))
      expect(
        count(
          await twenty(() =>
            all.unit.run(scope(), () => all.devices.activate(device(name), { nonce: 'n1', now, limit: 5 })),
          ),
        ),
      ).toBe(1)
    })
    test('twenty consumptions of one upstream request', async () => {
      const uid = id()
      await all.logins.create(login(uid, { upstreamRequest: '_r' }))
      expect(
        count(await twenty(() => all.unit.run(scope(), () => all.logins.answered(login(uid), '_r')))),
      ).toBe(1)
    })
    test('twenty PINs at once: the budget and not one more', async () => {
      const where = { institution: 'alder', subject: id(), device: 'd' }
      const policy = { length: 6, attempts: 5, lockSeconds: 900 }
      const tries = await twenty(() => all.unit.run(scope(), () => all.pins.countTry(where, policy, now)))
      expect(count(tries.map(({ allowed }) => allowed))).toBe(5)
      expect(
        tries.filter(({ allowed }) => !allowed).every(({ lockedUntil }) => lockedUntil === now + 900_000),
      ).toBe(true)
      const later = await all.pins.countTry(where, policy, now + 900_001)
      expect(later).toMatchObject({ allowed: true, used: 1, lockedUntil: undefined })
      await all.pins.clear(where)
      expect(await all.pins.countTry(where, policy, now)).toMatchObject({ used: 1 })
    })
    test('twenty first PINs: one stays', async () => {
      const subject = id()
      expect(
        count(await twenty((i) => all.unit.run(scope(), () => all.pins.setFirst('alder', subject, `v${i}`)))),
      ).toBe(1)
    })
    test('twenty first sights of a customer give one sub', async () => {
      const key = {
        institution: 'alder',
        connection: 'c',
        issuer: 'i',
        format: 'f',
        qualifiers: '',
        value: id(),
      }
      const subs = await twenty((i) =>
        all.unit.run(scope(), () => all.subjects.resolve(key, { name: `A${i}` }, id())),
      )
      expect(new Set(subs).size).toBe(1)
      expect(await all.subjects.claims('alder', subs[0] as string)).toHaveProperty('name')
    })
  })

  describe('migrations', () => {
    test('twice changes nothing', async () =>
      expect(await migrate(database, place.url)).toEqual({ applied: [] }))
    test('a database of a newer version is refused', async () => {
      await database
        .knex('knex_migrations')
        .insert({ name: '9999-later.ts', batch: 9, migration_time: new Date() })
      await expect(pendingMigrations(database)).rejects.toThrow(NewerDatabase)
      await database.knex('knex_migrations').where({ name: '9999-later.ts' }).del()
    })
    test('the lock of a migration that was killed does not stop the next one (R-8)', async () => {
      await database.knex('knex_migrations_lock').update({ is_locked: 1 })
      const last = await database.knex('knex_migrations').orderBy('id', 'desc').first()
      await database.knex('knex_migrations').where({ id: last.id }).del()
      // The tables are there already, so the migration itself fails; it must get past the lock to do so.
      await expect(migrate(database, place.url)).rejects.toThrow(/already exists/)
      await database.knex('knex_migrations').insert(last)
    })
  })
}
