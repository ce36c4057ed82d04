// Reaching a customer of the demo bank: the phone waits for its message, the text message is in the inbox, with its receipt.
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/ports/deliveries.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { type Customer, call, customer, enrol, enrolled, signIn } from './customer.ts'

let bridge: TestBridge
let alice: Awaited<ReturnType<typeof enrolled>>
let subject: string
beforeAll(async () => {
  bridge = await startBridge()
  alice = await enrolled(bridge)
  subject = alice.tokens.claims.sub as string
})
afterAll(() => bridge.stop())

const owe = (change: Partial<Delivery> = {}) =>
  bridge.parts.base.unit.run({ institution: 'alder', reference: 'DB-TEST-0001' }, () =>
    bridge.parts.flows.deliveries.enqueue({
      ...{ institution: 'alder', subject, kind: 'push', purpose: 'approval', handle: 'approval-1' },
      ...{ text: 'Pay 25.00 EUR to Nordhaven Energy', expiresAt: Date.now() + 60_000 },
      trace: { reference: 'DB-TEST-0001' },
      ...change,
    }),
  )

const messages = async (who: Customer, tokens: typeof alice.tokens, query = '') => {
  const url = `${bridge.issuer}/messages`
  const response = await fetch(`${url}${query}`, {
    headers: {
      authorization: `DPoP ${tokens.accessToken}`,
      dpop: await who.app.proof({ method: 'GET', url, accessToken: tokens.accessToken }),
    },
  })
  return { status: response.status, json: (await response.json()) as never as Answer }
}
interface Answer {
  readonly code?: string
  readonly cursor: string
  readonly messages: readonly {
    id: string
    purpose: string
    handle?: string
    sent_at: string
    expires_at: string
  }[]
}

async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const found = look()
    if (found) return found
    await rest(50)
  }
  throw new Error('it did not come')
}

test('the phone waits, and gets what it is to ask for', async () => {
  const before = await messages(alice, alice.tokens)
  expect(before.json).toEqual({ messages: [], cursor: '0' })
  const waiting = messages(alice, alice.tokens, '?wait=20')
  await rest(100)
  await owe()
  const { json, status } = await waiting
  expect(status).toBe(200)
  expect(json.messages).toEqual([
    {
      ...{ id: expect.any(String), purpose: 'approval', handle: 'approval-1' },
      ...{ sent_at: expect.any(String), expires_at: expect.any(String) },
    },
  ])
  // What it has seen does not come again, and what is there comes at once.
  expect((await messages(alice, alice.tokens, `?after=${json.cursor}`)).json.messages).toEqual([])
  expect((await messages(alice, alice.tokens, '?wait=20')).json.messages).toHaveLength(1)
})

test('whoever waits in vain is answered in time, and holds nothing meanwhile', async () => {
  const { cursor } = (await messages(alice, alice.tokens)).json
  let answered = false
  const waiting = messages(alice, alice.tokens, `?after=${cursor}&wait=20`).finally(() => {
    answered = true
  })
  const began = performance.now()
  expect((await messages(alice, alice.tokens, `?after=${cursor}&wait=1`)).json).toEqual({
    messages: [],
    cursor,
  })
  // Timers fire up to a millisecond early.
  expect(performance.now() - began).toBeGreaterThan(998)
  // The embedded database has one connection: whoever held it would hold everybody up.
  expect((await messages(alice, alice.tokens)).status).toBe(200)
  expect(answered).toBe(false)
  await owe()
  expect((await waiting).json.messages).toHaveLength(1)
})

describe('who asks', () => {
  test.each(['?wait=26', '?wait=-1', '?after=x', '?other=1', '?wait=1&wait=2'])('not %s', async (query) => {
    expect(await messages(alice, alice.tokens, query)).toMatchObject({
      status: 400,
      json: { code: 'request.malformed' },
    })
  })
  test('without a phone of their own has nothing to fetch', async () => {
    const bob = await customer(bridge, 'bob')
    const tokens = await signIn(bob)
    expect(await messages(bob, tokens)).toMatchObject({ json: { code: 'device.required' } })
  })
  test('with a token of another key is refused', async () => {
    const other = await customer(bridge)
    expect(await messages(other, alice.tokens)).toMatchObject({ status: 401, json: { code: 'dpop.invalid' } })
  })
  test('with a phone that is ended while it waits is told nothing', async () => {
    const second = await customer(bridge, 'bob')
    const tokens = await signIn(second)
    const device = await enrol(second, tokens)
    const waiting = messages(second, tokens, '?wait=3')
    await rest(100)
    expect((await call(second, { method: 'DELETE', path: `/devices/${device.id}`, tokens })).status).toBe(204)
    expect((await waiting).status).toBe(401)
  })
})

test('a text message goes to the number of the bank’s record, and its receipt comes back', async () => {
  const { sms } = bridge.world
  await owe({ kind: 'sms', purpose: 'code', text: 'Alder Bank: 483920 – не сообщайте' })
  const message = await until(() => sms.messages.find(({ text }) => text.includes('483920')))
  expect(message).toMatchObject({ to: '+12025550123', text: 'Alder Bank: 483920 – не сообщайте' })
  const { scene } = bridge.world
  await until(() => scene.events.some((event) => event.includes('delivery.confirmed')))
  const page = await (await fetch(`${bridge.world.url}/sms/`)).text()
  expect(page).toContain('483920')
  const metrics = await (await fetch(`${bridge.managementUrl}/metrics`)).text()
  expect(metrics).toContain('drawbridge_deliveries_total{kind="sms",outcome="confirmed"} 1')
  expect(metrics).toContain('drawbridge_deliveries_total{kind="sms",outcome="sent"} 1')
})
