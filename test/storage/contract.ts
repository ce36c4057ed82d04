// What every database must do for the stores: one suite, run on the embedded one and on PostgreSQL.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/domain/audit.ts'
import type { Device } from '../../src/domain/device.ts'
import type { LoginTransaction } from '../../src/domain/login.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { createFieldSeal } from '../../src/plugins/keys/seal.ts'
import { createAuditLog } from '../../src/storage/audit-log.ts'
import { createAuditWriter } from '../../src/storage/audit-writer.ts'
import { createDevices } from '../../src/storage/devices.ts'
import { createDirectory } from '../../src/storage/directory.ts'
import { createLogins } from '../../src/storage/logins.ts'
import { migrate, NewerDatabase, pendingMigrations } from '../../src/storage/migrate.ts'
import type { Database } from '../../src/storage/open.ts'
import { createPins } from '../../src/storage/pins.ts'
import { createReplays } from '../../src/storage/replays.ts'
import { createConsents, createSubjects, createUpstreamSessions } from '../../src/storage/subjects.ts'
import { sweep } from '../../src/storage/sweeper.ts'
import { createTokenStore } from '../../src/storage/token-store.ts'
import { createUnits } from '../../src/storage/unit-of-work.ts'
import { createUpstreamAnswers } from '../../src/storage/upstream-answers.ts'
import { migrated, type Scratch, scratch } from './scratch.ts'

const now = Date.parse('2026-11-24T12:00:00Z')
const master = randomBytes(32)

function everything(database: Database) {
  const seal = createFieldSeal(master)
  const events = createAuditWriter({ clock: { now: () => now }, node: randomBytes(4).toString('hex'), seal })
  const units = createUnits({ knex: database.knex, events })
  const { connections } = units
  return {
    ...units,
    auditLog: createAuditLog(database),
    tokens: createTokenStore(connections),
    replays: createReplays(connections),
    devices: createDevices(connections),
    pins: createPins(connections),
    logins: createLogins(connections),
    answers: createUpstreamAnswers(connections),
    subjects: createSubjects(connections, seal),
    upstreamSessions: createUpstreamSessions(connections, seal),
    consents: createConsents(connections),
    directory: createDirectory(connections, Date.now),
  }
}

const scope = (institution = 'alder') => ({ institution, reference: 'DB-TEST-0001' })
const event: AuditEvent = { type: 'login.started', outcome: 'ok' }

const login = (uid: string, change: Partial<LoginTransaction> = {}): LoginTransaction => ({
  institution: 'alder',
  uid,
  reference: 'DB-TEST-0001',
  relyingParty: 'app',
  connection: 'idp',
  redirectUri: 'https://app.example/cb',
  scope: ['openid'],
  languages: ['en'],
  neededAcr: undefined,
  transaction: undefined,
  dpopJkt: undefined,
  freshLogin: false,
  consent: 'needed',
  browserHash: undefined,
  upstreamRequest: undefined,
  upstreamAskedAt: undefined,
  subject: undefined,
  authenticatedAt: undefined,
  sessionNotOnOrAfter: undefined,
  amr: [],
  device: undefined,
  hasPin: false,
  outcome: 'open',
  refusal: undefined,
  startedAt: now,
  expiresAt: Date.now() + 600_000,
  ...change,
})

const device = (id: string, change: Partial<Device> = {}): Device => ({
  institution: 'alder',
  id,
  subject: 's1',
  relyingParty: 'app',
  name: 'Phone',
  state: 'pending',
  jkt: `jkt-${id}`,
  publicJwk: { kty: 'EC' },
  nonce: 'n1',
  nonceExpiresAt: now + 300_000,
  createdAt: now,
  activatedAt: undefined,
  ...change,
})

const count = (results: readonly boolean[]) => results.filter(Boolean).length
const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)))
const id = () => randomBytes(8).toString('hex')

/** Registers the suite for one kind of database. */
export function storeContract(kind: 'embedded' | 'server'): void {
  let place: Scratch
  let database: Database
  let all: ReturnType<typeof everything>
  beforeAll(async () => {
    place = await scratch(kind)
    database = await migrated(place)
    all = everything(database)
  })
  afterAll(async () => {
    await database.close()
    await place.remove()
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
            all.unit.run(scope(), () => all.devices.activate('alder', name, { nonce: 'n1', now })),
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

  describe('stores', () => {
    test('a sign-in comes back as it went in, and changes only while open', async () => {
      const uid = id()
      const transaction = transactionOf({
        type: 'payment_initiation',
        instructedAmount: { amount: '1240.00', currency: 'EUR' },
        debtorAccount: { iban: 'ES9121000418450200051332' },
        creditorName: 'Nordhaven Energy',
        creditorAccount: { iban: 'DE89370400440532013000' },
      })
      const whole = login(uid, { transaction, browserHash: 'b', subject: 's' })
      await all.logins.create(whole)
      expect(await all.logins.get('alder', uid)).toEqual(whole)
      expect(await all.logins.update({ ...whole, outcome: 'finished' })).toBe(true)
      expect(await all.logins.update({ ...whole, outcome: 'cancelled' })).toBe(false)
      expect((await all.logins.get('alder', uid))?.outcome).toBe('finished')
    })
    test('one key is one device until it is revoked', async () => {
      const [a, b] = [id(), id()]
      await all.devices.create(device(a, { jkt: `k${a}` }))
      await expect(all.devices.create(device(b, { jkt: `k${a}` }))).rejects.toThrow()
      expect((await all.devices.byKey('alder', `k${a}`))?.id).toBe(a)
      expect(await all.devices.revoke('alder', a, now)).toBe(true)
      expect(await all.devices.revoke('alder', a, now)).toBe(false)
      expect(await all.devices.byKey('alder', `k${a}`)).toBeUndefined()
      await all.devices.create(device(b, { jkt: `k${a}` }))
      expect(await all.devices.activate('alder', b, { nonce: 'other', now })).toBe(false)
      expect(await all.devices.activate('alder', b, { nonce: 'n1', now: now + 300_001 })).toBe(false)
      expect(await all.devices.activate('alder', b, { nonce: 'n1', now })).toBe(true)
    })
    test('bearer values are not in the database', async () => {
      const value = id()
      await all.tokens.upsert(
        { institution: 'alder', model: 'AccessToken', id: value },
        { jti: value, grantId: 'g', kind: 'AccessToken' },
        60,
      )
      const { rows } = await database.knex.raw('select * from oidc_payload')
      expect(JSON.stringify(rows)).not.toContain(value)
    })
    test('what has expired is not found; a session is found by its uid', async () => {
      const key = { institution: 'alder', model: 'Session', id: id() }
      await all.tokens.upsert(key, { uid: key.id, jti: key.id }, 60)
      expect(
        (await all.tokens.findByUid({ institution: 'alder', model: 'Session', uid: key.id }))?.payload.jti,
      ).toBe(key.id)
      await database
        .knex('oidc_payload')
        .where({ uid: key.id })
        .update({ expires_at: new Date(0) })
      expect(await all.tokens.find(key)).toBeUndefined()
    })
    test('revocation by grant, session and key ends all models in one statement', async () => {
      const put = (model: string, payload: object) => {
        const key = { institution: 'alder', model, id: id() }
        return all.tokens.upsert(key, { ...payload }, 60).then(() => key)
      }
      const [grant, session, jkt] = [id(), id(), id()]
      const keys = await Promise.all([
        put('AccessToken', { grantId: grant }),
        put('RefreshToken', { grantId: grant }),
        put('AuthorizationCode', { sessionUid: session }),
        put('AccessToken', { sessionUid: session }),
        put('RefreshToken', { jkt }),
        put('AuthorizationCode', { dpopJkt: jkt }),
      ])
      const other = await put('AccessToken', { grantId: id() })
      const before = database.roundTrips()
      expect(await all.tokens.revoke('alder', { grant })).toBe(2)
      expect(database.roundTrips() - before).toBe(1)
      expect(await all.tokens.revoke('alder', { session })).toBe(2)
      expect(await all.tokens.revoke('alder', { jkt })).toBe(2)
      expect(await Promise.all(keys.map((key) => all.tokens.find(key)))).toEqual(keys.map(() => undefined))
      expect(await all.tokens.find(other)).toBeDefined()
    })
    test('institutions never see each other’s rows, though every id is the same', async () => {
      const one = id()
      const seen = { kind: 'transaction', id: one, expiresAt: Date.now() + 60_000 } as const
      expect([await all.replays.once('alder', seen), await all.replays.once('birch', seen)]).toEqual([
        true,
        true,
      ])
      await all.devices.create(device(one))
      await all.devices.create({ ...device(one), institution: 'birch', subject: 's2' })
      expect((await all.devices.get('birch', one))?.subject).toBe('s2')
      expect(await all.devices.list('birch', 's1')).toEqual([])
      expect(await all.devices.revoke('birch', one, now)).toBe(true)
      expect((await all.devices.get('alder', one))?.state).toBe('pending')
      await all.logins.create(login(one))
      expect(await all.logins.get('birch', one)).toBeUndefined()
      await all.tokens.upsert({ institution: 'alder', model: 'AccessToken', id: one }, { grantId: one }, 60)
      expect(await all.tokens.revoke('birch', { grant: one })).toBe(0)
      const key = {
        institution: 'alder',
        connection: 'c',
        issuer: 'i',
        format: 'f',
        qualifiers: '',
        value: one,
      }
      const sub = await all.subjects.resolve(key, { name: 'A' }, id())
      expect(await all.subjects.claims('birch', sub)).toBeUndefined()
    })
    test('personal values are sealed', async () => {
      const secret = `Alice ${id()}`
      await all.subjects.resolve(
        { institution: 'alder', connection: 'c', issuer: 'i', format: 'f', qualifiers: '', value: id() },
        { name: secret },
        id(),
      )
      await all.upstreamSessions.put({
        institution: 'alder',
        connection: 'c',
        nameId: secret,
        nameIdFormat: 'f',
        sessionIndex: 's',
        subject: 'x',
        login: 'u',
        expiresAt: Date.now() + 60_000,
      })
      const dump = await Promise.all(
        ['subject', 'upstream_session'].map(async (table) => JSON.stringify(await database.knex(table))),
      )
      expect(dump.join()).not.toContain(secret)
    })
    test('the sweeper takes what has expired and leaves the rest', async () => {
      const [old, fresh] = [id(), id()]
      await all.replays.once('alder', { kind: 'dpop', id: old, expiresAt: Date.now() - 3600_000 })
      await all.replays.once('alder', { kind: 'dpop', id: fresh, expiresAt: Date.now() + 3600_000 })
      expect(await sweep(database)).toBeGreaterThan(0)
      expect((await database.knex('replay').whereIn('id', [old, fresh])).map((row) => row.id)).toEqual([
        fresh,
      ])
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
