// Attacks on what reaches customers out of band: forged receipts, messages that cost, and what a push gives away.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { active, customer, startDeliveriesRig } from '../flows/deliveries-rig.ts'

let rig: Awaited<ReturnType<typeof startDeliveriesRig>>
beforeAll(async () => {
  rig = await startDeliveriesRig()
})
afterAll(() => rig.stop())
beforeEach(async () => {
  rig.gateway.sent.length = 0
  await rig.base.database.knex('audit_event').del()
})

const receipts = async () =>
  (await rig.base.database.knex('delivery').select('receipt')).map((row) => row.receipt)

let customers = 0
/** Sends one to a new customer, who has a budget of their own, and gives the address that the gateway was told for its receipt. */
async function sentOne(): Promise<string> {
  rig.gateway.sent.length = 0
  const subject = `customer-${++customers}`
  await customer(rig.parts, '+1 202-555-0123', subject)
  await rig.enqueue({ subject })
  await rig.pass()
  return rig.gateway.sent[0]?.get('dlr-url') as string
}

describe('#134 a receipt', () => {
  test('counts once, and what is not final changes nothing', async () => {
    const address = await sentOne()
    expect(address).toMatch(/\/alder\/channels\/sms\/receipts\/[0-9a-f-]{36}\/[\w-]{43}\?type=%d$/)
    const said = (type: string) => fetch(address.replace('%d', type))
    expect((await said('8')).status).toBe(200)
    expect((await said('4')).status).toBe(200)
    expect(await rig.events('delivery.confirmed')).toEqual([])
    const all = await Promise.all(Array.from({ length: 20 }, () => said('1')))
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await said('2')).status).toBe(200)
    expect(await rig.events('delivery.confirmed')).toHaveLength(1)
    expect(await rig.events('delivery.failed')).toEqual([])
  })

  test('that tells of a failure is told', async () => {
    const address = await sentOne()
    expect((await fetch(address.replace('%d', '16'), { method: 'GET' })).status).toBe(200)
    expect(await rig.events('delivery.failed')).toMatchObject([{ code: 'channel.undelivered' }])
  })

  test.each<[string, (address: URL, other: URL) => void]>([
    ['without a proof', (url) => (url.pathname = url.pathname.replace(/\/[^/]+$/, '/'))],
    ['with another proof', (url) => (url.pathname = url.pathname.replace(/[^/]{43}$/, 'A'.repeat(43)))],
    [
      'with one letter of it changed',
      (url) => (url.pathname = url.pathname.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A'))),
    ],
    [
      'with the proof of another message',
      (url, other) =>
        (url.pathname = [...url.pathname.split('/').slice(0, -1), other.pathname.split('/').at(-1)].join(
          '/',
        )),
    ],
    [
      'for a message that never was',
      (url) => (url.pathname = url.pathname.replace(/[0-9a-f-]{36}/, '0b8f3c1e-0000-4000-8000-000000000000')),
    ],
    ['with something behind it', (url) => (url.pathname += '/more')],
  ])('%s is answered 401 and changes nothing', async (_, change) => {
    const [address, other] = [new URL(await sentOne()), new URL(await sentOne())]
    const before = await receipts()
    change(address, other)
    address.search = '?type=1'
    const answer = await fetch(address)
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ code: 'channel.forged' })
    expect(await receipts()).toEqual(before)
    expect(await rig.events('delivery.confirmed')).toEqual([])
  })

  test('for another channel or bank is not known', async () => {
    const address = (await sentOne()).replace('%d', '1')
    for (const [part, instead] of [
      ['/channels/sms/', '/channels/phones/'],
      ['/channels/sms/', '/channels/other/'],
      ['/alder/', '/birch/'],
    ] as const)
      expect((await fetch(address.replace(part, instead))).status).toBe(404)
    expect(await rig.events('delivery.confirmed')).toEqual([])
  })

  test('with a name that comes twice is refused', async () => {
    const address = (await sentOne()).replace('%d', '1')
    expect((await fetch(`${address}&type=2`)).status).toBe(400)
    const form = { method: 'POST', body: new URLSearchParams({ type: '2' }) }
    expect((await fetch(address, form)).status).toBe(400)
    expect(await rig.events('delivery.confirmed')).toEqual([])
  })
})

describe('#139 messages that cost', () => {
  test('have a budget for each customer, which no attempt and no other customer uses up', async () => {
    await customer(rig.parts, '+1 202-555-0134', 'bob')
    await customer(rig.parts, '+1 202-555-0145', 'carol')
    for (let i = 0; i < 12; i++) await rig.enqueue({ subject: 'bob', text: `no ${i}` })
    await rig.enqueue({ subject: 'carol' })
    await rig.pass()
    expect(rig.gateway.sent.filter((fields) => fields.get('to') === '+12025550134')).toHaveLength(10)
    expect(rig.gateway.sent.filter((fields) => fields.get('to') === '+12025550145')).toHaveLength(1)
    expect((await rig.events('delivery.failed')).map(({ code }: { code: string }) => code)).toEqual([
      'channel.budget',
      'channel.budget',
    ])
  })

  test.each([
    ['premium', '+1 900 555 0123'],
    ['shared cost', '+372 900 1234'],
    ['toll free', '+1 800 555 0123'],
    ['a country that is not listed', '+44 7400 123456'],
    ['a satellite', '+881 612 345678'],
    ['a short code', '112'],
    ['two numbers in one', '+12025550123,+12025550124'],
    ['an extension', '+12025550123;ext=9'],
  ])('never go to a number of %s', async (name, number) => {
    await customer(rig.parts, number, `#139 ${name}`)
    await rig.enqueue({ subject: `#139 ${name}` })
    await rig.pass()
    expect(rig.gateway.sent).toEqual([])
    expect(await rig.events('delivery.failed')).toHaveLength(1)
  })
})

describe('#140 a push', () => {
  test('carries no word of what it is about, wherever it is kept', async () => {
    await rig.inUnit(() => rig.stores.devices.create(active('phone', 'alice')))
    await rig.enqueue({ kind: 'push', purpose: 'approval', text: 'Pay 1240.00 EUR to Nordhaven' })
    await rig.pass()
    const [row, ...more] = await rig.base.database.knex('device_message').where({ device: 'phone' })
    expect(more).toEqual([])
    expect(Object.keys(row).sort()).toEqual(
      ['device', 'expires_at', 'handle', 'id', 'institution', 'purpose', 'sent_at', 'seq'].sort(),
    )
    expect(JSON.stringify(row)).not.toMatch(/Nordhaven|1240/)
  })

  test('never goes to a device that was ended, or is not proven, or is another’s', async () => {
    await rig.inUnit(async () => {
      await rig.stores.devices.create({ ...active('ended', 'alice'), state: 'revoked' })
      await rig.stores.devices.create({ ...active('unproven', 'alice'), state: 'pending' })
      await rig.stores.devices.create(active('foreign', 'mallory'))
    })
    await rig.enqueue({ kind: 'push', handle: 'only for active ones' })
    await rig.pass()
    const rows = await rig.base.database.knex('device_message').where({ handle: 'only for active ones' })
    expect(rows.map(({ device }) => device)).toEqual(['phone'])
  })
})
