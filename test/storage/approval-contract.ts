// What every database must do for approvals: whatever is answered at the same time, one answer holds, and for good.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import { type Approval, type ApprovalEnd, approvalStates } from '../../src/domain/approval.ts'
import type { Database } from '../../src/storage/open.ts'
import { onDatabase } from './on-database.ts'
import { type everything, id, now } from './rig.ts'

const minutes = 60_000

const approval = (change: Partial<Approval> = {}): Approval => ({
  ...{ institution: 'alder', id: id(), subject: id(), relyingParty: 'till', origin: 'backchannel' },
  ...{ reference: 'DB-TEST', transaction: undefined, transactionId: undefined, hash: 'hash' },
  ...{ acr: withDeviceAndPin, number: '42', nonce: id(), bindingMessage: 'Order 4711' },
  ...{ place: { address: '203.0.113.7' }, request: id(), uid: undefined, state: 'pending' },
  ...{ createdAt: now, expiresAt: now + 5 * minutes, endedAt: undefined, device: undefined },
  ...change,
})

const ends = approvalStates.filter((state): state is ApprovalEnd => state !== 'pending')

/** Registers the suite for one kind of database. */
export function approvalContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })

  describe('approvals', () => {
    test('one comes back as it was asked, and its number stands in no column', async () => {
      const asked = approval()
      await all.approvals.create(asked)
      expect(await all.approvals.get('alder', asked.id)).toEqual(asked)
      expect(await all.approvals.get('birch', asked.id)).toBeUndefined()
      const { rows } = await database.knex.raw('select a::text as row from approval a where id = ?', [
        asked.id,
      ])
      for (const secret of ['Order 4711', '203.0.113.7', asked.nonce, asked.request as string])
        expect(rows[0].row).not.toContain(secret)
    })

    test('no interleaving of answers, retries and the end of its time gives two ends', async () => {
      const step = fc.record({
        state: fc.constantFrom(...ends),
        // Before its time is over, at it, and behind it.
        at: fc.constantFrom(0, 5 * minutes - 1, 5 * minutes, 6 * minutes),
        /** At the same time as the one before. */
        together: fc.boolean(),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
          const asked = approval()
          await all.approvals.create(asked)
          const heard: ApprovalEnd[] = []
          let batch: Promise<void>[] = []
          for (const { state, at, together } of steps) {
            if (!together) await Promise.all(batch.splice(0))
            batch.push(
              all.approvals.end('alder', asked.id, { state, now: now + at, device: 'd' }).then((won) => {
                if (won) heard.push(state)
                // Nobody but who withdraws ends what is over.
                if (won && state !== 'withdrawn') expect(at).toBeLessThan(5 * minutes)
              }),
            )
          }
          await Promise.all(batch)
          batch = []
          expect(heard.length).toBeLessThanOrEqual(1)
          expect((await all.approvals.get('alder', asked.id))?.state).toBe(heard[0] ?? 'pending')
        }),
        { numRuns: kind === 'server' ? 60 : 12 },
      )
    })

    test('of twenty answers at once one holds', async () => {
      const asked = approval()
      await all.approvals.create(asked)
      const won = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          all.approvals.end('alder', asked.id, {
            state: i % 2 ? 'approved' : 'denied',
            now,
            device: `d${i}`,
          }),
        ),
      )
      expect(won.filter((one) => one)).toHaveLength(1)
      expect((await all.approvals.get('alder', asked.id))?.device).toBe(`d${won.indexOf(true)}`)
    })

    test('a poll within the interval is too soon, and the interval grows by five seconds each time', async () => {
      const asked = approval()
      await all.approvals.create(asked)
      const soon = (seconds: number) =>
        all.approvals.polledTooSoon('alder', asked.request as string, now + seconds * 1000)
      // After 5 s in time; then 3 s on too soon (10 from now on), 9 s on too soon (15), and 15 s on in time.
      expect(await soon(0)).toBe(false)
      expect(await soon(5)).toBe(false)
      expect(await soon(8)).toBe(true)
      expect(await soon(17)).toBe(true)
      expect(await soon(32)).toBe(false)
      expect(await all.approvals.polledTooSoon('alder', 'unknown', now)).toBe(false)
      const parallel = await Promise.all(Array.from({ length: 6 }, () => soon(100)))
      expect(parallel.filter((one) => !one)).toHaveLength(1)
    })

    test('a customer sees their own, as long as they can be answered', async () => {
      const subject = id()
      const mine = [approval({ subject }), approval({ subject, createdAt: now + 1 })]
      const others = [approval(), approval({ subject, institution: 'birch' })]
      for (const one of [...mine, ...others, approval({ subject, expiresAt: now })])
        await all.approvals.create(one)
      const pending = await all.approvals.pending({ institution: 'alder', subject }, now)
      expect(pending.map((one) => one.id)).toEqual(mine.map((one) => one.id))
      const withdrawn = await all.approvals.withdrawAll({ institution: 'alder', subject }, now)
      // Without what had lapsed: that has ended already.
      expect(withdrawn.map((one) => one.id).sort()).toEqual(mine.map((one) => one.id).sort())
      expect(await all.approvals.pending({ institution: 'alder', subject }, now)).toEqual([])
      expect(await all.approvals.pending({ institution: 'birch', subject }, now)).toHaveLength(1)
    })
  })

  test('an approval key is one device’s, and of an active one', async () => {
    const made = async (state: 'active' | 'revoked') => {
      const device = {
        ...{ institution: 'alder', id: id(), subject: id(), relyingParty: 'phone', name: 'Phone', state },
        ...{
          jkt: id(),
          publicJwk: {},
          nonce: id(),
          nonceExpiresAt: now,
          createdAt: now,
          activatedAt: undefined,
        },
      } as const
      await all.devices.create(device)
      return device
    }
    const key = { jkt: id(), publicJwk: { kty: 'EC' }, registeredAt: now, usableFrom: now + 1 }
    const [one, two, gone] = [await made('active'), await made('active'), await made('revoked')]
    expect(await all.devices.setApprovalKey(one, key)).toBe(true)
    expect(await all.devices.setApprovalKey(two, key)).toBe(false)
    expect(await all.devices.setApprovalKey(gone, { ...key, jkt: id() })).toBe(false)
    expect((await all.devices.get('alder', one.id))?.approvalKey).toEqual(key)
  })
}
