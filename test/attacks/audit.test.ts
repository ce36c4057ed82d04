// Attacks 207 to 210, 212, 214 and 244 on the audit log: the verifier names the first bad event; the untouched log is the control.
import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bodyText, keyHash, noteText, type ReadNote } from '../../src/domain/checkpoint.ts'
import { leafHash, treeRoot } from '../../src/domain/merkle.ts'
import { createAuditVerify } from '../../src/flows/audit-verify.ts'
import { createLocalKeys } from '../../src/plugins/keys/local.ts'
import { createFieldSeal } from '../../src/plugins/keys/seal.ts'
import { createAuditLog, integrate } from '../../src/storage/audit-log.ts'
import { createAuditWriter } from '../../src/storage/audit-writer.ts'
import type { Database } from '../../src/storage/open.ts'
import { createSealedKeys } from '../../src/storage/sealed-keys.ts'
import { createUnits } from '../../src/storage/unit-of-work.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'

const master = randomBytes(32)
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
let at = Date.parse('2026-11-24T12:00:00Z')
const clock = { now: () => at++ }

let place: Scratch
let database: Database
let log: ReturnType<typeof world>

function world(database: Database) {
  const keys = createLocalKeys({ master, sealed: createSealedKeys(database), clock })
  const units = createUnits({
    knex: database.knex,
    events: createAuditWriter({ clock, node: 'node1', seal: createFieldSeal(master) }),
  })
  const signed = async (institution: string, note: ReadNote) => {
    const jwk = await keys.publicJwk(institution, 'checkpoint')
    const raw = Buffer.from(String(jwk.x), 'base64url')
    return (
      keyHash(note.origin, raw).equals(note.keyHash) &&
      verify(
        null,
        Buffer.from(note.signed),
        createPublicKey({ key: jwk as never, format: 'jwk' }),
        note.signature,
      )
    )
  }
  const auditLog = createAuditLog(database)
  const sequence = () =>
    integrate({ database, keys, log: quiet, originOf: async (id) => `bank.example/${id}/audit` }, 'alder')
  const write = (detail: Record<string, string>, personal?: Record<string, string>) =>
    units.unit.run({ institution: 'alder', reference: 'DB-TEST-0001' }, async () =>
      units.audit.record({ type: 'login.started', outcome: 'ok', detail, ...(personal && { personal }) }),
    )
  return { keys, auditLog, sequence, write, verify: createAuditVerify({ auditLog, signed }) }
}

beforeEach(async () => {
  place = await scratch('embedded')
  database = await migrated(place)
  log = world(database)
  for (let i = 0; i < 12; i++) {
    await log.write({ n: String(i) }, { name_id: `alice-${i}` })
    if (i % 4 === 3) await log.sequence()
  }
})
afterEach(async () => {
  await database.close()
  await place.remove()
})

const rows = () => database.knex('audit_event')
const lastNote = async () => (await log.auditLog.checkpoints('alder')).at(-1)?.note

test('control: the untouched log is whole, also since a checkpoint that was kept', async () => {
  const kept = await lastNote()
  await log.write({ n: 'later' })
  await log.sequence()
  expect(await log.verify('alder', kept)).toMatchObject({ ok: true, events: 13, checkpoints: 4, pending: 0 })
})

describe('#207 somebody with the database edits it', () => {
  test('a changed text', async () => {
    const row = await rows().where({ log_index: 5 }).first()
    await rows()
      .where({ log_index: 5 })
      .update({ body: row.body.replace('"n":"5"', '"n":"6"') })
    expect(await log.verify('alder')).toMatchObject({ ok: false, firstBad: { index: 5, counter: 5 } })
  })
  test('a changed text with its leaf hash put right', async () => {
    const row = await rows().where({ log_index: 5 }).first()
    const body = row.body.replace('"n":"5"', '"n":"6"')
    await rows()
      .where({ log_index: 5 })
      .update({ body, leaf: leafHash(body) })
    expect(await log.verify('alder')).toMatchObject({
      ok: false,
      firstBad: { index: 4, reason: expect.stringContaining('root differs') },
    })
  })
  test('a deleted row', async () => {
    await rows().where({ log_index: 6 }).del()
    expect(await log.verify('alder')).toMatchObject({
      ok: false,
      firstBad: { index: 7, reason: 'index 6 is missing' },
    })
  })
  test('two rows changed places', async () => {
    await rows().where({ log_index: 2 }).update({ log_index: 99 })
    await rows().where({ log_index: 3 }).update({ log_index: 2 })
    await rows().where({ log_index: 99 }).update({ log_index: 3 })
    expect((await log.verify('alder')).ok).toBe(false)
  })
  test('an inserted row', async () => {
    const row = await rows().where({ log_index: 11 }).first()
    const body = row.body.replace('"counter":11', '"counter":12')
    await rows().insert({ ...row, counter: 12, body, leaf: leafHash(body), log_index: 12 })
    expect(await log.verify('alder')).toMatchObject({ ok: false, firstBad: { index: 12 } })
  })
})

test('#208 the tail cut off: the last checkpoint remembers, and so does one that was kept elsewhere', async () => {
  const kept = await lastNote()
  await rows().where('log_index', '>=', 8).del()
  expect(await log.verify('alder')).toMatchObject({ ok: false, firstBad: { index: 8 } })
  await database.knex('audit_checkpoint').where('size', '>', 8).del()
  expect((await log.verify('alder')).ok).toBe(true)
  expect(await log.verify('alder', kept)).toMatchObject({ ok: false, firstBad: { index: 8 } })
})

test('#209 #244 the whole log rewritten and signed with another key', async () => {
  await rows()
    .where({ log_index: 3 })
    .update({ body: '{}', leaf: leafHash('{}') })
  const other = createLocalKeys({
    master: randomBytes(32),
    sealed: { active: async () => undefined, insertFirst: async () => true },
    clock,
  })
  const all = (await rows().orderBy('log_index')).map((row) => row.leaf as Buffer)
  const body = { origin: 'bank.example/alder/audit', size: 12, root: treeRoot(all) }
  const { x } = await other.publicJwk('alder', 'checkpoint')
  const signature = await (await other.signer('alder', 'checkpoint')).sign(bodyText(body))
  await database
    .knex('audit_checkpoint')
    .where({ size: 12 })
    .update({ note: noteText(body, Buffer.from(String(x), 'base64url'), signature) })
  expect(await log.verify('alder')).toMatchObject({
    ok: false,
    firstBad: { reason: expect.stringContaining('signature') },
  })
})

test('#244 a checkpoint of another log', async () => {
  const signer = await log.keys.signer('alder', 'checkpoint')
  const { x } = await log.keys.publicJwk('alder', 'checkpoint')
  const body = { origin: 'bank.example/birch/audit', size: 3, root: randomBytes(32) }
  const foreign = noteText(body, Buffer.from(String(x), 'base64url'), await signer.sign(bodyText(body)))
  expect(await log.verify('alder', foreign)).toMatchObject({
    ok: false,
    firstBad: { reason: expect.stringContaining('another log') },
  })
})

test('#244 a row deleted before it was integrated leaves a gap', async () => {
  await log.write({ n: 'a' })
  await log.write({ n: 'b' })
  await rows().where({ counter: 12 }).del()
  await log.sequence()
  expect(await log.verify('alder')).toMatchObject({
    ok: false,
    firstBad: { node: 'node1', counter: 12, reason: expect.stringContaining('missing') },
  })
})

test('#212 hostile values stay one record', async () => {
  for (const value of ['a\r\nb', '\u001b[31m', '","outcome":"refused', '\u2028', 'x'.repeat(100_000)])
    await log.write({ value })
  await log.sequence()
  const report = await log.verify('alder')
  expect(report).toMatchObject({ ok: true, events: 17 })
  const body = JSON.parse((await log.auditLog.range('alder', 14, 1))[0]?.body as string)
  expect(body).toMatchObject({ outcome: 'ok', detail: { value: '","outcome":"refused' } })
})

test('#213 #214 personal values are not in the text, and erasing them leaves the log whole', async () => {
  const before = JSON.stringify(await rows())
  expect(before).not.toContain('alice-3')
  await rows().update({ personal: null })
  expect((await log.verify('alder')).ok).toBe(true)
})

test('#210 two nodes append and two sequencers run at once: no gap and no fork', async () => {
  const second = createUnits({
    knex: database.knex,
    events: createAuditWriter({ clock, node: 'node2', seal: createFieldSeal(master) }),
  })
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0
        ? log.write({ n: `x${i}` })
        : second.unit.run({ institution: 'alder', reference: 'r' }, async () =>
            second.audit.record({ type: 'login.started', outcome: 'ok' }),
          ),
    ),
  )
  await Promise.all([log.sequence(), log.sequence(), log.sequence()])
  expect(await log.verify('alder')).toMatchObject({ ok: true, events: 32 })
})
