// A delivery from the unit that owes it to its receipt: owed only with the unit, sent once, tried again, given up, told in the audit.
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDeliveryWork } from '../../src/compose/deliveries.ts'
import type { Institution } from '../../src/domain/institution.ts'
import { createApply } from '../../src/flows/apply.ts'
import { active, customer, startDeliveriesRig } from './deliveries-rig.ts'

const phone = '+1 202-555-0123'

let rig: Awaited<ReturnType<typeof startDeliveriesRig>>
beforeAll(async () => {
  rig = await startDeliveriesRig()
  await customer(rig.parts, phone, 'alice')
  await rig.inUnit(async () => {
    for (const id of ['a', 'b']) await rig.stores.devices.create(active(id, 'alice'))
    await rig.stores.devices.create({ ...active('c', 'alice'), state: 'revoked' })
  })
})
afterAll(() => rig.stop())
beforeEach(async () => {
  rig.gateway.sent.length = 0
  Object.assign(rig.gateway.says, { status: 202, body: '0: Accepted for delivery' })
  await rig.base.database.knex('audit_event').del()
})

const jobs = async () =>
  Number((await rig.base.database.knex.raw('select count(*) from jobs.job')).rows[0].count)
/** What was put off is due now. */
const due = () => rig.base.database.knex.raw("update jobs.job set start_after = now() - interval '1 second'")

test('what a unit that rolls back owed is never sent; what one that commits owed is, once', async () => {
  const lost = rig.inUnit(async () => {
    await rig.flows.deliveries.enqueue({ ...given(), text: 'never' })
    throw new Error('rolled back')
  })
  await expect(lost).rejects.toThrow('rolled back')
  await rig.enqueue()
  await Promise.all([rig.pass(), rig.pass()])
  expect(rig.gateway.sent.map((fields) => fields.get('text'))).toEqual(['Alder Bank: your code is 483920'])
  expect(await rig.events('delivery.sent')).toMatchObject([
    {
      ...{ reference: 'DB-AAAA-0001', relyingParty: 'app', subject: 'alice', transaction: 'hash-1' },
      detail: { kind: 'sms', purpose: 'code', channel: 'sms', tries: 1 },
    },
  ])
  expect(await jobs()).toBe(0)
})

const given = () => ({
  ...{ institution: 'alder', subject: 'alice', kind: 'sms' as const, purpose: 'code' as const },
  ...{ text: 'x', expiresAt: Date.now() + 60_000, trace: { reference: 'DB-AAAA-0002' } },
})

test('it belongs to a unit', async () => {
  await expect(rig.flows.deliveries.enqueue(given())).rejects.toThrow('outside a unit')
})

test('neither words nor number are in the database or the audit', async () => {
  await rig.enqueue()
  const { knex } = rig.base.database
  const rows = JSON.stringify([
    (await knex.raw('select * from jobs.job')).rows,
    (await knex.raw('select * from delivery')).rows,
    (await knex.raw('select * from institution')).rows,
  ])
  await rig.pass()
  const audit = JSON.stringify((await knex.raw('select * from audit_event')).rows)
  expect(audit).toContain('delivery.sent')
  for (const secret of ['483920', '5550123', '555-0123', 'bank-pw']) {
    expect(rows).not.toContain(secret)
    expect(audit).not.toContain(secret)
  }
})

describe('what a file says of channels', () => {
  const apply = async (channels: Institution['channels'], dryRun = true) => {
    const { base, stores, services } = rig
    const run = createApply({ ...base, ...stores, ...services, writer: stores.directory })
    return run([{ ...rig.rows, institution: { ...rig.institution, channels } }], { dryRun })
  }

  test('is judged by their plugins before anything is written', async () => {
    await expect(apply([{ id: 'a', type: 'fax', settings: {} }])).rejects.toThrow(
      'alder: channel a: no channel of type fax',
    )
    await expect(
      apply([{ id: 'a', type: 'http-sms', settings: { url: 'https://x.example' } }], false),
    ).rejects.toThrow(/alder: channel a: .*countries/s)
  })

  test('is compared as a part of the institution, by names and without values', async () => {
    expect((await apply(rig.institution.channels)).changes).toEqual([])
    const changed = rig.institution.channels?.map((one) => ({
      ...one,
      settings: one.id === 'sms' ? { ...one.settings, password: 'another' } : one.settings,
    }))
    expect((await apply(changed)).changes).toEqual([
      {
        ...{ institution: 'alder', kind: 'institution', id: 'alder', change: 'changed' },
        fields: ['channels[1].settings.password'],
      },
    ])
  })
})

test('two nodes: each delivery is sent by one of them', async () => {
  for (let i = 0; i < 12; i++) await rig.enqueue({ text: `message ${i}`, kind: 'push' })
  const other = createDeliveryWork(rig.base, rig.stores, rig.services)
  await Promise.all([rig.pass(), other.pass(), rig.pass()])
  await other.ended()
  const sent = await rig.events('delivery.sent')
  expect(new Set(sent.map((event: { detail: { delivery: string } }) => event.detail.delivery)).size).toBe(12)
  expect(sent).toHaveLength(12)
})

describe('an attempt that fails', () => {
  test('is made again, and told once it is sent', async () => {
    Object.assign(rig.gateway.says, { status: 503, body: 'Temporal failure, try again later.' })
    await rig.enqueue()
    await rig.pass()
    expect(await jobs()).toBe(1)
    expect(await rig.events('delivery.failed')).toEqual([])
    Object.assign(rig.gateway.says, { status: 202, body: '3: Queued for later delivery' })
    await rig.pass()
    expect(rig.gateway.sent).toHaveLength(1)
    await due()
    await rig.pass()
    expect(rig.gateway.sent).toHaveLength(2)
    expect(await rig.events('delivery.sent')).toMatchObject([{ detail: { tries: 2 } }])
    expect(await jobs()).toBe(0)
  })

  test('is not made after the delivery has expired', async () => {
    Object.assign(rig.gateway.says, { status: 500, body: '' })
    await rig.enqueue({ expiresAt: Date.now() + 400 })
    await rig.pass()
    await rest(450)
    await due()
    await rig.pass()
    expect(rig.gateway.sent).toHaveLength(1)
    expect(await rig.events('delivery.failed')).toMatchObject([{ code: 'channel.unreachable' }])
    expect(await jobs()).toBe(0)
  })

  test('by a node that died is made by another', async () => {
    await rig.enqueue()
    const [job] = await rig.services.jobs.take(10)
    await rig.pass()
    expect(rig.gateway.sent).toHaveLength(0)
    await rig.base.database.knex.raw(
      "update jobs.job set started_on = started_on - interval '1 minute'; update jobs.queue set monitor_on = null",
    )
    await rig.services.openJobs.lookAfter()
    await due()
    await rig.pass()
    expect(rig.gateway.sent).toHaveLength(1)
    // Whoever comes too late ends nothing.
    expect(await rig.inUnit(() => rig.services.jobs.done(job as never))).toBe(false)
    expect(await rig.events('delivery.sent')).toHaveLength(1)
  })
})

describe('what cannot be sent is told at once', () => {
  test.each([
    ['no number', undefined, 'channel.no_address'],
    ['several numbers', ['+12025550123', '+12025550124'], 'channel.no_address'],
    ['no country', '202 555 0123', 'channel.number'],
    ['another country', '+44 7400 123456', 'channel.number_country'],
    ['premium', '+1 900-555-0123', 'channel.number_kind'],
  ])('%s', async (name, number, code) => {
    await customer(rig.parts, number, name)
    await rig.enqueue({ subject: name })
    await rig.pass()
    expect(rig.gateway.sent).toHaveLength(0)
    expect(await rig.events('delivery.failed')).toMatchObject([{ code, subject: name }])
  })

  test('what the gateway does not take', async () => {
    Object.assign(rig.gateway.says, { status: 400, body: 'Missing receiver number, rejected' })
    await rig.enqueue()
    await rig.pass()
    expect(await rig.events('delivery.failed')).toMatchObject([{ code: 'channel.refused' }])
  })

  test('a push to a customer without a phone', async () => {
    await rig.enqueue({ kind: 'push', subject: 'nobody' })
    await rig.pass()
    expect(await rig.events('delivery.failed')).toMatchObject([{ code: 'channel.no_address' }])
  })
})

test('a push is one row for each active device, in order, and expires', async () => {
  await rig.base.database.knex('device_message').del()
  await rig.enqueue({ kind: 'push', purpose: 'approval', handle: 'one' })
  await rig.pass()
  await rig.enqueue({ kind: 'push', purpose: 'approval', handle: 'two', expiresAt: Date.now() + 10_000 })
  await rig.pass()
  const places = ['a', 'b', 'c'].map((device) => ({ institution: 'alder', device, after: 0 }))
  const { since } = rig.stores.deviceMessages
  const found = await since(places, Date.now())
  expect(found.map(({ device, handle }) => [device, handle]).sort()).toEqual([
    ['a', 'one'],
    ['a', 'two'],
    ['b', 'one'],
    ['b', 'two'],
  ])
  const [first] = found.filter(({ device }) => device === 'a')
  const later = [{ institution: 'alder', device: 'a', after: first?.seq as number }]
  expect((await since(later, Date.now())).map(({ handle }) => handle)).toEqual(['two'])
  expect(await since(later, Date.now() + 10_000)).toEqual([])
  expect(await since([{ institution: 'birch', device: 'a', after: 0 }], Date.now())).toEqual([])
})
