// A back end asks customers who are not there (OpenID CIBA, poll): openid-client on one side, a phone's keys on the other.
import { importJWK } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiId } from '../../src/demo/institution.ts'
import { type Approver, answer, approve, approver, waiting } from './approver.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { introspect } from './customer.ts'

let bridge: TestBridge
let alice: Approver
let client: oidc.Configuration

beforeAll(async () => {
  bridge = await startBridge()
  alice = await approver(bridge)
  const key = (await importJWK({ ...bridge.world.apiKey }, 'ES256')) as CryptoKey
  client = await oidc.discovery(
    new URL(bridge.issuer),
    apiId,
    undefined,
    oidc.PrivateKeyJwt({ key, kid: 'alder-api-1' }),
    { execute: [oidc.allowInsecureRequests] },
  )
}, 60_000)
afterAll(() => bridge?.stop())

const payment = (amount: string) => ({
  type: 'payment_initiation',
  instructedAmount: { amount, currency: 'EUR' },
  debtorAccount: { iban: 'ES9121000418450200051332' },
  creditorName: 'Nordhaven Energy',
  creditorAccount: { iban: 'DE89370400440532013000' },
})

test('a payment is asked for, approved on the phone, and its token is good once', async () => {
  const subject = alice.tokens.claims.sub as string
  const started = await oidc.initiateBackchannelAuthentication(client, {
    scope: 'openid',
    login_hint: subject,
    binding_message: 'Order 4711',
    authorization_details: JSON.stringify([payment('2500.00')]),
  })
  expect(started).toMatchObject({ interval: 5, number: expect.stringMatching(/^\d\d$/) })
  const [question] = await waiting(alice)
  expect(question?.display.text).toContain('Nordhaven Energy')
  expect(question?.display.text).toContain('Order 4711')
  const done = await approve(alice, question as never, started.number as string)
  expect(done.json).toEqual({ id: question?.id, state: 'approved' })
  const tokens = await oidc.pollBackchannelAuthenticationGrant(client, started)
  expect(tokens.claims()).toMatchObject({ sub: subject, acr: 'urn:drawbridge:acr:device-pin' })
  expect(await introspect(bridge, tokens.access_token)).toMatchObject({
    active: true,
    acr: 'urn:drawbridge:acr:device-pin',
  })
})

test('#114 pages of listed origins may call the approval API, and no others', async () => {
  const preflight = async (origin: string) => {
    const headers = { origin, 'access-control-request-method': 'PUT' }
    const answer = await fetch(`${bridge.issuer}/approvals`, { method: 'OPTIONS', headers })
    return ['origin', 'methods'].map((name) => answer.headers.get(`access-control-allow-${name}`))
  }
  expect(await preflight(bridge.world.url)).toEqual([bridge.world.url, 'GET, POST, PUT, DELETE'])
  expect(await preflight('https://evil.example')).toEqual([null, null])
})

test('an app that polls is told why: the customer said no', async () => {
  const login_hint = alice.tokens.claims.sub as string
  const started = await oidc.initiateBackchannelAuthentication(client, { scope: 'openid', login_hint })
  const [question] = await waiting(alice)
  await answer(alice, question as never, { answer: 'deny' })
  const polled = oidc.genericGrantRequest(client, 'urn:openid:params:grant-type:ciba', {
    auth_req_id: started.auth_req_id,
  })
  await expect(polled).rejects.toMatchObject({
    error: 'access_denied',
    error_description: 'approval.denied',
  })
})
