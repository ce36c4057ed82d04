// Approvals on two bridge processes over one PostgreSQL: whichever node is asked, there is one answer, one token, one use.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Limit } from '../../src/domain/limit.ts'
import { type ApprovalBank, pinged, startApprovalBank } from '../journeys/approval-bank.ts'
import { answer, waiting, yes } from '../journeys/approver.ts'
import { askRaw, payment, poll, transactions } from '../journeys/back-end.ts'
import { apiToken, asApi, pin } from '../journeys/customer.ts'
import { type PingReceiver, startPingReceiver } from '../journeys/ping-receiver.ts'
import { type Scratch, scratch } from '../storage/scratch.ts'

let place: Scratch
let bank: ApprovalBank
let other: string
let receiver: PingReceiver
beforeAll(async () => {
  place = await scratch('server')
  const day: Limit = {
    ...{ id: 'day', types: [], from: [], to: [], outcome: { kind: 'deny' } },
    threshold: { kind: 'amount', per: 'day', over: { EUR: '10000.00' } },
  }
  const institution = { policy: { rules: [], limits: [day] } }
  receiver = await startPingReceiver()
  bank = await startApprovalBank({ databaseUrl: place.url as string, institution, ping: receiver.url })
  other = await bank.bridge.node()
}, 120_000)
afterAll(async () => {
  receiver?.stop()
  await bank?.stop()
  await place?.remove()
})

/** The other node by the issuer's name. */
const at = () => `${other}/alder`

test('answers at both nodes at once: one is heard, and both nodes tell the same', async () => {
  for (const late of [0, 60, 120, 10_000]) {
    const { who, begin } = await bank.somebody()
    const { auth_req_id, number, question } = await begin()
    const proof = await yes(who, question, { claims: { number } })
    const no = async (node?: string) => {
      await new Promise((resolve) => setTimeout(resolve, late))
      return answer(who, question, { answer: 'deny' }, node)
    }
    const answers = await Promise.all([
      answer(who, question, { answer: 'approve', proof, pin }),
      answer(who, question, { answer: 'approve', proof, pin }, other),
      ...(late > 1000 ? [] : [no(), no(other)]),
    ])
    const heard = answers.filter(({ status }) => status === 200).map(({ json }) => json.state)
    expect(heard).toHaveLength(1)
    const polls = await Promise.all([poll(bank.bridge, auth_req_id), poll(bank.bridge, auth_req_id, at())])
    const tokens = polls.filter(({ status }) => status === 200)
    expect(tokens).toHaveLength(heard[0] === 'approved' ? 1 : 0)
  }
})

test('#136 both nodes send pings: each request has one', async () => {
  const people = []
  for (let i = 0; i < 6; i++) people.push(await bank.somebody())
  const requests = await Promise.all(
    people.map(async ({ who, sub }, i) => {
      const named = {
        login_hint: sub,
        client_notification_token: `t${i}`,
        requested_expiry: i < 2 ? '2' : '60',
      }
      const as = await asApi(bank.bridge, pinged)
      const asked = await askRaw(bank.bridge, { ...as, ...named }, i % 2 === 0 ? bank.bridge.issuer : at())
      const request = String(asked.json.auth_req_id)
      const [question] = await waiting(who)
      // Both nodes are told no, or nobody says anything.
      if (question !== undefined && i >= 2)
        await Promise.all([
          answer(who, question, { answer: 'deny' }),
          answer(who, question, { answer: 'deny' }, other),
        ])
      return request
    }),
  )
  for (const request of requests) await receiver.heard(request)
  const { knex } = bank.bridge.parts.base.database
  await expect.poll(async () => (await knex('backchannel_ping')).length, { timeout: 20_000 }).toBe(0)
  expect(receiver.pings).toHaveLength(requests.length)
})

test('questions at both nodes at once: no more than are allowed', async () => {
  const { sub } = await bank.somebody()
  const asked = await Promise.all(
    [undefined, at(), undefined, at(), undefined, at()].map((node) =>
      askRaw(bank.bridge, { login_hint: sub }, node),
    ),
  )
  expect(asked.map(({ status }) => status).sort()).toEqual([200, 200, 200, 403, 403, 403])
})

test('polls at both nodes share one pace', async () => {
  const { begin } = await bank.somebody()
  const { auth_req_id } = await begin()
  expect((await poll(bank.bridge, auth_req_id)).json.error).toBe('authorization_pending')
  expect((await poll(bank.bridge, auth_req_id, at())).json.error).toBe('slow_down')
})

test('a back end’s payment is carried out once, and limits hold over both nodes', async () => {
  const { sub } = await bank.somebody()
  const token = await apiToken(bank.bridge)
  const body = { sub, authorization_details: [payment('25.00')] }
  const { json } = await transactions(bank.bridge, { token, body })
  const path = `/${json.id}/consume`
  const uses = await Promise.all(
    [undefined, at(), undefined, at()].map((node) => transactions(bank.bridge, { token, path, node })),
  )
  expect(uses.filter(({ status }) => status === 200)).toHaveLength(1)
  // 4,000 four times: the day of 10,000 lets two be asked, wherever.
  const detail = (i: number) => [payment('4000.00', { remittanceInformation: `part ${i}` })]
  const decided = await Promise.all(
    [undefined, at(), undefined, at()].map((node, i) =>
      transactions(bank.bridge, { token, node, body: { sub, authorization_details: detail(i) } }),
    ),
  )
  const passed = decided.filter(({ json: one }) => one.state === 'open')
  expect(passed).toHaveLength(2)
  expect(decided.filter(({ json: one }) => one.state === 'refused')).toHaveLength(2)
})
