// Back ends that need the customer's own code to begin, that only sign, or that have no screen for a number.
import { beforeAll, expect, test } from 'vitest'
import { apiId } from '../../src/demo/institution.ts'
import { coded, sharedApprovalBank, signing, silent } from './approval-bank.ts'
import { type Approver, answer, approvalScopes, approve, waiting } from './approver.ts'
import { askRaw, byApi } from './back-end.ts'
import type { TestBridge } from './bridge.ts'
import { agreed, arrived, asApi, call } from './customer.ts'

let bridge: TestBridge
let alice: Approver
let sub: string

beforeAll(async () => {
  const bank = await sharedApprovalBank()
  bridge = bank.bridge
  ;({ who: alice, sub } = await bank.somebody())
}, 60_000)

const ask = async (id: string, fields: Record<string, string>) =>
  askRaw(bridge, { login_hint: sub, ...fields, ...(await asApi(bridge, id)) })

/** A token that the PIN was typed for. */
async function byPin() {
  const { started, page } = await arrived(alice, {
    scope: approvalScopes,
    acr_values: 'urn:drawbridge:acr:device-pin',
  })
  return alice.app.redeem(await agreed(alice, page), started)
}

const done = async () => {
  for (const question of await waiting(alice)) await approve(alice, question, undefined)
}

test('a code is set with the PIN, needed to begin, tried five times, and taken away', async () => {
  const put = (tokens: Approver['tokens'], code: string) =>
    call(alice, { method: 'PUT', path: '/user-code', tokens, body: { code } })
  expect((await put(alice.tokens, '271829')).json.code).toBe('acr.insufficient')
  expect((await ask(coded, { user_code: '271829' })).json.error).toBe('invalid_user_code')
  const tokens = await byPin()
  expect((await put(tokens, '12')).json.code).toBe('pin.format')
  expect((await put(tokens, '111111')).json.code).toBe('pin.weak')
  expect((await put(tokens, '271829')).status).toBe(204)
  expect((await ask(coded, {})).json.error).toBe('missing_user_code')
  expect((await ask(coded, { user_code: '271828' })).json.error).toBe('invalid_user_code')
  const begun = await ask(coded, { user_code: '271829' })
  expect(begun.status).toBe(200)
  // It was for this request alone, and nobody who reads the database finds it.
  const rows = await bridge.parts.base.database.knex('oidc_payload').select('payload')
  expect(JSON.stringify(rows)).not.toMatch(/271829|"user_code"|"login_hint"/)
  const [question] = await waiting(alice)
  await approve(alice, question as never, begun.json.number as string)
  // Who is not registered for it needs none.
  expect((await ask(apiId, {})).status).toBe(200)
  await answer(alice, (await waiting(alice))[0] as never, { answer: 'deny' })
  for (let i = 0; i < 5; i++) await ask(coded, { user_code: '000999' })
  expect((await ask(coded, { user_code: '271829' })).json.error).toBe('invalid_user_code')
  const removed = await call(alice, { method: 'DELETE', path: '/user-code', tokens })
  expect(removed.status).toBe(204)
})

test('who must sign is not heard otherwise', async () => {
  expect((await ask(signing, {})).json.error).toBe('invalid_request')
  const claims = { scope: 'openid', login_hint: sub, client_id: signing, iss: signing }
  const request = await byApi(bridge, claims)
  const response = await fetch(`${bridge.issuer}/backchannel`, {
    method: 'POST',
    body: new URLSearchParams({ ...(await asApi(bridge, signing)), request }),
  })
  expect(response.status).toBe(200)
  await answer(alice, (await waiting(alice))[0] as never, { answer: 'deny' })
})

test('where there is no screen for a number none is asked for', async () => {
  const begun = await ask(silent, {})
  expect(begun.json).not.toHaveProperty('number')
  const [question] = await waiting(alice)
  expect(question?.number_needed).toBe(false)
  await done()
  expect(await waiting(alice)).toEqual([])
})
