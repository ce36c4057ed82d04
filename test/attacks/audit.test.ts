// Attacks 207 to 210, 212 to 214 and 244 on the audit log: the verifier names the first bad event; the untouched log is the control.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bodyText, noteText } from '../../src/domain/checkpoint.ts'
import { leafHash, treeRoot } from '../../src/domain/merkle.ts'
import { createLocalKeys } from '../../src/plugins/keys/local.ts'
import type { Database } from '../../src/storage/open.ts'
import { createSealedKeys } from '../../src/storage/sealed-keys.ts'
import {
  type AuditBench,
  auditBench,
  auditMaster,
  checkpointKey,
  steppingClock,
} from '../storage/audit-bench.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'

let place: Scratch
let database: Database
let log: AuditBench
let institution = ''

beforeAll(async () => {
  place = await scratch('embedded')
  database = await migrated(place)
})
afterAll(async () => {
  await database.close()
  await place.remove()
})
// Every test attacks an institution of its own: twelve events under checkpoints of 4, 8 and 12.
beforeEach(async () => {
  institution = `i${randomBytes(4).toString('hex')}`
  log = auditBench(database, institution)
  for (let i = 0; i < 12; i++) {
    await log.write({ n: String(i) }, { name_id: `alice-${i}` })
    if (i % 4 === 3) await log.sequence()
  }
})

const rows = () => database.knex('audit_event').where({ institution })
const row = (index: number) => rows().where({ log_index: index })
const checkpoints = () => database.knex('audit_checkpoint').where({ institution })
const lastNote = async () => (await log.auditLog.checkpoints(institution)).at(-1)?.note

/** Changes what an event says, and puts its leaf hash right. */
async function forge(index: number): Promise<void> {
  const { body } = await row(index).first()
  const forged = body.replace(`"n":"${index}"`, '"n":"forged"')
  expect(forged).not.toBe(body)
  await row(index).update({ body: forged, leaf: leafHash(forged) })
}

test('control: the untouched log is whole, also since a checkpoint that was kept', async () => {
  const kept = await lastNote()
  await log.write({ n: 'later' })
  await log.sequence()
  const whole = { ok: true, events: 13, checkpoints: 4, pending: 0, unfinished: 0, firstBad: undefined }
  expect(await log.verify(kept)).toEqual({ institution, ...whole })
})

describe('#207 somebody with the database edits it', () => {
  test('a changed text', async () => {
    const { body } = await row(5).first()
    await row(5).update({ body: body.replace('"n":"5"', '"n":"6"') })
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 5, counter: 5 } })
  })
  test('a changed text with its leaf hash put right: named is the first event that could be it', async () => {
    await forge(5)
    expect(await log.verify()).toMatchObject({
      ok: false,
      firstBad: { index: 4, counter: 4, reason: expect.stringContaining('root differs') },
    })
  })
  test('a deleted row', async () => {
    await row(6).del()
    expect(await log.verify()).toMatchObject({
      ok: false,
      firstBad: { index: 7, reason: 'index 6 is missing' },
    })
  })
  test('a deleted row, the others moved up', async () => {
    await row(6).del()
    for (let i = 7; i < 12; i++) await row(i).update({ log_index: i - 1 })
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 4 } })
  })
  test('two rows changed places', async () => {
    await row(2).update({ log_index: 99 })
    await row(3).update({ log_index: 2 })
    await row(99).update({ log_index: 3 })
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 0 } })
  })
  test('an inserted row', async () => {
    const last = await row(11).first()
    const body = last.body.replace('"counter":11', '"counter":12')
    await rows().insert({ ...last, counter: 12, body, leaf: leafHash(body), log_index: 12 })
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 12, counter: 12 } })
  })
  test.each([
    ['type', { type: 'login.refused' }],
    ['at', { at: new Date(0) }],
  ])('a column (%s) that no longer says what the text says', async (_, change) => {
    await row(3).update(change)
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 3, counter: 3 } })
  })
  test.each(['{', 'null', '[]', '', '{"counter":"3"}'])(
    'a text that is no event (%s) is named, and does not stop the verifier',
    async (body) => {
      await row(3).update({ body, leaf: leafHash(body) })
      expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 3, counter: 3 } })
    },
  )
  test('all checkpoints deleted', async () => {
    await checkpoints().del()
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 0 } })
  })
})

test('#208 the tail cut off: the last checkpoint remembers, and so does one that was kept elsewhere', async () => {
  const kept = await lastNote()
  await rows().where('log_index', '>=', 8).del()
  expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 8 } })
  await checkpoints().where('size', '>', 8).del()
  expect((await log.verify()).ok).toBe(true)
  expect(await log.verify(kept)).toMatchObject({ ok: false, firstBad: { index: 8 } })
  // The node goes on, and what it numbers next tells of the hole even without the kept checkpoint.
  await log.write({ n: 'on' })
  await log.sequence()
  expect(await log.verify()).toMatchObject({ ok: false, firstBad: { counter: 8 } })
})

describe('#209 #244 the log rewritten', () => {
  const stranger = () =>
    createLocalKeys({
      master: randomBytes(32),
      sealed: { active: async () => undefined, all: async () => [], insertFirst: async () => true },
      clock: steppingClock(),
    })
  /** Signs a checkpoint over the rows as they are now, in the place of the last one. */
  async function resign(keys: Pick<AuditBench['keys'], 'signer' | 'publicJwk'>): Promise<void> {
    const leaves = (await rows().orderBy('log_index')).map(({ leaf }) => leaf as Buffer)
    const body = { origin: `bank.example/${institution}/audit`, size: 12, root: treeRoot(leaves) }
    const signature = await (await keys.signer(institution, 'checkpoint')).sign(bodyText(body))
    const note = noteText(body, await checkpointKey(keys, institution), signature)
    await checkpoints().where('size', '<', 12).del()
    await checkpoints().update({ note })
  }

  test('control: the same rewriting with the log’s own key passes, but for the checkpoint that was kept', async () => {
    const kept = await lastNote()
    await forge(3)
    await resign(log.keys)
    expect((await log.verify()).ok).toBe(true)
    expect(await log.verify(kept)).toMatchObject({
      ok: false,
      firstBad: { reason: expect.stringContaining('first 12 events') },
    })
  })
  test('and signed with another key', async () => {
    await forge(3)
    await resign(stranger())
    expect(await log.verify()).toMatchObject({
      ok: false,
      firstBad: { index: 11, reason: expect.stringContaining('signature') },
    })
  })
  test('and that key put where ours was published', async () => {
    await forge(3)
    const keys = stranger()
    await resign(keys)
    await database
      .knex('signing_key')
      .where({ institution, purpose: 'checkpoint' })
      .update({ public_jwk: JSON.stringify(await keys.publicJwk(institution, 'checkpoint')) })
    expect(await auditBench(database, institution).verify()).toMatchObject({
      ok: false,
      firstBad: { reason: expect.stringContaining('signature') },
    })
  })
  test('and the sequencer lured into signing it: it goes on from nothing that the log key did not sign', async () => {
    const forged = { frontier: `${randomBytes(32).toString('base64')} ${randomBytes(32).toString('base64')}` }
    await checkpoints().where({ size: 12 }).update(forged)
    await log.write({ n: 'next' })
    await expect(log.sequence()).rejects.toThrow('checkpoint 12')
    expect(await log.auditLog.checkpoints(institution)).toHaveLength(3)
  })
})

describe('#244 a checkpoint of another log', () => {
  test('control: one of this log', async () => expect((await log.verify(await lastNote())).ok).toBe(true))
  test('under another name, by our own key', async () => {
    const signer = await log.keys.signer(institution, 'checkpoint')
    const body = { origin: 'bank.example/birch/audit', size: 3, root: randomBytes(32) }
    const publicKey = await checkpointKey(log.keys, institution)
    const foreign = noteText(body, publicKey, await signer.sign(bodyText(body)))
    expect(await log.verify(foreign)).toMatchObject({
      ok: false,
      firstBad: { reason: expect.stringContaining('another log') },
    })
  })
  test('of another institution', async () => {
    const other = auditBench(database, `${institution}x`)
    await other.write({ n: '0' })
    await other.sequence()
    const [foreign] = await other.auditLog.checkpoints(`${institution}x`)
    expect(await log.verify(foreign?.note)).toMatchObject({
      ok: false,
      firstBad: { reason: expect.stringContaining('log key') },
    })
  })
  test.each(['', 'hello', '\n\n— x AAAA\n'])('no checkpoint at all (%j)', async (text) => {
    expect((await log.verify(text)).ok).toBe(false)
  })
  test('moved to another size', async () => {
    await checkpoints().where({ size: 8 }).update({ size: 7 })
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { index: 6 } })
  })
})

describe('#244 a row deleted before it was integrated', () => {
  test('leaves a gap', async () => {
    await log.write({ n: 'a' })
    await log.write({ n: 'b' })
    await rows().where({ counter: 12 }).del()
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { counter: 12 } })
    await log.sequence()
    expect(await log.verify()).toMatchObject({
      ok: false,
      firstBad: { node: log.node, counter: 12, reason: expect.stringContaining('missing') },
    })
  })
  test('a changed text that still waits', async () => {
    await log.write({ n: 'a' })
    await rows().where({ counter: 12 }).update({ body: '{}' })
    expect(await log.verify()).toMatchObject({ ok: false, firstBad: { counter: 12 } })
  })
})

test('#212 hostile values stay one record', async () => {
  const values = [
    'a\r\nb',
    '\u001b[31m',
    '","outcome":"refused',
    '\u2028',
    'x'.repeat(1_000_000),
    '\ud800',
    '\u0000',
  ]
  for (const value of values) await log.write({ value })
  await log.sequence()
  expect(await log.verify()).toMatchObject({ ok: true, events: 12 + values.length })
  const kept = await log.auditLog.range(institution, 12, 100)
  expect(kept.map(({ body }) => JSON.parse(body).detail.value)).toEqual(
    values.map((value) => value.toWellFormed()),
  )
  for (const { body } of kept) {
    expect(JSON.parse(body).outcome).toBe('ok')
    // No control character in the text: one line of a log, whatever shows it.
    expect([...body].every((char) => char >= ' ')).toBe(true)
  }
})

test('#213 #214 personal values are not in the text, and erasing them leaves the log whole', async () => {
  expect(JSON.stringify(await rows())).not.toContain('alice-3')
  await rows().update({ personal: null })
  expect((await log.verify()).ok).toBe(true)
})

test('#210 two nodes append and two sequencers run at once: no gap and no fork', async () => {
  const second = auditBench(database, institution)
  await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? log : second).write({ n: `x${i}` })))
  await Promise.all([log.sequence(), second.sequence(), log.sequence()])
  expect(await log.verify()).toMatchObject({ ok: true, events: 32, unfinished: 0 })
})

test('#209 the keys of the log are found again by another process', async () => {
  const again = createLocalKeys({
    master: auditMaster,
    sealed: createSealedKeys(database),
    clock: steppingClock(),
  })
  expect(await again.publicJwk(institution, 'checkpoint')).toEqual(
    await log.keys.publicJwk(institution, 'checkpoint'),
  )
})
