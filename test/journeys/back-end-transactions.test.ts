// The bank's back end decides on transactions by us, has them approved where the policy says so, and carries each out once.
import { beforeAll, expect, test } from 'vitest'
import { type ApprovalBank, otherApi, sharedApprovalBank } from './approval-bank.ts'
import { answer, approve, type Question, waiting } from './approver.ts'
import { payment, transactions } from './back-end.ts'
import { apiToken, call } from './customer.ts'

let bank: ApprovalBank
let token: string
beforeAll(async () => {
  bank = await sharedApprovalBank()
  token = await apiToken(bank.bridge)
}, 60_000)

const decide = (sub: string, detail: unknown, change: Record<string, unknown> = {}) =>
  transactions(bank.bridge, { token, body: { sub, authorization_details: [detail], ...change } })
const look = (id: string, by = token) =>
  transactions(bank.bridge, { method: 'GET', path: `/${id}`, token: by })
const consume = (id: string, by = token) => transactions(bank.bridge, { path: `/${id}/consume`, token: by })

test('what is small passes, and is carried out once', async () => {
  const { sub, who } = await bank.somebody()
  const { status, json } = await decide(sub, payment('25.00'))
  expect({ status, json }).toMatchObject({
    status: 201,
    json: { state: 'approved', decision: { outcome: 'allow' } },
  })
  const id = json.id as string
  expect((await look(id)).json).toMatchObject({ state: 'approved', hash: json.hash })
  const uses = await Promise.all(Array.from({ length: 6 }, () => consume(id)))
  expect(uses.filter((one) => one.status === 200)).toHaveLength(1)
  expect(uses.filter((one) => one.json.code === 'transaction.used')).toHaveLength(5)
  expect(uses.find((one) => one.status === 200)?.json).toMatchObject({
    authorization_details: [payment('25.00')],
    hash: json.hash,
  })
  expect((await look(id)).json.state).toBe('used')
  expect(await waiting(who)).toEqual([])
})

test('what is large waits for the phone: approved, denied, lapsed', async () => {
  const { sub, who } = await bank.somebody()
  const large = await decide(sub, payment('2500.00'), {
    binding_message: 'Invoice 12',
    context: { ip_address: '2001:db8::7', device: 'Till 3' },
  })
  expect(large.json).toMatchObject({
    state: 'open',
    decision: { outcome: 'step-up' },
    approval: { state: 'pending', number: expect.stringMatching(/^\d\d$/) },
  })
  const id = large.json.id as string
  expect((await consume(id)).json.code).toBe('transaction.missing')
  const [question] = (await waiting(who)) as [Question]
  expect(question.display.text).toContain('Asked for from: Till 3, 2001:db8::7')
  const { number } = large.json.approval as { number: string }
  expect((await approve(who, question, number)).status).toBe(200)
  const after = await look(id)
  expect(after.json).toMatchObject({ state: 'approved', approval: { state: 'approved' } })
  expect(JSON.stringify(after.json)).not.toContain('"number"')
  expect((await consume(id)).status).toBe(200)

  const second = await decide(sub, payment('2600.00'))
  await answer(who, (await waiting(who))[0] as Question, { answer: 'deny' })
  expect((await look(second.json.id as string)).json).toMatchObject({
    state: 'released',
    approval: { state: 'denied' },
  })
  expect((await consume(second.json.id as string)).json.code).toBe('transaction.missing')
})

test('what the policy stops stays stopped', async () => {
  const { sub } = await bank.somebody()
  const { status, json } = await decide(
    sub,
    payment('5.00', { creditorAccount: { iban: 'DE02120300000000202051' } }),
  )
  expect({ status, json }).toMatchObject({
    status: 201,
    json: { state: 'refused', decision: { outcome: 'deny', reason: 'rule.closed-account' } },
  })
  expect((await consume(json.id as string)).json.code).toBe('transaction.missing')
})

test('#131 a message that leads somewhere is refused, and nothing is decided', async () => {
  const { sub } = await bank.somebody()
  const { status, json } = await decide(sub, payment('5.00'), { binding_message: 'see www.evil.example' })
  expect([status, json.code]).toEqual([400, 'request.malformed'])
})

test('a customer’s own limit holds for back ends too', async () => {
  const { sub, who } = await bank.somebody()
  const limit = { id: 'mine', threshold: { kind: 'amount', per: 'payment', over: { EUR: '59.99' } } }
  const set = await call(who, {
    method: 'PUT',
    path: '/limits',
    tokens: who.tokens,
    body: { version: 0, limits: [limit] },
  })
  expect(set.status).toBe(200)
  expect((await decide(sub, payment('60.00'))).json).toMatchObject({
    decision: { outcome: 'step-up', reason: 'own.amount' },
    approval: { state: 'pending' },
  })
  expect((await decide(sub, payment('59.00'))).json.state).toBe('approved')
})

test('a payment that nobody could be asked about counts against no limit', async () => {
  const released: string[] = []
  bank.bridge.application.observe((_, event) => {
    const { type, reference } = JSON.parse(event)
    if (type === 'transaction.released') released.push(reference)
  })
  const { sub, who } = await bank.somebody()
  await call(who, { method: 'DELETE', path: `/devices/${who.device}`, tokens: who.tokens })
  const refused = await decide(sub, payment('2500.00'))
  expect(refused).toMatchObject({ status: 403, json: { code: 'approval.no_device' } })
  expect(released).toEqual([refused.json.reference])
})

let known: string | undefined
test.each([
  ['no detail', { authorization_details: [] }, 'request.malformed'],
  ['two', { authorization_details: [payment('1.00'), payment('2.00')] }, 'request.malformed'],
  ['a type that nobody knows', { authorization_details: [{ type: 'gift' }] }, 'transaction.malformed'],
  ['an amount with three decimals', { authorization_details: [payment('1.001')] }, 'transaction.malformed'],
  ['somebody unknown', { sub: 'nobody' }, 'subject.unknown'],
  ['a message that deceives', { binding_message: 'pay \u202e1' }, 'request.malformed'],
  ['a time that is too long', { expires_in: 601 }, 'request.malformed'],
  ['a member of its own', { decision: 'allow' }, 'request.malformed'],
])('%s is refused', async (_what, change, code) => {
  known ??= (await bank.somebody()).sub
  const answered = await decide(known, payment('25.00'), change)
  expect(answered.status).toBeGreaterThanOrEqual(400)
  expect(answered.json.code).toBe(code)
})

test('another API, and a token without the scope, see nothing of it', async () => {
  const { sub } = await bank.somebody()
  const id = (await decide(sub, payment('25.00'))).json.id as string
  const other = await apiToken(bank.bridge, { id: otherApi })
  for (const answered of [await look(id, other), await consume(id, other), await look('unknown')])
    expect(answered.json.code).toBe('transaction.unknown')
  const without = await apiToken(bank.bridge, { scope: 'subjects' })
  expect((await look(id, without)).json.code).toBe('token.scope')
  expect((await look(id, 'nothing')).json.code).toBe('token.invalid')
})
