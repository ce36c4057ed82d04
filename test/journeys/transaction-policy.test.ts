// Payments and the policy: what passes, what the customer approves, what is stopped, and whose limit it was.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formIn, type Tokens } from '../../src/demo/app-client.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import {
  agreed,
  arrived,
  type Customer,
  call,
  customer,
  enrol,
  introspect,
  signIn,
  withCode,
} from './customer.ts'
import { type LevelIdp, withLevels } from './level-idps.ts'

const approve = { kind: 'step-up', acr: withDeviceAndPin } as const
const casino = 'DE02120300000000202051'
const policy: Policy = {
  rules: [
    { id: 'casino', when: `transaction.creditorAccount == "${casino}"`, outcome: { kind: 'deny' } },
    { id: 'huge', when: 'transaction.amount > 1000000', outcome: { kind: 'review' } },
  ],
  limits: [
    {
      id: 'new-payee',
      types: [],
      from: [],
      to: [],
      threshold: { kind: 'new-payee' },
      outcome: approve,
    },
    {
      id: 'week',
      types: [],
      from: [],
      to: [],
      threshold: { kind: 'amount', per: 'week', over: { EUR: '450.00' } },
      outcome: approve,
    },
  ],
}

let bridge: TestBridge
const events: { type: string; outcome: string; code?: string; detail?: Record<string, unknown> }[] = []

let idp: LevelIdp
beforeAll(async () => {
  bridge = await startBridge()
  const scopes = ['openid', 'offline_access', 'profile', 'email', 'device', 'limits', 'core:payments']
  const [saml, other] = await withLevels(bridge, { institution: { policy }, app: { scopes } })
  other.stop()
  idp = saml
  bridge.application.observe((_institution, event) => void events.push(JSON.parse(event)))
})
afterAll(async () => {
  idp.stop()
  await bridge.stop()
})

/** A customer whom nobody has met before, with an active device and a PIN. */
async function somebody() {
  const user = randomUUID()
  idp.will({ name: user })
  const who = await customer(bridge, user, idp.app)
  const tokens = await signIn(who)
  return { ...who, device: await enrol(who, tokens), tokens }
}

const payment = (amount: string, creditor = 'DE89370400440532013000') => ({
  authorization_details: JSON.stringify([
    {
      type: 'payment_initiation',
      instructedAmount: { currency: 'EUR', amount },
      debtorAccount: { iban: 'ES9121000418450200051332' },
      creditorName: 'Nordhaven Energy',
      creditorAccount: { iban: creditor },
    },
  ]),
})

type Arrived = Awaited<ReturnType<typeof arrived>>
const asksPin = ({ page }: Arrived) => page.body.includes('name="pin"')
const asksYes = ({ page }: Arrived) => page.returned === undefined && !page.body.includes('name="pin"')
const errorIn = ({ page }: Arrived) => new URL(page.returned ?? 'about:blank').searchParams

/** Approves what stands on the page, and brings the tokens home. */
const approved = async (who: Customer, at: Arrived): Promise<Tokens> =>
  who.app.redeem(await agreed(who, at.page), at.started)

const refused = async (who: Customer, { page }: Arrived) => {
  const form = formIn(page)
  return who.browser.follow(form.action, { until: who.app.redirectUri, form: { ...form.fields, do: 'deny' } })
}

/** What was decided since the call began, in order. */
async function decisions(work: () => Promise<unknown>) {
  const before = events.length
  await work()
  return events
    .slice(before)
    .filter(({ type }) => type.startsWith('transaction.'))
    .map(({ type, detail = {} }) =>
      type === 'transaction.decided' ? `${detail.decision}: ${detail.reason}` : type,
    )
}

/** A customer who has paid the energy company before. */
async function knowing() {
  const who = await somebody()
  await approved(who, await arrived(who, payment('1.00')))
  return who
}

describe('a payment', () => {
  test('to somebody new is approved by PIN; the next one, small, needs none', async () => {
    const who = await somebody()
    const first = await arrived(who, payment('25.00'))
    expect(asksPin(first)).toBe(true)
    expect(first.page.body).toContain('Nordhaven Energy')
    const tokens = await approved(who, first)
    expect(tokens.claims).toMatchObject({ acr: withDeviceAndPin })
    const second = await arrived(who, payment('25.00'))
    expect([asksPin(second), asksYes(second)]).toEqual([false, true])
    expect((await introspect(bridge, (await approved(who, second)).accessToken)).transaction).toBeTruthy()
  })
  test('over the institution’s amount is approved by PIN, whoever is paid', async () => {
    const who = await knowing()
    expect(asksPin(await arrived(who, payment('500.01')))).toBe(true)
  })
  test('over the week’s sum is approved by PIN: what was approved counts, what was refused does not', async () => {
    const who = await knowing()
    const told = await decisions(async () => {
      await refused(who, await arrived(who, payment('300.00')))
      await approved(who, await arrived(who, payment('300.00')))
      expect(asksPin(await arrived(who, payment('160.00')))).toBe(true)
    })
    expect(told).toEqual([
      ...['allow: allowed', 'transaction.released', 'allow: allowed', 'transaction.approved'],
      'step-up: limit.week',
    ])
  })
  test('that the policy denies goes back to the app with its reason, and counts for nothing', async () => {
    const who = await somebody()
    const before = events.length
    const answer = errorIn(await arrived(who, payment('1.00', casino)))
    expect([answer.get('error'), answer.get('error_description')]).toEqual([
      'access_denied',
      'transaction.denied',
    ])
    const refusals = events.slice(before).filter(({ outcome }) => outcome === 'refused')
    expect(refusals.map(({ type, code }) => [type, code])).toEqual([
      ['login.refused', 'transaction.denied'],
      ['authorization.refused', expect.anything()],
    ])
  })
  test('that the policy holds is told apart', async () => {
    const who = await somebody()
    const answer = errorIn(await arrived(who, payment('10000.01')))
    expect([answer.get('error'), answer.get('error_description')]).toEqual([
      'access_denied',
      'transaction.held',
    ])
  })
  test('is never covered by a session: without a page it is refused', async () => {
    const who = await knowing()
    const silent = await withCode(who, { ...payment('2.00'), prompt: 'none' })
    expect(new URL(silent.returned).searchParams.get('error')).toMatch(
      /consent_required|unmet_authentication_requirements|interaction_required/,
    )
  })
  test('is decided once, however often its page is opened', async () => {
    const who = await knowing()
    const told = await decisions(async () => {
      const at = await arrived(who, payment('600.00'))
      const page = formIn(at.page).action.replace(/\/pin$/, '')
      await Promise.all([1, 2, 3].map(() => who.browser.go(page)))
    })
    expect(told).toEqual(['step-up: limit.step_up_over'])
  })
})

describe('a customer’s own limits', () => {
  const mine = (amount: string, change: Record<string, unknown> = {}) => ({
    id: 'mine',
    threshold: { kind: 'amount', per: 'payment', over: { EUR: amount } },
    ...change,
  })
  const scope = { scope: 'openid device limits core:payments' }
  const limits = (who: Customer, tokens: Tokens, body?: unknown) =>
    call(who, { method: body === undefined ? 'GET' : 'PUT', path: '/limits', tokens, body })

  test('are stricter at once: 60 asks where the institution does not, and the audit says so', async () => {
    const who = await knowing()
    const tokens = await signIn(who, scope)
    expect((await limits(who, tokens)).json).toEqual({ version: 0, limits: [] })
    const set = await limits(who, tokens, { version: 0, limits: [mine('59.99')] })
    expect([set.status, set.json]).toEqual([
      200,
      { version: 1, limits: [mine('59.99', { from: [], to: [] })] },
    ])
    expect(asksPin(await arrived(who, payment('60.00')))).toBe(true)
    expect(asksPin(await arrived(who, payment('59.99')))).toBe(false)
    const [change] = events.filter(({ type }) => type === 'limits.changed')
    expect(change?.detail).toMatchObject({ version: 1, loosened: false })
  })
  test('are looser only after the PIN, and later', async () => {
    const who = await knowing()
    const weak = await signIn(who, scope)
    await limits(who, weak, { version: 0, limits: [mine('20.00')] })
    const refusal = await limits(who, weak, { version: 1, limits: [] })
    expect([refusal.status, refusal.json.error]).toEqual([401, 'insufficient_user_authentication'])
    expect(refusal.challenge).toContain(`acr_values="${withDeviceAndPin}"`)
    const strong = await signIn(who, { ...scope, acr_values: withDeviceAndPin })
    const loosened = await limits(who, strong, { version: 1, limits: [] })
    expect(loosened.json).toMatchObject({ version: 2, limits: [], leaving: { limits: [mine('20.00')] } })
    const until = Date.parse(loosened.json.leaving.until) - Date.now()
    expect(Math.abs(until - 24 * 3600_000)).toBeLessThan(60_000)
    expect(asksPin(await arrived(who, payment('20.01')))).toBe(true)
  })
  test('are not loosened by the PIN below a payment', async () => {
    const who = await knowing()
    await limits(who, await signIn(who, scope), { version: 0, limits: [mine('20.00')] })
    const paid = await approved(who, await arrived(who, { ...payment('30.00'), ...scope }))
    expect(paid.claims.acr).toBe(withDeviceAndPin)
    expect((await limits(who, paid, { version: 1, limits: [] })).json.code).toBe('acr.insufficient')
  })
  test('of which too many would still be leaving are refused', async () => {
    const who = await somebody()
    const strong = await signIn(who, { ...scope, acr_values: withDeviceAndPin })
    const many = (cents: number) =>
      Array.from({ length: 15 }, (_, i) =>
        mine(`${i + 1}.${cents}`, { id: `l${i}`, from: [`DE89370400440532013${100 + i}`] }),
      )
    expect((await limits(who, strong, { version: 0, limits: many(10) })).status).toBe(200)
    expect((await limits(who, strong, { version: 1, limits: many(20) })).status).toBe(200)
    expect((await limits(who, strong, { version: 2, limits: many(30) })).json.code).toBe('limits.too_many')
  })
  test.each([
    ['a version that was not looked at', { version: 7, limits: [] }, 409, 'limits.stale'],
    ['an amount with too many digits', { version: 0, limits: [mine('1.001')] }, 400, 'request.malformed'],
    ['an amount as a number', { version: 0, limits: [mine(1 as never)] }, 400, 'request.malformed'],
    [
      'an outcome of their own',
      { version: 0, limits: [mine('1.00', { outcome: { kind: 'allow' } })] },
      400,
      'request.malformed',
    ],
    [
      'two limits of one name',
      { version: 0, limits: [mine('1.00'), mine('2.00')] },
      400,
      'request.malformed',
    ],
    [
      'too many',
      { version: 0, limits: Array.from({ length: 21 }, (_, i) => mine('1.00', { id: `l${i}` })) },
      400,
      'request.malformed',
    ],
    ['no body that is one', [], 400, 'request.malformed'],
  ])('refuse %s', async (_name, body, status, code) => {
    const who = await somebody()
    const answer = await limits(who, await signIn(who, scope), body)
    expect([answer.status, answer.json.code]).toEqual([status, code])
    expect(JSON.stringify(answer.json)).not.toContain('connection')
  })
  test('need the scope, and the device', async () => {
    const who = await somebody()
    expect((await limits(who, await signIn(who, { scope: 'openid device' }))).json.code).toBe('token.scope')
    const stranger = await somebody()
    await call(stranger, {
      method: 'DELETE',
      path: `/devices/${stranger.device.id}`,
      tokens: stranger.tokens,
    })
    const tokens = await signIn(stranger, scope)
    const answer = await limits(stranger, tokens, { version: 0, limits: [] })
    expect([answer.json.code, answer.status]).toEqual(['acr.insufficient', 401])
    expect(withDevice).not.toBe(tokens.claims.acr)
  })
})

describe('a payment at the gateway that nobody approved', () => {
  const transfer = (who: Customer, tokens: Tokens, amount: string) =>
    call(who, { method: 'POST', path: '/soap/payments', tokens, body: transferBody(amount) })
  test('to a payee who is known passes and counts; over the week’s sum it has to be approved', async () => {
    const who = await knowing()
    const tokens = await signIn(who)
    const told = await decisions(async () => {
      expect((await transfer(who, tokens, '200.00')).status).toBe(200)
      expect((await transfer(who, tokens, '200.00')).status).toBe(200)
      const third = await transfer(who, tokens, '200.00')
      expect([third.status, third.text.includes('transaction.missing')]).toEqual([401, true])
      expect(third.challenge).toContain('insufficient_user_authentication')
    })
    const passed = ['allow: allowed', 'transaction.used']
    expect(told).toEqual([...passed, ...passed, 'step-up: limit.week'])
  })
  test('to somebody new has to be approved, whatever the amount', async () => {
    const who = await somebody()
    const answer = await transfer(who, await signIn(who), '1.00')
    expect([answer.status, answer.text.includes('transaction.missing')]).toEqual([401, true])
  })
  test.each([
    ['in small letters', (body: string) => body.replace('>DE89', '>de89')],
    ['with spaces', (body: string) => body.replace('>DE8937', '>DE89 37')],
    ['between line breaks', (body: string) => body.replace('>DE89', '>\n DE89')],
    ['that is none', (body: string) => body.replace('>DE89370400440532013000', '>12345')],
  ])('by an account %s is not read as another account, but refused', async (_name, spelt) => {
    const who = await knowing()
    const answer = await call(who, {
      ...{ method: 'POST', path: '/soap/payments', tokens: await signIn(who) },
      body: spelt(transferBody('1.00')),
    })
    expect([answer.status, answer.text.includes('transaction.malformed')]).toEqual([400, true])
  })
  test('of ten at once no more than the week’s sum passes', async () => {
    const who = await knowing()
    const tokens = await signIn(who)
    const answers = await Promise.all(Array.from({ length: 10 }, () => transfer(who, tokens, '100.00')))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4)
  })
})
