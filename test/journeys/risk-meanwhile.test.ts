// What happens elsewhere while a risk engine thinks.
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { transferBody } from '../../src/demo/journey-walk.ts'
import type { RiskEventPolicy } from '../../src/domain/risk.ts'
import { arrived, call, signIn, withCode } from './customer.ts'
import { type RiskBank, startRiskBank } from './risk-bank.ts'

let bank: RiskBank

beforeAll(async () => {
  // At an interval, some at a time, what many owe would take longer than we wait for it.
  bank = await startRiskBank({ pace: 1 })
}, 90_000)
afterAll(() => bank.stop())
beforeEach(() => bank.says({}))

async function thinking(): Promise<void> {
  while (bank.engine.asked.length === 0) await rest(20)
}

const asking = (...names: string[]): RiskEventPolicy => ({
  ask: names.map((provider) => ({ provider, weight: 1, optional: false })),
  ...{ combine: 'strictest', onFailure: 'allow', bands: {} },
})

test('no connection is kept, though another engine remembers something meanwhile', async () => {
  const who = await bank.stranger()
  const { base } = bank.parts
  const settings = bank.engine.settings({ budgetMs: 20_000 })
  const providers = [...settings.providers, { id: 'habits', type: 'voyager-ia', settings: {} }]
  const events = { 'sign-in': asking('engine', 'habits') }
  await bank.during({ ...settings, providers, events }, async () => {
    bank.says({ 'sign-in': 'hang' })
    const signingIn = withCode(who)
    await thinking()
    // Whoever kept the one connection would keep it until the engine is let go.
    const remembered = () => base.database.knex('risk_memory').where({ provider: 'habits' })
    while ((await remembered()).length === 0) await rest(20)
    expect(await remembered()).toHaveLength(1)
    bank.engine.letGo()
    await signingIn
  })
})

test('a payment that nobody has to approve is not signed with a token that ended meanwhile', async () => {
  const { who } = await bank.somebody()
  const tokens = await signIn(who, { scope: 'openid device core:payments' })
  const pay = () => call(who, { method: 'POST', path: '/soap/payments', tokens, body: transferBody('20.00') })
  expect((await pay()).status).toBe(200)
  const settings = bank.engine.settings({ budgetMs: 20_000 })
  await bank.during({ ...settings, events: { payment: asking('engine') } }, async () => {
    bank.says({ payment: 'hang' })
    const paying = pay()
    await thinking()
    await call(who, { method: 'DELETE', path: `/devices/${who.device}`, tokens: who.tokens })
    bank.engine.letGo()
    const answer = await paying
    expect([answer.status, answer.text.includes('token.invalid')]).toEqual([401, true])
  })
})

test('what many sign-ins owe is told at once, and not some at an interval', async () => {
  const { base, services } = bank.parts
  const job = base.seal.seal(
    'alder',
    JSON.stringify({ assessment: 'gone', provider: 'engine', at: Date.now() }),
  )
  await base.unit.run({ institution: 'alder', reference: 'RISK-TEST-0001' }, async () => {
    for (let i = 0; i < 150; i++) await services.riskReports.put('alder', job)
  })
  const left = async () => {
    const [row] = await base.database.knex('jobs.job').where({ name: 'risk-report' }).count({ jobs: '*' })
    return Number(row?.jobs)
  }
  for (let i = 0; i < 120 && (await left()) > 0; i++) await rest(100)
  expect(await left()).toBe(0)
})

test('a failure that decided is counted once: for the institution, for the engine, and as an alert', async () => {
  const series = [
    'drawbridge_alerts_total{code="risk.unanswered"}',
    'drawbridge_risk_assessments_total{institution="alder",kind="sign-in",action="step-up",answered="no"}',
    'drawbridge_risk_answers_total{institution="alder",provider="engine",said="timeout"}',
  ]
  const counted = async () => {
    const lines = (await bank.parts.base.metrics.render()).split('\n')
    const lineOf = (one: string) => lines.find((line) => line.startsWith(`${one} `)) ?? '0'
    return series.map((one) => Number(lineOf(one).split(' ').at(-1)))
  }
  const { who } = await bank.somebody()
  const before = await counted()
  bank.says({ 'sign-in': 'hang' })
  await arrived(who)
  expect(await counted()).toEqual(before.map((count) => count + 1))
})
