// RFC 9470, OIDC Core 3.1.2.1 and 5.5.1.1, RFC 9396: what an app asks of a sign-in, what an API asks of an app, to the letter.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paymentsNamespace } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import {
  type Customer,
  call,
  customer,
  enrol,
  introspect,
  openDevice,
  signIn,
  silent,
  withCode,
} from '../journeys/customer.ts'
import { type LevelIdp, password, withLevels } from '../journeys/level-idps.ts'

const [delegated, device, devicePin] = ['delegated', 'device', 'device-pin'].map(
  (level) => `urn:drawbridge:acr:${level}`,
) as [string, string, string]

let bridge: TestBridge
let idps: readonly [LevelIdp, LevelIdp]
/** Has a phone and a PIN. */
let owner: Customer
/** Has neither, and is signed in. */
let stranger: Customer
beforeAll(async () => {
  bridge = await startBridge()
  idps = await withLevels(bridge)
  owner = await somebody()
  await enrol(owner, await signIn(owner))
  stranger = await somebody()
  await signIn(stranger)
})
afterAll(async () => {
  for (const idp of idps) idp.stop()
  await bridge.stop()
})

/** A customer that nobody has met, at the IdP by SAML. */
async function somebody(more: { ago?: number } = {}): Promise<Customer> {
  const name = randomUUID()
  idps[0].will({ context: password, name, ...more })
  return customer(bridge, name, idps[0].app)
}

/** The IdP answers for this customer again. */
const back = (who: Customer, more = {}) => idps[0].will({ context: password, name: who.user, ...more })

const errorOf = async (who: Customer, extra: Readonly<Record<string, string>>) =>
  new URL((await withCode(who, extra)).returned).searchParams.get('error')

const acrClaim = (acr: unknown) => ({ claims: JSON.stringify({ id_token: { acr } }) })
const refused = (who: Customer, extra: Readonly<Record<string, string>>) =>
  who.app.begin(extra).then(
    () => 'taken',
    (error: { error?: string }) => error.error,
  )

const balance = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:GetBalance xmlns:p="${paymentsNamespace}"><p:account>ES9121000418450200051332</p:account></p:GetBalance></s:Body></s:Envelope>`

describe('acr_values', () => {
  test('a name that nobody here knows, beside one of ours: ours is held', async () => {
    const acr_values = `urn:nobody ${devicePin}`
    expect((await signIn(owner, { acr_values })).claims.acr).toBe(devicePin)
    expect(await errorOf(stranger, { acr_values })).toBe('unmet_authentication_requirements')
  })
  test('of two of ours either would do: nobody is asked for more', async () => {
    const { claims } = await signIn(owner, { acr_values: `${devicePin} ${device}` })
    expect([claims.acr, claims.amr]).toEqual([device, ['fed', 'pop']])
  })
  test('ID token and introspection say what was reached, and when the customer was asked', async () => {
    const { claims, accessToken } = await signIn(owner, { acr_values: devicePin, max_age: '3000' })
    const seen = await introspect(bridge, accessToken)
    expect(seen).toMatchObject({ acr: devicePin, auth_time: claims.auth_time })
    expect(claims).toMatchObject({ acr: devicePin, auth_time: expect.any(Number) })
  })
})

describe('an essential acr', () => {
  test.each([
    ['a value', { essential: true, value: devicePin }],
    ['values', { essential: true, values: ['urn:nobody', devicePin] }],
  ])('%s', async (_, acr) => {
    expect((await signIn(owner, acrClaim(acr))).claims.acr).toBe(devicePin)
    expect(await errorOf(stranger, acrClaim(acr))).toBe('unmet_authentication_requirements')
  })
  test('acr_values beside it do not lower it', async () => {
    const both = { ...acrClaim({ essential: true, value: devicePin }), acr_values: delegated }
    expect((await signIn(owner, both)).claims.acr).toBe(devicePin)
    expect(await errorOf(stranger, both)).toBe('unmet_authentication_requirements')
  })
  test('that nobody here knows', async () => {
    const acr = { essential: true, values: ['urn:nobody'] }
    expect(await errorOf(owner, acrClaim(acr))).toBe('unmet_authentication_requirements')
  })
  test('one that is not essential is a wish', async () => {
    expect((await signIn(stranger, acrClaim({ value: devicePin }))).claims.acr).toBe(delegated)
  })
  test.each<[string, unknown]>([
    ['a value that is no text', { essential: true, value: 3 }],
    ['values that are no list', { essential: true, values: devicePin }],
    ['no values at all', { essential: true, values: [] }],
    ['a list of no texts', { essential: true, values: [devicePin, null] }],
    ['essential that is no yes or no', { essential: 'true', value: devicePin }],
    ['a text', devicePin],
  ])('%s: invalid_request', async (_, acr) => {
    expect(await refused(stranger, acrClaim(acr))).toBe('invalid_request')
  })
})

describe('max_age', () => {
  test('zero is always anew, also in the second of the sign-in', async () => {
    const who = await somebody({ ago: 0 })
    await signIn(who)
    // Zero is prompt=login (OIDC Core 3.1.2.1), which does not go with none.
    expect(await errorOf(who, { prompt: 'none', max_age: '0' })).toBe('invalid_request')
    back(who, { ago: 0 })
    await signIn(who, { max_age: '0' })
    expect(idps[0].asked).toEqual([{ classes: [], fresh: true }])
  })
  test('with prompt=none: a session that is too old is none, a younger one is', async () => {
    const who = await somebody({ ago: 200 })
    await signIn(who)
    expect(await errorOf(who, { prompt: 'none', max_age: '100' })).toBe('login_required')
    expect(await errorOf(who, { prompt: 'none', max_age: '300' })).toBe('consent_required')
  })
  test('a session that does not know when its customer was asked is of no age', async () => {
    const [, idp] = idps
    const name = randomUUID()
    const who = await customer(bridge, name, idp.app)
    idp.will({ context: password, name, undated: true })
    await signIn(who)
    expect(await silent(who)).toBe('consent_required')
    expect(await errorOf(who, { prompt: 'none', max_age: '600' })).toBe('login_required')
    idp.will({ context: password, name })
    await signIn(who, { max_age: '600' })
    expect(idp.asked).toEqual([{ classes: [], fresh: true }])
    expect(await errorOf(who, { prompt: 'none', max_age: '600' })).toBe('consent_required')
  })
  test.each(['-1', 'soon', '1.5', '1e99'])('%s: invalid_request', async (max_age) => {
    expect(await refused(stranger, { max_age })).toBe('invalid_request')
  })
})

describe('challenges', () => {
  test('a sign-in of too long ago, at our own API: max_age, and what was signed in anew passes', async () => {
    const who = await somebody({ ago: 400 })
    const old = await openDevice(who, await signIn(who))
    expect([old.status, old.json]).toEqual([
      401,
      expect.objectContaining({ error: 'insufficient_user_authentication', code: 'login.too_old' }),
    ])
    expect(old.challenge).toMatch(/^DPoP .*error="insufficient_user_authentication"/)
    expect(old.challenge).not.toContain('acr_values')
    const max_age = /max_age="(\d+)"/.exec(old.challenge)?.[1] as string
    back(who)
    const fresh = await signIn(who, { max_age })
    expect(idps[0].asked).toEqual([{ classes: [], fresh: true }])
    expect((await openDevice(who, fresh)).status).toBe(201)
  })
  test('a level that is too low, at the gateway: a SOAP fault that carries it, and what was signed in by it passes', async () => {
    const at = (who: Customer, tokens: Awaited<ReturnType<typeof signIn>>) =>
      call(who, { method: 'POST', path: '/soap/payments', tokens, body: balance })
    const weak = await at(stranger, await signIn(stranger))
    expect([weak.status, weak.text]).toEqual([
      401,
      expect.stringMatching(/:Fault>.*<db:code>acr\.insufficient</s),
    ])
    expect(weak.challenge).toMatch(/^DPoP .*error="insufficient_user_authentication"/)
    const acr_values = /acr_values="([^"]*)"/.exec(weak.challenge)?.[1] as string
    expect(acr_values).toBe(device)
    expect((await at(owner, await signIn(owner, { acr_values }))).status).toBe(200)
  })
})

test('one session, two apps: each has its own level, and neither lends it to the other', async () => {
  const other = { ...(await customer(bridge, owner.user, idps[0].otherApp)), browser: owner.browser }
  back(owner)
  const strong = await signIn(owner, { acr_values: devicePin })
  const weak = await signIn(other)
  expect(idps[0].asked).toEqual([])
  expect([strong.claims.acr, weak.claims.acr]).toEqual([devicePin, delegated])
  const none = { prompt: 'none', acr_values: device }
  expect(await errorOf(other, none)).toBe('unmet_authentication_requirements')
  // The phone's key is there, so its level is; the PIN counted for what it was typed for.
  expect(await errorOf(owner, none)).toBe('consent_required')
  expect(await errorOf(owner, { ...none, acr_values: devicePin })).toBe('unmet_authentication_requirements')
  expect((await introspect(bridge, strong.accessToken)).acr).toBe(devicePin)
  expect((await introspect(bridge, weak.accessToken)).acr).toBe(delegated)
})

describe('authorization_details that are none (RFC 9396 5)', () => {
  const payee = { type: 'add_payee', creditorName: 'Nordhaven', creditorAccount: { iban: 'X' } }
  test.each([
    ['no JSON', '[{'],
    ['an object', JSON.stringify(payee)],
    ['a text', '"add_payee"'],
    ['nothing', 'null'],
    ['a list of no objects', '["add_payee"]'],
    ['no type', '[{"creditorName":"Nordhaven"}]'],
    ['a type that is no text', '[{"type":["add_payee"]}]'],
    ['a type that is not known', '[{"type":"openid"}]'],
    ['what its type does not take', JSON.stringify([payee])],
    ['a member of the standard that its type does not have', '[{"type":"add_payee","actions":["all"]}]'],
    ['a list of actions that is none', '[{"type":"add_payee","actions":"all"}]'],
  ])('%s', async (_, authorization_details) => {
    expect(await refused(owner, { authorization_details })).toBe('invalid_authorization_details')
  })
})
