// What every database must do for retention: what is over goes, what anything still needs stays, whichever nodes delete at once.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leastDays, type RecordKind, type Retention, recordKinds } from '../../src/domain/retention.ts'
import { createRetentionPass } from '../../src/flows/retention.ts'
import type { Database } from '../../src/storage/open.ts'
import { onDatabase } from './on-database.ts'
import { type everything, id, now, scope } from './rig.ts'

const day = 24 * 3600_000
const days = 400
const [old, young] = [now - 401 * day, now - 399 * day]
const before = now - days * day

type Row = Readonly<Record<string, unknown>>

/** Registers the suite for one kind of database. */
export function retentionContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })

  const inserted = async (table: string, institution: string, row: Row): Promise<string> => {
    const own = id()
    await database.knex(table).insert({ institution, id: own, record: 'r', ...row })
    return own
  }
  const logged: unknown[] = []
  const log = { error: (event: string, fields: object) => void logged.push({ event, ...fields }) } as never
  const at = (ms: number) => new Date(ms)
  const transaction = (institution: string, change: Row = {}, createdAt = old) =>
    inserted('customer_transaction', institution, {
      ...{
        subject: 's',
        relying_party: 'app',
        type: 'payment_initiation',
        kind: 'payment',
        hash: 'h',
        minor: 1,
      },
      ...{ state: 'used', outcome: 'allow', reason: 'allowed', policy: 'p' },
      ...{
        created_at: at(createdAt),
        expires_at: at(createdAt + 1),
        ended_at: at(createdAt + 1),
        used_at: at(createdAt + 1),
      },
      ...change,
    })
  const approval = (institution: string, change: Row = {}, createdAt = old) =>
    inserted('approval', institution, {
      ...{ subject: 's', relying_party: 'api', origin: 'api', reference: 'r', hash: 'h', state: 'approved' },
      ...{ created_at: at(createdAt), expires_at: at(createdAt + 1), ended_at: at(createdAt + 1), ...change },
    })
  const evidence = (institution: string, change: Row = {}, createdAt = old) =>
    inserted('approval_evidence', institution, { digest: 'd', created_at: at(createdAt), ...change })
  const assessment = (institution: string, change: Row = {}, createdAt = old) =>
    inserted('risk_assessment', institution, {
      ...{
        kind: 'sign-in',
        subject: 's',
        relying_party: 'app',
        reference: 'r',
        action: 'allow',
        reason: 'risk.allowed',
      },
      ...{
        created_at: at(createdAt),
        settle_by: at(createdAt),
        outcome: 'approved',
        ended_at: at(createdAt),
        ...change,
      },
    })
  const remove = (institution: string, record: RecordKind, most = 1000, from = 0) =>
    all.unit.run(scope(institution), () =>
      all.retentionStore.removeOld(institution, record, { from, before, now, most }),
    )
  const left = async (table: string, institution: string): Promise<string[]> =>
    (await database.knex(table).where({ institution }).select('id')).map((row) => row.id)
  const pass = (institution: string, retention: Retention, later = 0) =>
    createRetentionPass({
      ...all,
      directory: { institutions: async () => [{ id: institution, retention } as never] },
      clock: { now: () => now + later },
      chance: { reference: () => 'DB-TEST' } as never,
      log,
    })
  const told = async (institution: string) =>
    (
      await database.knex('audit_event').where({ institution, type: 'retention.removed' }).orderBy('counter')
    ).map(({ body }) => JSON.parse(body).detail)

  const grant = id()
  test.each<[string, Row, number, boolean]>([
    ['used', {}, old, false],
    ['used yesterday', { used_at: at(now - day) }, old, true],
    ['young', {}, young, true],
    ['released', { state: 'released', used_at: null }, old, false],
    ['refused', { state: 'refused', used_at: null }, old, false],
    ['held', { state: 'held', used_at: null }, old, false],
    ['held lately', { state: 'held', used_at: null, ended_at: at(young) }, old, true],
    ['lapsed', { state: 'open', used_at: null, ended_at: null }, old, false],
    ['open', { state: 'open', used_at: null, ended_at: null, expires_at: at(now + 1) }, old, true],
    ['approved, without a grant', { state: 'approved', used_at: null }, old, false],
    ['approved, and its grant is over', { state: 'approved', used_at: null, grant_id: 'gone' }, old, false],
    ['approved, and may be carried out', { state: 'approved', used_at: null, grant_id: grant }, old, true],
  ])('a transaction that is %s', async (_name, change, createdAt, stays) => {
    const institution = id()
    await all.tokens.upsert({ institution, model: 'AccessToken', id: id() }, { grantId: grant }, 3600)
    const one = await transaction(institution, change, createdAt)
    const looked = await remove(institution, 'transactions')
    expect(looked).toEqual({ removed: stays ? 0 : 1, until: before })
    expect(await left('customer_transaction', institution)).toEqual(stays ? [one] : [])
  })
  test('a transaction stays with its evidence and with its approval, of its own institution', async () => {
    const [institution, other] = [id(), id()]
    const proven = await transaction(institution)
    await evidence(institution, { transaction_id: proven }, young)
    const asked = await transaction(institution)
    await approval(institution, { transaction_id: asked }, young)
    const elsewhere = await transaction(institution)
    await evidence(other, { transaction_id: elsewhere }, young)
    await approval(other, { transaction_id: elsewhere }, young)
    expect((await remove(institution, 'transactions')).removed).toBe(1)
    expect((await left('customer_transaction', institution)).sort()).toEqual([proven, asked].sort())
  })
  test('an approval stays with its evidence, and when it ended lately', async () => {
    const institution = id()
    const [byId, ofTransaction] = [await approval(institution), id()]
    const byTransaction = await approval(institution, { transaction_id: ofTransaction })
    const late = await approval(institution, { ended_at: at(young) })
    await approval(institution, { state: 'pending', ended_at: null })
    await approval(institution, { state: 'denied', transaction_id: id() })
    await inserted('approval_evidence', institution, { id: byId, digest: 'd', created_at: at(young) })
    await evidence(institution, { transaction_id: ofTransaction }, young)
    expect((await remove(institution, 'approvals')).removed).toBe(2)
    expect((await left('approval', institution)).sort()).toEqual([byId, byTransaction, late].sort())
  })
  test('a case that waits stays with its transaction; one that ended goes before it, with its steps', async () => {
    const institution = id()
    const held = (state: string) => {
      const ended = state === 'open' || state === 'proposed' ? null : at(old + 2)
      return transaction(institution, { state: 'held', used_at: null }).then(async (one) => {
        await database.knex('held_case').insert({
          ...{ institution, id: one, subject: 's', relying_party: 'app', reference: 'r', hash: 'h' },
          ...{
            reason: 'rule.huge',
            state,
            version: 1,
            created_at: at(old),
            deadline: at(old + 1),
            ended_at: ended,
          },
        })
        const step = { institution, id: one, version: 1, step: 'stop', done_by: 'b', why: 'w', at: at(old) }
        await database.knex('held_case_step').insert(step)
        return one
      })
    }
    const waiting = [await held('open'), await held('proposed')]
    for (const state of ['released', 'stopped', 'expired']) await held(state)
    expect((await remove(institution, 'transactions')).removed).toBe(0)
    expect((await remove(institution, 'cases')).removed).toBe(3)
    expect((await remove(institution, 'transactions')).removed).toBe(3)
    for (const table of ['held_case', 'held_case_step', 'customer_transaction'])
      expect((await left(table, institution)).sort()).toEqual([...waiting].sort())
  })
  test('an assessment whose end is owed, or came lately, stays', async () => {
    const institution = id()
    const owed = await assessment(institution, { outcome: null, ended_at: null })
    const late = await assessment(institution, { outcome: 'fraud', ended_at: at(young) })
    await assessment(institution)
    await database.knex('risk_shadow').insert(
      [old, young].map((one) => ({
        ...{
          institution,
          assessment: id(),
          provider: 'p',
          kind: 'sign-in',
          action: 'allow',
          said: 'deny',
          would_be: 'deny',
        },
        created_at: at(one),
      })),
    )
    expect((await remove(institution, 'assessments')).removed).toBe(1)
    expect((await left('risk_assessment', institution)).sort()).toEqual([owed, late].sort())
    expect((await remove(institution, 'shadows')).removed).toBe(1)
  })
  test('another institution’s records are never touched', async () => {
    const [institution, other] = [id(), id()]
    await transaction(other)
    await evidence(other)
    for (const one of recordKinds) expect((await remove(institution, one)).removed).toBe(0)
    expect(await left('customer_transaction', other)).toHaveLength(1)
    expect(await left('approval_evidence', other)).toHaveLength(1)
  })
  test('whatever their moments, looking on from where it ended finds every old one, and no young one', async () => {
    const moments = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(moments, fc.integer({ min: 1, max: 4 }), async (all9, most) => {
        const institution = id()
        for (const ms of all9) await evidence(institution, {}, before + ms)
        let [removed, from, looks] = [0, 0, 0]
        while (from < before) {
          const looked = await remove(institution, 'evidence', most, from)
          expect(looked.until).toBeGreaterThan(from)
          removed += looked.removed
          from = looked.until
          looks += 1
        }
        expect(removed).toBe(all9.filter((ms) => ms < 0).length)
        expect(await left('approval_evidence', institution)).toHaveLength(all9.filter((ms) => ms >= 0).length)
        expect(looks).toBeLessThanOrEqual(1 + removed / most)
      }),
      { numRuns: kind === 'server' ? 30 : 10 },
    )
  })
  test('a moment finer than a millisecond is not left behind', async () => {
    const institution = id()
    for (const text of ['2020-01-01T00:00:00.000100Z', '2020-01-01T00:00:00.000900Z'])
      await evidence(institution, { created_at: text })
    const first = await remove(institution, 'evidence', 1)
    const second = await remove(institution, 'evidence', 1, first.until)
    expect([first.removed + second.removed, second.until]).toEqual([2, before])
  })
  test('of nodes that delete at once each tells of what it deleted, and nothing is told twice', async () => {
    const institution = id()
    await database.knex('approval_evidence').insert(
      Array.from({ length: 300 }, (_, n) => ({
        ...{ institution, id: id(), digest: 'd', record: 'r', created_at: at(old - n) },
      })),
    )
    const nodes = Array.from({ length: 4 }, () => pass(institution, { evidence: days })())
    const removed = await Promise.all(nodes)
    expect(removed.reduce((sum, one) => sum + one, 0)).toBe(300)
    expect((await told(institution)).reduce((sum, { count }) => sum + count, 0)).toBe(300)
    expect(await left('approval_evidence', institution)).toEqual([])
  })
  test('one pass deletes evidence, then what it kept; it tells of each kind with its count, and once', async () => {
    const institution = id()
    const kept = await transaction(institution)
    await approval(institution, { transaction_id: kept })
    await evidence(institution, { transaction_id: kept })
    await assessment(institution)
    const one = pass(institution, { evidence: days, transactions: days })
    expect(await one()).toBe(3)
    const event = (kind_: RecordKind) => ({ kind: kind_, count: 1, before: new Date(before).toISOString() })
    expect(await told(institution)).toEqual([event('evidence'), event('approvals'), event('transactions')])
    expect(await left('risk_assessment', institution)).toHaveLength(1)
    expect(await one()).toBe(0)
    expect(await told(institution)).toHaveLength(3)
  })
  test('where nothing is said everything stays; and however little is said, nothing goes that a limit counts', async () => {
    const institution = id()
    await transaction(institution, {}, now - 99 * day)
    await evidence(institution, {}, 0)
    expect(await pass(institution, {})()).toBe(0)
    expect(await pass(institution, { transactions: 1 })()).toBe(0)
    expect(await left('customer_transaction', institution)).toHaveLength(1)
    expect(leastDays).toBeGreaterThan(90)
  })
  test('what had to stay is looked at again a day later; what grew old meanwhile at once', async () => {
    const institution = id()
    const kept = await transaction(institution)
    await evidence(institution, { transaction_id: kept })
    let [later, on] = [0, { transactions: days } as Retention]
    const one = createRetentionPass({
      ...all,
      directory: { institutions: async () => [{ id: institution, retention: on } as never] },
      clock: { now: () => now + later },
      chance: { reference: () => 'DB-TEST' } as never,
      log,
    })
    expect(await one()).toBe(0)
    await transaction(institution, {}, before + 1000)
    later = 2001
    expect(await one()).toBe(1)
    on = { transactions: days, evidence: days }
    expect(await one()).toBe(1)
    expect(await left('customer_transaction', institution)).toEqual([kept])
    later = day + 2002
    expect(await one()).toBe(1)
  })
  test('what fails at one institution is logged, and keeps no other waiting', async () => {
    const [broken, well] = [id(), id()]
    await Promise.all([evidence(broken), evidence(well)])
    const { removeOld } = all.retentionStore
    const one = createRetentionPass({
      ...all,
      directory: {
        institutions: async () =>
          [broken, well].map((bank) => ({ id: bank, retention: { evidence: days } })) as never,
      },
      retentionStore: {
        removeOld: async (institution, ...asked) => {
          if (institution === broken) throw new Error('too slow')
          return removeOld(institution, ...asked)
        },
      },
      clock: { now: () => now },
      chance: { reference: () => 'DB-TEST' } as never,
      log,
    })
    expect(await one()).toBe(1)
    expect([await left('approval_evidence', broken), await left('approval_evidence', well)]).toMatchObject([
      [expect.any(String)],
      [],
    ])
    expect(logged).toContainEqual({
      ...{ event: 'retention.failed', institution: broken, kind: 'evidence', error: 'Error: too slow' },
    })
  })
  test('a node whose clock runs ahead deletes nothing before its time by the clock of the database (#220)', async () => {
    const institution = id()
    const { at: real } = (await database.knex.raw('select extract(epoch from now()) * 1000 as at')).rows[0]
    const [own, ahead] = [Number(real), Number(real) + 365 * day]
    const one = await evidence(institution, {}, own - 300 * day)
    const look = { from: 0, before: ahead - days * day, now: ahead, most: 1000 }
    const removed = () =>
      all.unit.run(scope(institution), () => all.retentionStore.removeOld(institution, 'evidence', look))
    expect(await removed()).toMatchObject({ removed: 0 })
    expect(await left('approval_evidence', institution)).toEqual([one])
    await database
      .knex('approval_evidence')
      .where({ institution })
      .update({ created_at: at(own - 401 * day) })
    expect(await removed()).toMatchObject({ removed: 1 })
  })
  test('what was deleted and its event commit together, or neither', async () => {
    const institution = id()
    await evidence(institution)
    const failing = all.unit.run(scope(institution), async () => {
      expect(await pass(institution, { evidence: days })()).toBe(1)
      throw new Error('anything')
    })
    await expect(failing).rejects.toThrow('anything')
    expect(await left('approval_evidence', institution)).toHaveLength(1)
    expect(await told(institution)).toEqual([])
  })
}
