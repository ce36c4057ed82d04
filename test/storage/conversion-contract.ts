// What every database must do where amounts are converted and outcomes are counted: nothing slips under a limit, nothing is counted twice.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/policy.ts'
import { policyOf } from '../../src/domain/policy-default.ts'
import type { Database } from '../../src/storage/open.ts'
import { decidingOn } from './deciding.ts'
import { onDatabase } from './on-database.ts'
import { bank, limit } from './policy-samples.ts'
import { type everything, id, now } from './rig.ts'

/** Registers the suite for one kind of database. */
export function conversionContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })
  const { customer, asked } = decidingOn(() => all)

  describe('conversion', () => {
    test('no order of parallel payments in several currencies exceeds a limit in one of them', async () => {
      const perBase = { USD: '1.3333', JPY: '162.35' }
      const institution = {
        ...bank({
          rules: [],
          limits: [limit({ threshold: { kind: 'amount', per: 'day', over: { EUR: '100.00' }, in: 'EUR' } })],
        }),
        ...{ stepUpOverIn: 'EUR', rates: { base: 'EUR', asOf: now, validHours: 24, perBase } },
      }
      const payments = fc.array(
        fc.record({
          minor: fc.integer({ min: 1, max: 9000 }),
          currency: fc.constantFrom('EUR', 'USD', 'JPY', 'CHF'),
          givenUp: fc.boolean(),
        }),
        { minLength: 3, maxLength: 8 },
      )
      // Not rounded: what a limit counts is more than this, by a cent a payment at most.
      const worth = (minor: number, currency: string) =>
        currency === 'EUR' ? minor : currency === 'USD' ? minor / 1.3333 : (minor * 100) / 162.35
      await fc.assert(
        fc.asyncProperty(payments, async (some) => {
          const subject = await customer()
          const counted = await Promise.all(
            some.map(async ({ minor, currency, givenUp }) => {
              const text = currency === 'JPY' ? String(minor) : (minor / 100).toFixed(2)
              const kept = await asked(subject, text, { currency })(institution)
              if (kept.decision.outcome.kind !== 'allow') return 0
              expect(currency).not.toBe('CHF')
              const found = await all.transactions.get('alder', kept.id)
              expect(decide(policyOf(institution), found?.inputs ?? kept.inputs)).toEqual(kept.decision)
              await all.transactions.end('alder', kept.id, { state: givenUp ? 'released' : 'approved', now })
              return givenUp ? 0 : worth(minor, currency)
            }),
          )
          expect(counted.reduce((sum, one) => sum + one, 0)).toBeLessThan(10_000.001)
        }),
        { numRuns: kind === 'server' ? 40 : 5 },
      )
    })
    test('rates that are too old convert nothing, and the decision keeps that they were not used', async () => {
      const institution = {
        ...bank({
          rules: [],
          limits: [limit({ threshold: { kind: 'amount', per: 'day', over: { EUR: '100.00' }, in: 'EUR' } })],
        }),
        ...{ stepUpOverIn: 'EUR', rates: { base: 'EUR', asOf: now, validHours: 24, perBase: { USD: '1' } } },
      }
      const pay = async (at: number, currency: string) =>
        (await asked(await customer(), '1.00', { at, currency })(institution)).decision
      const day = 24 * 3600_000
      expect((await pay(now + day - 1, 'USD')).outcome.kind).toBe('allow')
      expect(await pay(now + day, 'USD')).toEqual({ outcome: { kind: 'deny' }, reason: 'limit.day' })
      expect((await pay(now + day, 'EUR')).outcome.kind).toBe('allow')
      const late = await asked(await customer(), '1.00', { at: now + day })(institution)
      expect((await all.transactions.get('alder', late.id))?.inputs.rates).toMatchObject({ used: false })
    })
  })

  describe('outcomes', () => {
    test('are counted by day, decision and state, of one institution and since a moment', async () => {
      const institution = id()
      const days = [0, 1, 2].map((n) => Date.UTC(2026, 0, 5 + n))
      const row = (at: number, change: object) => ({
        ...{
          institution,
          id: id(),
          subject: 's',
          relying_party: 'app',
          type: 't',
          kind: 'payment',
          hash: 'h',
        },
        ...{ minor: 1, outcome: 'allow', state: 'used', reason: 'r', policy: 'p', record: 'r' },
        ...{ created_at: new Date(at), expires_at: new Date(at + 10), ...change },
      })
      const [first = 0, second = 0, third = 0] = days
      const rows = [
        row(first - 1, {}),
        ...[row(first, {}), row(second - 1, {}), row(second, { state: 'approved' })],
        ...[row(third, { state: 'open' }), row(third + 1, { state: 'open' })],
        row(third, { outcome: 'deny', state: 'refused' }),
        row(third, { institution: id() }),
      ]
      await database.knex('customer_transaction').insert(rows)
      const counted = await all.transactions.outcomes(institution, { since: first, now: third + 10 })
      const sorted = counted.toSorted((a, b) => a.day - b.day || a.state.localeCompare(b.state))
      expect(sorted).toEqual([
        { day: first, outcome: 'allow', state: 'used', count: 2 },
        { day: second, outcome: 'allow', state: 'approved', count: 1 },
        { day: third, outcome: 'allow', state: 'lapsed', count: 1 },
        { day: third, outcome: 'allow', state: 'open', count: 1 },
        { day: third, outcome: 'deny', state: 'refused', count: 1 },
      ])
    })
  })
}
