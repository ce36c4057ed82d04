// A back end that is pinged (OpenID CIBA, ping): openid-client on one side, a phone's keys on the other, and one ping between.
import * as oidc from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApprovalBank, pinged, startApprovalBank } from './approval-bank.ts'
import { type Approver, answer, approve, type Question, waiting } from './approver.ts'
import { type Asked, backEnd, details, poll } from './back-end.ts'
import { apiToken, asApi } from './customer.ts'
import { type PingReceiver, startPingReceiver } from './ping-receiver.ts'

let bank: ApprovalBank
let receiver: PingReceiver

beforeAll(async () => {
  receiver = await startPingReceiver()
  bank = await startApprovalBank({ ping: receiver.url })
}, 60_000)
afterAll(async () => {
  receiver.stop()
  await bank.stop()
})

const token = 'of-the.shop~1+/=='

async function askRaw(fields: Record<string, string>) {
  const response = await fetch(`${bank.bridge.issuer}/backchannel`, {
    method: 'POST',
    body: new URLSearchParams({ ...(await asApi(bank.bridge, pinged)), scope: 'openid', ...fields }),
  })
  return (await response.json()) as Record<string, unknown> & Asked
}

const asked = (sub: string, fields: Record<string, string> = {}) =>
  askRaw({ login_hint: sub, client_notification_token: token, ...fields })

const question = async (who: Approver) => (await waiting(who)).at(-1) as Question
const polled = async ({ auth_req_id }: Asked) =>
  (await poll(bank.bridge, auth_req_id, bank.bridge.issuer, pinged)).json

/** The events of one approval that tell of pings, with their details. */
async function told(approval: string) {
  const rows = await bank.bridge.parts.base.database.knex('audit_event').select('body')
  return rows
    .map(({ body }) => (typeof body === 'string' ? JSON.parse(body) : body))
    .filter(({ type, detail }) => type.startsWith('ping.') && detail.approval === approval)
}

test('a payment is asked for, approved, pinged once, and its token is there at the first poll', async () => {
  const { who, sub } = await bank.somebody()
  const client = await backEnd(bank.bridge, pinged)
  expect(client.serverMetadata().backchannel_token_delivery_modes_supported).toEqual(['poll', 'ping'])
  const started = await oidc.initiateBackchannelAuthentication(client, {
    ...{ scope: 'openid', login_hint: sub, client_notification_token: token },
    authorization_details: details('2500.00'),
  })
  expect(receiver.of(started.auth_req_id)).toEqual([])
  const shown = await question(who)
  expect((await approve(who, shown, started.number as string)).json.state).toBe('approved')
  expect(await receiver.heard(started.auth_req_id)).toEqual({
    ...{ method: 'POST', type: 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ auth_req_id: started.auth_req_id }),
  })
  // The library waits for the interval before it asks: it asks once.
  const tokens = await oidc.pollBackchannelAuthenticationGrant(client, started)
  expect(tokens.claims()).toMatchObject({ sub, acr: 'urn:drawbridge:acr:device-pin' })
  expect(receiver.of(started.auth_req_id)).toHaveLength(1)
  await expect.poll(() => told(shown.id)).toHaveLength(1)
  expect(await told(shown.id)).toMatchObject([
    { type: 'ping.sent', outcome: 'ok', relyingParty: pinged, detail: { approval: shown.id, tries: 1 } },
  ])
})

test('a no is pinged, and so is what nobody answers, and what ends because the bank disables the customer', async () => {
  const { who, sub } = await bank.somebody()
  const refused = await asked(sub)
  await answer(who, await question(who), { answer: 'deny' })
  await receiver.heard(refused.auth_req_id)
  expect(await polled(refused)).toMatchObject({
    error: 'access_denied',
    error_description: 'approval.denied',
  })

  const { sub: silent } = await bank.somebody()
  const lapsed = await asked(silent, { requested_expiry: '1' })
  await receiver.heard(lapsed.auth_req_id)
  expect((await polled(lapsed)).error).toBe('expired_token')

  const { sub: leaving } = await bank.somebody()
  const withdrawn = await asked(leaving)
  const authorization = `Bearer ${await apiToken(bank.bridge, { scope: 'subjects' })}`
  const path = `${bank.bridge.issuer}/subjects/${leaving}/disable`
  expect((await fetch(path, { method: 'POST', headers: { authorization } })).ok).toBe(true)
  await receiver.heard(withdrawn.auth_req_id)
  expect((await polled(withdrawn)).error).toBe('invalid_grant')
  for (const { auth_req_id } of [refused, lapsed, withdrawn]) expect(receiver.of(auth_req_id)).toHaveLength(1)
})

test('who is pinged may poll as well, at the same pace', async () => {
  const { who, sub } = await bank.somebody()
  const started = await asked(sub)
  expect(started.interval).toBe(5)
  expect((await polled(started)).error).toBe('authorization_pending')
  expect((await polled(started)).error).toBe('slow_down')
  await answer(who, await question(who), { answer: 'deny' })
  await receiver.heard(started.auth_req_id)
})

test.each([
  ['none', {}],
  ['an empty one', { client_notification_token: '' }],
  ['one with a space', { client_notification_token: 'a b' }],
  ['one with the end of a line', { client_notification_token: 'a\r\nX: b' }],
  ['one that is too long', { client_notification_token: 'a'.repeat(1025) }],
])('without a token of the form of RFC 6750 nobody is asked: %s', async (_what, fields) => {
  const { who, sub } = await bank.somebody()
  const answered = await askRaw({ login_hint: sub, ...(fields as Record<string, string>) })
  expect(answered.error).toBe('invalid_request')
  expect(await waiting(who)).toEqual([])
})

test('the longest token is taken, and neither it nor the name of the request can be read at rest', async () => {
  const { who, sub } = await bank.somebody()
  const long = 'b'.repeat(1024)
  const started = await asked(sub, { client_notification_token: long })
  const { knex } = bank.bridge.parts.base.database
  for (const table of ['backchannel_ping', 'approval', 'oidc_payload', 'audit_event']) {
    const dump = JSON.stringify(await knex(table))
    expect(dump, table).not.toContain(long)
    expect(dump, table).not.toContain(started.auth_req_id)
  }
  await answer(who, await question(who), { answer: 'deny' })
  expect((await receiver.heard(started.auth_req_id)).authorization).toBe(`Bearer ${long}`)
  await expect.poll(async () => (await knex('backchannel_ping')).length).toBe(0)
})

test('an address is one however its scheme is spelled', async () => {
  const { stores } = bank.bridge.parts
  const set = await stores.directory.everything('alder', 'file')
  if (set === undefined) throw new Error('the bank is gone')
  const { sub } = await bank.somebody()
  const backchannel = { ping: receiver.url.replace('http:', 'HTTP:') }
  const relyingParties = set.relyingParties.map((one) => (one.id === pinged ? { ...one, backchannel } : one))
  await bank.bridge.application.apply([{ ...set, relyingParties }], { dryRun: false })
  const { auth_req_id: request } = await asked(sub)
  await bank.bridge.application.apply([set], { dryRun: false })
  expect(request).toEqual(expect.any(String))
})
