// Payments in several currencies and one limit: converted by the bank's rates, stopped where nobody knows what they are worth.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changeLine } from '../../src/cli/apply.ts'
import { verifyEvidence } from '../../src/compose/evidence-verify.ts'
import { demoRows } from '../../src/demo/institution.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import type { EvidenceFile } from '../../src/domain/evidence-bundle.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { LineFactsSetting } from '../../src/domain/sim.ts'
import { createAdministrator } from './administrator.ts'
import { type Approver, approve, approver, waiting } from './approver.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { agreed, apiToken, arrived, call, signIn } from './customer.ts'
import { creditor, debtor, payment } from './spending.ts'

const hour = 3600_000
const policy: Policy = {
  rules: [{ id: 'large', when: 'transaction.amountIn("EUR") > 200000', outcome: { kind: 'review' } }],
  limits: [
    {
      ...{ id: 'day', types: [], from: [], to: [], outcome: { kind: 'deny' } },
      threshold: { kind: 'amount', per: 'day', over: { EUR: '1500.00' }, in: 'EUR' },
    },
  ],
}
const rates = (perBase: Record<string, string>, asOf = Date.now()) => ({
  ...{ base: 'EUR', asOf, validHours: 120, perBase },
})

let bridge: TestBridge
let alice: Approver
const events: { type: string; detail?: Record<string, unknown> }[] = []

async function apply(change: Partial<Institution>, dryRun = false): Promise<string[]> {
  const { d: _private, ...apiKey } = bridge.world.apiKey
  const { world, idpCertificate } = { world: bridge.world.url, idpCertificate: bridge.world.idpCertificate }
  const rows = demoRows({ world, idpCertificate, apiKey })
  const institution = {
    ...rows.institution,
    ...{ policy, stepUpOver: { EUR: '500.00' }, stepUpOverIn: 'EUR', rates: rates({ USD: '2' }) },
    ...change,
  }
  const { changes } = await bridge.application.apply([{ ...rows, institution }], { dryRun })
  return changes.map(changeLine)
}

beforeAll(async () => {
  bridge = await startBridge()
  await apply({})
  bridge.application.observe((_institution, event) => void events.push(JSON.parse(event)))
  alice = await approver(bridge)
}, 60_000)
afterAll(() => bridge?.stop())

const paid = (amount: string, currency: string) => payment(amount, { instructedAmount: { amount, currency } })
const told = () => events.filter(({ type }) => type === 'transaction.decided').at(-1)?.detail ?? {}

/** What is decided on a payment, which is then left alone. */
async function decided(amount: string, currency: string): Promise<string> {
  const { page } = await arrived(alice, paid(amount, currency))
  if (page.returned === undefined) await declined(page)
  const { decision, reason } = told()
  return `${decision}: ${reason}`
}
const declined = async (page: Awaited<ReturnType<typeof arrived>>['page']) => {
  const action = /action="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const form = { ...fieldsOf(page.body), do: 'deny' }
  await alice.browser.follow(new URL(action, page.url).href, { until: alice.app.redirectUri, form })
}
const fieldsOf = (body: string): Record<string, string> =>
  Object.fromEntries(
    [...body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  )

describe('a payment in another currency', () => {
  test.each([
    ['of little passes as it would in euros', '1000.00', 'USD', 'allow: allowed'],
    ['of a cent more is approved, as it would be in euros', '1000.01', 'USD', 'step-up: limit.step_up_over'],
    ['over the limit is stopped by it', '3000.01', 'USD', 'deny: limit.day'],
    [
      'over what a condition says in euros is held, and refused by the limit all the same',
      '4000.01',
      'USD',
      'deny: limit.day',
    ],
    ['that has no rate is stopped, however little it is', '0.01', 'CHF', 'deny: limit.day'],
  ])('%s', async (_name, amount, currency, expected) => {
    expect(await decided(amount, currency)).toBe(expected)
  })
  test('is not asked for the PIN beforehand where the policy lets it pass', async () => {
    const { page } = await arrived(alice, paid('999.99', 'USD'))
    expect([page.returned, page.body.includes('name="pin"')]).toEqual([undefined, false])
    await declined(page)
  })
})

test('payments in two currencies count together: one limit, and its sum in euros', async () => {
  const first = await arrived(alice, paid('900.00', 'USD'))
  await agreed(alice, first.page)
  expect(await decided('1050.01', 'EUR')).toBe('deny: limit.day')
  expect(await decided('1050.00', 'EUR')).toBe('step-up: limit.step_up_over')
  expect(await decided('2100.01', 'USD')).toBe('deny: limit.day')
})

test('the gateway carries out a small one that nobody approved, and none that has no rate', async () => {
  const tokens = await signIn(alice, { scope: 'openid core:payments' })
  const call_ = (amount: string, currency: string) => {
    const body = transferBody(amount).replaceAll('>EUR<', `>${currency}<`)
    return call(alice, { method: 'POST', path: '/soap/payments', tokens, body })
  }
  const typesSince = (from: number) => events.slice(from).map(({ type }) => type)
  const start = events.length
  // The demo's core knows amounts in euros alone, and refuses by itself what we signed for it.
  expect((await call_('0.02', 'USD')).text).not.toContain('transaction.missing')
  expect(told().reason).toBe('allowed')
  expect(typesSince(start)).toContain('call.signed')
  const before = events.length
  expect((await call_('0.02', 'CHF')).text).toContain('transaction.missing')
  expect(typesSince(before)).not.toContain('transaction.decided')
})

test('what was decided by rates is explained and proven by them, also when there are others by then', async () => {
  const bearer = await apiToken(bridge)
  const api = async (path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
    const given = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    return (await fetch(`${bridge.issuer}${path}`, { headers, ...given })).text()
  }
  const detail = {
    type: 'payment_initiation',
    instructedAmount: { amount: '1000.01', currency: 'USD' },
    ...{
      debtorAccount: { iban: debtor },
      creditorName: 'Nordhaven Energy',
      creditorAccount: { iban: creditor },
    },
  }
  const opened = JSON.parse(
    await api('/transactions', { sub: alice.tokens.claims.sub, authorization_details: [detail] }),
  )
  const question = (await waiting(alice)).find(({ id }) => id === opened.approval.id)
  expect((await approve(alice, question as never, opened.approval.number)).status).toBe(200)
  await apply({ rates: rates({ USD: '1' }) })
  const text = await api(`/transactions/${opened.id}/evidence`)
  const file: EvidenceFile = JSON.parse(text)
  expect(file.bundle.material.policy).toMatchObject({
    ...{ outcome: 'step-up', reason: 'limit.step_up_over' },
    inputs: { rates: { used: true, table: { perBase: { USD: '2' } } } },
  })
  const keys = await (await fetch(`${bridge.issuer}/evidence/keys`)).text()
  const checked = await verifyEvidence({
    ...{ evidence: Buffer.from(text), key: keys, checkpointKey: undefined },
  })
  expect(checked.checks.filter(({ ok }) => !ok)).toEqual([])
  const admin = createAdministrator(bridge)
  await admin.join(bridge.world.invitation as string, 'marta')
  const { body } = await admin.follow(`${bridge.issuer}/console/transactions/${opened.id}`)
  expect(body).toContain('Decided again, it comes out the same.')
  expect(body).toContain('1 EUR = 2 USD')
  await apply({})
})

test('rates that are too old stop what would have to be converted, and nothing else', async () => {
  await apply({ rates: rates({ USD: '2' }, Date.now() - 121 * hour) })
  await expect.poll(() => decided('0.01', 'USD'), { timeout: 10_000 }).toBe('deny: limit.day')
  const again = await decided('0.01', 'EUR')
  // What was paid in dollars before is in the sum.
  expect(again).toBe('deny: limit.day')
  await apply({})
  await expect.poll(() => decided('0.01', 'USD'), { timeout: 10_000 }).toBe('allow: allowed')
})

test('a dry run says which rates loosen, and what is applied is audited with them', async () => {
  expect(await apply({ rates: rates({ USD: '2' }) }, true)).toEqual([expect.not.stringContaining('loosens')])
  const lower = { rates: rates({ USD: '2.5', GBP: '0.5' }) }
  expect(await apply(lower, true)).toEqual([
    expect.stringContaining('loosens rates USD in EUR, rates GBP in EUR'),
  ])
  await apply(lower)
  expect(events.filter(({ type }) => type === 'configuration.applied').at(-1)?.detail).toMatchObject({
    loosened: ['rates USD in EUR', 'rates GBP in EUR'],
  })
})

test('a customer’s own limit may convert as well', async () => {
  const tokens = await signIn(alice, { scope: 'openid device limits' })
  const limit = (threshold: object) => ({
    id: 'mine',
    threshold: { kind: 'amount', per: 'payment', ...threshold },
  })
  const put = (limits: unknown[], version = 0) =>
    call(alice, { method: 'PUT', path: '/limits', tokens, body: { version, limits } })
  expect((await put([limit({ over: { USD: '1.00' }, in: 'EUR' })])).status).toBe(400)
  const set = await put([limit({ over: { EUR: '1.00' }, in: 'EUR' })])
  expect([set.status, set.json]).toMatchObject([
    200,
    { limits: [{ threshold: { over: { EUR: '1.00' }, in: 'EUR' } }] },
  ])
  await expect.poll(() => decided('2.51', 'USD'), { timeout: 10_000 }).toBe('step-up: own.amount')
  expect(await decided('2.50', 'USD')).toBe('allow: allowed')
})

test('a dry run says what else of a file guards or keeps less, and the audit has it', async () => {
  const line_facts = (change: Partial<LineFactsSetting>) => ({
    lineFacts: {
      ...{ type: 'camara-sim-swap', maxAgeHours: 72, onFailure: 'refuse' as const },
      settings: { url: 'https://api.operator.example/v2', authentication: 'none' },
      ...change,
    },
  })
  await apply({})
  const guarded = { ...line_facts({}), browserSignals: true, retention: { evidence: 400 } }
  expect((await apply(guarded)).join()).toContain('loosens retention evidence_days')
  const dry = async (change: Partial<Institution>) =>
    /; loosens (.*)$/.exec((await apply({ ...guarded, ...change }, true)).join())?.[1]
  expect(await dry(line_facts({ maxAgeHours: 96 }))).toBeUndefined()
  expect(await dry(line_facts({ maxAgeHours: 71 }))).toBe('line_facts max_age_hours')
  expect(await dry(line_facts({ onFailure: 'send' }))).toBe('line_facts on_failure')
  expect(await dry({ lineFacts: undefined })).toBe('line_facts')
  expect(await dry({ browserSignals: undefined })).toBe('browser_signals')
  expect(await dry({ retention: { evidence: 500 } })).toBeUndefined()
  expect(await dry({ retention: { evidence: 399, risk: 400 } })).toBe(
    'retention evidence_days, retention risk_days',
  )
  await apply({ retention: { evidence: 300 } })
  expect(events.filter(({ type }) => type === 'configuration.applied').at(-1)?.detail).toMatchObject({
    loosened: ['line_facts', 'browser_signals', 'retention evidence_days'],
  })
  // What is kept for longer, and asked more, is no loosening.
  await apply(guarded)
  expect(events.filter(({ type }) => type === 'configuration.applied').at(-1)?.detail).not.toHaveProperty(
    'loosened',
  )
  await apply({})
})
