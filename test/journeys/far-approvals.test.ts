// A yes from far away: right in everything, and held all the same, for CIBA, the transaction API and a sign-in.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, formIn } from '../../src/demo/app-client.ts'
import { city, madePlaces } from '../plugins/made-places.ts'
import { type ApprovalBank, type Somebody, startApprovalBank } from './approval-bank.ts'
import { answer, approve, type Question, waiting, yes } from './approver.ts'
import { asked, askRaw, details, payment, poll, transactions } from './back-end.ts'
import { apiToken, arrived, call, customer, pin } from './customer.ts'

const directory = mkdtempSync(join(tmpdir(), 'far-'))
const inStockholm = '89.160.20.112'
const inMadrid = '2a00:1450:4003::1'
const stockholm = { latitude: 59.3293, longitude: 18.0686 }
const uppsala = { latitude: 59.8586, longitude: 17.6389 }
const madrid = { latitude: 40.4168, longitude: -3.7038 }

interface Told {
  readonly type: string
  readonly code?: string
  readonly detail?: Record<string, unknown>
  readonly personal?: Record<string, string>
}

let bank: ApprovalBank
let token: string
/** Another one for each part, so that none is asked too often. */
let alice: Somebody
const another = async () => {
  alice = await bank.somebody()
}
const told: Told[] = []
const written: string[] = []

beforeAll(async () => {
  const database = join(directory, 'places.mmdb')
  const rows = {
    '89.160.0.0/16': city('Stockholm, Sweden', [59.33, 18.06]),
    '2a00:1450/32': city('Madrid, Spain', [40.42, -3.7]),
  }
  writeFileSync(database, madePlaces(rows))
  const settings = { places: { database }, trusted_proxies: ['127.0.0.0/8', '::1/128'] }
  bank = await startApprovalBank({ settings })
  token = await apiToken(bank.bridge)
  await another()
  bank.bridge.application.observe((_, event) => {
    written.push(event)
    told.push(JSON.parse(event))
  })
}, 60_000)
afterAll(async () => {
  await bank?.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** A payment that a back end asks for by CIBA, from there. */
async function begun({ who, sub }: Somebody, context: Record<string, unknown>) {
  const request_context = JSON.stringify(context)
  const fields = { login_hint: sub, authorization_details: details('2500.00'), request_context }
  const request = await asked(bank.bridge, fields)
  const question = (await waiting(who)).at(-1) as Question
  const said = async (claims: Record<string, unknown>, from?: string) => {
    const proof = await yes(who, question, { claims: { number: request.number, ...claims } })
    const headers: Record<string, string> = from === undefined ? {} : { 'x-forwarded-for': from }
    const path = `/approvals/${question.id}`
    return call(who, {
      method: 'POST',
      path,
      tokens: who.tokens,
      body: { answer: 'approve', proof, pin },
      headers,
    })
  }
  return { ...request, question, said }
}

describe('asked for in Stockholm', () => {
  test('and answered in Madrid: held, and the back end hears it', async () => {
    const { said, question, auth_req_id } = await begun(alice, { ...stockholm, town: 'Stockholm' })
    expect(question.display.text).toContain('Asked for from: Stockholm')
    expect(JSON.stringify(question)).not.toMatch(/59\.3|18\.0/)
    const done = await said(madrid)
    expect(done).toMatchObject({ status: 200, json: { id: question.id, state: 'held' } })
    expect(Object.keys(done.json)).toEqual(['id', 'state'])
    expect(await poll(bank.bridge, auth_req_id)).toMatchObject({
      status: 400,
      json: { error: 'access_denied', error_description: 'approval.held' },
    })
    expect((await said(stockholm)).json.code).toBe('approval.ended')
    expect(await waiting(alice.who)).toEqual([])
    const held = told.filter(({ type }) => type === 'approval.held')
    expect(held).toMatchObject([
      { code: 'approval.held', detail: { strength: 'device-key+uv', evidence: expect.any(String) } },
    ])
    // As commitments: the audit's text names neither how far nor where.
    expect(Object.keys(held[0]?.personal ?? {})).toEqual(['asked_from', 'kilometres'])
    expect(told.some(({ type }) => type === 'transaction.held')).toBe(true)
    // Times have any digits.
    const texts = written.map((event) => event.replace(/"at":"[^"]*"/, ''))
    expect(texts.join()).not.toMatch(/59\.3|40\.4|Stockholm|2593/)
  })

  test.each<[string, Record<string, unknown>, Record<string, unknown>, string | undefined, string]>([
    ['near by', stockholm, uppsala, undefined, 'approved'],
    ['from an address that is near', stockholm, {}, inStockholm, 'approved'],
    ['from an address that is far', stockholm, {}, inMadrid, 'held'],
    ['from a far address by a phone that says it is near', stockholm, uppsala, inMadrid, 'approved'],
    ['from a near address by a phone that says it is far', stockholm, madrid, inStockholm, 'held'],
    ['from both addresses alone', { ip_address: inStockholm }, {}, inMadrid, 'held'],
    [
      'where the back end says more than the address',
      { ip_address: inMadrid, ...stockholm },
      uppsala,
      undefined,
      'approved',
    ],
    ['from nowhere that is known', stockholm, {}, '8.8.8.8', 'approved'],
    ['from a private address', stockholm, {}, '10.0.0.1', 'approved'],
    ['asked for from nowhere that is known', { ip_address: '8.8.8.8' }, madrid, undefined, 'approved'],
    ['asked for without a word', {}, madrid, undefined, 'approved'],
    [
      'by a phone with coordinates of zero, which are some',
      stockholm,
      { latitude: 0, longitude: 0 },
      undefined,
      'held',
    ],
  ])('and answered %s', async (_what, context, claims, from, state) => {
    const { said, auth_req_id } = await begun(alice, context)
    expect((await said(claims, from)).json.state).toBe(state)
    expect((await poll(bank.bridge, auth_req_id)).status).toBe(state === 'approved' ? 200 : 400)
  })

  test('a wrong number or PIN is told as ever: nobody learns by it how far is too far', async () => {
    const { said, question, number } = await begun(alice, stockholm)
    const proof = await yes(alice.who, question, { claims: { number, ...madrid } })
    const wrong = await answer(alice.who, question, { answer: 'approve', proof, pin: '000111' })
    expect(wrong.json.code).toBe('pin.wrong')
    expect((await said({ ...madrid, number: number === '11' ? '12' : '11' })).json.code).toBe(
      'approval.number',
    )
  })

  test.each<[string, Record<string, unknown>]>([
    ['beyond the pole', { latitude: 91, longitude: 0 }],
    ['beyond the date line', { latitude: 0, longitude: -180.1 }],
    ['half of it', { latitude: 40 }],
    ['the other half', { longitude: 40 }],
    ['text', { latitude: '40', longitude: '0' }],
    ['nothing of a number', { latitude: null, longitude: null }],
    ['a list', { latitude: [40], longitude: [0] }],
  ])('a yes whose place is %s is none', async (_what, claims) => {
    open ??= await begun(alice, stockholm)
    expect((await open.said(claims)).json.code).toBe('approval.proof')
  })
})

let open: Awaited<ReturnType<typeof begun>> | undefined

test.each([
  ['beyond the pole', '{"latitude":91,"longitude":0}'],
  ['beyond the date line', '{"latitude":0,"longitude":181}'],
  ['without an end', '{"latitude":1e999,"longitude":0}'],
  ['no number', '{"latitude":NaN,"longitude":0}'],
  ['text', '{"latitude":"40","longitude":"0"}'],
  ['half a place', '{"latitude":40}'],
  ['a town that deceives', '{"town":"Tartu \u202e"}'],
  ['a town of many words', JSON.stringify({ town: 'a'.repeat(61) })],
  ['a town of none', '{"town":""}'],
])('a context with %s is refused, by CIBA and by the transaction API', async (_what, context) => {
  const { sub } = alice
  expect((await askRaw(bank.bridge, { login_hint: sub, request_context: context })).json.error).toBe(
    'invalid_request',
  )
  const rest = JSON.stringify({ sub, authorization_details: [payment('2500.00')] }).slice(1)
  const response = await fetch(`${bank.bridge.issuer}/transactions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: `{"context":${context},${rest}`,
  })
  expect([response.status, await response.json()]).toMatchObject([400, { code: 'request.malformed' }])
})

describe('by the transaction API', () => {
  beforeAll(another)
  const decided = async (amount = '2500.00') => {
    const { who, sub } = alice
    const body = {
      sub,
      authorization_details: [payment(amount)],
      context: { ...stockholm, town: 'Stockholm' },
    }
    const { json } = await transactions(bank.bridge, { token, body })
    const { number } = json.approval as { number: string }
    const look = async () => {
      const found = await transactions(bank.bridge, { method: 'GET', path: `/${json.id}`, token })
      return {
        state: found.json.state,
        approval: (found.json.approval as { state: string }).state,
        text: JSON.stringify(found.json),
      }
    }
    const consume = () => transactions(bank.bridge, { path: `/${json.id}/consume`, token })
    return { number, question: (await waiting(who)).at(-1) as Question, look, consume }
  }

  test('it stands as held, cannot be carried out, and counts against no limit', async () => {
    const { who } = alice
    const { number, question, look, consume } = await decided()
    const proof = await yes(who, question, { claims: { number, ...madrid } })
    expect((await answer(who, question, { answer: 'approve', proof, pin })).json.state).toBe('held')
    const { text, ...state } = await look()
    expect(state).toEqual({ state: 'held', approval: 'held' })
    // A time of day may end as a latitude begins.
    const said = text.replaceAll(/\d\d:\d\d:\d\d\.\d{3}Z/g, '')
    expect(said).not.toMatch(/59\.|40\.|Madrid|Stockholm/)
    expect((await consume()).json).toMatchObject({ code: 'transaction.missing' })
  })

  test('of a held yes and a no at once one is heard, and the transaction goes with it', async () => {
    const { who } = alice
    const heard: string[] = []
    for (const late of [0, 30, 60, 90, 10_000]) {
      const { number, question, look } = await decided()
      const proof = await yes(who, question, { claims: { number, ...madrid } })
      const no = async () => {
        await new Promise((resolve) => setTimeout(resolve, late))
        return answer(who, question, { answer: 'deny' })
      }
      const answers = await Promise.all([
        ...[1, 2].map(() => answer(who, question, { answer: 'approve', proof, pin })),
        ...(late > 1000 ? [] : [no()]),
      ])
      const states = answers.filter(({ status }) => status === 200).map(({ json }) => json.state)
      expect(states).toHaveLength(1)
      const { state, approval } = await look()
      expect([approval, state]).toEqual(states[0] === 'held' ? ['held', 'held'] : ['denied', 'released'])
      heard.push(states[0])
      // Never three in a row without a yes, or this customer would be left alone for a while.
      if (states[0] === 'denied') {
        const next = await decided('2600.00')
        await approve(who, next.question, next.number)
      }
    }
    expect(heard.at(-1)).toBe('held')
  })
})

describe('a sign-in in Stockholm', () => {
  beforeAll(another)
  const begunIn = async (address: string, extra: Record<string, string>) => {
    const phone = alice.who
    bank.idp.will({ name: phone.user })
    const browser = createBrowser({ 'x-forwarded-for': address })
    const who = { ...(await customer(bank.bridge, phone.user, bank.idp.app)), browser }
    const { page } = await arrived(who, extra)
    const [question] = (await waiting(phone)).slice(-1) as [Question]
    const number = /<output[^>]*>(\d\d)<\/output>/.exec(page.body)?.[1] ?? ''
    const form = formIn(page)
    const press = async (wish: string) => {
      const after = await browser.follow(form.action, {
        until: who.app.redirectUri,
        form: { ...form.fields, do: wish },
      })
      return new URL(after.returned ?? 'about:blank').searchParams.get('error_description')
    }
    return { question, number, press }
  }
  const paid = { authorization_details: details('2500.00') }

  test.each(['look', 'again', 'pin', 'phone'])(
    'that is approved in Madrid is refused, whatever its page asks for next: %s',
    async (wish) => {
      const { question, number, press } = await begunIn(inStockholm, paid)
      expect(question.display.text).toContain(`Asked for from: Stockholm, Sweden, ${inStockholm}`)
      const proof = await yes(alice.who, question, { claims: { number, ...madrid } })
      const before = told.length
      const { json } = await answer(alice.who, question, { answer: 'approve', proof, pin })
      expect(json.state).toBe('held')
      // Its transaction is held by then, whether or not the page looks.
      expect(told.slice(before).map(({ type }) => type)).toContain('transaction.held')
      expect(await press(wish)).toBe('approval.held')
      expect(await waiting(alice.who)).toEqual([])
    },
  )

  test('that was denied is not asked for again either', async () => {
    const { question, press } = await begunIn(inStockholm, paid)
    await answer(alice.who, question, { answer: 'deny' })
    expect(await press('again')).toBe('approval.denied')
    expect(await waiting(alice.who)).toEqual([])
  })
})
