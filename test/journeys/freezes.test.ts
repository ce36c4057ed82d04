// The bank freezes a customer, a device, a payee or a core: every door is shut at once, and opens again when it is lifted.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { type ApprovalBank, startApprovalBank } from './approval-bank.ts'
import { answer, approve as approveOnPhone, waiting, yes } from './approver.ts'
import { askRaw, poll, transactions } from './back-end.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import {
  apiToken,
  asked,
  atIdp,
  call,
  customer,
  deviceProof,
  enrolled,
  introspect,
  openDevice,
  pin,
  signIn,
  token,
} from './customer.ts'
import { freezing } from './freezing.ts'
import { creditor } from './spending.ts'
import { approve, consume, introspectToUse, pay, payment, withUses } from './uses-rig.ts'

interface Told {
  readonly type: string
  readonly code?: string
  readonly subject?: string
  readonly device?: string
  readonly core?: string
  readonly detail?: Readonly<Record<string, unknown>>
}

// As it is printed on paper: the spelling of transactions is found by itself.
const printed = creditor.replace(/(.{4})/g, '$1 ').toLowerCase()

let bridge: TestBridge
let bank: ApprovalBank
let bearer: string
let payer: Awaited<ReturnType<typeof enrolled>>
const told: Told[] = []

beforeAll(async () => {
  bridge = await startBridge()
  await withUses(bridge)
  bridge.application.observe((_institution, event) => void told.push(JSON.parse(event)))
  bearer = await apiToken(bridge)
  payer = await enrolled(bridge)
  bank = await startApprovalBank()
})
afterAll(async () => {
  await bank?.stop()
  await bridge?.stop()
})

const refusals = (of: readonly Told[]) => of.flatMap(({ code }) => code ?? [])
async function toldOf(work: () => Promise<unknown>): Promise<Told[]> {
  const before = told.length
  await work()
  return told.slice(before)
}

describe('#130 a customer who is frozen', () => {
  test('is out of every session and token, and does not come in again until it is lifted', async () => {
    const { freeze, lift } = freezing(bridge)
    const who = await enrolled(bridge, 'bob')
    const sub = who.tokens.claims.sub as string
    const id = await freeze({ kind: 'customer', name: sub })
    expect(told.findLast(({ type }) => type === 'freeze.set')).toMatchObject({
      subject: sub,
      detail: { id, kind: 'customer', by: 'administrator:olga' },
    })
    expect(JSON.stringify(told)).not.toContain('seen at a mule')
    expect(await introspect(bridge, who.tokens.accessToken)).toEqual({ active: false })
    expect((await call(who, { method: 'GET', path: '/devices', tokens: who.tokens })).status).toBe(401)
    expect((await pay(who, who.tokens)).status).toBe(401)
    const refresh = { grant_type: 'refresh_token', refresh_token: who.tokens.refreshToken as string }
    expect((await token(who, refresh)).json.error).toBe('invalid_grant')
    const { answer: form, page } = await atIdp(who)
    const { action, fields } = form ?? formIn(page)
    const end = await who.browser.follow(action, { until: who.app.redirectUri, form: fields })
    expect([end.status, end.body]).toEqual([403, expect.stringContaining('subject.disabled')])
    expect((await introspect(bridge, payer.tokens.accessToken)).active).toBe(true)
    await lift(id)
    expect((await signIn(await customer(bridge, 'bob'))).claims.sub).toBe(sub)
    expect(await introspect(bridge, who.tokens.accessToken)).toEqual({ active: false })
  })
  test('is not asked, cannot answer, and no token comes of what they answered before', async () => {
    const { who, sub, begin } = await bank.somebody()
    const before = await begin()
    await approveOnPhone(who, before.question, before.number)
    const open = await begin('2600.00')
    await freezing(bank.bridge).freeze({ kind: 'customer', name: sub })
    expect((await poll(bank.bridge, before.auth_req_id)).json.error).toBe('invalid_grant')
    expect((await askRaw(bank.bridge, { login_hint: sub })).json.error).toBe('unknown_user_id')
    const body = { sub, authorization_details: [payment] }
    const asking = await transactions(bank.bridge, { token: await apiToken(bank.bridge), body })
    expect(asking.json.code).toBe('subject.disabled')
    expect((await approveOnPhone(who, open.question, open.number)).json.code).toBe('token.invalid')
  })
  test.each(['customer', 'device'] as const)(
    'approves nothing on our page that was shown before (a %s)',
    async (kind) => {
      const { freeze, lift } = freezing(bridge)
      const who = await enrolled(bridge, 'bob')
      const sub = who.tokens.claims.sub as string
      const { page, form } = await asked(who, { authorization_details: JSON.stringify([payment]) })
      expect(page.body).toContain('name="pin"')
      const id = await freeze({ kind, name: kind === 'customer' ? sub : who.device.id })
      const before = told.length
      const end = await who.browser.follow(form.action, {
        until: who.app.redirectUri,
        form: { ...form.fields, do: 'approve', pin },
      })
      const now = Date.now()
      const [last] = await bridge.parts.stores.transactions.list('alder', { now, limit: 1, subject: sub })
      expect(last?.state).toBe('released')
      // Nobody is told that it was approved: not the app, not the log, and no proof of it is kept.
      expect(end.returned ?? '').not.toContain('code=')
      const types = told.slice(before).map(({ type }) => type)
      expect(types).toContain('login.refused')
      expect(types).not.toContain('transaction.approved')
      await lift(id)
    },
  )
})

describe('a device that is frozen', () => {
  test('has no token, counts in no sign-in, and comes back without being enrolled anew', async () => {
    const { freeze, lift } = freezing(bridge)
    const who = await enrolled(bridge)
    const other = await enrolled(bridge)
    const strong = await signIn(who)
    expect(strong.claims.amr).toContain('pop')
    const events = await toldOf(async () => freeze({ kind: 'device', name: who.device.id }))
    expect(events.at(-1)).toMatchObject({ type: 'freeze.set', device: who.device.id })
    for (const { accessToken } of [who.tokens, strong])
      expect(await introspect(bridge, accessToken)).toEqual({ active: false })
    const refresh = { grant_type: 'refresh_token', refresh_token: strong.refreshToken as string }
    expect((await token(who, refresh)).json.error).toBe('invalid_grant')
    expect((await introspect(bridge, other.tokens.accessToken)).active).toBe(true)
    const weak = await signIn(who)
    expect(weak.claims.amr).not.toContain('pop')
    const listed = await call(other, { method: 'GET', path: '/devices', tokens: other.tokens })
    const states = new Map<string, string>(
      listed.json.devices.map(({ id, state }: { id: string; state: string }) => [id, state]),
    )
    expect([states.get(who.device.id), states.get(other.device.id)]).toEqual(['suspended', 'active'])
    const [id] = (await bridge.parts.stores.freezes.list('alder', 'in-force')).map((one) => one.id)
    await lift(id as string)
    expect((await signIn(who)).claims.amr).toContain('pop')
  })
  test('is not got rid of by ending it and enrolling its key again', async () => {
    const { freeze, lift } = freezing(bridge)
    const who = await enrolled(bridge)
    const other = await enrolled(bridge)
    const id = await freeze({ kind: 'device', name: who.device.id })
    const path = `/devices/${who.device.id}`
    const ended = await call(other, { method: 'DELETE', path, tokens: other.tokens })
    expect(ended.status).toBeLessThan(300)
    const tokens = await signIn(who)
    const again = await openDevice(who, tokens)
    expect([again.status, again.json.code]).toEqual([403, 'device.frozen'])
    await lift(id)
    const opened = await openDevice(who, tokens)
    expect(opened.status).toBe(201)
    // Frozen between the enrolment and its proof.
    const { id: device } = opened.json
    const second = await freeze({ kind: 'device', name: device })
    const proof = { proof: await deviceProof(who, opened.json) }
    const proven = await call(who, {
      ...{ method: 'POST', path: `/devices/${device}/proof`, tokens: await signIn(who), body: proof },
    })
    expect([proven.status, proven.json.code]).toEqual([403, 'device.frozen'])
    await lift(second)
  })
  test('answers no question, and the customer’s other phone does', async () => {
    const { freeze, lift } = freezing(bank.bridge)
    const { who, begin } = await bank.somebody()
    const { question, number, auth_req_id } = await begin()
    const proof = await yes(who, question, { claims: { number } })
    const id = await freeze({ kind: 'device', name: who.device })
    expect((await answer(who, question, { answer: 'approve', proof, pin })).json.code).toBe('token.invalid')
    expect((await poll(bank.bridge, auth_req_id)).json.error).toBe('authorization_pending')
    // Nobody else can answer: whoever asks is told so.
    const sub = who.tokens.claims.sub as string
    expect((await askRaw(bank.bridge, { login_hint: sub })).json).toMatchObject({
      error_description: 'approval.no_device',
    })
    await lift(id)
    const tokens = await signIn(who, { scope: 'openid device approvals' })
    const back = { ...who, tokens }
    expect((await waiting(back)).map((one) => one.id)).toContain(question.id)
    expect((await answer(back, question, { answer: 'approve', proof, pin })).json.state).toBe('approved')
  })
})

describe('a payee that is frozen', () => {
  test('is paid by nobody: what is asked for is refused, what was approved is not used, until it is lifted', async () => {
    const { freeze, lift } = freezing(bridge)
    const who = payer
    const [atGateway, atApi, atReader, looked] = [
      await approve(who),
      await approve(who),
      await approve(who),
      await approve(who),
    ]
    const id = await freeze({ kind: 'payee', name: printed })
    const events = await toldOf(async () => {
      const paid = await pay(who, atGateway)
      expect([paid.status, paid.text.includes('payee.frozen')]).toEqual([403, true])
      const used = await consume(bridge, { bearer, token: atApi.accessToken })
      expect([used.status, used.json.code]).toEqual([403, 'payee.frozen'])
      expect(await introspectToUse(bridge, atReader.accessToken)).toEqual({ active: false })
      expect(await introspect(bridge, looked.accessToken)).toEqual({ active: false })
    })
    expect(refusals(events)).toEqual(['payee.frozen', 'payee.frozen', 'payee.frozen'])
    expect(events.map(({ type }) => type)).not.toContain('transaction.used')
    const { app, browser } = who
    const started = await app.begin({ authorization_details: JSON.stringify([payment]) })
    const end = await browser.follow(started.url, { until: app.redirectUri })
    expect(new URL(end.returned as string).searchParams.get('error_description')).toBe('payee.frozen')
    const [newest] = (
      await bridge.parts.stores.transactions.list('alder', { now: Date.now(), limit: 1 })
    ).map(({ decision }) => decision)
    expect(newest).toEqual({ outcome: { kind: 'deny' }, reason: 'payee.frozen' })
    expect(JSON.stringify(told.filter(({ type }) => type.startsWith('freeze.')))).not.toContain(creditor)
    await lift(id)
    expect((await pay(who, atGateway)).status).toBe(200)
    expect((await consume(bridge, { bearer, token: atApi.accessToken })).status).toBe(200)
    expect((await introspectToUse(bridge, atReader.accessToken)).active).toBe(true)
    expect((await introspect(bridge, looked.accessToken)).active).toBe(true)
  })
  test('is not approved on our page: the app is told, and the transaction counts no more', async () => {
    const { freeze, lift } = freezing(bridge)
    const who = payer
    const { page, form } = await asked(who, { authorization_details: JSON.stringify([payment]) })
    expect(page.body).toContain('name="pin"')
    const id = await freeze({ kind: 'payee', name: printed })
    const end = await who.browser.follow(form.action, {
      until: who.app.redirectUri,
      form: { ...form.fields, do: 'approve', pin },
    })
    expect(new URL(end.returned as string).searchParams.get('error_description')).toBe('payee.frozen')
    const sub = who.tokens.claims.sub as string
    const now = Date.now()
    const [last] = await bridge.parts.stores.transactions.list('alder', { now, limit: 1, subject: sub })
    expect(last?.state).toBe('released')
    await lift(id)
  })
  test('is not approved on a phone; the question may still be answered once it is lifted', async () => {
    const { freeze, lift } = freezing(bank.bridge)
    const { who, begin, sub } = await bank.somebody()
    const { question, number, auth_req_id } = await begin()
    const id = await freeze({ kind: 'payee', name: printed })
    expect((await approveOnPhone(who, question, number)).json.code).toBe('payee.frozen')
    expect((await poll(bank.bridge, auth_req_id)).json.error).toBe('authorization_pending')
    const details = JSON.stringify([payment])
    const again = await askRaw(bank.bridge, { login_hint: sub, authorization_details: details })
    expect([again.status, again.json.error_description]).toEqual([403, 'payee.frozen'])
    await lift(id)
    expect((await approveOnPhone(who, question, number)).json.state).toBe('approved')
  })
  test('is not paid by a back end that had it approved', async () => {
    const { freeze, lift } = freezing(bank.bridge)
    const { who, sub } = await bank.somebody()
    const api = await apiToken(bank.bridge)
    const begun = await transactions(bank.bridge, {
      token: api,
      body: { sub, authorization_details: [payment] },
    })
    const [question] = await waiting(who)
    const number = (begun.json.approval as { number?: string } | undefined)?.number
    if (question !== undefined) await approveOnPhone(who, question, number)
    const id = await freeze({ kind: 'payee', name: printed })
    const path = `/${begun.json.id}/consume`
    const use = async () => transactions(bank.bridge, { token: api, path })
    expect((await use()).json.code).toBe('payee.frozen')
    await lift(id)
    const frozen = await freeze({ kind: 'customer', name: sub })
    expect((await use()).json.code).toBe('subject.disabled')
    await lift(frozen)
    expect((await use()).status).toBe(200)
  })
})

describe('a core that is frozen', () => {
  test('gets no call, and what was approved for it stays unused', async () => {
    const { freeze, lift } = freezing(bridge)
    const who = payer
    const tokens = await approve(who)
    const id = await freeze({ kind: 'core', name: 'payments' })
    const events = await toldOf(async () => {
      const paid = await pay(who, tokens)
      expect([paid.status, paid.text.includes('core.frozen')]).toEqual([403, true])
    })
    expect(events.map(({ type }) => type)).toEqual(['call.refused'])
    expect(events[0]).toMatchObject({ code: 'core.frozen', core: 'payments' })
    await lift(id)
    expect((await pay(who, tokens)).status).toBe(200)
  })
  test('nor does one that no customer has to approve, and it counts against no limit', async () => {
    const { freeze, lift } = freezing(bridge)
    // Whose payments of today are under every limit.
    const who = await enrolled(bridge, 'bob')
    const tokens = await signIn(who)
    const small = () =>
      call(who, { method: 'POST', path: '/soap/payments', tokens, body: transferBody('40.00') })
    const last = async () => {
      const found = await bridge.parts.stores.transactions.list('alder', { now: Date.now(), limit: 1 })
      return found[0] && [found[0].state, found[0].decision.reason]
    }
    const core = await freeze({ kind: 'core', name: 'payments' })
    expect((await small()).text).toContain('core.frozen')
    expect((await last())?.[0]).toBe('released')
    await lift(core)
    const payee = await freeze({ kind: 'payee', name: printed })
    expect((await small()).text).toContain('payee.frozen')
    expect((await last())?.[1]).toBe('payee.frozen')
    await lift(payee)
    expect((await small()).status).toBe(200)
  })
})
