// The audit log while things happen to it: lost commits, a node that dies, readers beside writers, one bad institution.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/domain/audit.ts'
import { commitment } from '../../src/domain/audit-row.ts'
import { noteIsBy, readNote } from '../../src/domain/checkpoint.ts'
import { createFieldSeal } from '../../src/plugins/keys/seal.ts'
import { startSequencer } from '../../src/storage/audit-log.ts'
import type { Database } from '../../src/storage/open.ts'
import { type AuditBench, auditBench, auditMaster, checkpointKey, quiet } from './audit-bench.ts'
import { migrated, type Scratch, scratch, serverUrl } from './scratch.ts'

describe.each(serverUrl === undefined ? (['embedded'] as const) : (['embedded', 'server'] as const))(
  '%s',
  (kind) => {
    let place: Scratch
    let database: Database
    let log: AuditBench
    let institution = ''

    beforeAll(async () => {
      place = await scratch(kind)
      database = await migrated(place)
    })
    afterAll(async () => {
      await database.close()
      await place.remove()
    })
    beforeEach(() => {
      institution = `i${randomBytes(4).toString('hex')}`
      log = auditBench(database, institution)
    })

    const event: AuditEvent = { type: 'login.started', outcome: 'ok' }
    const rows = () => database.knex('audit_event').where({ institution }).orderBy('counter')
    const types = async () => (await rows()).map(({ counter, type }) => `${counter} ${type}`)

    async function sent(events: readonly AuditEvent[], end: 'commit' | 'rollback') {
      const transaction = await database.begin()
      const prepared = log.writer.prepare(institution, events)
      const statements = prepared.statements(transaction.queries)
      if (end === 'commit') await transaction.commit(statements)
      else {
        await Promise.all(statements)
        await transaction.rollback()
      }
      return prepared
    }

    /** Writes one event in a transaction that ends as `end` says, without the writer being told. */
    async function written(end: 'commit' | 'rollback') {
      return sent([event], end)
    }

    describe('numbers', () => {
      test('a rolled-back number is explained with the next event', async () => {
        const handle = await written('rollback')
        handle.rolledBack()
        await log.write({ n: 'next' })
        expect(await types()).toEqual(['0 audit.void', '1 login.started'])
        expect(await log.verify()).toMatchObject({ ok: true, pending: 2, unfinished: 0 })
      })
      test('a commit whose answer was lost stays what it was, and nothing is blocked', async () => {
        const handle = await written('commit')
        handle.rolledBack()
        await log.write({ n: 'next' })
        await log.write({ n: 'after' })
        expect(await types()).toEqual(['0 login.started', '1 login.started', '2 login.started'])
        expect(await log.verify()).toMatchObject({ ok: true, pending: 3 })
      })
      test('a node that dies with a unit on its way: told as unfinished, not as a deleted row', async () => {
        await log.write({ n: 'before' })
        await written('rollback')
        await log.write({ n: 'beside it' })
        expect(await log.verify()).toMatchObject({ ok: true, pending: 2, unfinished: 1 })
      })
      test('control: the same hole is a finding once a later row says that its number was committed', async () => {
        await log.write({ n: 'before' })
        const handle = await written('commit')
        handle.committed()
        await log.write({ n: 'beside it' })
        await rows().where({ counter: 1 }).del()
        expect(await log.verify()).toMatchObject({ ok: false, firstBad: { node: log.node, counter: 1 } })
      })
      test('an event that cannot be written costs no other event its number', async () => {
        const circular: Record<string, never> = {}
        circular.self = circular as never
        expect(() => log.writer.prepare(institution, [{ ...event, detail: circular }])).toThrow()
        await log.write({ n: 'next' })
        expect(await types()).toEqual(['0 audit.void', '1 login.started'])
      })
      test('thousands of lost numbers are explained in portions', async () => {
        const lost = await sent(
          Array.from({ length: 1200 }, () => event),
          'rollback',
        )
        lost.rolledBack()
        for (let i = 0; i < 3; i++) await log.write({ n: String(i) })
        await log.write({ n: 'last' })
        const voids = (await types()).filter((text) => text.endsWith('audit.void'))
        expect(voids).toHaveLength(1200)
        expect(await log.verify()).toMatchObject({ ok: true, pending: 1204, unfinished: 0 })
      })
    })

    describe('personal values', () => {
      test('are sealed for their institution, and open to what was committed to', async () => {
        await log.write({ n: '0' }, { name_id: 'alice' })
        const { personal, body } = await rows().first()
        const seal = createFieldSeal(auditMaster)
        const { salt, values } = JSON.parse(seal.open(institution, personal))
        expect(values).toEqual({ name_id: 'alice' })
        expect(JSON.parse(body).personal.name_id).toBe(commitment(Buffer.from(salt, 'base64url'), 'alice'))
        expect(() => seal.open('other', personal)).toThrow()
      })
    })

    describe('a log that is read while it is written', () => {
      test.each(['checkpoints', 'range', 'pending'] as const)(
        'events that come in with every reading of %s are no finding',
        async (method) => {
          for (let i = 0; i < 3; i++) await log.write({ n: String(i) })
          await log.sequence()
          let left = 3
          const busy = async () => {
            if (left-- <= 0) return
            await log.write({ n: 'meanwhile' })
            await log.sequence()
            await log.write({ n: 'and pending' })
          }
          const view = {
            ...log.auditLog,
            [method]: async (...given: [string, number, number]) => {
              const answer = await log.auditLog[method](...given)
              await busy()
              return answer
            },
          }
          const report = await log.verifyThrough(view)
          expect(report).toMatchObject({ ok: true, firstBad: undefined })
          expect(left).toBeLessThan(3)
          await log.sequence()
          expect(await log.verify()).toMatchObject({ ok: true, pending: 0 })
        },
      )
      test('writers, sequencers and verifiers all at once', async () => {
        const nodes = [log, auditBench(database, institution)]
        const sequencers = nodes.map((each) => startSequencer(each.sequencerPorts, 20))
        let writing = true
        const writers = Array.from({ length: 8 }, async (_, w) => {
          for (let i = 0; i < 25; i++) await (nodes[w % 2] as AuditBench).write({ n: `${w}/${i}` })
        })
        const done = Promise.all(writers).finally(() => {
          writing = false
        })
        const reports = []
        while (writing) reports.push(await log.verify())
        await done
        expect(reports.filter(({ ok }) => !ok)).toEqual([])
        expect(reports.length).toBeGreaterThan(1)
        for (const sequencer of sequencers) {
          await sequencer.now()
          await sequencer.stop()
        }
        expect(await log.verify()).toMatchObject({ ok: true, events: 200, pending: 0, unfinished: 0 })
      })
      test('a hole is found all the same', async () => {
        for (let i = 0; i < 3; i++) await log.write({ n: String(i) })
        await rows().where({ counter: 1 }).del()
        const view = {
          ...log.auditLog,
          pending: async (id: string) => {
            const answer = await log.auditLog.pending(id)
            await log.sequence()
            return answer
          },
        }
        expect(await log.verifyThrough(view)).toMatchObject({ ok: false, firstBad: { counter: 1 } })
      })
    })

    describe('the sequencer', () => {
      test('integrates within a second, signs one checkpoint, and rests', async () => {
        for (let i = 0; i < 5; i++) await log.write({ n: String(i) })
        const sequencer = startSequencer(log.sequencerPorts, 50)
        await expect
          .poll(async () => (await log.auditLog.checkpoints(institution)).length, { timeout: 1000 })
          .toBe(1)
        const [checkpoint] = await log.auditLog.checkpoints(institution)
        const note = readNote(checkpoint?.note ?? '')
        expect(note).toMatchObject({ origin: `bank.example/${institution}/audit`, size: 5 })
        expect(note && noteIsBy(note, await checkpointKey(log.keys, institution))).toBe(true)
        await sequencer.now()
        await sequencer.stop()
        expect(await log.auditLog.checkpoints(institution)).toHaveLength(1)
      })
      test('an institution that cannot be integrated does not hold up the others', async () => {
        const bad = auditBench(database, `${institution}a`)
        await bad.write({ n: '0' })
        await bad.sequence()
        await database
          .knex('audit_checkpoint')
          .where({ institution: `${institution}a` })
          .update({ frontier: 'AAAA' })
        await bad.write({ n: '1' })
        await log.write({ n: '0' })
        const errors: unknown[] = []
        const told = { ...quiet, error: (_: string, fields?: object) => void errors.push(fields) }
        const sequencer = startSequencer({ ...log.sequencerPorts, log: told }, 60_000)
        await sequencer.now()
        await sequencer.stop()
        expect(await log.auditLog.pending(institution)).toEqual([])
        expect(errors).toMatchObject([{ institution: `${institution}a` }])
      })
      test('more than one batch', async () => {
        const handle = await sent(
          Array.from({ length: 4500 }, () => event),
          'commit',
        )
        handle.committed()
        const sequencer = startSequencer(log.sequencerPorts, 60_000)
        await sequencer.now()
        await sequencer.stop()
        const sizes = (await log.auditLog.checkpoints(institution)).map(({ size }) => size)
        expect(sizes).toEqual([2000, 4000, 4500])
        expect(await log.auditLog.checkpoints(institution, 2000, 1)).toMatchObject([{ size: 4000 }])
        expect(await log.verify()).toMatchObject({ ok: true, events: 4500, checkpoints: 3 })
      })
    })
  },
)
