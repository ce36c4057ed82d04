// What was decided day by day: every day once, the oldest first, and every transaction in one decision and at most one end.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shownStates } from '../../src/domain/customer-transaction.ts'
import { outcomes } from '../../src/domain/outcome.ts'
import { dayOf, type OutcomeCount, outcomeDays } from '../../src/domain/outcome-days.ts'

const now = Date.UTC(2026, 1, 28, 23, 59)
const day = (n: number) => Date.UTC(2026, 1, 28 - n)
const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0)

test('days without any are there, and what is older is not', () => {
  const counts: OutcomeCount[] = [
    { day: day(0), outcome: 'step-up', state: 'used', count: 2 },
    { day: day(0), outcome: 'step-up', state: 'approved', count: 3 },
    { day: day(2), outcome: 'deny', state: 'refused', count: 4 },
    { day: day(2), outcome: 'review', state: 'held', count: 5 },
    { day: day(2), outcome: 'allow', state: 'held', count: 6 },
    { day: day(3), outcome: 'allow', state: 'open', count: 7 },
  ]
  const days = outcomeDays(counts, { now, days: 3 })
  expect(days.map(({ at }) => at)).toEqual([day(2), day(1), day(0)])
  expect(days.map(({ decided }) => decided)).toEqual([
    { allow: 6, 'step-up': 0, review: 5, deny: 4 },
    { allow: 0, 'step-up': 0, review: 0, deny: 0 },
    { allow: 0, 'step-up': 5, review: 0, deny: 0 },
  ])
  const none = { approved: 0, declined: 0, lapsed: 0, held: 0, waiting: 0 }
  expect(days.map(({ ended }) => ended)).toEqual([{ ...none, held: 6 }, none, { ...none, approved: 5 }])
})

test('whatever is counted, nothing is lost or counted twice', () => {
  const one = fc.record({
    day: fc.integer({ min: 0, max: 29 }).map(day),
    outcome: fc.constantFrom(...outcomes),
    state: fc.constantFrom(...shownStates.filter((state) => state !== 'refused')),
    count: fc.integer({ min: 1, max: 1000 }),
  })
  fc.assert(
    fc.property(fc.array(one), (counts) => {
      const days = outcomeDays(counts, { now, days: 30 })
      expect(days).toHaveLength(30)
      expect(days.at(-1)?.at).toBe(dayOf(now))
      const of = (some: readonly OutcomeCount[]) => some.reduce((total, { count }) => total + count, 0)
      const passed = counts.filter(({ outcome }) => outcome === 'allow' || outcome === 'step-up')
      expect(days.reduce((total, { decided }) => total + sum(decided), 0)).toBe(of(counts))
      expect(days.reduce((total, { ended }) => total + sum(ended), 0)).toBe(of(passed))
    }),
  )
})
