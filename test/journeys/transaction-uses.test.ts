// What a customer approved is done once: by an API that asks, by one that introspects, or by the gateway.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../src/demo/app-client.ts'
import { apiId, phoneId } from '../../src/demo/institution.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { apiToken, enrol, enrolled, introspect, signIn, token } from './customer.ts'
import { approve, consume, introspectToUse, pay, payingApi, payment, shopId, withUses } from './uses-rig.ts'

interface Told {
  readonly type: string
  readonly code?: string
  readonly relyingParty?: string
  readonly subject?: string
  readonly transaction?: string
  readonly core?: string
  readonly detail?: Readonly<Record<string, unknown>>
}

let bridge: TestBridge
let alice: Awaited<ReturnType<typeof enrolled>>
let bearer: string
const told: Told[] = []
const { hash } = transactionOf(payment, builtInTypes)

const sessions = { access_token_seconds: 900, transaction_token_seconds: 120 }

beforeAll(async () => {
  bridge = await startBridge(undefined, undefined, { sessions })
  await withUses(bridge)
  bridge.application.observe((_institution, event) => void told.push(JSON.parse(event)))
  alice = await enrolled(bridge)
  bearer = await apiToken(bridge)
})
afterAll(() => bridge.stop())

/** What the audit has of this kind since the work began. */
async function toldOf(types: readonly string[], work: () => Promise<unknown>): Promise<Told[]> {
  const before = told.length
  await work()
  return told.slice(before).filter(({ type }) => types.includes(type))
}

describe('an API that carries it out itself', () => {
  test('is told once what was approved, by whom and how; a second time it is refused', async () => {
    const tokens = await approve(alice)
    const seen = await introspect(bridge, tokens.accessToken)
    const events = await toldOf(['transaction.used', 'request.refused'], async () => {
      const first = await consume(bridge, { bearer, token: tokens.accessToken })
      expect([first.status, first.json]).toEqual([
        200,
        {
          id: expect.any(String),
          type: 'payment_initiation',
          hash,
          authorization_details: [payment],
          ...{ sub: tokens.claims.sub, client_id: phoneId },
          ...{ acr: withDeviceAndPin, amr: ['fed', 'pop', 'pin'] },
          ...{ auth_time: seen.auth_time, exp: seen.exp },
        },
      ])
      expect(seen.transaction).toBe(hash)
      const second = await consume(bridge, { bearer, token: tokens.accessToken })
      expect([second.status, second.json.code]).toEqual([403, 'transaction.used'])
    })
    const whose = { relyingParty: phoneId, subject: tokens.claims.sub, transaction: hash }
    expect(events).toMatchObject([
      { type: 'transaction.used', ...whose, detail: { by: 'consume', api: apiId } },
      { type: 'request.refused', code: 'transaction.used', ...whose, detail: { api: apiId } },
    ])
  })
  test('looks at it before as often as it likes, and the gateway does not do it as well', async () => {
    const tokens = await approve(alice)
    for (const _ of [1, 2, 3]) expect((await introspect(bridge, tokens.accessToken)).active).toBe(true)
    expect((await consume(bridge, { bearer, token: tokens.accessToken })).status).toBe(200)
    const call = await pay(alice, tokens)
    expect([call.status, call.text.includes('transaction.used')]).toEqual([403, true])
  })
  test('has the name by which the app knows the customer', async () => {
    const app = await createApp({ ...alice.app, clientId: shopId })
    const shopper = { ...alice, app }
    await enrol(shopper, await signIn(shopper))
    const tokens = await approve(shopper)
    const { json } = await consume(bridge, { bearer, token: tokens.accessToken })
    expect(json.sub).toBe(tokens.claims.sub)
    expect(json.sub).not.toBe(alice.tokens.claims.sub)
  })
  test('is not told of what the gateway has done', async () => {
    const tokens = await approve(alice)
    const events = await toldOf(['transaction.used'], async () => {
      expect((await pay(alice, tokens)).status).toBe(200)
      const late = await consume(bridge, { bearer, token: tokens.accessToken })
      expect(late.json.code).toBe('transaction.used')
    })
    expect(events).toMatchObject([{ core: 'payments', transaction: hash, detail: { by: 'gateway' } }])
  })
})

describe('an API that uses up by introspection', () => {
  test('sees the token active once; others go on looking', async () => {
    const tokens = await approve(alice)
    const events = await toldOf(['transaction.used', 'request.refused'], async () => {
      expect(await introspectToUse(bridge, tokens.accessToken)).toMatchObject({
        active: true,
        transaction: hash,
        authorization_details: [payment],
      })
      expect(await introspectToUse(bridge, tokens.accessToken)).toEqual({ active: false })
      expect((await introspect(bridge, tokens.accessToken)).active).toBe(true)
    })
    expect(events).toMatchObject([
      { type: 'transaction.used', detail: { by: 'introspection', api: payingApi } },
      { type: 'request.refused', code: 'transaction.used', transaction: hash, detail: { api: payingApi } },
    ])
    expect((await consume(bridge, { bearer, token: tokens.accessToken })).json.code).toBe('transaction.used')
    expect((await pay(alice, tokens)).text).toContain('transaction.used')
  })
  test('sees a token without a transaction as often as it asks', async () => {
    const { accessToken } = await signIn(alice)
    for (const _ of [1, 2]) expect((await introspectToUse(bridge, accessToken)).active).toBe(true)
  })
})

describe('the token of a transaction', () => {
  test('lives as long as is set for it, whatever others live', async () => {
    const secondsOf = async (accessToken: string) => {
      const { exp, iat } = (await introspect(bridge, accessToken)) as { exp: number; iat: number }
      return exp - iat
    }
    expect(await secondsOf((await signIn(alice)).accessToken)).toBe(900)
    const tokens = await approve(alice)
    expect(await secondsOf(tokens.accessToken)).toBe(120)
    const { json } = await token(alice, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refreshToken as string,
    })
    expect(await secondsOf(json.access_token as string)).toBe(900)
  })
  test.each([
    ['as it comes', {}],
    ['asking for it again', { authorization_details: JSON.stringify([payment]) }],
    [
      'asking for more',
      {
        authorization_details: JSON.stringify([
          { ...payment, instructedAmount: { amount: '9999.00', currency: 'EUR' } },
        ]),
      },
    ],
  ])('is refreshed to one without it, %s', async (_how, fields) => {
    const tokens = await approve(alice)
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken as string, ...fields }
    const { status, json } = await token(alice, refresh)
    expect(status).toBe(200)
    expect(json.authorization_details).toBeUndefined()
    const later = json.access_token as string
    const seen = await introspect(bridge, later)
    expect([seen.active, seen.transaction, seen.authorization_details]).toEqual([true, undefined, undefined])
    expect(await consume(bridge, { bearer, token: later })).toMatchObject({
      status: 403,
      json: { code: 'transaction.missing' },
    })
    // What was approved is where it was: on the token that was given for it, once.
    expect((await consume(bridge, { bearer, token: tokens.accessToken })).status).toBe(200)
  })
})
