// The part of the journey in which the bank's risk engines find something, or fail: what each event leads to then.
import { withDevice, withDeviceAndPin } from '../domain/acr.ts'
import { createApp, createBrowser, freshPin } from './app-client.ts'
import { assessedBy } from './assessed.ts'
import { shownEvent } from './event-words.ts'
import { approve, question, wanted } from './journey-approvals.ts'
import {
  api,
  expect,
  press,
  type RiskRow,
  redeem,
  type StepOf,
  signInAtIdp,
  type Walk,
} from './journey-walk.ts'
import { large, payment } from './payment.ts'
import { demoRisk } from './risk-bank.ts'
import type { RiskDialState } from './risk-dial.ts'

type Scenario = (walk: Walk) => Promise<string>

/** Alice on her phone: the PIN or a refusal stands in her way, or nothing. */
const signIn: Scenario = async (walk) => {
  walk.started = await walk.app.begin({
    scope: 'openid offline_access device approvals limits core:payments',
  })
  walk.page = await walk.browser.follow(walk.started.url, { until: walk.app.redirectUri })
  const refused = new URL(walk.page.returned ?? 'about:blank').searchParams.get('error_description')
  if (refused !== null) return refused
  const isPin = walk.page.body.includes('name="pin"')
  await press(walk, isPin ? { pin: walk.pin, do: 'approve' } : { do: 'allow' })
  if (walk.page.returned === undefined) await press(walk, { do: 'allow' })
  await redeem(walk)
  const [due, { acr }] = [isPin ? withDeviceAndPin : withDevice, walk.tokens.claims]
  expect(acr === due, `${due}, not ${acr}`)
  return isPin ? 'asked for the PIN' : 'allowed'
}

/** Bob has no phone yet that the bank knows: what would raise his level is what he is about to get. */
const enrol: Scenario = async ({ other }) => {
  const { kty, crv, x, y } = other.app.jwk
  const phone = { name: 'Journey phone', jwk: { kty, crv, x, y }, pin: other.pin }
  const { status, body } = await api(other, 'POST', '/devices', phone)
  return status === 201 ? 'allowed' : `refused: ${body.code}`
}

/** What a back end of the bank brings; Alice answers on her phone where she is asked. */
const brought =
  (detail: Readonly<Record<string, unknown>>): Scenario =>
  async (walk) => {
    const { state, approval } = await wanted(walk, detail)
    if (state === 'approved') return 'allowed'
    if (state !== 'open') return state
    const asked = await question(walk)
    await approve(walk, asked, approval.number)
    return asked.acr === withDeviceAndPin ? 'asked for the PIN on the phone' : 'asked on the phone'
  }

const scenarios = {
  'sign-in': signIn,
  enrolment: enrol,
  payment: brought(payment('25.00')),
  payee: brought({
    ...{ type: 'add_payee', creditorName: large.creditorName, creditorAccount: large.creditorAccount },
  }),
  'limit-change': brought({
    ...{ type: 'change_limit', limit: 'daily', newAmount: { amount: '900.00', currency: 'EUR' } },
  }),
} satisfies Readonly<Record<string, Scenario>>

type Outcomes = Readonly<Partial<Record<keyof typeof scenarios, string>>>

/** Turns the dial, lets each event happen, and turns it back: each must come out so, having been asked about. */
const at =
  (dial: Partial<RiskDialState>, outcomes: Outcomes): StepOf =>
  async (walk) => {
    const { dial: given } = walk.world
    given.set(dial)
    try {
      for (const [event, due] of Object.entries(outcomes)) await happens(walk, { dial, event, due })
    } finally {
      given.set({ level: 'low', fault: 'none' })
    }
  }

interface Due {
  readonly dial: Partial<RiskDialState>
  readonly event: string
  readonly due: string
}

async function happens(walk: Walk, { dial, event, due }: Due): Promise<void> {
  const seen: RiskRow[] = []
  const name = dial.fault ?? dial.level ?? 'low'
  const stop = walk.world.scene.watch((of, data) => {
    const assessed = of === 'audit' ? assessedBy(shownEvent(data)) : undefined
    if (assessed?.kind !== event) return
    const { action, reason } = assessed
    const providers = assessed.providers.map(({ provider, said }) => `${provider}: ${said}`)
    seen.push({ dial: name, event, providers, action, reason, outcome: '' })
  })
  const outcome = await scenarios[event as keyof typeof scenarios](walk).finally(stop)
  expect(outcome === due, `${event}: ${due}, not ${outcome} by ${JSON.stringify(seen)}`)
  const [row] = seen
  expect(row && seen.length === 1, `one question about ${event}, not ${seen.length}`)
  walk.risk.push({ ...row, outcome })
}

const failing: Outcomes = { 'sign-in': 'asked for the PIN', payment: 'refused' }

/** The budget, and what a machine that is busy takes beside it; an engine that hangs would be waited for without an end. */
const longestMs = demoRisk('').budgetMs + 4000

export const riskSteps: Readonly<Record<string, StepOf>> = {
  'risk: another customer': async (walk) => {
    const app = await createApp({ issuer: walk.world.issuer, redirectUri: walk.app.redirectUri })
    const { world, application } = walk
    const other = { world, application, app, browser: createBrowser(), pin: freshPin() } as Walk
    other.started = await app.begin()
    await signInAtIdp(other, 'bob')
    await press(other, { do: 'allow' })
    await redeem(other)
    walk.other = other
  },
  'risk: low': at(
    { level: 'low' },
    {
      ...{ 'sign-in': 'allowed', enrolment: 'allowed', payment: 'allowed' },
      // By the bank's policy, whatever the engines say.
      ...{ payee: 'asked for the PIN on the phone', 'limit-change': 'asked for the PIN on the phone' },
    },
  ),
  'risk: raised': at(
    { level: 'raised' },
    {
      ...{ 'sign-in': 'asked for the PIN', enrolment: 'refused: acr.insufficient' },
      payment: 'asked for the PIN on the phone',
      ...{ payee: 'asked for the PIN on the phone', 'limit-change': 'asked for the PIN on the phone' },
    },
  ),
  'risk: high': at(
    { level: 'high' },
    {
      ...{ 'sign-in': 'risk.held', enrolment: 'refused: risk.held' },
      ...{ payment: 'held', payee: 'held', 'limit-change': 'held' },
    },
  ),
  'risk: block': at(
    { level: 'block' },
    {
      ...{ 'sign-in': 'risk.denied', enrolment: 'refused: risk.denied' },
      ...{ payment: 'refused', payee: 'refused', 'limit-change': 'refused' },
    },
  ),
  'risk: engines hang': async (walk) => {
    const began = performance.now()
    await at({ fault: 'hang' }, failing)(walk)
    const took = performance.now() - began
    expect(took < 2 * longestMs, `two decisions within their budgets, not ${Math.round(took)} ms`)
  },
  'risk: engines fail': at({ fault: 'error' }, failing),
  'risk: engines answer garbage': at({ fault: 'garbage' }, failing),
  'risk: low again': at({ level: 'low' }, { 'sign-in': 'allowed', payment: 'allowed' }),
}

/** The table, a line each. */
export const riskTable = (rows: readonly RiskRow[]): readonly string[] =>
  rows.map(
    ({ dial, event, providers, action, reason, outcome }) =>
      `${dial.padEnd(8)} ${event.padEnd(12)} ${providers.join(', ').padEnd(52)} ${action} (${reason}): ${outcome}`,
  )
