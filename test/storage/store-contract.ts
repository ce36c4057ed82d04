// What every database must do for the stores' rows: come back as they went in, stay with their institution, stay sealed.
import { describe, expect, test } from 'vitest'
import type { Institution } from '../../src/domain/institution.ts'
import { hashOf, transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import type { Database } from '../../src/storage/open.ts'
import { sweep } from '../../src/storage/sweeper.ts'
import { alder } from '../journeys/parts.ts'
import { onDatabase } from './on-database.ts'
import { count, device, type everything, id, login, now, twenty } from './rig.ts'

/** Registers the suite for one kind of database. */
export function rowContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })

  describe('stores', () => {
    test('a sign-in comes back as it went in, and changes only while open', async () => {
      const uid = id()
      const transaction = transactionOf(
        {
          type: 'payment_initiation',
          instructedAmount: { amount: '1240.00', currency: 'EUR' },
          debtorAccount: { iban: 'ES9121000418450200051332' },
          creditorName: 'Nordhaven Energy',
          creditorAccount: { iban: 'DE89370400440532013000' },
        },
        builtInTypes,
      )
      const whole = login(uid, { transaction, browserHash: 'b', subject: 's' })
      await all.logins.create(whole)
      expect(await all.logins.get('alder', uid)).toEqual(whole)
      expect(await all.logins.update({ ...whole, outcome: 'finished' })).toBe(true)
      expect(await all.logins.update({ ...whole, outcome: 'cancelled' })).toBe(false)
      expect((await all.logins.get('alder', uid))?.outcome).toBe('finished')
    })
    test('a record of before other types than payments comes back whole, and so does one without an amount', async () => {
      const uid = id()
      const payment = {
        type: 'payment_initiation',
        instructedAmount: { amount: '1240.00', currency: 'EUR' },
        debtorAccount: { iban: 'ES9121000418450200051332' },
        // What was taken then is not refused now.
        creditorName: 'Nordhaven  Energy',
        creditorAccount: { iban: 'DE89370400440532013000' },
      }
      await all.logins.create(login(uid, { subject: 's' }))
      const record = JSON.stringify({
        ...login(uid, {}),
        transaction: { detail: payment, hash: hashOf(payment) },
      })
      await database.knex('login_transaction').where({ institution: 'alder', uid }).update({ record })
      expect((await all.logins.get('alder', uid))?.transaction).toEqual({
        type: 'payment_initiation',
        detail: payment,
        hash: hashOf(payment),
        amount: { minor: 124000n, currency: 'EUR' },
        debtorAccount: 'ES9121000418450200051332',
        creditorAccount: 'DE89370400440532013000',
        creditorName: 'Nordhaven  Energy',
      })
      const contact = { type: 'change_contact', kind: 'phone', newValue: '+37255512345' }
      const whole = login(id(), { transaction: transactionOf(contact, builtInTypes) })
      await all.logins.create(whole)
      const row = await database
        .knex('login_transaction')
        .where({ institution: 'alder', uid: whole.uid })
        .first()
      expect(JSON.stringify(row)).not.toContain('37255512345')
      expect(await all.logins.get('alder', whole.uid)).toEqual(whole)
    })
    test('what a device says of itself, and the secrets of an operator, come back as they went in, and are sealed', async () => {
      const signals = { by: 'page', said: { timeZone: `Europe/${id()}`, screenWidth: 1920 } } as const
      const told = login(id(), { asksSignals: true, signals })
      await all.logins.create(told)
      expect(await all.logins.get('alder', told.uid)).toEqual(told)
      const clientSecret = id()
      const institution: Institution = {
        ...alder,
        id: `i${id()
          .toLowerCase()
          .replaceAll(/[^a-z0-9]/g, '')}`.slice(0, 20),
        browserSignals: true,
        lineFacts: {
          ...{ type: 'camara-sim-swap', maxAgeHours: 72, onFailure: 'refuse' },
          settings: { clientSecret },
        },
      }
      await all.directory.put({ institution, relyingParties: [], connections: [], cores: [] }, 'file')
      expect(await all.directory.institution(institution.id)).toEqual(institution)
      const rows = ['login_transaction', 'institution'].map((table) => database.knex(table))
      const dump = JSON.stringify(await Promise.all(rows))
      expect(dump).not.toContain(signals.said.timeZone)
      expect(dump).not.toContain(clientSecret)
    })
    test('one key is one device until it is revoked', async () => {
      const [a, b] = [id(), id()]
      await all.devices.create(device(a, { jkt: `k${a}` }))
      expect(await all.devices.create(device(b, { jkt: `k${a}` }))).toBe(false)
      expect((await all.devices.byKey('alder', `k${a}`))?.id).toBe(a)
      expect(await all.devices.revoke('alder', a, now)).toBe(true)
      expect(await all.devices.revoke('alder', a, now)).toBe(false)
      expect(await all.devices.byKey('alder', `k${a}`)).toBeUndefined()
      await all.devices.create(device(b, { jkt: `k${a}` }))
      const proven = { nonce: 'n1', now, limit: 5 }
      expect(await all.devices.activate(device(b), { ...proven, nonce: 'other' })).toBe(false)
      expect(await all.devices.activate(device(b), { ...proven, now: now + 300_001 })).toBe(false)
      expect(await all.devices.activate(device(b), proven)).toBe(true)
    })
    test('of twenty who want to read metadata one may, for each reason, until it is done or its lease is over', async () => {
      const [connection, minute] = [id(), 60_000]
      const claim = (why: 'due' | 'now' | 'unknown-key', at: number) =>
        all.metadataStates.claim('alder', connection, {
          why,
          now: at,
          leaseMs: minute,
          since: at - 5 * minute,
        })
      expect(count(await twenty(() => claim('due', now)))).toBe(1)
      expect(await all.metadataStates.busy('alder', connection, now)).toBe(true)
      expect(await claim('now', now + minute - 1)).toBe(false)
      expect(await claim('now', now + minute)).toBe(true)
      const times = { fetchedAt: now, nextAt: now + 9 * minute, validUntil: now + 7, validSince: now - 7 }
      const state = {
        institution: 'alder',
        connection,
        ...times,
        error: '',
        failures: 0,
        digest: 'd',
        waits: ['a'],
        gone: ['k'],
      }
      await all.metadataStates.done(state)
      expect(await all.metadataStates.get('alder', connection)).toEqual(state)
      expect(await all.metadataStates.get('birch', connection)).toBeUndefined()
      expect(await claim('due', now + 9 * minute - 1)).toBe(false)
      expect(count(await twenty(() => claim('unknown-key', now + 2 * minute)))).toBe(1)
      await all.metadataStates.done(state)
      expect(await claim('unknown-key', now + 7 * minute - 1)).toBe(false)
      expect(await claim('unknown-key', now + 7 * minute)).toBe(true)
      await all.metadataStates.done({ ...state, fetchedAt: undefined, validUntil: undefined })
      expect(count(await twenty(() => claim('due', now + 9 * minute)))).toBe(1)
      await all.metadataStates.forget('alder', connection)
      expect(await all.metadataStates.get('alder', connection)).toBeUndefined()
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
    test('revocation by grant, session and key ends all models, and asks once more whether that was all', async () => {
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
      expect(database.roundTrips() - before).toBe(2)
      expect(await all.tokens.revoke('alder', { session })).toBe(2)
      expect(await all.tokens.revoke('alder', { jkt })).toBe(2)
      expect(await Promise.all(keys.map((key) => all.tokens.find(key)))).toEqual(keys.map(() => undefined))
      expect(await all.tokens.find(other)).toBeDefined()
    })
    test('institutions never see each other’s rows, though every id is the same', async () => {
      const one = id()
      const seen = { kind: 'logout', id: one, expiresAt: Date.now() + 60_000 } as const
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
        nameId: { format: 'f', value: secret, nameQualifier: undefined, spNameQualifier: undefined },
        sessionIndex: 's',
        subject: 'x',
        logoutHint: `header.${secret}.signature`,
        login: 'u',
        expiresAt: Date.now() + 60_000,
      })
      const dump = await Promise.all(
        ['subject', 'upstream_session'].map(async (table) => JSON.stringify(await database.knex(table))),
      )
      expect(dump.join()).not.toContain(secret)
    })
    test('kept exchanges take no more than their institution may, and the oldest go', async () => {
      const [institution, other] = [`i${id()}`, `i${id()}`]
      const exchange = (at: number, of = institution) => ({
        ...({
          institution: of,
          id: `${at}`,
          connection: 'idp',
          at,
          outcome: 'failed',
          code: 'saml.issuer',
        } as const),
        ...{ reference: 'DB-TEST-0001', loginReference: 'DB-TEST-0002', clockOffsetMs: 1, checks: [] },
        ...{ request: 'r', answer: 'a'.repeat(1000) },
      })
      const until = Date.now() + 3600_000
      for (const at of [1000, 2000, 3000, 4000]) await all.exchanges.keep(exchange(at), until)
      await all.exchanges.keep(exchange(1000, other), until)
      expect(await all.exchanges.get(institution, '3000')).toEqual(exchange(3000))
      await sweep(database, { exchangeBytes: 3200 })
      const left = await all.exchanges.list(institution, { limit: 10 })
      expect(left.map(({ at }) => at)).toEqual([4000, 3000])
      expect(await all.exchanges.list(other, { limit: 10 })).toHaveLength(1)
      const dump = JSON.stringify(await database.knex('exchange').where({ institution }))
      expect(dump).not.toContain('aaaa')
    })
    test('a logout notice is taken by one of twenty, and again when its lease is over', async () => {
      const [key, institution, at] = [id(), id(), Date.now()]
      const notice = { institution, id: key, relyingParty: 'app', subject: 's', sid: 'x' }
      await all.notices.put(notice, { dueAt: at, expiresAt: at + 60_000 })
      const lease = { now: at, leaseUntil: at + 1000, most: 5 }
      const taken = await Promise.all(Array.from({ length: 20 }, () => all.notices.take(institution, lease)))
      expect(taken.flat()).toEqual([{ ...notice, tries: 1 }])
      expect(await all.notices.take('birch', { ...lease, now: at + 2000 })).toEqual([])
      expect(await all.notices.take(institution, { ...lease, now: at + 2000 })).toEqual([
        { ...notice, tries: 2 },
      ])
      await all.notices.settle(institution, key)
      expect(await all.notices.take(institution, { ...lease, now: at + 9000 })).toEqual([])
    })
    test('an upstream session is found by its exact name and from its browser session', async () => {
      const [login, browser] = [id(), id()]
      const nameId = { format: 'f', value: id(), nameQualifier: 'idp', spNameQualifier: undefined }
      const session = {
        institution: 'alder',
        connection: 'c',
        nameId,
        sessionIndex: 'i1',
        subject: 's',
        logoutHint: 'an.id.token',
        login,
      }
      expect(await all.upstreamSessions.link('alder', login, browser)).toBe(false)
      await all.upstreamSessions.put({ ...session, expiresAt: Date.now() + 60_000 })
      const name = { institution: 'alder', connection: 'c', nameId, sessionIndexes: ['i1'] }
      expect(await all.upstreamSessions.named(name)).toEqual([])
      expect(await all.upstreamSessions.ofLogin('alder', login)).toBeUndefined()
      expect(await all.upstreamSessions.link('alder', login, browser)).toBe(true)
      expect(await all.upstreamSessions.ofLogin('alder', login)).toMatchObject({ browserSession: browser })
      expect(await all.upstreamSessions.ofLogin('birch', login)).toBeUndefined()
      const found = (await all.upstreamSessions.named(name)).map(({ browserSession }) => browserSession)
      expect(found).toEqual([browser])
      expect(await all.upstreamSessions.ofBrowser('alder', browser)).toMatchObject([session])
      const others = [
        { ...name, institution: 'birch' },
        { ...name, connection: 'd' },
        { ...name, sessionIndexes: ['i2'] },
        { ...name, nameId: { ...nameId, nameQualifier: undefined } },
      ]
      for (const other of others) expect(await all.upstreamSessions.named(other)).toEqual([])
      await all.upstreamSessions.forget('alder', browser)
      expect(await all.upstreamSessions.named({ ...name, sessionIndexes: [] })).toEqual([])
    })
    test('an upstream session is found by its index alone, and abandoned only until it is a browser session', async () => {
      const [linked, open, index] = [id(), id(), id()]
      const nameId = { format: 'f', value: id(), nameQualifier: undefined, spNameQualifier: undefined }
      const session = { institution: 'alder', connection: 'c', nameId, sessionIndex: index, subject: 's' }
      const expiresAt = Date.now() + 60_000
      for (const login of [linked, open]) await all.upstreamSessions.put({ ...session, login, expiresAt })
      await all.upstreamSessions.link('alder', linked, id())
      const name = { institution: 'alder', connection: 'c', nameId: undefined, sessionIndexes: [index] }
      expect((await all.upstreamSessions.named(name)).map(({ login }) => login)).toEqual([linked])
      for (const other of [{ institution: 'birch' }, { connection: 'd' }, { sessionIndexes: ['x'] }]) {
        expect(await all.upstreamSessions.named({ ...name, ...other })).toEqual([])
        await all.upstreamSessions.abandon({ ...name, ...other })
      }
      await expect(all.upstreamSessions.named({ ...name, sessionIndexes: [] })).rejects.toThrow()
      await expect(all.upstreamSessions.abandon({ ...name, sessionIndexes: [] })).rejects.toThrow()
      expect(await database.knex('upstream_session').where({ login: open })).toHaveLength(1)
      await all.upstreamSessions.abandon(name)
      expect(await all.upstreamSessions.link('alder', open, id())).toBe(false)
      expect((await all.upstreamSessions.named(name)).map(({ login }) => login)).toEqual([linked])
    })
    test('the sweeper takes what has expired and leaves the rest', async () => {
      const [old, fresh] = [id(), id()]
      await all.replays.once('alder', { kind: 'dpop', id: old, expiresAt: Date.now() - 3600_000 })
      await all.replays.once('alder', { kind: 'dpop', id: fresh, expiresAt: Date.now() + 3600_000 })
      expect(await sweep(database, { exchangeBytes: 1e9 })).toBeGreaterThan(0)
      expect((await database.knex('replay').whereIn('id', [old, fresh])).map((row) => row.id)).toEqual([
        fresh,
      ])
    })
  })
}
