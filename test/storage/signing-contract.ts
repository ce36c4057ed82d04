// What every database must do where others sign: whoever answers at the same time, one end, and never with too few.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withDevice } from '../../src/domain/acr.ts'
import type { Approval } from '../../src/domain/approval.ts'
import type { AuditEvent } from '../../src/domain/audit.ts'
import type { CustomerTransaction } from '../../src/domain/customer-transaction.ts'
import type { Device } from '../../src/domain/device.ts'
import { noOwnLimits } from '../../src/domain/own-limits.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { createAnswers } from '../../src/flows/answer-approval.ts'
import { createAskSignatory } from '../../src/flows/approvals.ts'
import { createCoSigning } from '../../src/flows/co-signing.ts'
import { createKeepEvidence } from '../../src/flows/evidence.ts'
import { withdrawAll } from '../../src/flows/withdrawal.ts'
import type { Database } from '../../src/storage/open.ts'
import { nobodyTold } from '../flows/no-risk.ts'
import { alder } from '../journeys/parts.ts'
import { onDatabase } from './on-database.ts'
import { device, type everything, id, now, scope } from './rig.ts'

const hour = 3600_000
const account = 'ES9121000418450200051332'
const transaction = transactionOf(
  {
    type: 'payment_initiation',
    instructedAmount: { amount: '2500.00', currency: 'EUR' },
    debtorAccount: { iban: account },
    creditorName: 'Nordhaven Energy',
    creditorAccount: { iban: 'DE89370400440532013000' },
  },
  builtInTypes,
)

const nowhere = undefined as never
const unneeded = { checkPin: nowhere, endSession: nowhere, metrics: nowhere, log: nowhere }

/** Registers the suite for one kind of database. */
export function signingContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })
  const inUnit = <T>(work: () => Promise<T>) => all.unit.run(scope(), work)

  /** A customer with a phone that approves. */
  async function person() {
    const key = {
      institution: 'alder',
      connection: 'c',
      issuer: 'i',
      format: 'f',
      qualifiers: '[]',
      value: id(),
    }
    const subject = await all.subjects.resolve(key, {}, id())
    const phone = device(id(), { subject, state: 'active' })
    await all.devices.create(phone)
    const approvalKey = { jkt: id(), publicJwk: { kty: 'EC' }, registeredAt: now, usableFrom: now }
    await all.devices.setApprovalKey(phone, approvalKey)
    return { subject, phone: { ...phone, approvalKey } }
  }

  /** The flows as they are at this moment, with whatever they tell. */
  function at(moment: number, told: AuditEvent[] = []) {
    const clock = { now: () => moment }
    const audit = { ...all.audit, record: (event: AuditEvent) => void told.push(event) }
    const ports = { ...all, audit, clock, places: { of: () => undefined } }
    const chance = { token: () => id(), number: () => '42', reference: () => 'DB-TEST' } as never
    const askSignatory = createAskSignatory({ ...ports, chance, reach: async () => undefined })
    const coSigning = createCoSigning({ ...ports, askSignatory })
    const backchannel = { granted: async () => id(), denied: async () => undefined }
    const answers = createAnswers({
      tokenOfAccount: (_institution: string, iban: string) => iban,
      ...{ ...ports, ...unneeded, coSigning, backchannel, riskOutcomes: nobodyTold },
      keepEvidence: createKeepEvidence(all),
    })
    return { coSigning, answers }
  }

  /** A payment that `count` of `people` are to sign, and that who began it has approved. */
  async function begun(people: readonly { subject: string }[], count: number, request?: string) {
    const initiator = await person()
    const from = id()
    const kept: CustomerTransaction = {
      ...{ institution: 'alder', id: id(), subject: initiator.subject, relyingParty: 'till', transaction },
      ...{ reference: 'DB-TEST', kind: 'payment', from, to: undefined, policy: 'p', state: 'open' },
      ...{ createdAt: now, expiresAt: now + 60_000, endedAt: undefined, usedAt: undefined },
      decision: {
        outcome: { kind: 'step-up', acr: withDevice, signatories: { holder: count } },
        reason: 'r',
      },
      inputs: { own: noOwnLimits } as never,
    }
    await all.transactions.create(kept)
    const signatories = people.map(({ subject }) => ({ subject, role: 'holder', sub: subject }))
    await all.mandates.put({ institution: 'alder', account: from, signatories, changedAt: now })
    const first: Approval = {
      ...{ institution: 'alder', id: id(), subject: initiator.subject, relyingParty: 'till' },
      origin: request === undefined ? 'api' : 'backchannel',
      ...{ reference: 'DB-TEST', transaction, transactionId: kept.id, hash: transaction.hash },
      ...{ acr: withDevice, number: undefined, nonce: id(), bindingMessage: undefined, place: {} },
      ...{ request, uid: undefined, state: 'pending', createdAt: now, expiresAt: now + 60_000 },
      ...{ endedAt: undefined, device: undefined },
    }
    await all.approvals.create(first)
    await all.approvals.end('alder', first.id, { state: 'approved', now, device: initiator.phone.id })
    return { kept, initiator }
  }

  const questionsOf = (kept: CustomerTransaction) =>
    all.approvals.list('alder', { transactionId: kept.id, now, limit: 201 })

  const asked = async (kept: CustomerTransaction, subject: string): Promise<Approval> =>
    (await questionsOf(kept)).find((one) => one.subject === subject) as Approval

  interface Answering {
    readonly approval: Approval
    readonly phone: Device
    readonly said: 'yes' | 'no'
  }

  async function answered({ answers }: ReturnType<typeof at>, { approval, phone, said }: Answering) {
    const display = { title: '', approve: '', rows: [], text: 'Shown' }
    const shown = { approval, display, language: 'en', requester: 'Till', device: phone } as never
    const yes = { shown, number: undefined, pin: undefined, signature: 'x.y.z', from: {} }
    const work = async (): Promise<string> => {
      if (said === 'yes') return answers.approve(alder, yes)
      await answers.deny(shown)
      return 'denied'
    }
    try {
      return await inUnit(work)
    } catch (error) {
      if (error instanceof Refusal) return error.code
      throw error
    }
  }

  describe('signatories', () => {
    test('a mandate comes back as it was told, sealed, and stays with its institution', async () => {
      const mandate = {
        ...{ institution: 'alder', account: id(), changedAt: now },
        signatories: [{ subject: 'sub-of-anna', role: 'joint-holder', sub: 'sub-of-anna' }],
      }
      await all.mandates.put(mandate)
      expect(await all.mandates.get('alder', mandate.account)).toEqual(mandate)
      expect(await all.mandates.get('birch', mandate.account)).toBeUndefined()
      const { rows } = await database.knex.raw('select m::text as row from mandate m where account = ?', [
        mandate.account,
      ])
      for (const secret of ['sub-of-anna', 'joint-holder']) expect(rows[0].row).not.toContain(secret)
      const next = { ...mandate, signatories: [] }
      await all.mandates.put(next)
      expect(await all.mandates.get('alder', mandate.account)).toEqual(next)
      expect(await all.mandates.remove('birch', mandate.account)).toBe(false)
      expect(await all.mandates.remove('alder', mandate.account)).toBe(true)
      expect(await all.mandates.remove('alder', mandate.account)).toBe(false)
    })

    test('what waits for signatories counts, is asked for once, and has its own time', async () => {
      const people = [await person(), await person()]
      const { kept } = await begun(people, 1)
      const tabs = await Promise.all(
        [1, 2, 3, 4].map(() => inUnit(() => at(now).coSigning.begin(alder, kept.id, false))),
      )
      // Whoever came second waits like the first: nothing of it is over.
      expect(new Set(tabs)).toEqual(new Set(['begun']))
      expect(await questionsOf(kept)).toHaveLength(3)
      const waits = await all.transactions.get('alder', kept.id)
      expect(waits).toMatchObject({ state: 'open', signingAt: now, expiresAt: now + 24 * hour })
      const listed = async (state: 'open' | 'signing' | 'lapsed', moment: number) =>
        (await all.transactions.list('alder', { state, subject: kept.subject, now: moment, limit: 10 })).map(
          (one) => one.id,
        )
      expect(await listed('open', now)).toEqual([])
      expect(await listed('signing', now)).toEqual([kept.id])
      expect(await listed('lapsed', now + 25 * hour)).toEqual([kept.id])
      const counted = async (moment: number) =>
        (
          await all.transactions.history(
            { institution: 'alder', subject: kept.subject },
            { since: now - hour, now: moment, to: undefined },
          )
        ).past.length
      expect([await counted(now + 23 * hour), await counted(now + 25 * hour)]).toEqual([1, 0])
      expect(await all.transactions.sign('alder', kept.id, { now, expiresAt: now + hour })).toBe(false)
    })

    test('no more than twenty wait for one person (#129)', async () => {
      const [ben] = [await person()]
      const begin = async () => {
        const { kept } = await begun([ben], 1)
        return inUnit(() => at(now).coSigning.begin(alder, kept.id, false))
      }
      for (let n = 0; n < 20; n += 1) expect(await begin()).toBe('begun')
      expect(await begin()).toBe('lacking')
      // Their own questions are not fewer for it.
      expect(await all.approvals.past({ institution: 'alder', subject: ben.subject }, 0)).toEqual([])
    }, 120_000)

    test('no interleaving of yes, no and the end of the time gives two ends, or one with too few (#133)', async () => {
      const people = await Promise.all([1, 2, 3].map(() => person()))
      const step = fc.record({
        who: fc.integer({ min: 0, max: 2 }),
        said: fc.constantFrom('yes' as const, 'yes' as const, 'no' as const),
        // Before its time is over, at it, and behind it.
        at: fc.constantFrom(0, 24 * hour - 1, 24 * hour, 25 * hour),
        /** At the same time as the one before. */
        together: fc.boolean(),
      })
      const [yes, no] = (['yes', 'no'] as const).map((said, who) => ({ who, said, at: 0, together: false }))
      const ends = { approved: 0, released: 0, open: 0 }
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 3 }),
          fc.array(step, { minLength: 2, maxLength: 6 }),
          async (count, steps) => {
            const { kept } = await begun(people, count)
            expect(await inUnit(() => at(now).coSigning.begin(alder, kept.id, false))).toBe('begun')
            const told: AuditEvent[] = []
            const heard: string[] = []
            let batch: Promise<void>[] = []
            for (const { who, said, at: later, together } of steps) {
              if (!together) await Promise.all(batch.splice(0))
              const { subject, phone } = people[who] as (typeof people)[number]
              const approval = await asked(kept, subject)
              batch.push(
                answered(at(now + later, told), { approval, phone, said }).then(
                  (what) => void heard.push(what),
                ),
              )
            }
            await Promise.all(batch)
            batch = []
            await settled(kept, { count, told, heard })
            ends[(await all.transactions.get('alder', kept.id))?.state as 'open'] += 1
            // Twenty that wait for one person would be too many for the next.
            await inUnit(() => at(now).coSigning.withdraw('alder', kept.id))
          },
        ),
        // First of all one of each end, so that each is seen whatever chance brings.
        {
          numRuns: kind === 'server' ? 80 : 12,
          examples: [
            [1, [yes]],
            [2, [yes, no]],
            [3, [yes, yes]],
          ],
        },
      )
      // Else nothing was shown.
      expect(Math.min(ends.approved, ends.released, ends.open)).toBeGreaterThan(0)
    }, 120_000)

    test('#130 the last signature and the end of its request at once: one end, and nobody is left asked', async () => {
      const ben = await person()
      const ends = new Set<string | undefined>()
      for (let n = 0; n < 12; n += 1) {
        const { kept, initiator } = await begun([ben], 1, id())
        const { institution, subject } = kept
        await inUnit(() => at(now).coSigning.begin(alder, kept.id, true))
        const approval = await asked(kept, ben.subject)
        const told: AuditEvent[] = []
        const pings = { due: async () => undefined }
        const ports = {
          ...all,
          pings,
          clock: { now: () => now },
          audit: { ...all.audit, record: (event: AuditEvent) => void told.push(event) },
        }
        const ended = () => inUnit(() => withdrawAll(ports, { institution, subject }))
        const yes = () => answered(at(now, told), { approval, phone: ben.phone, said: 'yes' })
        // Of those that are alone one end each, so that both are seen.
        if (n === 0) await ended()
        const [heard] = await Promise.all(n === 1 ? [await yes(), ended()] : [yes(), ended()])
        const state = (await all.transactions.get(institution, kept.id))?.state
        ends.add(state)
        expect([heard, state]).toEqual(
          heard === 'approved' ? ['approved', 'approved'] : ['approval.ended', 'released'],
        )
        expect(told.filter(({ type }) => /^transaction\.(approved|released)$/.test(type))).toHaveLength(1)
        expect(await all.approvals.signing({ institution, subject: initiator.subject }, now)).toEqual([])
        expect(await all.approvals.pending({ institution, subject: ben.subject }, now)).toEqual([])
      }
      expect(ends).toEqual(new Set(['approved', 'released']))
    }, 120_000)

    test('several that ask the same people at once wait for nobody for ever', async () => {
      const [anna, ben] = [await person(), await person()]
      const payments = await Promise.all(
        Array.from({ length: 8 }, (_, n) => begun(n % 2 ? [anna, ben] : [ben, anna], 2)),
      )
      const begin = await Promise.all(
        payments.map(({ kept }) => inUnit(() => at(now).coSigning.begin(alder, kept.id, false))),
      )
      expect(new Set(begin)).toEqual(new Set(['begun']))
    })
  })

  interface Happened {
    readonly count: number
    readonly told: readonly AuditEvent[]
    readonly heard: readonly string[]
  }

  async function settled(kept: CustomerTransaction, { count, told, heard }: Happened) {
    const state = (await all.transactions.get('alder', kept.id))?.state
    const questions = (await questionsOf(kept)).filter(({ origin }) => origin === 'signatory')
    const inState = (wanted: Approval['state']) => questions.filter((one) => one.state === wanted).length
    const ends = told.filter(({ type }) => /^transaction\.(approved|released)$/.test(type))
    expect(ends.length).toBe(state === 'open' ? 0 : 1)
    expect(inState('approved')).toBe(heard.filter((one) => one === 'approved').length)
    expect(inState('denied')).toBe(heard.filter((one) => one === 'denied').length)
    expect(inState('approved')).toBeLessThanOrEqual(count)
    if (state === 'approved') expect([inState('approved'), inState('denied')]).toEqual([count, 0])
    if (state === 'released') expect(inState('denied')).toBe(1)
    if (state === 'open') expect([inState('denied'), inState('approved') < count]).toEqual([0, true])
    else expect(inState('pending')).toBe(0)
  }
}
