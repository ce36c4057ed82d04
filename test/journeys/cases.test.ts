// What is held and released: two people look, the customer sends the very same again, and approves it once.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCasePass } from '../../src/compose/cases.ts'
import { verifyEvidence } from '../../src/compose/evidence-verify.ts'
import { formIn } from '../../src/demo/app-client.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { Policy, Rule } from '../../src/domain/policy.ts'
import { policyOf } from '../../src/domain/policy-default.ts'
import type { Approver } from './approver.ts'
import { answer, approve, type Question, waiting, yes } from './approver.ts'
import { askRaw, details, payment, transactions } from './back-end.ts'
import { type CaseDesk, caseDesk } from './case-desk.ts'
import { agreed, apiToken, arrived, type Customer, call, customer, pin } from './customer.ts'
import { freezing } from './freezing.ts'
import type { Parts } from './parts.ts'
import { errorOf, type RiskBank, startRiskBank } from './risk-bank.ts'

const huge: Rule = { id: 'huge', when: 'transaction.amount > 1000000', outcome: { kind: 'review' } }
const held = '12000.00'

let bank: RiskBank
let desk: CaseDesk
let token: string
let parts: Parts
let before: Institution

/** From now on the bank decides so. */
async function decidesBy(policy: Policy, change: Partial<Institution> = {}): Promise<void> {
  const institution = { ...before, policy, ...change }
  await bank.reapplied(institution)
  await parts.stores.policies.keep('alder', policyOf(institution))
}

beforeAll(async () => {
  bank = await startRiskBank()
  parts = { ...bank.bridge.parts, issuer: bank.bridge.issuer } as unknown as Parts
  desk = caseDesk(parts)
  token = await apiToken(bank.bridge)
  before = (await parts.stores.directory.institution('alder')) as Institution
}, 90_000)
afterAll(() => bank.stop())
beforeEach(async () => {
  bank.says({})
  await decidesBy({ rules: [huge], limits: [] })
})

type Arrived = Awaited<ReturnType<typeof arrived>>
const asksPin = ({ page }: Arrived) => page.body.includes('name="pin"')
const paying = (amount: string) => ({ authorization_details: details(amount) })
const events = (type: string) => bank.events.filter((one) => one.type === type)
const decisions = () =>
  events('transaction.decided').map(({ detail }) => `${detail?.decision}: ${detail?.reason}`)

/** The case of what was held last. */
const lastCase = (): string => String(events('case.opened').at(-1)?.detail?.case)

/** Sends it from the app, which hears that it is held; the case of it. */
async function heldFor(who: Customer, amount = held): Promise<string> {
  const { page } = await arrived(who, paying(amount))
  expect(errorOf(page.returned)).toEqual(['access_denied', 'transaction.held'])
  return lastCase()
}

describe('a payment that the policy holds', () => {
  test('is released by two, sent again, approved by PIN, and carried out once', async () => {
    const { who } = await bank.somebody()
    const id = await heldFor(who)
    const { ann, bob } = await desk.released(id)
    expect((await bob.get(`/cases/${id}`)).words).toContain(
      '€12,000.00, payment_initiation: it can be sent again',
    )
    const at = await arrived(who, paying(held))
    expect(asksPin(at)).toBe(true)
    const tokens = await who.app.redeem(await agreed(who, at.page), at.started)
    expect(tokens.claims.acr).toBe(withDeviceAndPin)
    expect(decisions()).toEqual(['review: rule.huge', 'step-up: case.released'])
    const people = { case: id, proposed_by: ann.actor, released_by: bob.actor }
    expect(events('transaction.decided').at(-1)?.detail).toMatchObject(people)
    expect(events('case.released')[0]).toMatchObject({
      detail: { case: id, by: bob.actor, proposed_by: ann.actor },
    })
    // The decision can be made again, and its page names both.
    const [again = ''] =
      /\/transactions\/[\w-]+/.exec((await bob.get(`/cases/${id}`)).body.split('Sent again')[1] ?? '') ?? []
    const { words } = await bob.get(again)
    expect(words).toContain('Decided again, it comes out the same.')
    expect(words).toContain('It was held before, and two people let it be sent again.')
    expect(words).toContain('Set aside')
    // Used once.
    await heldFor(who)
    expect(lastCase()).not.toBe(id)
  })

  test('is held again where a cent, the app or the customer is another one; then the release is still there', async () => {
    const { who } = await bank.somebody()
    const id = await heldFor(who)
    await desk.released(id)
    await heldFor(who, '12000.01')
    const otherApp = await customer(bank.bridge, who.user, bank.idp.otherApp)
    bank.idp.will({ name: who.user })
    expect(errorOf((await arrived(otherApp, paying(held))).page.returned)[1]).toBe('transaction.held')
    const other = await bank.somebody()
    await heldFor(other.who)
    bank.idp.will({ name: who.user })
    expect(asksPin(await arrived(who, paying(held)))).toBe(true)
  })

  test('is still released where the customer has nothing to approve it by', async () => {
    const user = randomUUID()
    bank.idp.will({ name: user })
    const who = await customer(bank.bridge, user, bank.idp.app)
    const id = await heldFor(who)
    await desk.released(id)
    for (const _ of [1, 2])
      expect(errorOf((await arrived(who, paying(held))).page.returned)[1]).toBe('device.required')
    expect(decisions().at(-1)).toBe('step-up: case.released')
    expect(events('transaction.released').at(-1)).toMatchObject({ detail: { case: id } })
    expect((await parts.stores.cases.get('alder', id))?.usedBy).toBeUndefined()
  })

  test('is still released where its payee was frozen meanwhile, and that was a mistake', async () => {
    const { who } = await bank.somebody()
    const id = await heldFor(who)
    await desk.released(id)
    const at = await arrived(who, paying(held))
    expect(asksPin(at)).toBe(true)
    const { freeze, lift } = freezing(bank.bridge)
    const frozen = await freeze({ kind: 'payee', transaction: id })
    const stopped = await who.browser.follow(formIn(at.page).action, {
      ...{ until: who.app.redirectUri, form: { ...formIn(at.page).fields, pin } },
    })
    expect(errorOf(stopped.returned)[1]).toBe('payee.frozen')
    // It is refused before any release is looked for.
    expect(errorOf((await arrived(who, paying(held))).page.returned)[1]).toBe('payee.frozen')
    await lift(frozen)
    expect(asksPin(await arrived(who, paying(held)))).toBe(true)
  })

  test('of two sign-ins at once one uses the release, and the other is held', async () => {
    const { who } = await bank.somebody()
    await desk.released(await heldFor(who))
    const browsers = await Promise.all([1, 2].map(() => customer(bank.bridge, who.user, bank.idp.app)))
    const both = await Promise.all(browsers.map(({ browser }) => arrived({ ...who, browser }, paying(held))))
    const seen = both.map((at) => (asksPin(at) ? 'PIN' : errorOf(at.page.returned)[1]))
    expect(seen.sort()).toEqual(['PIN', 'transaction.held'])
  })

  test('whatever else the policy says still holds: deny, and how it is approved', async () => {
    const { who } = await bank.somebody()
    await desk.released(await heldFor(who))
    const also = (outcome: Rule['outcome']) => ({
      rules: [huge, { id: 'also', when: 'transaction.amount > 500000', outcome }],
      limits: [],
    })
    await decidesBy(also({ kind: 'deny' }))
    expect(errorOf((await arrived(who, paying(held))).page.returned)[1]).toBe('transaction.denied')
    // What is refused uses nothing up.
    await decidesBy(also({ kind: 'step-up', acr: withDeviceAndPin, by: ['approval'] }))
    const at = await arrived(who, paying(held))
    expect(asksPin(at)).toBe(false)
    expect((await waiting(who)).at(-1)?.display.text).toContain('12,000.00')
    expect(decisions().at(-1)).toBe('step-up: rule.also')
  })

  test('counts against limits when it is sent again, as anything does', async () => {
    const { who } = await bank.somebody()
    await desk.released(await heldFor(who))
    const at = await arrived(who, paying(held))
    await who.app.redeem(await agreed(who, at.page), at.started)
    const threshold = { kind: 'amount', per: 'day', over: { EUR: '12000.00' } } as const
    const day = { id: 'day', types: [], from: [], to: [], threshold, outcome: { kind: 'deny' } } as const
    await decidesBy({ rules: [], limits: [day] })
    expect(errorOf((await arrived(who, paying('1.00'))).page.returned)[1]).toBe('transaction.denied')
  })
})

describe('a payment that the gateway holds', () => {
  test('is released for a sign-in, and carried out by its token; the gateway alone uses nothing up', async () => {
    const { who } = await bank.somebody()
    const energy: Rule = { id: 'energy', when: 'transaction.amount == 2700', outcome: { kind: 'review' } }
    await decidesBy({ rules: [energy], limits: [] })
    const through = (tokens: Approver['tokens']) =>
      call(who, { method: 'POST', path: '/soap/payments', tokens, body: transferBody('27.00') })
    expect((await through(who.tokens)).text).toContain('transaction.held')
    await desk.released(lastCase())
    expect((await through(who.tokens)).text).toContain('transaction.held')
    const at = await arrived(who, paying('27.00'))
    expect(asksPin(at)).toBe(true)
    const tokens = await who.app.redeem(await agreed(who, at.page), at.started)
    expect((await through(tokens)).status).toBe(200)
  })
})

describe('what a risk engine holds', () => {
  const holds = { payment: { action: 'hold', score: 850, reasons: [{ code: 'mule' }] } } as const
  test('passes by PIN once it is released, also where the engine says the same again; its refusal stays', async () => {
    const { who } = await bank.somebody()
    bank.says(holds)
    const id = await heldFor(who, '900.00')
    const { bob } = await desk.released(id)
    expect((await bob.get(`/cases/${id}`)).words).toContain('risk.engine')
    bank.says({ payment: { action: 'deny' } })
    expect(errorOf((await arrived(who, paying('900.00'))).page.returned)[1]).toBe('transaction.denied')
    bank.says(holds)
    expect(asksPin(await arrived(who, paying('900.00')))).toBe(true)
  })
  test('is stopped as fraud by one person, and the engine hears of it', async () => {
    const { who } = await bank.somebody()
    bank.says(holds)
    const id = await heldFor(who, '901.00')
    const asked = bank.engine.asked.at(-1)?.id
    // Sent once more while it waits: the engine hears of both.
    await arrived(who, paying('901.00'))
    const also = bank.engine.asked.at(-1)?.id
    expect(also).not.toBe(asked)
    const carl = await desk.person()
    expect((await carl.take(id, 'stop', { why: 'A mule account', fraud: 'on' })).status).toBe(303)
    for (const one of [asked, also]) expect(await bank.engine.heard('fraud', one)).toHaveLength(1)
    expect(events('case.stopped')).toMatchObject([{ detail: { case: id, by: carl.actor, fraud: true } }])
    expect(JSON.stringify(events('case.stopped'))).not.toContain('mule')
    await heldFor(who, '901.00')
  })
})

describe('by the transaction API', () => {
  const decide = async (sub: string, amount: string, context?: Record<string, unknown>) => {
    const body = { sub, authorization_details: [payment(amount)], ...(context && { context }) }
    return (await transactions(bank.bridge, { token, body })).json
  }
  const look = async (id: unknown) =>
    (await transactions(bank.bridge, { method: 'GET', path: `/${id}`, token })).json
  const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT/)

  test('the back end reads how far the case is, and until when', async () => {
    const { who, sub } = await bank.somebody()
    const { id, state } = await decide(sub, held)
    expect(state).toBe('held')
    const [ann, bob] = [await desk.person(), await desk.person()]
    expect((await look(id)).case).toEqual({ state: 'open', until: iso })
    await ann.take(String(id), 'propose')
    expect((await look(id)).case).toEqual({ state: 'proposed', until: iso })
    await bob.take(String(id), 'confirm', {})
    expect((await look(id)).case).toEqual({ state: 'released', until: iso })
    const again = await decide(sub, held)
    expect(again).toMatchObject({ state: 'open', decision: { outcome: 'step-up', reason: 'case.released' } })
    expect((await look(id)).case).toEqual({ state: 'released', sent_again: true })
    const [question] = (await waiting(who)) as [Question]
    await approve(who, question, (again.approval as { number: string }).number)
    expect((await look(again.id)).state).toBe('approved')
    const stopped = await decide(sub, held)
    await ann.take(String(stopped.id), 'stop')
    expect((await look(stopped.id)).case).toEqual({ state: 'stopped' })
    // Of what is not held there is none.
    expect(await look(again.id)).not.toHaveProperty('case')
  })

  const stockholm = { latitude: 59.3293, longitude: 18.0686 }
  const madrid = { latitude: 40.4168, longitude: -3.7038 }
  /** The evidence as a file, once the log has its event. */
  async function proven(id: string): Promise<string> {
    const url = `${bank.bridge.issuer}/transactions/${id}/evidence`
    const get = () => fetch(url, { headers: { authorization: `Bearer ${token}` } })
    await expect.poll(async () => (await get()).status, { timeout: 20_000 }).toBe(200)
    return (await get()).text()
  }
  test('what was approved far away is held, released, and approved from there; evidence names both people', async () => {
    const { who, sub } = await bank.somebody()
    const asked = async () => {
      const json = await decide(sub, '2500.00', stockholm)
      const question = (await waiting(who)).at(-1) as Question
      const { number } = json.approval as { number: string }
      const proof = await yes(who, question, { claims: { number, ...madrid } })
      const heard = await answer(who, question, { answer: 'approve', proof, pin })
      return { id: String(json.id), state: heard.json.state }
    }
    const first = await asked()
    expect(first.state).toBe('held')
    expect(lastCase()).toBe(first.id)
    const { ann, bob } = await desk.released(first.id)
    expect((await bob.get(`/cases/${first.id}`)).words).toContain(
      'approved it far from where it was asked for',
    )
    const second = await asked()
    expect(second.state).toBe('approved')
    const evidence = await proven(second.id)
    for (const actor of [ann.actor, bob.actor]) expect(evidence).toContain(actor)
    const key = await (await fetch(`${bank.bridge.issuer}/evidence/keys`)).text()
    const verdict = await verifyEvidence({ evidence: Buffer.from(evidence), key, checkpointKey: undefined })
    expect(verdict.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(verdict.ok).toBe(true)
    expect((await asked()).state).toBe('held')
  })

  test('fifteen times the very same is one case, which each of them tells, and one release', async () => {
    const { sub } = await bank.somebody()
    const sent = await Promise.all(Array.from({ length: 15 }, () => decide(sub, held)))
    const ids = sent.map(({ id }) => String(id))
    const opened = events('case.opened').map(({ detail }) => String(detail?.case))
    expect([opened.length, ids.includes(lastCase())]).toEqual([1, true])
    await desk.released(lastCase())
    for (const id of ids) expect((await look(id)).case).toEqual({ state: 'released', until: iso })
    expect((await decide(sub, held)).state).toBe('open')
    expect((await decide(sub, held)).state).toBe('held')
    for (const id of ids) expect((await look(id)).case).toEqual({ state: 'released', sent_again: true })
  })

  test('by CIBA the same holds', async () => {
    const { sub } = await bank.somebody()
    const ask = () => askRaw(bank.bridge, { login_hint: sub, authorization_details: details(held) })
    expect((await ask()).json.error_description).toBe('transaction.held')
    await desk.released(lastCase())
    expect((await ask()).status).toBe(200)
    expect((await ask()).json.error_description).toBe('transaction.held')
  })

  test('a release is still there where the customer could not be asked', async () => {
    const { who, sub } = await bank.somebody()
    const { id } = await decide(sub, held)
    await desk.released(String(id))
    // As many questions as may wait are there already.
    await decidesBy({ rules: [huge], limits: [] }, { approvals: { open: 1 } } as Partial<Institution>)
    const other = await decide(sub, '2500.00')
    const refused = await transactions(bank.bridge, {
      token,
      body: { sub, authorization_details: [payment(held)] },
    })
    expect(JSON.stringify(refused.json)).toContain('approval.too_many')
    expect((await look(id)).case).toEqual({ state: 'released', until: iso })
    const [question] = (await waiting(who)) as [Question]
    await approve(who, question, (other.approval as { number: string }).number)
    expect(await decide(sub, held)).toMatchObject({ decision: { reason: 'case.released' } })
  })
})

describe('the customer', () => {
  const notices = async (who: Approver) => {
    const { json } = await call(who, { method: 'GET', path: '/messages?wait=10', tokens: who.tokens })
    return json.messages.filter(({ purpose }: { purpose: string }) => purpose === 'notice').length
  }
  const owed = async (sub: string) =>
    (await parts.base.database.knex('delivery').where({ subject: sub, purpose: 'notice' })).length
  test('is told of a release and of a stop, on every channel of the bank, and of a proposal not', async () => {
    const { who, sub } = await bank.somebody()
    const already = await owed(sub)
    const id = await heldFor(who)
    const [ann, bob] = [await desk.person(), await desk.person()]
    await ann.take(id, 'propose')
    expect(await owed(sub)).toBe(already)
    await bob.take(id, 'confirm', {})
    expect(await owed(sub)).toBe(already + 2)
    await expect.poll(() => notices(who), { timeout: 20_000 }).toBeGreaterThan(0)
    await heldFor(who, '13000.00')
    await ann.take(lastCase(), 'stop')
    expect(await owed(sub)).toBe(already + 4)
  })
})

describe('what nobody decides on', () => {
  test('ends when its time is over, once for all nodes, and its customer is told', async () => {
    await decidesBy({ rules: [huge], limits: [] }, { reviewHours: 2 })
    const { who, sub } = await bank.somebody()
    const id = await heldFor(who)
    const { deadline, createdAt } = (await parts.stores.cases.get('alder', id)) ?? {
      deadline: 0,
      createdAt: 0,
    }
    expect(deadline - createdAt).toBe(2 * 3600_000)
    const ann = await desk.person()
    const page = await ann.get(`/cases/${id}`)
    await parts.base.database.knex('held_case').where({ id }).update({ deadline: new Date() })
    expect((await ann.take(id, 'propose', { why: 'late' }, page)).words).toContain('case.state')
    const pass = createCasePass(parts.base, parts.stores, parts.flows)
    await Promise.all([pass(), pass(), pass()])
    expect(events('case.expired').filter(({ detail }) => detail?.case === id)).toHaveLength(1)
    expect((await ann.get(`/cases/${id}`)).words).toContain('nobody decided in time')
    const told = await parts.base.database.knex('delivery').where({ subject: sub, purpose: 'notice' })
    expect(told.length).toBeGreaterThanOrEqual(2)
    await heldFor(who)
  })
  test('a release that is not used in time is none', async () => {
    const { who } = await bank.somebody()
    const id = await heldFor(who)
    await desk.released(id)
    await parts.base.database.knex('held_case').where({ id }).update({ send_until: new Date() })
    await heldFor(who)
    expect((await (await desk.person()).get(`/cases/${id}`)).words).toContain('was not, and could until')
  })
})

test('the metrics say how many wait, and how near the first deadline is', async () => {
  const { who } = await bank.somebody(randomUUID())
  await heldFor(who)
  await createCasePass(parts.base, parts.stores, parts.flows)()
  const text = await parts.base.metrics.render()
  expect(text).toMatch(/drawbridge_cases_waiting\{institution="alder"\} [1-9]/)
  expect(text).toMatch(/drawbridge_case_deadline_seconds\{institution="alder"\} [1-9]/)
})
