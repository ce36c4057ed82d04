// What every database must do for cases: of any number at once one is first, nobody agrees with themselves, and a release is used once.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterStep, type CaseStep, caseSteps, type HeldCase } from '../../src/domain/held-case.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { type CasePorts, createCaseFlows } from '../../src/flows/cases.ts'
import { createDecide } from '../../src/flows/decide.ts'
import type { CaseMove } from '../../src/ports/cases.ts'
import type { CustomerOf, Held } from '../../src/ports/transactions.ts'
import type { Database } from '../../src/storage/open.ts'
import { nobodyAsked } from '../flows/no-risk.ts'
import { approvedSample } from './approved-sample.ts'
import { onDatabase } from './on-database.ts'
import { bank } from './policy-samples.ts'
import { count, type everything, id, now, scope, twenty } from './rig.ts'

const hour = 3600_000

const held = (change: Partial<HeldCase> = {}): HeldCase => ({
  ...{ institution: 'alder', id: id(), subject: id(), relyingParty: 'app', reference: 'DB-TEST' },
  ...{ hash: id(), reason: 'rule.huge', state: 'open', version: 1, fraud: false },
  ...{ proposedBy: undefined, endedBy: undefined, createdAt: now, deadline: now + 24 * hour },
  ...{ endedAt: undefined, sendUntil: undefined, usedBy: undefined },
  ...change,
})

const move = (step: CaseStep, version: number, change: Partial<CaseMove> = {}): CaseMove => {
  const to = { propose: 'proposed', confirm: 'released', 'send-back': 'open', stop: 'stopped' } as const
  const sendUntil = step === 'confirm' ? now + 24 * hour : undefined
  return {
    step,
    to: to[step],
    version,
    by: 'administrator:bob',
    why: 'looked at',
    at: now,
    sendUntil,
    ...change,
  }
}
const ann = 'administrator:ann'

const holding = bank({ rules: [{ id: 'all', when: 'true', outcome: { kind: 'review' } }], limits: [] })
const payment = transactionOf(
  {
    type: 'payment_initiation',
    instructedAmount: { amount: '40.00', currency: 'EUR' },
    debtorAccount: { iban: 'ES9121000418450200051332' },
    creditorName: 'Nordhaven Energy',
    creditorAccount: { iban: 'DE89370400440532013000' },
  },
  builtInTypes,
)

/** Registers the suite for one kind of database. */
export function caseContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })
  const made = async (change: Partial<HeldCase> = {}) => {
    const one = held(change)
    await all.cases.create(one)
    return one
  }
  const moved = (one: HeldCase, ...given: Parameters<typeof move>) =>
    all.cases.move('alder', one.id, move(...given))
  const proposed = async (change: Partial<HeldCase> = {}) => {
    const one = await made(change)
    expect(await moved(one, 'propose', 1, { by: ann })).toBe(true)
    return one
  }
  const released = async (change: Partial<HeldCase> = {}) => {
    const one = await proposed(change)
    expect(await moved(one, 'confirm', 2)).toBe(true)
    return one
  }
  const customerOf = ({ subject }: HeldCase): Held => ({ institution: 'alder', subject, held: true })
  const sent = ({ relyingParty, hash }: HeldCase) => ({ relyingParty, hash, now })

  describe('cases', () => {
    test('one comes back as it was made, and to nobody else', async () => {
      const one = await made()
      expect(await all.cases.get('alder', one.id)).toEqual(one)
      expect(await all.cases.get('birch', one.id)).toBeUndefined()
    })
    test('its history has who and why, and why stands in no column', async () => {
      const one = await released()
      expect(await all.cases.get('alder', one.id)).toMatchObject({
        ...{ state: 'released', version: 3, proposedBy: ann, endedBy: 'administrator:bob' },
        ...{ endedAt: now, sendUntil: now + 24 * hour },
      })
      expect(await all.cases.history('alder', one.id)).toEqual([
        { step: 'propose', by: ann, why: 'looked at', at: now },
        { step: 'confirm', by: 'administrator:bob', why: 'looked at', at: now },
      ])
      expect(await all.cases.history('birch', one.id)).toEqual([])
      const { rows } = await database.knex.raw('select s::text as row from held_case_step s where id = ?', [
        one.id,
      ])
      expect(rows.map(({ row }: { row: string }) => row.includes('looked at'))).toEqual([false, false])
    })
    test.each<[string, Partial<CaseMove>, boolean]>([
      ['another one, in time', {}, true],
      ['at the last moment', { at: now + 24 * hour - 1 }, true],
      ['too late', { at: now + 24 * hour }, false],
      ['who saw another version', { version: 1 }, false],
      ['who proposed it (#249)', { by: ann }, false],
    ])('agreeing: %s', async (_who, change, expected) => {
      const one = await proposed()
      expect(await moved(one, 'confirm', 2, change)).toBe(expected)
      expect((await all.cases.get('alder', one.id))?.state).toBe(expected ? 'released' : 'proposed')
    })
    test('twenty agreements and stops at once: one of them', async () => {
      const one = await proposed()
      const won = await twenty((n) =>
        moved(one, n % 2 === 0 ? 'confirm' : 'stop', 2, { by: `administrator:${n}` }),
      )
      expect(count(won)).toBe(1)
      expect((await all.cases.history('alder', one.id)).length).toBe(2)
    })
    test('what nobody proposed is not released, whichever version is named', async () => {
      const one = await made()
      expect(await moved(one, 'confirm', 1)).toBe(false)
      await moved(one, 'propose', 1, { by: ann })
      await moved(one, 'send-back', 2)
      expect(await moved(one, 'confirm', 3)).toBe(false)
      expect((await all.cases.get('alder', one.id))?.state).toBe('open')
    })
    test('no order of steps and ends gives two ends, or a release by one person', async () => {
      const step = fc.record({
        step: fc.constantFrom(...caseSteps),
        by: fc.constantFrom(ann, 'administrator:bob'),
        late: fc.boolean(),
      })
      const run = async (steps: readonly { step: CaseStep; by: string; late: boolean }[]) => {
        const one = await made()
        const at = now + 24 * hour
        await Promise.all(
          steps.map(async ({ step, by, late }) => {
            if (late) return all.cases.expire('alder', one.id, at)
            const seen = await all.cases.get('alder', one.id)
            if (seen !== undefined) await moved(one, step, seen.version, { by })
          }),
        )
        const history = await all.cases.history('alder', one.id)
        const ends = history.filter(({ step: made }) => ['confirm', 'stop', 'expire'].includes(made))
        expect(ends.length).toBeLessThanOrEqual(1)
        expect(ends.length === 0 || history.at(-1) === ends[0]).toBe(true)
        const [last, before] = [history.at(-1), history.at(-2)]
        if (last?.step === 'confirm')
          expect([before?.step, before?.by === last.by]).toEqual(['propose', false])
        // Each leads from where the one before it led.
        let state: HeldCase['state'] = 'open'
        for (const entry of history)
          state = entry.step === 'expire' ? 'expired' : (afterStep(entry.step, state) as HeldCase['state'])
        expect((await all.cases.get('alder', one.id))?.state).toBe(state)
      }
      await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), run), {
        numRuns: kind === 'server' ? 60 : 12,
      })
    })
    test('what waits is ended when it is overdue, once, and not before', async () => {
      const one = await made({ deadline: now - 1 })
      const other = await proposed({ deadline: now + 1 })
      const over = await all.cases.overdue(now, 1000)
      expect(over.some(({ id }) => id === one.id)).toBe(true)
      expect(over.some(({ id }) => id === other.id)).toBe(false)
      expect(await all.cases.expire('alder', other.id, now)).toBeUndefined()
      const ended = await twenty(() => all.cases.expire('alder', one.id, now))
      expect(ended.filter(Boolean)).toEqual([expect.objectContaining({ id: one.id, state: 'expired' })])
      expect((await all.cases.overdue(now, 1000)).some(({ id }) => id === one.id)).toBe(false)
      expect(await moved(one, 'stop', 2)).toBe(false)
    })
    test('the nearest deadline comes first, page by page, and of one customer alone', async () => {
      const subject = id()
      const ids: string[] = []
      for (const n of [3, 1, 2]) ids[n] = (await made({ subject, deadline: now + n * hour })).id
      await made({ deadline: now + hour })
      const wanted = { states: ['open', 'proposed'], subject, nearestFirst: true, limit: 2 } as const
      const first = await all.cases.list('alder', wanted)
      expect(first.map((one) => one.id)).toEqual([ids[1], ids[2]])
      const next = await all.cases.list('alder', { ...wanted, behind: first[1] })
      expect(next.map((one) => one.id)).toEqual([ids[3]])
      expect(await all.cases.list('birch', wanted)).toEqual([])
      const last = await all.cases.list('alder', { ...wanted, nearestFirst: false })
      expect(last.map((one) => one.id)).toEqual([ids[3], ids[2]])
    })
    test('what is held while the very same waits belongs to it, of no other customer, app or transaction', async () => {
      const one = await made()
      const look = (customer: Held, asked: ReturnType<typeof sent>) =>
        all.unit.run(scope(), () => all.cases.waitingOf(customer, asked))
      expect(await look(customerOf(one), sent(one))).toEqual({ same: one.id, count: 1 })
      expect(await look(customerOf(one), { ...sent(one), hash: id() })).toEqual({ same: undefined, count: 1 })
      expect((await look(customerOf(one), { ...sent(one), relyingParty: 'other' })).same).toBeUndefined()
      expect((await look({ ...customerOf(one), subject: id() }, sent(one))).count).toBe(0)
      expect((await look({ ...customerOf(one), institution: 'birch' }, sent(one))).count).toBe(0)
      expect(await look(customerOf(one), { ...sent(one), now: one.deadline })).toEqual({
        same: undefined,
        count: 0,
      })
      const [first, second] = [id(), id()]
      await all.cases.join('alder', one.id, { transaction: first, now })
      await all.cases.join('alder', one.id, { transaction: second, now: now + 1 })
      expect(await all.cases.further('alder', one.id)).toEqual([second, first])
      expect(await all.cases.further('birch', one.id)).toEqual([])
      for (const transaction of [one.id, first, second])
        expect(await all.cases.of('alder', transaction)).toEqual(one)
      expect(await all.cases.of('birch', first)).toBeUndefined()
      await moved(one, 'stop', 1)
      expect(await look(customerOf(one), sent(one))).toEqual({ same: undefined, count: 0 })
      expect((await all.cases.of('alder', first))?.state).toBe('stopped')
    })
    test('whatever ends a case that another is about to belong to waits for it, or was first', async () => {
      for (let n = 0; n < 10; n += 1) {
        const one = await made()
        const joining = all.unit.run(scope(), async () => {
          const { same } = await all.cases.waitingOf(customerOf(one), sent(one))
          const state = (await all.cases.get('alder', one.id))?.state
          return { same, state }
        })
        const [found] = await Promise.all([joining, moved(one, 'stop', 1)])
        expect([
          { same: one.id, state: 'open' },
          { same: undefined, state: 'stopped' },
        ]).toContainEqual(found)
      }
    })
    test('a page of them waits for the database twice, however many they are', async () => {
      const { list } = createCaseFlows({ ...all, clock: { now: () => now } } as unknown as CasePorts)
      const { id: kept, subject } = await approvedSample(all)
      await made({ id: kept, subject, deadline: now + hour })
      for (const _ of [1, 2, 3]) await made({ subject, deadline: now + 2 * hour })
      const before = database.roundTrips()
      const { found } = await list('alder', {
        ...{ states: ['open'], subject, nearestFirst: true, limit: 101 },
      })
      expect(database.roundTrips() - before).toBe(2)
      expect(found.map(({ transaction }) => transaction?.id)).toEqual([kept, ...Array(3).fill(undefined)])
    })
    test('how many wait is told for each institution', async () => {
      const institution = `bank-${id()}`
      expect(await all.cases.waiting(institution)).toEqual([])
      const one = await made({ institution, deadline: now + 5 * hour })
      await made({ institution, deadline: now + 3 * hour })
      const told = { institution, count: 2, deadline: now + 3 * hour }
      expect(await all.cases.waiting(institution)).toEqual([told])
      expect(await all.cases.waiting()).toContainEqual(told)
      await all.cases.move(institution, one.id, move('stop', 1))
      expect((await all.cases.waiting(institution))[0]?.count).toBe(1)
    })
  })

  describe('a release', () => {
    test('is found for the same customer, app and transaction, and in its time', async () => {
      const one = await released()
      const found = (change: Partial<ReturnType<typeof sent>> = {}, customer = customerOf(one)) =>
        all.cases.releasedFor(customer, { ...sent(one), ...change })
      expect(await found()).toMatchObject({ id: one.id })
      expect(await found({ hash: id() })).toBeUndefined()
      expect(await found({ relyingParty: 'other' })).toBeUndefined()
      expect(await found({ now: now + 24 * hour })).toBeUndefined()
      expect(await found({}, { ...customerOf(one), subject: id() })).toBeUndefined()
      expect(await found({}, { ...customerOf(one), institution: 'birch' })).toBeUndefined()
    })
    test('of twenty decisions at once one uses it up', async () => {
      const one = await released()
      const won = await twenty((n) => all.cases.use('alder', one.id, { by: `t${n}`, now }))
      expect(count(won)).toBe(1)
      expect((await all.cases.get('alder', one.id))?.usedBy).toBe(`t${won.indexOf(true)}`)
      expect(await all.cases.releasedFor(customerOf(one), sent(one))).toBeUndefined()
    })
    test('is given back by the decision that used it, and by no other', async () => {
      const one = await released()
      await all.cases.use('alder', one.id, { by: 't1', now })
      const back = (customer: CustomerOf, by: string) => all.cases.giveBack(customer, by)
      expect(await back(customerOf(one), 't2')).toBeUndefined()
      expect(await back({ institution: 'birch', subject: one.subject }, 't1')).toBeUndefined()
      expect(await back({ institution: 'alder', subject: id() }, 't1')).toBeUndefined()
      expect(await all.cases.use('alder', one.id, { by: 't2', now })).toBe(false)
      expect(await back(customerOf(one), 't1')).toBe(one.id)
      expect(await all.cases.use('alder', one.id, { by: 't2', now })).toBe(true)
      expect(await back(customerOf(one), 't1')).toBeUndefined()
    })
    test('of ten decisions on the same payment at once one asks the PIN, and nine are held in one case', async () => {
      const key = {
        institution: 'alder',
        connection: 'idp',
        issuer: 'i',
        format: 'f',
        qualifiers: '[]',
        value: id(),
      }
      const subject = await all.subjects.resolve(key, {}, id())
      const { hash } = payment
      const one = await released({ subject, hash })
      const decide = createDecide({
        ...{ ...all, assess: nobodyAsked, clock: { now: () => now } },
        keys: { secret: () => new Uint8Array(32) },
        chance: { token: id, number: () => 0 } as never,
      })
      const asked = {
        ...{
          transaction: payment,
          subject,
          relyingParty: one.relyingParty,
          device: 'd',
          amr: ['fed', 'pop'],
        },
        ...{ granted: undefined, authenticatedAt: now, expiresAt: now + hour },
      }
      const trace = { reference: 'DB-TEST' }
      const decided = await Promise.all(
        Array.from({ length: 10 }, () => all.unit.run(scope(), () => decide(holding, { ...asked, trace }))),
      )
      const kinds = decided.map(({ decision }) => decision.outcome.kind).sort()
      expect(kinds).toEqual([...Array(9).fill('review'), 'step-up'])
      const passed = decided.find(({ inputs }) => inputs.release !== undefined)
      expect((await all.cases.get('alder', one.id))?.usedBy).toBe(passed?.id)
      const waits = { states: ['open'], subject, nearestFirst: true, limit: 100 } as const
      const [waiting, ...others] = await all.cases.list('alder', waits)
      expect(others).toEqual([])
      const further = await all.cases.further('alder', waiting?.id ?? '')
      const held = decided.map((kept) => kept.id).filter((kept) => kept !== passed?.id)
      expect([waiting?.id, ...further].sort()).toEqual(held.sort())
    })
    test('is none before two agreed, nor when its time is over', async () => {
      const [waits, late] = [await proposed(), await released()]
      expect(await all.cases.releasedFor(customerOf(waits), sent(waits))).toBeUndefined()
      expect(await all.cases.use('alder', waits.id, { by: 't', now })).toBe(false)
      expect(await all.cases.use('alder', late.id, { by: 't', now: now + 24 * hour })).toBe(false)
    })
  })
}
