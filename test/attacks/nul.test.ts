// U+0000, which no database keeps, wherever an address, a form or a request may bring it: an answer, and no failure of ours.
import { beforeAll, expect, test } from 'vitest'
import { type ApprovalBank, type Somebody, sharedApprovalBank } from '../journeys/approval-bank.ts'
import { apiToken, call } from '../journeys/customer.ts'

let bank: ApprovalBank
let alice: Somebody
beforeAll(async () => {
  bank = await sharedApprovalBank()
  alice = await bank.somebody()
}, 60_000)

const nul = '\u0000'

test.each([
  ['GET', '/interaction/%00'],
  ['GET', '/interaction/%00/approve'],
  ['POST', '/interaction/%00/pin'],
  ['POST', '/interaction/%00/code'],
  ['GET', '/upstream/%00'],
  ['GET', '/assets/%00'],
])('%s %s', async (method, path) => {
  const response = await fetch(`${bank.bridge.issuer}${path}`, {
    method,
    ...(method === 'POST' && { body: new URLSearchParams({ pin: '1', form_token: nul }) }),
  })
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(response.status).toBeLessThan(500)
})

test.each(['state', 'nonce', 'acr_values', 'login_hint', 'idp_hint', 'ui_locales', 'claims', 'scope'])(
  'a pushed request with it in %s',
  async (name) => {
    const { app } = alice.who
    // Refused when it is pushed, or led on by: whichever answers, it is with a status of the app's doing.
    const answered: { status?: number } = await app.begin({ [name]: `a${nul}` }).then(
      ({ url }) => fetch(url, { redirect: 'manual' }),
      (error: { status?: number }) => error,
    )
    expect(answered.status).toBeGreaterThanOrEqual(300)
    expect(answered.status).toBeLessThan(500)
  },
)

test.each([
  ['GET', '/devices/%00'],
  ['DELETE', '/devices/%00'],
  ['POST', '/devices/%00/proof'],
  ['GET', '/approvals/%00'],
  ['POST', '/approvals/%00'],
  ['PUT', '/devices/%00/approval-key'],
])('as a customer: %s %s', async (method, path) => {
  const body = method === 'GET' || method === 'DELETE' ? undefined : { proof: 'x', answer: 'deny' }
  const answer = await call(alice.who, { method, path, tokens: alice.who.tokens, body })
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
})

test('as an API', async () => {
  const bearer = await apiToken(bank.bridge, { scope: 'transactions subjects' })
  for (const path of ['/subjects/%00/disable', '/transactions/%00/consume', '/transactions/a%00']) {
    const response = await fetch(`${bank.bridge.issuer}${path}`, {
      method: path.endsWith('a%00') ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${bearer}` },
    })
    expect([path, response.status >= 400 && response.status < 500]).toEqual([path, true])
  }
})
