// What every database must do for transactions: end in one way, count once, and never let two slip under a limit together.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CustomerTransaction } from '../../src/domain/customer-transaction.ts'
import { changed, noOwnLimits } from '../../src/domain/own-limits.ts'
import { decide, ownOutcome } from '../../src/domain/policy.ts'
import { policyOf } from '../../src/domain/policy-default.ts'
import type { TransactionFilter } from '../../src/ports/transactions.ts'
import type { Database } from '../../src/storage/open.ts'
import { decidingOn, payment, slowly } from './deciding.ts'
import { bank, limit } from './policy-samples.ts'
import { everything, id, now } from './rig.ts'
import { migrated, type Scratch, scratch } from './scratch.ts'

/** Registers the suite for one kind of database. */
export function transactionContract(kind: 'embedded' | 'server'): void {
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

  const { customer, asked } = decidingOn(() => all)
  /** What is approved and bound to a grant. */
  const granted = async () => {
    const kept = await asked(await customer(), '1.00')(bank({ rules: [], limits: [] }))
    const by = { grant: id(), hash: kept.transaction.hash }
    await all.transactions.end('alder', kept.id, { state: 'approved', now })
    await all.transactions.bind('alder', kept.id, by.grant)
    return { kept, by }
  }
  const kindsOf = (kept: readonly CustomerTransaction[]) =>
    kept.map(({ decision }) => decision.outcome.kind).sort()

  describe('transactions', () => {
    test('a transaction comes back as it was decided, and its decision can be made again', async () => {
      const institution = bank({ rules: [], limits: [limit({})] })
      const kept = await asked(await customer(), '40.00')(institution)
      const found = await all.transactions.get('alder', kept.id)
      expect(found).toEqual(kept)
      expect(await all.transactions.get('birch', kept.id)).toBeUndefined()
      expect(decide(policyOf(institution), found?.inputs ?? kept.inputs)).toEqual(kept.decision)
    })
    test('what it is about stands in no column', async () => {
      const kept = await asked(await customer(), '40.00')(bank({ rules: [], limits: [] }))
      const { rows } = await database.knex.raw(
        'select t::text as row from customer_transaction t where id = ?',
        [kept.id],
      )
      for (const secret of ['ES9121', 'DE8937', 'Nordhaven']) expect(rows[0].row).not.toContain(secret)
    })
    test('of ten parallel payments of 40 no more than two pass a limit of 100 a day', async () => {
      const institution = bank({ rules: [], limits: [limit({})] })
      const subject = await customer()
      const kept = await Promise.all(Array.from({ length: 10 }, () => asked(subject, '40.00')(institution)))
      expect(kindsOf(kept)).toEqual([...Array(2).fill('allow'), ...Array(8).fill('deny')])
    })
    test('no order of parallel payments, some of which are given up, exceeds a limit', async () => {
      const institution = bank({ rules: [], limits: [limit({})] })
      const payments = fc.array(
        fc.record({ minor: fc.integer({ min: 1, max: 6000 }), givenUp: fc.boolean() }),
        {
          ...{ minLength: 3, maxLength: 8 },
        },
      )
      await fc.assert(
        fc.asyncProperty(payments, async (all8) => {
          const subject = await customer()
          const amount = (minor: number) => (minor / 100).toFixed(2)
          const counted = await Promise.all(
            all8.map(async ({ minor, givenUp }) => {
              const kept = await asked(subject, amount(minor))(institution)
              if (kept.decision.outcome.kind !== 'allow') return 0
              const state = givenUp ? 'released' : 'approved'
              await all.transactions.end('alder', kept.id, { state, now })
              return givenUp ? 0 : minor
            }),
          )
          expect(counted.reduce((sum, minor) => sum + minor, 0)).toBeLessThanOrEqual(10_000)
        }),
        { numRuns: kind === 'server' ? 40 : 5 },
      )
    })
    test('nobody’s payments count for somebody else', async () => {
      const institution = bank({ rules: [], limits: [limit({})] })
      const subjects = await Promise.all([customer(), customer(), customer()])
      const kept = await Promise.all(subjects.map((subject) => asked(subject, '90.00')(institution)))
      expect(kindsOf(kept)).toEqual(['allow', 'allow', 'allow'])
    })
    test.each(['released', 'held'] as const)(
      'what is %s makes room again, as when its time is over',
      async (state) => {
        const institution = bank({ rules: [], limits: [limit({})] })
        const subject = await customer()
        const first = await asked(subject, '90.00')(institution)
        expect(kindsOf([await asked(subject, '20.00')(institution)])).toEqual(['deny'])
        expect(await all.transactions.end('alder', first.id, { state, now })).toBe(true)
        expect(await all.transactions.end('alder', first.id, { state: 'approved', now })).toBe(false)
        const second = await asked(subject, '90.00')(institution)
        expect(kindsOf([second])).toEqual(['allow'])
        const later = await asked(subject, '90.00', { at: now + 600_001 })(institution)
        expect(kindsOf([later])).toEqual(['allow'])
      },
    )
    test('what is over is neither approved nor held any more', async () => {
      const kept = await asked(await customer(), '1.00')(bank({ rules: [], limits: [] }))
      for (const state of ['approved', 'held'] as const)
        expect(await all.transactions.end('alder', kept.id, { state, now: now + 600_000 })).toBe(false)
      expect(await all.transactions.end('alder', kept.id, { state: 'released', now: now + 600_000 })).toBe(
        true,
      )
    })
    test('approved and released at once: one of them', async () => {
      const kept = await asked(await customer(), '1.00')(bank({ rules: [], limits: [] }))
      const ends = Array.from({ length: 10 }, (_, i) =>
        all.unit.run({ institution: 'alder', reference: 'DB-TEST' }, () =>
          all.transactions.end('alder', kept.id, { state: i % 2 === 0 ? 'approved' : 'released', now }),
        ),
      )
      expect((await Promise.all(ends)).filter(Boolean)).toHaveLength(1)
    })
    test('twenty uses at once: one of them, and it counts as before', async () => {
      const institution = bank({ rules: [], limits: [limit({})] })
      const subject = await customer()
      const kept = await asked(subject, '90.00')(institution)
      const by = { grant: id(), hash: kept.transaction.hash }
      await all.transactions.end('alder', kept.id, { state: 'approved', now })
      await all.transactions.bind('alder', kept.id, by.grant)
      const uses = Array.from({ length: 20 }, () =>
        all.unit.run({ institution: 'alder', reference: 'DB-TEST' }, () =>
          slowly(all.transactions.use)('alder', by),
        ),
      )
      expect((await Promise.all(uses)).filter((used) => used !== undefined)).toEqual([kept.id])
      expect((await all.transactions.get('alder', kept.id))?.state).toBe('used')
      expect(kindsOf([await asked(subject, '20.00')(institution)])).toEqual(['deny'])
    })
    test('a use that is rolled back was none', async () => {
      const { kept, by } = await granted()
      const failing = all.unit.run({ institution: 'alder', reference: 'DB-TEST' }, async () => {
        expect(await all.transactions.use('alder', by)).toBe(kept.id)
        throw new Error('anything')
      })
      await expect(failing).rejects.toThrow('anything')
      expect(await all.transactions.use('alder', by)).toBe(kept.id)
    })
    test.each(['open', 'released', 'held', 'used'] as const)('what is %s cannot be used', async (state) => {
      const kept = await asked(await customer(), '1.00')(bank({ rules: [], limits: [] }))
      const by = { grant: id(), hash: kept.transaction.hash }
      if (state !== 'open') await all.transactions.end('alder', kept.id, { state, now })
      await all.transactions.bind('alder', kept.id, by.grant)
      expect(await all.transactions.use('alder', by)).toBeUndefined()
    })
    test('by another grant, for another transaction or at another institution there is nothing to use', async () => {
      const { kept, by } = await granted()
      expect(await all.transactions.use('alder', { ...by, grant: id() })).toBeUndefined()
      expect(await all.transactions.use('alder', { ...by, hash: payment('1.01').hash })).toBeUndefined()
      expect(await all.transactions.use('birch', by)).toBeUndefined()
      const other = { ...by, grant: id() }
      await all.transactions.bind('alder', kept.id, other.grant)
      expect(await all.transactions.use('alder', other)).toBeUndefined()
      expect(await all.transactions.use('alder', by)).toBe(kept.id)
    })
    test('a payee is known once the customer stepped up for the account, and to that customer alone', async () => {
      const institution = bank({
        rules: [],
        limits: [limit({ id: 'new', threshold: { kind: 'new-payee' }, outcome: { kind: 'review' } })],
      })
      const [subject, other] = [await customer(), await customer()]
      const first = await asked(subject, '1.00')(institution)
      expect(kindsOf([first])).toEqual(['review'])
      const free = bank({ rules: [], limits: [] })
      const passed = await asked(subject, '1.00')(free)
      await all.transactions.end('alder', passed.id, { state: 'approved', now })
      expect(kindsOf([await asked(subject, '1.00')(institution)])).toEqual(['review'])
      const approved = await asked(subject, '1000.01')(free)
      expect(kindsOf([approved])).toEqual(['step-up'])
      expect(kindsOf([await asked(subject, '1.00')(institution)])).toEqual(['review'])
      await all.transactions.end('alder', approved.id, { state: 'approved', now })
      expect(kindsOf([await asked(subject, '1.00')(institution)])).toEqual(['allow'])
      await all.transactions.bind('alder', approved.id, 'g-known')
      const used = { grant: 'g-known', hash: approved.transaction.hash }
      expect(await all.transactions.use('alder', used)).toBe(approved.id)
      expect(kindsOf([await asked(subject, '1.00')(institution)])).toEqual(['allow'])
      expect(kindsOf([await asked(other, '1.00')(institution)])).toEqual(['review'])
      expect(
        kindsOf([await asked(subject, '1.00', { creditor: 'DE02120300000000202051' })(institution)]),
      ).toEqual(['review'])
    })
    test('the decision and its event are there together, or neither', async () => {
      const subject = await customer()
      const failing = all.unit.run({ institution: 'alder', reference: 'DB-TEST' }, async () => {
        await asked(subject, '40.00')(bank({ rules: [], limits: [] }))
        throw new Error('anything')
      })
      await expect(failing).rejects.toThrow('anything')
      expect(await database.knex('customer_transaction').where({ subject })).toEqual([])
    })
  })

  describe('transactions that are looked for', () => {
    const list = (filter: Partial<TransactionFilter>) =>
      all.transactions.list('alder', { now, limit: 50, ...filter })
    const idsOf = (rows: readonly CustomerTransaction[]) => rows.map(({ id: one }) => one)

    test('are found by each of what is asked, and come back whole, newest first', async () => {
      const subject = await customer()
      const institution = bank({ rules: [], limits: [limit({})] })
      const odd = { reference: `DB-${id()}`, relyingParty: id() }
      const first = await asked(subject, '90.00', odd)(institution)
      const second = await asked(subject, '90.00', { at: now + 1 })(institution)
      expect(await list({ subject })).toEqual([second, first])
      const wanted: [Partial<TransactionFilter>, string[]][] = [
        [{ reference: odd.reference }, [first.id]],
        [{ relyingParty: odd.relyingParty }, [first.id]],
        [{ state: 'refused' }, [second.id]],
        [{ outcome: 'allow' }, [first.id]],
        [{ reason: 'limit.day' }, [second.id]],
        [{ type: 'payment_initiation' }, [second.id, first.id]],
        [{ type: 'add_payee' }, []],
        [{ from: now + 1 }, [second.id]],
        [{ until: now + 1 }, [first.id]],
        [{ state: 'open' }, [first.id]],
        [{ state: 'lapsed' }, []],
        [{ state: 'open', now: first.expiresAt }, []],
        [{ state: 'lapsed', now: first.expiresAt }, [first.id]],
        [{ limit: 1 }, [second.id]],
      ]
      for (const [filter, ids] of wanted)
        expect([filter, idsOf(await list({ subject, ...filter }))]).toEqual([filter, ids])
      expect(await all.transactions.list('birch', { now, limit: 50, subject })).toEqual([])
    })
    test('go on behind one of them: of those of one moment each is seen once', async () => {
      const subject = await customer()
      const institution = bank({ rules: [], limits: [] })
      const kept = await Promise.all(
        Array.from({ length: 7 }, (_, i) =>
          asked(subject, '1.00', { at: now + (i === 0 ? 1 : 0) })(institution),
        ),
      )
      const seen: string[] = []
      for (let behind: CustomerTransaction | undefined; seen.length < 20; ) {
        const page = await list({ subject, limit: 2, behind })
        behind = page.at(-1)
        if (behind === undefined) break
        seen.push(...idsOf(page))
      }
      expect(seen[0]).toBe(kept[0]?.id)
      expect([...seen].sort()).toEqual(idsOf(kept).sort())
    })
    test('say when they ended', async () => {
      const subject = await customer()
      const kept = await asked(subject, '1.00')(bank({ rules: [], limits: [] }))
      expect(kept.endedAt).toBeUndefined()
      await all.transactions.end('alder', kept.id, { state: 'approved', now: now + 1 })
      const [ended] = await list({ subject })
      expect(ended?.state).toBe('approved')
      expect(ended?.endedAt).toBe(now + 1)
    })
  })

  describe('own limits', () => {
    const one = limit({
      id: 'mine',
      threshold: { kind: 'amount', per: 'payment', over: { EUR: '60.00' } },
      outcome: ownOutcome,
    })
    test('of ten changes at once one is taken, and it comes back as it was', async () => {
      const place_ = { institution: 'alder', subject: await customer() }
      expect(await all.ownLimits.get(place_)).toEqual(noOwnLimits)
      const next = changed(noOwnLimits, { wanted: [one], now, coolDownMs: 1 })
      const tries = () => Promise.all(Array.from({ length: 10 }, () => all.ownLimits.put(place_, next)))
      expect((await tries()).filter(Boolean)).toHaveLength(1)
      expect(await all.ownLimits.get(place_)).toEqual(next)
      const looser = changed(next, { wanted: [], now, coolDownMs: 1 })
      expect(
        (await Promise.all(Array.from({ length: 10 }, () => all.ownLimits.put(place_, looser)))).filter(
          Boolean,
        ),
      ).toHaveLength(1)
      expect(await all.ownLimits.get(place_)).toEqual(looser)
    })
    test('a customer’s own limit leads to approval', async () => {
      const subject = await customer()
      await all.ownLimits.put(
        { institution: 'alder', subject },
        changed(noOwnLimits, { wanted: [one], now, coolDownMs: 1 }),
      )
      const kept = await asked(subject, '60.01')(bank({ rules: [], limits: [] }))
      expect([kept.decision.outcome.kind, kept.decision.reason]).toEqual(['step-up', 'own.amount'])
      expect(kindsOf([await asked(subject, '60.00')(bank({ rules: [], limits: [] }))])).toEqual(['allow'])
    })
  })
}
