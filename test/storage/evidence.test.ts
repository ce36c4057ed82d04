// Evidence over a real log: found by its digest, proven from the rows around it, waited for, and refused when rows were touched.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readNote } from '../../src/domain/checkpoint.ts'
import { contentDigest } from '../../src/domain/evidence.ts'
import { leafHash, verifyInclusion } from '../../src/domain/merkle.ts'
import { createEvidenceExport } from '../../src/flows/evidence-export.ts'
import { createFieldSeal } from '../../src/plugins/keys/seal.ts'
import { createAuditProofs } from '../../src/storage/audit-proofs.ts'
import { createEvidenceStore } from '../../src/storage/evidence.ts'
import type { Database } from '../../src/storage/open.ts'
import { createPolicies } from '../../src/storage/policies.ts'
import { createUnits } from '../../src/storage/unit-of-work.ts'
import { material as sample } from '../attacks/evidence-rig.ts'
import { auditBench, auditMaster } from './audit-bench.ts'
import { migrated, type Scratch, scratch } from './scratch.ts'

let place: Scratch
let database: Database
let institution = ''
let bank: ReturnType<typeof at>

beforeAll(async () => {
  place = await scratch('embedded')
  database = await migrated(place)
})
afterAll(async () => {
  await database.close()
  await place.remove()
})
beforeEach(async () => {
  institution = `i${randomBytes(4).toString('hex')}`
  bank = at(institution)
  for (let n = 0; n < 5; n += 1) await bank.log.write({ n: `${n}` })
  await bank.log.sequence()
})

function at(id: string) {
  const log = auditBench(database, id)
  const { unit, audit, connections } = createUnits({ database, events: log.writer })
  const evidence = createEvidenceStore(connections, createFieldSeal(auditMaster))
  const auditProofs = createAuditProofs(connections)
  const inUnit = <T>(work: () => Promise<T>) => unit.run({ institution: id, reference: 'DB-TEST-0001' }, work)
  const waits: number[] = []
  let meanwhile: () => Promise<unknown> = async () => undefined
  const rest = async (ms: number) => {
    waits.push(ms)
    // Nobody else could work on this database if the wait held a transaction.
    await meanwhile()
  }
  const ports = {
    evidence,
    auditProofs,
    policies: createPolicies(connections),
    keys: log.keys,
    unit,
    audit,
    rest,
  }
  const flow = createEvidenceExport(ports)
  return {
    ...{ log, auditProofs, waits },
    whileWaiting: (work: () => Promise<unknown>) => {
      meanwhile = work
    },
    /** What an approval leaves behind. */
    approve: async (approval: string) => {
      const material = { ...sample, institution: id, id: approval }
      const digest = contentDigest(material)
      await inUnit(async () => {
        await evidence.keep(id, { id: approval, transactionId: `t-${approval}`, digest, material })
        audit.record({ type: 'approval.approved', outcome: 'ok', detail: { approval, evidence: digest } })
      })
      return digest
    },
    take: (approval: string) =>
      inUnit(() =>
        flow.export({ id } as never, 'https://bank.example/x', { approval, by: { administrator: 'marta' } }),
      ),
  }
}

describe('the proof', () => {
  test('is the same wherever the event stands among what came before and after', async () => {
    const digests: string[] = []
    for (let batch = 0; batch < 4; batch += 1) {
      for (let n = 0; n < 3; n += 1) digests.push(await bank.approve(`a${batch}-${n}`))
      await bank.log.sequence()
    }
    for (const digest of digests) {
      const found = await bank.auditProofs.ofEvidence(institution, digest)
      const { index, path, checkpoint } = found?.logged ?? { index: -1, path: [], checkpoint: '' }
      const { size, root } = readNote(checkpoint) ?? { size: 0, root: Buffer.alloc(0) }
      expect(verifyInclusion({ leaf: leafHash(found?.body ?? ''), index, size, root }, path)).toBe(true)
    }
    const other = await bank.auditProofs.ofEvidence(`${institution}x`, digests[0] as string)
    expect(other).toBeUndefined()
  })
  test('is found by the index of its digest, not by reading the log', async () => {
    const { rows } = await database.knex.raw(
      `select indexdef from pg_indexes where indexname = 'audit_event_evidence'`,
    )
    expect(rows).toHaveLength(1)
    const plan = await database.knex.transaction(async (trx): Promise<unknown[]> => {
      await trx.raw('set local enable_seqscan = off')
      const named = `type in ('approval.approved', 'transaction.approved')
        and substring(body from '"evidence":"([A-Za-z0-9_-]{43})"') = 'x'`
      return (await trx.raw(`explain select body from audit_event where institution = 'a' and ${named}`)).rows
    })
    expect(JSON.stringify(plan)).toContain('audit_event_evidence')
  })
})

describe('an approval of a moment ago', () => {
  test('is waited for, with nothing open meanwhile', async () => {
    await bank.approve('a')
    bank.whileWaiting(() => bank.log.sequence())
    const { bundle } = await bank.take('a')
    expect(bundle.audit.index).toBe(5)
    expect(bank.waits).toHaveLength(1)
  })
  test('is refused with when to come again, once nobody would wait longer', async () => {
    await bank.approve('a')
    await expect(bank.take('a')).rejects.toMatchObject({
      ...{ code: 'evidence.pending', detail: { retryAfterSeconds: 2 } },
    })
    expect(bank.waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(5000)
  })
})

describe('somebody with the database', () => {
  beforeEach(async () => {
    await bank.approve('a')
    await bank.approve('b')
    await bank.log.sequence()
  })
  const events = () => database.knex('audit_event').where({ institution })
  const kept = (id: string) => database.knex('approval_evidence').where({ institution, id })

  test('control: both are handed out', async () => {
    expect((await bank.take('a')).bundle.material.id).toBe('a')
    expect((await bank.take('b')).bundle.material.id).toBe('b')
  })
  test.each<[string, () => Promise<unknown>]>([
    [
      'puts one’s record in the other’s place',
      async () => kept('a').update({ record: (await kept('b').first()).record }),
    ],
    ['names another digest', async () => kept('a').update({ digest: 'x'.repeat(43) })],
    ['takes the event away', () => events().where('log_index', 5).del()],
    [
      'writes the event anew',
      () =>
        events()
          .where('log_index', 5)
          .update({ body: database.knex.raw(`replace(body, '"ok"', '"no"')`) }),
    ],
    [
      'writes the tree anew',
      () =>
        database
          .knex('audit_checkpoint')
          .where({ institution, size: 5 })
          .update({ frontier: `${'A'.repeat(43)}= ${'A'.repeat(43)}=` }),
    ],
  ])('who %s gets nothing signed', async (_what, touch) => {
    await touch()
    await expect(bank.take('a')).rejects.toMatchObject({ code: 'evidence.broken' })
  })
})
