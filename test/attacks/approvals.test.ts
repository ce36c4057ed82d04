// Approvals out of band under attack: 127, 129, 130, 132, 133 and 137; 128 and 131 are in journeys/ciba.
import { generateKeyPair } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { type ApprovalBank, otherApi, type Somebody, sharedApprovalBank } from '../journeys/approval-bank.ts'
import {
  answer,
  approve,
  freshApprovalKey,
  keyProof,
  registerKey,
  waiting,
  yes,
} from '../journeys/approver.ts'
import { asked, askRaw, byApi, details, payment, poll, transactions } from '../journeys/back-end.ts'
import type { TestBridge } from '../journeys/bridge.ts'
import { apiToken, arrived, asApi, call, introspect, pin } from '../journeys/customer.ts'

let bank: ApprovalBank
let bridge: TestBridge
const events: { type: string; code?: string; subject?: string; detail?: Record<string, unknown> }[] = []

beforeAll(async () => {
  bank = await sharedApprovalBank()
  bridge = bank.bridge
  bridge.application.observe((_, event) => events.push(JSON.parse(event)))
}, 60_000)

describe('#127 somebody else’s auth_req_id', () => {
  test('guessed, or another client’s', async () => {
    const { who, begin } = await bank.somebody()
    const { auth_req_id, question } = await begin()
    expect(auth_req_id.length).toBeGreaterThanOrEqual(22)
    expect((await poll(bridge, 'x'.repeat(43))).json.error).toBe('invalid_grant')
    expect((await poll(bridge, auth_req_id, bridge.issuer, otherApi)).json.error).toBe('invalid_grant')
    // Nor does it slow down whose it is.
    expect((await poll(bridge, auth_req_id)).json.error).toBe('authorization_pending')
    await answer(who, question, { answer: 'deny' })
  })
})

describe('#129 asked again and again', () => {
  test('no more than three are open, and the bank says when to come again', async () => {
    const { who, sub } = await bank.somebody()
    const open = [await asked(bridge, { login_hint: sub }), await asked(bridge, { login_hint: sub })]
    const parallel = await Promise.all([1, 2, 3].map(() => askRaw(bridge, { login_hint: sub })))
    expect(parallel.map(({ status }) => status).sort()).toEqual([200, 403, 403])
    const refused = parallel.find(({ status }) => status === 403)
    expect(refused?.json).toMatchObject({ error: 'access_denied', error_description: 'approval.too_many' })
    expect(Number(refused?.retryAfter)).toBeGreaterThan(200)
    expect(open).toHaveLength(2)
    for (const question of await waiting(who)) await answer(who, question, { answer: 'deny' })
    // Three in a row were not approved: the next has to wait.
    const next = await askRaw(bridge, { login_hint: sub, authorization_details: details('10.00') })
    expect(next.json.error_description).toBe('approval.too_many')
    expect(Number(next.retryAfter)).toBeLessThanOrEqual(60)
  })
})

test('an endpoint written otherwise gives away no more: account numbers stay masked', async () => {
  for (const path of ['/token', '/Token', '/token/']) {
    const { begin } = await bank.somebody()
    const { auth_req_id, yes: approved } = await begin()
    await approved()
    const grant_type = 'urn:openid:params:grant-type:ciba'
    const body = new URLSearchParams({ ...(await asApi(bridge)), grant_type, auth_req_id })
    const response = await fetch(`${bridge.issuer}${path}`, { method: 'POST', body })
    const text = await response.text()
    expect([path, response.status]).toEqual([path, 200])
    expect(text).toContain('Nordhaven Energy')
    expect(text).not.toContain('DE89370400440532013000')
  }
})

test('#129 asking and withdrawing by turns rings no phone without end', async () => {
  const { who } = await bank.somebody()
  const { page } = await arrived(who, { authorization_details: details('2500.00') })
  const approving = new URL(/action="([^"]*\/approve)"/.exec(page.body)?.[1] ?? '', page.url).href
  const press = (on: { url: string; body: string }, wish: string) =>
    who.browser.follow(approving, {
      until: who.app.redirectUri,
      form: { ...formIn(on).fields, do: wish },
    })
  const rung = new Set<string>()
  let here: { url: string; body: string } = page
  for (let i = 0; i < 5; i++) {
    const onPhone = await press(here, 'phone')
    for (const { id } of await waiting(who)) rung.add(id)
    here = await press(onPhone, 'pin')
  }
  expect(rung.size).toBe(3)
})

describe('what no database keeps is refused, and never an error of ours', () => {
  const nul = 'a\0b'
  const named = (sub: string, claims = {}, seconds = 120) =>
    byApi(bridge, { sub_id: { format: 'iss_sub', iss: bridge.issuer, sub }, ...claims }, { seconds })
  test('by CIBA', async () => {
    const { sub } = await bank.somebody()
    const asks: Record<string, string>[] = [
      { login_hint: nul },
      { login_hint: sub, nonce: nul },
      { login_hint: sub, binding_message: nul },
      { login_hint_token: await named(nul) },
      { login_hint_token: await named(sub, { jti: nul }) },
      { request: await byApi(bridge, { jti: nul, login_hint: sub, scope: 'openid' }) },
      { request: await byApi(bridge, { nonce: 'a\ud800', login_hint: sub, scope: 'openid' }) },
    ]
    for (const fields of asks)
      expect(await askRaw(bridge, fields), JSON.stringify(fields)).toMatchObject({ status: 400 })
    // A hint that is good for ever, as far as it says itself.
    expect((await askRaw(bridge, { login_hint_token: await named('x', {}, 1e14) })).json.error).toBe(
      'unknown_user_id',
    )
  })
  test('by the transaction API, and by a phone', async () => {
    const { who, sub } = await bank.somebody()
    const token = await apiToken(bridge)
    const wanted = { sub, authorization_details: [payment('2500.00')] }
    const bodies = [
      { ...wanted, sub: nul },
      { ...wanted, sub: 'a\ud800' },
      // Attack 131, as by CIBA.
      { ...wanted, binding_message: 'See https://alder.example' },
      { ...wanted, context: { device: 'www.alder.example' } },
    ]
    const answers = [
      await transactions(bridge, { token, method: 'GET', path: '/a%00b' }),
      await transactions(bridge, { token, path: '/a%00b/consume' }),
      await call(who, { method: 'GET', path: '/approvals/a%00b', tokens: who.tokens }),
    ]
    for (const body of bodies) answers.push(await transactions(bridge, { token, body }))
    expect(answers.map(({ json }) => json.code)).toEqual(answers.map(() => 'request.malformed'))
    const key = await freshApprovalKey()
    const { kty, crv, x, y } = key.jwk
    const proof = await keyProof(who, { key, device: who.device }, { claims: { jti: `12345678${nul}` } })
    const path = `/devices/${who.device}/approval-key`
    const body = { jwk: { kty, crv, x, y }, pin, proof }
    const registered = await call(who, { method: 'PUT', path, tokens: who.tokens, body })
    expect(registered.json.code).toBe('approval.proof')
  })
})

describe('as bob', () => {
  let bob: Somebody
  beforeAll(async () => {
    bob = await bank.somebody()
  })

  test('#132 a yes to anything but what was shown is none', async () => {
    const { auth_req_id, number, question } = await bob.begin()
    const strange = await generateKeyPair('ES256')
    const said = async (change: Parameters<typeof yes>[2], body = {}) => {
      const proof = await yes(bob.who, question, { ...change, claims: { number, ...change?.claims } })
      return (await answer(bob.who, question, { answer: 'approve', proof, pin, ...body })).json.code
    }
    for (const claim of Object.keys(question.to_sign.claims))
      expect(await said({ claims: { [claim]: 'another' } }), claim).toBe('approval.proof')
    expect(await said({ claims: { exp: 4102444800 } })).toBe('approval.proof')
    expect(await said({ claims: { answer: 'deny' } })).toBe('approval.proof')
    expect(await said({ claims: { iat: 1 } })).toBe('approval.proof')
    expect(await said({ key: strange.privateKey })).toBe('approval.proof')
    // Ruling R-19: no key does the other's work, nor one JWS another's.
    expect(await said({ key: bob.who.app.keys.privateKey })).toBe('approval.proof')
    expect(await said({ typ: 'dpop+jwt' })).toBe('approval.proof')
    expect(await said({ typ: 'drawbridge-device-proof+jwt' })).toBe('approval.proof')
    expect(await said({ typ: 'drawbridge-approval-key+jwt' })).toBe('approval.proof')
    expect(await said({}, { pin: '999999' })).toBe('pin.wrong')
    expect(await said({}, { pin: undefined })).toBe('pin.format')
    expect((await poll(bridge, auth_req_id)).json.error).toBe('authorization_pending')
    expect((await approve(bob.who, question, number)).json.state).toBe('approved')
    expect(events.filter(({ type }) => type === 'approval.refused').length).toBeGreaterThan(15)
  })

  test('#123 a wrong number ends it at once', async () => {
    const { auth_req_id, number, question } = await bob.begin()
    const wrong = number === '11' ? '12' : '11'
    expect((await approve(bob.who, question, wrong)).json.code).toBe('approval.number')
    expect((await approve(bob.who, question, number)).json.code).toBe('approval.ended')
    expect((await poll(bridge, auth_req_id)).json.error).toBe('access_denied')
  })

  test('#132 another customer’s question, or none, is unknown', async () => {
    const { question } = await bob.begin()
    const alice = (await bank.somebody()).who
    expect((await answer(alice, question, { answer: 'deny' })).json.code).toBe('approval.unknown')
    expect((await answer(alice, { id: 'x'.repeat(22) }, { answer: 'deny' })).json.code).toBe(
      'approval.unknown',
    )
    expect((await answer(bob.who, question, { answer: 'deny' })).status).toBe(200)
  })

  test('#133 of all who answer at once one is heard', async () => {
    const { who, begin } = await bank.somebody()
    const states: string[] = []
    for (const late of [0, 60, 120, 10_000]) {
      const { auth_req_id, number, question } = await begin()
      const proof = await yes(who, question, { claims: { number } })
      const no = async () => {
        await new Promise((resolve) => setTimeout(resolve, late))
        return answer(who, question, { answer: 'deny' })
      }
      const approving = [1, 2].map(() => answer(who, question, { answer: 'approve', proof, pin }))
      const answers = await Promise.all([...approving, ...(late > 1000 ? [] : [no(), no()])])
      const heard = answers.filter(({ status }) => status === 200).map(({ json }) => json.state)
      expect(heard).toHaveLength(1)
      const ended = answers.filter(({ status }) => status !== 200).map(({ json }) => json.code)
      expect(new Set(ended)).toEqual(new Set(['approval.ended']))
      const polled = await poll(bridge, auth_req_id)
      expect(polled.json.error).toBe(heard[0] === 'approved' ? undefined : 'access_denied')
      states.push(heard[0])
      // Never three in a row without a yes, or this customer would be left alone for a while.
      if (heard[0] === 'denied') await (await begin('2600.00')).yes()
    }
    // Whoever is alone is heard.
    expect(states.at(-1)).toBe('approved')
  })

  test('#133 of parallel redemptions one gets the token', async () => {
    const { auth_req_id, yes: approved } = await (await bank.somebody()).begin()
    await approved()
    const polls = await Promise.all(Array.from({ length: 8 }, () => poll(bridge, auth_req_id)))
    expect(polls.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(polls.filter(({ status }) => status >= 500)).toEqual([])
  })

  test('#137 a second device may not approve at once, and the first is told', async () => {
    const { user } = bob.who
    const second = (await bank.somebody(user)).who
    const list = await call(second, { method: 'GET', path: '/approvals', tokens: second.tokens })
    expect(list).toMatchObject({ status: 403, json: { code: 'approval.key_fresh' } })
    // Nor when the first one is ended before: it is remembered for as long.
    await call(second, { method: 'DELETE', path: `/devices/${bob.who.device}`, tokens: second.tokens })
    const third = (await bank.somebody(user)).who
    expect((await call(third, { method: 'GET', path: '/approvals', tokens: third.tokens })).json.code).toBe(
      'approval.key_fresh',
    )
  })
})

describe('an approval key', () => {
  test('is no device’s own key, nobody else’s, and proves itself for this device, once', async () => {
    const alice = (await bank.somebody()).who
    const key = await freshApprovalKey()
    const register = async (body: Record<string, unknown>, device = alice.device) => {
      const { kty, crv, x, y } = key.jwk
      const sent = { jwk: { kty, crv, x, y }, pin, ...body }
      const path = `/devices/${device}/approval-key`
      return (await call(alice, { method: 'PUT', path, tokens: alice.tokens, body: sent })).json.code
    }
    const proof = (change: Parameters<typeof keyProof>[2]) =>
      keyProof(alice, { key, device: alice.device }, change)
    for (const claims of [
      { aud: 'https://other.example' },
      { sub: 'other' },
      { device_jkt: 'x' },
      { iat: 1 },
    ])
      expect(await register({ proof: await proof({ claims }) })).toBe('approval.proof')
    expect(await register({ proof: await proof({ typ: 'drawbridge-device-proof+jwt' }) })).toBe(
      'approval.proof',
    )
    expect(await register({ proof: 'x.y.z' })).toBe('approval.proof')
    expect(await register({ proof: await proof({}), pin: '000111' })).toBe('pin.wrong')
    expect(await register({ proof: await proof({}) }, 'unknown')).toBe('approval.proof')
    const own = { privateKey: alice.app.keys.privateKey, jwk: alice.app.jwk }
    expect((await registerKey(alice, alice.device, own)).json.code).toBe('approval.key')
    const good = await proof({})
    expect(await register({ proof: good })).toBeUndefined()
    expect(await register({ proof: good })).toBe('approval.proof')
  })
})

describe('#130 a customer whom the bank disables', () => {
  const change = async (of: string, what: 'disable' | 'enable') => {
    const token = await apiToken(bridge, { scope: 'subjects' })
    const response = await fetch(`${bridge.issuer}/subjects/${of}/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    expect(response.status).toBe(200)
  }

  test('is not asked, cannot answer, and no token comes of what they answered before', async () => {
    const { who, sub: carol, begin } = await bank.somebody()
    const before = await begin()
    await approve(who, before.question, before.number)
    const open = await begin('2600.00')
    const token = await apiToken(bridge)
    await change(carol, 'disable')
    // What the phone is sent is recorded when it is sent, before or after.
    const hers = events.filter(({ subject, type }) => subject === carol && !type.startsWith('delivery.'))
    expect(hers.slice(-3).map(({ type }) => type)).toEqual([
      'approval.withdrawn',
      'transaction.released',
      'subject.disabled',
    ])
    expect((await poll(bridge, before.auth_req_id)).json.error).toBe('invalid_grant')
    expect((await askRaw(bridge, { login_hint: carol })).json.error).toBe('unknown_user_id')
    const body = { sub: carol, authorization_details: [payment('2500.00')] }
    expect((await transactions(bridge, { token, body })).json.code).toBe('subject.disabled')
    expect((await approve(who, open.question, open.number)).json.code).toBe('token.invalid')
    await change(carol, 'enable')
    // What was open then was withdrawn.
    expect((await poll(bridge, open.auth_req_id)).json.error).toBe('invalid_grant')
  })

  test('"this wasn’t me" takes from whoever asked what they had, and keeps them from asking', async () => {
    const { who, sub: dave, begin } = await bank.somebody()
    const before = await begin()
    await approve(who, before.question, before.number)
    const access = (await poll(bridge, before.auth_req_id)).json.access_token as string
    expect(await introspect(bridge, access)).toMatchObject({ active: true })
    const { auth_req_id, question } = await begin('2600.00')
    const other = await begin('2700.00')
    expect((await answer(who, question, { answer: 'report' })).json.state).toBe('reported')
    // What else they ask is not there any more: an answer would have nowhere to go.
    expect(await waiting(who)).toEqual([])
    expect((await answer(who, other.question, { answer: 'deny' })).json.code).toBe('approval.ended')
    expect((await poll(bridge, auth_req_id)).json.error).toBe('invalid_grant')
    expect(await introspect(bridge, access)).toEqual({ active: false })
    const again = await askRaw(bridge, { login_hint: dave })
    expect(again.json.error_description).toBe('approval.too_many')
    expect(Number(again.retryAfter)).toBeGreaterThan(23 * 3600)
    expect(events.some(({ type }) => type === 'approval.reported')).toBe(true)
  })
})
