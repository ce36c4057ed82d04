// A bank says how long it keeps what: the sweeper of a running bridge deletes it, and the audit says how much.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBridge, type TestBridge } from './bridge.ts'
import { pay, spender } from './spending.ts'
import { applyTwo } from './two-connections.ts'

const day = 24 * 3600_000

let bridge: TestBridge
const removed: Record<string, unknown>[] = []

beforeAll(async () => {
  bridge = await startBridge(undefined, undefined, { sweeper: { interval_seconds: 1 } })
  bridge.application.observe((institution, event) => {
    const { type, detail } = JSON.parse(event)
    if (type === 'retention.removed') removed.push({ institution, ...detail })
  })
})
afterAll(() => bridge?.stop())

test('what is older goes with its evidence, what is younger stays, and nothing goes before it is said', async () => {
  const { knex } = bridge.parts.base.database
  const who = await spender(bridge)
  await pay(who, '1200.00')
  await pay(who, '80.00')
  const left = async (table: string) => Number((await knex(table).count('* as n'))[0]?.n)
  const [old] = await knex('customer_transaction').where({ minor: 120_000 }).select('id')
  const moment = new Date(Date.now() - 401 * day)
  await knex('customer_transaction')
    .where({ id: old.id })
    .update({ created_at: moment, expires_at: moment, ended_at: moment, state: 'used', used_at: moment })
  await knex('approval_evidence').where({ transaction_id: old.id }).update({ created_at: moment })
  expect([await left('customer_transaction'), await left('approval_evidence')]).toEqual([2, 2])
  await applyTwo(bridge, { institution: { retention: { transactions: 400, evidence: 500 } } })
  // Passes follow one another: when the second has begun, the first has looked at everything.
  for (const id of ['first', 'second']) {
    await knex('replay').insert({ institution: 'alder', kind: 'k', id, expires_at: new Date(0) })
    await expect.poll(() => knex('replay').where({ id }), { timeout: 20_000 }).toEqual([])
  }
  // Its evidence keeps the transaction.
  expect(removed).toEqual([])
  await applyTwo(bridge, { institution: { retention: { transactions: 400, evidence: 400 } } })
  await expect.poll(() => left('approval_evidence'), { timeout: 20_000 }).toBe(1)
  expect(removed[0]).toMatchObject({ institution: 'alder', kind: 'evidence', count: 1 })
  // What had to stay is looked at again within a day.
  expect(await left('customer_transaction')).toBe(2)
})
