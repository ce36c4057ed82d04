// A back end asks customers who are not there (OpenID CIBA, poll): openid-client on one side, a phone's keys on the other.
import { exportJWK, generateKeyPair } from 'jose'
import * as oidc from 'openid-client'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { type ApprovalBank, sharedApprovalBank } from './approval-bank.ts'
import { type Approver, answer, approve, waiting } from './approver.ts'
import { asked, askRaw, backEnd, byApi, details, poll } from './back-end.ts'
import type { TestBridge } from './bridge.ts'
import { call, introspect } from './customer.ts'
import { later } from './later.ts'

let bridge: TestBridge
let alice: Approver
let sub: string
/** Of the back end itself: an ID token is a hint for whom it was issued to. */
let idToken: string

let bank: ApprovalBank

beforeAll(async () => {
  bank = await sharedApprovalBank()
  bridge = bank.bridge
  ;({ who: alice, sub } = await bank.somebody())
}, 60_000)

// What a try left behind that failed must not fail the next.
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return
  for (const left of await waiting(alice)) await answer(alice, left, { answer: 'deny' })
})

/** The one question that waits; every test leaves none behind. */
async function question() {
  const all = await waiting(alice)
  expect(all).toHaveLength(1)
  return all[0] as (typeof all)[number]
}

test('a payment is asked for, approved on the phone, and its token is good once', async () => {
  const client = await backEnd(bridge)
  const started = await oidc.initiateBackchannelAuthentication(client, {
    ...{ scope: 'openid', login_hint: sub, binding_message: 'Order 4711' },
    request_context: JSON.stringify({ ip_address: '203.0.113.7', device: 'Shop in Firefox' }),
    authorization_details: details('2500.00'),
  })
  expect(started).toMatchObject({ interval: 5, expires_in: 300, number: expect.stringMatching(/^\d\d$/) })
  const shown = await question()
  expect(shown.display.text.split('\n').slice(-3)).toEqual([
    'Asked for by: Alder Accounts API',
    'Their message: Order 4711',
    'Asked for from: Shop in Firefox, 203.0.113.7',
  ])
  expect(shown.display.text).toContain('Nordhaven Energy')
  expect(JSON.stringify(shown)).not.toContain(`"${started.number}"`)
  const done = await approve(alice, shown, started.number as string)
  expect(done.json).toEqual({ id: shown.id, state: 'approved' })
  // The phone has answered: nobody need wait for the next turn.
  const tokens = await oidc.pollBackchannelAuthenticationGrant(client, { ...started, interval: 0 })
  expect(tokens.claims()).toMatchObject({
    sub,
    acr: 'urn:drawbridge:acr:device-pin',
    amr: ['pop', 'pin', 'mca'],
  })
  idToken = tokens.id_token as string
  const seen = await introspect(bridge, tokens.access_token)
  expect(seen).toMatchObject({
    active: true,
    acr: 'urn:drawbridge:acr:device-pin',
    transaction: expect.any(String),
  })
  expect(seen.authorization_details).toEqual(JSON.parse(details('2500.00')))
  expect((await poll(bridge, started.auth_req_id)).json.error).toBe('invalid_grant')
  // A poll again, just now, may be one whose answer was lost: the token stays.
  expect(await introspect(bridge, tokens.access_token)).toMatchObject({ active: true })
  await bank.bridge.parts.base.database.knex.raw(
    "update oidc_payload set consumed_at = now() - interval '1 minute' where model = 'BackchannelAuthenticationRequest' and consumed_at is not null",
  )
  expect((await poll(bridge, started.auth_req_id)).json.error).toBe('invalid_grant')
  // Later it is somebody else's: what the first redemption gave ends (attack 101).
  expect(await introspect(bridge, tokens.access_token)).toEqual({ active: false })
})

test('#128 who polls too soon is told to slow down, and each time more', async () => {
  const { auth_req_id } = await asked(bridge, { login_hint: sub })
  expect((await poll(bridge, auth_req_id)).json.error).toBe('authorization_pending')
  expect(await poll(bridge, auth_req_id)).toMatchObject({ status: 400, json: { error: 'slow_down' } })
  expect((await poll(bridge, auth_req_id)).json.error).toBe('slow_down')
  expect((await answer(alice, await question(), { answer: 'deny' })).json.state).toBe('denied')
})

test('a no reaches the back end', async () => {
  const { auth_req_id } = await asked(bridge, { login_hint: sub, authorization_details: details('2500.00') })
  await answer(alice, await question(), { answer: 'deny' })
  expect(await poll(bridge, auth_req_id)).toMatchObject({
    status: 400,
    json: { error: 'access_denied', error_description: 'approval.denied' },
  })
  // One that is approved, so that the tests below are not made to wait.
  await answered({ login_hint: sub })
})

test('what nobody answers in time lapses, for the phone and for the back end', async () => {
  const { auth_req_id, expires_in } = await asked(bridge, { login_hint: sub, requested_expiry: '60' })
  expect(expires_in).toBe(60)
  const shown = await question()
  await later(61, async () => {
    expect(await waiting(alice)).toEqual([])
    expect((await approve(alice, shown, '00')).json).toMatchObject({ code: 'approval.ended' })
    expect((await poll(bridge, auth_req_id)).json.error).toBe('expired_token')
  })
  // Back in its time it is open again.
  await answer(alice, shown, { answer: 'deny' })
})

test('the customer is named by one hint, in three ways', async () => {
  await answered({ login_hint: sub })
  await answered({ id_token_hint: idToken })
  const hint = await byApi(bridge, { sub_id: { format: 'iss_sub', iss: bridge.issuer, sub } })
  await answered({ login_hint_token: hint })
  const refused = async (fields: Record<string, string>) => (await askRaw(bridge, fields)).json.error
  expect(await refused({ login_hint_token: hint })).toBe('invalid_request')
  expect(await refused({})).toBe('invalid_request')
  expect(await refused({ id_token_hint: alice.tokens.idToken as string })).toBe('invalid_request')
  expect(await refused({ login_hint: sub, id_token_hint: idToken })).toBe('invalid_request')
  expect(await refused({ login_hint: 'nobody' })).toBe('unknown_user_id')
  const old = await byApi(
    bridge,
    { sub_id: { format: 'iss_sub', iss: bridge.issuer, sub } },
    { seconds: -30 },
  )
  expect(await refused({ login_hint_token: old })).toBe('expired_login_hint_token')
  const other = await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey)
  const strange = { sub_id: { format: 'iss_sub', iss: bridge.issuer, sub } }
  expect(await refused({ login_hint_token: await byApi(bridge, strange, { key: { ...other } }) })).toBe(
    'invalid_request',
  )
  expect(await refused({ login_hint_token: await byApi(bridge, { sub }) })).toBe('invalid_request')
})

async function answered(fields: Record<string, string>): Promise<void> {
  const { number } = await asked(bridge, fields)
  expect((await approve(alice, await question(), number)).json).toMatchObject({ state: 'approved' })
}

test('a signed request is taken once, and says everything itself', async () => {
  const claims = { scope: 'openid', login_hint: sub, binding_message: 'Signed', client_id: 'alder-api' }
  const request = await byApi(bridge, claims)
  await asked(bridge, { request })
  const shown = await question()
  expect(shown.display.text).toContain('Their message: Signed')
  await answer(alice, shown, { answer: 'deny' })
  const refused = async (jwt: string) => (await askRaw(bridge, { request: jwt })).json.error
  expect(await refused(request)).toBe('invalid_request')
  expect(await refused(await byApi(bridge, claims, { seconds: -30 }))).toBe('invalid_request')
  expect(await refused(await byApi(bridge, claims, { seconds: 7200 }))).toBe('invalid_request')
  const other = await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey)
  expect(await refused(await byApi(bridge, claims, { key: { ...other } }))).toBe('invalid_request')
  const [head, body] = request.split('.')
  expect(await refused(`${head}.${body}.`)).toBe('invalid_request')
  expect(await refused(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`)).toBe(
    'invalid_request',
  )
})

test.each([
  ['five thousand characters', 'x'.repeat(5000)],
  ['an address', 'see https://evil.example'],
  ['a host', 'see evil.com/pay'],
  ['a mailbox', 'mailto:x@evil.com'],
  ['a scheme', 'https:evil.com'],
  ['text that turns around', 'pay \u202e001'],
  ['letters of two alphabets', 'pаypal'],
  ['a line more', 'one\ntwo'],
])('#131 a message with %s is refused', async (_what, binding_message) => {
  expect((await askRaw(bridge, { login_hint: sub, binding_message })).json.error).toBe(
    'invalid_binding_message',
  )
  expect(await waiting(alice)).toEqual([])
})

test('what the policy stops is never asked', async () => {
  const closed = { ...JSON.parse(details('10.00'))[0], creditorAccount: { iban: 'DE02120300000000202051' } }
  const stopped = await askRaw(bridge, { login_hint: sub, authorization_details: JSON.stringify([closed]) })
  expect(stopped).toMatchObject({
    status: 403,
    json: { error: 'access_denied', error_description: 'transaction.denied' },
  })
  expect(await waiting(alice)).toEqual([])
})

test.each([
  ['a type that nobody knows', JSON.stringify([{ type: 'gift' }]), 'invalid_authorization_details'],
  [
    'two at once',
    JSON.stringify([...JSON.parse(details('1.00')), ...JSON.parse(details('2.00'))]),
    'invalid_authorization_details',
  ],
  [
    'a member that nobody is shown',
    JSON.stringify([{ ...JSON.parse(details('1.00'))[0], note: 'x' }]),
    'invalid_authorization_details',
  ],
  ['what is no JSON', '[', 'invalid_authorization_details'],
])('details with %s are refused', async (_what, authorization_details, error) => {
  expect((await askRaw(bridge, { login_hint: sub, authorization_details })).json.error).toBe(error)
})

test.each([
  ['what is no JSON', '{'],
  ['members of its own', '{"amount":"1"}'],
  ['no address', '{"ip_address":"here"}'],
  ['degrees that there are not', '{"latitude":1,"longitude":999}'],
])('a request_context with %s is refused', async (_what, request_context) => {
  expect((await askRaw(bridge, { login_hint: sub, request_context })).json.error).toBe('invalid_request')
})

test('an app, which proves nothing of itself, may not ask', async () => {
  const response = await fetch(`${bridge.issuer}/backchannel`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'alder-phone', scope: 'openid', login_hint: sub }),
  })
  expect(((await response.json()) as { error: string }).error).toMatch(/unauthorized_client|invalid_request/)
})

test('a customer of whom no phone can answer is not asked', async () => {
  const { who } = await bank.somebody()
  await call(who, { method: 'DELETE', path: `/devices/${who.device}`, tokens: who.tokens })
  const refused = await askRaw(bridge, { login_hint: who.tokens.claims.sub as string })
  expect(refused).toMatchObject({
    status: 403,
    json: { error: 'access_denied', error_description: 'approval.no_device' },
  })
})

test('the metadata says what there is', async () => {
  const metadata = (await backEnd(bridge)).serverMetadata()
  expect(metadata).toMatchObject({
    backchannel_authentication_endpoint: `${bridge.issuer}/backchannel`,
    backchannel_token_delivery_modes_supported: ['poll', 'ping'],
    backchannel_user_code_parameter_supported: true,
    backchannel_authentication_request_signing_alg_values_supported: ['ES256'],
  })
  expect(metadata.grant_types_supported).toContain('urn:openid:params:grant-type:ciba')
})

test('#114 pages of listed origins may call the approval API, and no others', async () => {
  const preflight = async (origin: string) => {
    const headers = { origin, 'access-control-request-method': 'PUT' }
    const answered = await fetch(`${bridge.issuer}/approvals`, { method: 'OPTIONS', headers })
    return ['origin', 'methods'].map((name) => answered.headers.get(`access-control-allow-${name}`))
  }
  expect(await preflight(bridge.world.url)).toEqual([bridge.world.url, 'GET, POST, PUT, DELETE'])
  expect(await preflight('https://evil.example')).toEqual([null, null])
})
