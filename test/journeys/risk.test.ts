// Sign-ins, devices and payments of customers of whom a risk engine has its own opinion, and what it learns of their ends.
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRiskWork } from '../../src/compose/risk.ts'
import { formIn } from '../../src/demo/app-client.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Institution } from '../../src/domain/institution.ts'
import { answer, approve, type Question, waiting, yes } from './approver.ts'
import { asked, askRaw, details, payment, transactions } from './back-end.ts'
import { agreed, apiToken, arrived, call, customer, openDevice, signIn, withCode } from './customer.ts'
import { strong } from './level-idps.ts'
import { errorOf, type RiskBank, startRiskBank } from './risk-bank.ts'
import { type RiskEngine, startRiskEngine } from './risk-engine.ts'

let bank: RiskBank
let engine: RiskEngine
const says: RiskBank['says'] = (next) => bank.says(next)

beforeAll(async () => {
  bank = await startRiskBank()
  engine = bank.engine
}, 90_000)
afterAll(() => bank.stop())
beforeEach(() => says({}))

type Arrived = Awaited<ReturnType<typeof arrived>>
const asksPin = ({ page }: Arrived) => page.body.includes('name="pin"')
const assessed = () => bank.assessed()

describe('a sign-in', () => {
  test('that is allowed goes on; the engine saw what is listed, and hears how it ended', async () => {
    const who = await bank.stranger()
    await signIn(who)
    const [event] = engine.asked
    expect(engine.asked).toHaveLength(1)
    expect(event).toMatchObject({
      kind: 'sign-in',
      facts: {
        ...{ 'app.id': bank.idp.app, 'device.present': false, 'session.level': 'delegated' },
        ...{ 'network.address': '127.0.0.1', 'history.attemptsHour': 0, 'history.signIns': 0 },
      },
    })
    expect(Object.keys(event?.facts ?? {})).not.toContain('subject.username')
    expect(assessed()).toMatchObject([
      { kind: 'sign-in', action: 'allow', reason: 'risk.allowed', score: 10, providers: ['engine: allow'] },
    ])
    const [outcome] = await engine.heard('approved', event?.id)
    expect(outcome).toMatchObject({ kind: 'outcome' })
    expect(bank.events.map(({ type }) => type)).toContain('risk.reported')
    says({})
    await signIn(await customer(bank.bridge, who.user, bank.idp.app))
    expect(engine.asked[0]?.facts).toMatchObject({ 'history.attemptsHour': 1, 'history.signIns': 1 })
  })

  test('that must be stepped up asks for the PIN, and the engine hears that it was right', async () => {
    const { who } = await bank.somebody()
    says({ 'sign-in': { action: 'step-up', score: 700, reasons: [{ code: 'new_country' }] } })
    const fresh = { ...who, browser: (await customer(bank.bridge, who.user, bank.idp.app)).browser }
    const at = await arrived(fresh)
    expect(asksPin(at)).toBe(true)
    const wrong = formIn(at.page)
    await fresh.browser.follow(wrong.action, {
      until: fresh.app.redirectUri,
      form: { ...wrong.fields, pin: '111111', do: 'approve' },
    })
    const tokens = await fresh.app.redeem(await agreed(fresh, at.page), at.started)
    expect(tokens.claims).toMatchObject({ acr: withDeviceAndPin })
    const of = engine.asked[0]?.id
    const passed = await engine.heard('approved', of, 2)
    expect(passed.map(({ kind, facts }) => [kind, facts['result.method']])).toEqual(
      expect.arrayContaining([
        ['step-up-result', 'pin'],
        ['outcome', undefined],
      ]),
    )
    expect((await engine.heard('failed', of)).map(({ kind }) => kind)).toEqual(['step-up-result'])
  })

  test('that must be stepped up is not by what the IdP asked half an hour ago: it asks anew', async () => {
    const who = await bank.stranger()
    const said = { name: who.user, context: strong }
    bank.idp.will({ ...said, ago: 1800 }, said)
    says({ 'sign-in': { action: 'step-up' } })
    const tokens = await signIn(who)
    expect(bank.idp.asked.map(({ fresh }) => fresh)).toEqual([false, true])
    expect(tokens.claims).toMatchObject({ acr: withDeviceAndPin })
  })

  test('in a session that was there before must be stepped up here, and nothing else will do', async () => {
    const { who } = await bank.somebody()
    says({ 'sign-in': { action: 'step-up' } })
    const at = await arrived(who)
    expect(at.page.url).toContain('/interaction/')
    expect(asksPin(at)).toBe(true)
  })

  test('that must be stepped up by a customer without a device, whose IdP gives no more, ends there', async () => {
    says({ 'sign-in': { action: 'step-up' } })
    const { returned } = await withCode(await bank.stranger())
    expect(errorOf(returned)).toEqual(['unmet_authentication_requirements', 'upstream.too_weak'])
    expect(await engine.heard('failed', engine.asked[0]?.id)).toMatchObject([{ kind: 'failed-sign-in' }])
  })

  test.each([
    ['deny', 'risk.denied'],
    ['locked', 'risk.denied'],
    ['hold', 'risk.held'],
  ])('of which it says %s is refused, and no code is given', async (action, code) => {
    says({ 'sign-in': { action } })
    const { returned } = await withCode(await bank.stranger())
    expect(errorOf(returned)).toEqual(['access_denied', code])
    expect(bank.events.filter(({ outcome }) => outcome === 'refused').map((one) => one.code)).toContain(code)
    expect(bank.events.map(({ type }) => type)).not.toContain('authorization.issued')
  })

  test('is asked about once, however many tabs show it', async () => {
    const { who } = await bank.somebody()
    says({ 'sign-in': { action: 'step-up' } })
    const at = await arrived(who)
    const page = formIn(at.page).action.replace(/\/pin$/, '')
    says({ 'sign-in': { action: 'allow' } })
    await Promise.all([1, 2, 3].map(() => who.browser.go(page)))
    expect(engine.asked).toHaveLength(0)
  })

  test('of which it says nothing is stepped up in time, and the audit says why', async () => {
    const { who } = await bank.somebody()
    await bank.during(engine.settings({ budgetMs: 500 }), async () => {
      says({ 'sign-in': 'hang' })
      expect(asksPin(await arrived(who))).toBe(true)
      engine.letGo()
    })
    expect(assessed()).toMatchObject([
      { action: 'step-up', reason: 'risk.unanswered', providers: ['engine: timeout'] },
    ])
  })

  test('that nobody finishes has expired, and the engine hears that too', async () => {
    const { who } = await bank.somebody()
    says({ 'sign-in': { action: 'step-up' } })
    await arrived(who)
    const { base, stores, services } = bank.parts
    await base.database
      .knex('risk_assessment')
      .whereNull('outcome')
      .update({ settle_by: new Date(0) })
    const [row] = await base.database
      .knex('risk_assessment')
      .where({ settle_by: new Date(0) })
      .limit(1)
    const spoilt = { id: 'spoilt', record: 'spoilt', settle_by: new Date(-1), outcome: null, ended_at: null }
    await base.database.knex('risk_assessment').insert({ ...row, ...spoilt })
    await createRiskWork(base, stores, services).expire()
    expect(await engine.heard('expired', engine.asked[0]?.id)).toHaveLength(1)
    await base.database.knex('risk_assessment').where({ id: 'spoilt' }).delete()
  })
})

describe('what an engine gives us to keep', () => {
  test('comes back to it: its own names within a sign-in, its token with the next one of the device', async () => {
    const { who } = await bank.somebody()
    says({ 'sign-in': { device_token: 'token-1', reference: { session: 'aa-1' } } })
    await signIn(who, { scope: 'openid', authorization_details: details('20.00') })
    const [first, second] = engine.asked
    expect([first?.kind, second?.kind]).toEqual(['sign-in', 'payment'])
    expect(second).toMatchObject({ device_token: 'token-1', reference: { session: 'aa-1' } })
    const told = await engine.heard('approved', first?.id)
    expect(told[0]?.reference).toEqual({ session: 'aa-1' })
    says({})
    await signIn(who)
    expect(engine.asked[0]).toMatchObject({ device_token: 'token-1' })
    expect(engine.asked[0]?.reference).toBeUndefined()
  })
  test('comes back with the proven device alone: whoever knows no more than the password is not known by it', async () => {
    const who = await bank.stranger()
    says({ 'sign-in': { device_token: 'token-of-a-browser' } })
    await signIn(who)
    says({})
    await signIn(await customer(bank.bridge, who.user, bank.idp.app))
    expect(engine.asked).toHaveLength(1)
    expect(engine.asked[0]).not.toHaveProperty('device_token')
  })
  test('stands in no column as it is, and on no record that people look at', async () => {
    const { who } = await bank.somebody()
    says({ 'sign-in': { device_token: 'token-in-the-open' } })
    await signIn(who)
    const { base, stores } = bank.parts
    const rows = await base.database.knex('risk_assessment').orderBy('created_at', 'desc').limit(1)
    const memory = await base.database.knex('risk_memory').select()
    expect(JSON.stringify([rows, memory])).not.toContain('token-in-the-open')
    const kept = await stores.riskRecords.get('alder', rows[0].id)
    expect(JSON.stringify(kept)).not.toContain('token-in-the-open')
    expect(JSON.stringify(rows)).not.toContain('127.0.0.1')
  })
})

describe('a payment', () => {
  const paying = { scope: 'openid', authorization_details: details('20.00') }

  test('is known by tokens, and by what the customer did before', async () => {
    const { who } = await bank.somebody()
    says({})
    await signIn(who, paying)
    const facts = engine.asked[1]?.facts ?? {}
    expect(facts).toMatchObject({
      ...{
        'transaction.type': 'payment_initiation',
        'transaction.amount': '20.00',
        'transaction.minor': '2000',
      },
      ...{ 'transaction.currency': 'EUR', 'history.knownPayee': false, 'history.countDay': 0 },
    })
    const { debtorAccount, creditorAccount } = payment('20.00')
    for (const { iban } of [debtorAccount, creditorAccount])
      expect(JSON.stringify(engine.asked)).not.toContain(iban)
    expect(facts['transaction.creditorAccount']).toMatch(/^[\w-]{22}$/)
  })

  test('that must be stepped up is approved by PIN; the decision and the evidence say who wanted it', async () => {
    const { who } = await bank.somebody()
    says({
      payment: { action: 'step-up', score: 612, reasons: [{ code: 'new_payee', text: 'never paid' }] },
    })
    const at = await arrived(who, paying)
    expect(asksPin(at)).toBe(true)
    await who.app.redeem(await agreed(who, at.page), at.started)
    const decided = bank.events.find(({ type }) => type === 'transaction.decided')?.detail
    expect(decided).toMatchObject({ decision: 'step-up', reason: 'risk.engine' })
    const { stores } = bank.parts
    const kept = await stores.transactions.get('alder', decided?.id as string)
    expect(kept?.inputs.risk?.said).toMatchObject({
      ...{ id: decided?.assessment, action: 'step-up', score: 612 },
      providers: [{ provider: 'engine', said: 'step-up', score: 612, reasons: ['new_payee'] }],
    })
    expect((await engine.heard('approved', engine.asked[1]?.id, 2)).map(({ kind }) => kind).sort()).toEqual([
      ...['outcome', 'step-up-result'],
    ])
  })

  test.each([
    ['deny', 'transaction.denied'],
    ['hold', 'transaction.held'],
  ])('of which it says %s goes back to the app', async (action, code) => {
    const { who } = await bank.somebody()
    says({ payment: { action } })
    const { page } = await arrived(who, paying)
    expect(errorOf(page.returned)).toEqual(['access_denied', code])
  })

  test('that the customer says no to is told as denied, and the sign-in that it came with too', async () => {
    const { who } = await bank.somebody()
    says({ payment: { action: 'step-up' } })
    const form = formIn((await arrived(who, paying)).page)
    await who.browser.follow(form.action, {
      until: who.app.redirectUri,
      form: { ...form.fields, do: 'deny' },
    })
    for (const one of engine.asked) expect(await engine.heard('denied', one.id)).toHaveLength(1)
  })

  test('of which it says nothing is denied', async () => {
    const { who } = await bank.somebody()
    says({ payment: 'fail' })
    const { page } = await arrived(who, paying)
    expect(errorOf(page.returned)).toEqual(['access_denied', 'transaction.denied'])
    expect(assessed()[1]).toMatchObject({ kind: 'payment', action: 'deny', reason: 'risk.unanswered' })
  })

  test('of a back end is asked about where the customer is, and on the phone where it must be', async () => {
    const { who, sub } = await bank.somebody()
    const token = await apiToken(bank.bridge)
    says({ payment: { action: 'step-up' } })
    const body = {
      sub,
      authorization_details: [payment('20.00')],
      context: { ip_address: '198.51.100.7', device: 'Till 3' },
    }
    const decided = await transactions(bank.bridge, { token, body })
    expect(decided.json).toMatchObject({
      state: 'open',
      decision: { outcome: 'step-up', reason: 'risk.engine' },
      approval: { state: 'pending' },
    })
    expect(engine.asked[0]?.facts).toMatchObject({
      'network.address': '198.51.100.7',
      'client.device': 'Till 3',
    })
    expect(engine.asked[0]?.facts).not.toHaveProperty('client.userAgent')
    const [question] = await waiting(who)
    await answer(who, { id: question?.id ?? '' }, { answer: 'report' })
    expect(await engine.heard('fraud', engine.asked[0]?.id)).toHaveLength(1)
  })

  test('of a back end that it denies is refused', async () => {
    const { sub } = await bank.somebody()
    const token = await apiToken(bank.bridge)
    says({ payment: { action: 'deny' } })
    const decided = await transactions(bank.bridge, {
      token,
      body: { sub, authorization_details: [payment('20.00')] },
    })
    expect(decided.json).toMatchObject({
      state: 'refused',
      decision: { outcome: 'deny', reason: 'risk.engine' },
    })
    expect(await engine.heard('refused', engine.asked[0]?.id)).toHaveLength(1)
  })
})

describe('a sign-in that a back end asks for', () => {
  test('is asked about; what must be stepped up wants the PIN on the phone, and the engine hears of the yes', async () => {
    const { who, sub } = await bank.somebody()
    says({ 'sign-in': { action: 'step-up' } })
    const request = await asked(bank.bridge, { login_hint: sub })
    expect(engine.asked).toMatchObject([{ kind: 'sign-in', facts: { 'subject.id': sub } }])
    const question = (await waiting(who)).at(-1) as Question
    const proof = await yes(who, question, { claims: { number: request.number } })
    const without = await answer(who, question, { answer: 'approve', proof })
    expect(without.status).not.toBe(200)
    expect((await approve(who, question, request.number)).status).toBe(200)
    expect(await engine.heard('approved', engine.asked[0]?.id)).toHaveLength(1)
  })
  test('and that it stops is told to the back end, and nobody is asked', async () => {
    const { who, sub } = await bank.somebody()
    says({ 'sign-in': { action: 'deny' } })
    const { status, json } = await askRaw(bank.bridge, { login_hint: sub })
    expect([status, json.error, json.error_description]).toEqual([403, 'access_denied', 'risk.denied'])
    expect(await waiting(who)).toEqual([])
  })
})

describe('an engine in shadow', () => {
  test('is asked afterwards about the same facts; what it says is kept, and has no effect', async () => {
    const { who } = await bank.somebody()
    const shadow = await startRiskEngine()
    const { stores } = bank.parts
    const before = await stores.directory.institution('alder')
    const settings = engine.settings()
    const [first] = settings.providers
    const there = {
      ...first,
      id: 'shadow',
      settings: { ...first?.settings, url: shadow.url },
    } as typeof first
    const events = {
      'sign-in': { ...settings.events['sign-in'], shadow: ['shadow'] },
    } as typeof settings.events
    const risk = { ...settings, events, providers: [...settings.providers, ...(there ? [there] : [])] }
    try {
      await bank.reapplied({ ...before, risk } as Institution)
      shadow.will({ 'sign-in': { action: 'deny' } })
      says({})
      await signIn(who)
      expect(engine.asked).toHaveLength(1)
      const [asked] = engine.asked
      for (let i = 0; i < 400 && shadow.asked.length === 0; i++) await rest(50)
      expect(shadow.asked).toEqual([{ ...asked }])
      const counts = () => stores.riskShadows.counts('alder', 0)
      for (let i = 0; i < 400 && (await counts()).length === 0; i++) await rest(50)
      expect(await counts()).toEqual([
        { kind: 'sign-in', provider: 'shadow', action: 'allow', wouldBe: 'deny', times: 1 },
      ])
      expect(shadow.told).toEqual([])
    } finally {
      await bank.reapplied(before as Institution)
      shadow.stop()
    }
  })
})

describe('a device', () => {
  test.each([
    ['deny', 403, 'risk.denied'],
    ['hold', 403, 'risk.held'],
    // There is no factor of ours yet by which a first device could be stepped up to.
    ['step-up', 401, 'acr.insufficient'],
  ])('of which it says %s is not opened, and no PIN is set', async (action, status, code) => {
    const who = await bank.stranger()
    const tokens = await signIn(who)
    says({ enrolment: { action } })
    const opened = await openDevice(who, tokens)
    expect([opened.status, opened.json.code]).toEqual([status, code])
    const devices = await call(who, { method: 'GET', path: '/devices', tokens })
    expect(devices.json.devices).toEqual([])
    expect(bank.events.map(({ type }) => type)).not.toContain('pin.set')
  })
  test('beside another one is a change, which the PIN of this call steps up', async () => {
    const { who } = await bank.somebody()
    says({ 'device-change': { action: 'step-up' } })
    const other = await customer(bank.bridge, who.user, bank.idp.app)
    const opened = await openDevice(other, await signIn(other))
    expect(opened.status).toBe(201)
    expect(engine.asked.map(({ kind }) => kind)).toEqual(['sign-in', 'device-change'])
    says({})
    const wrong = await openDevice(other, await signIn(other), '161803')
    expect(wrong.json.code).toBe('pin.wrong')
    expect(assessed().map((one) => one?.kind)).toEqual(['sign-in', 'device-change'])
  })
})
