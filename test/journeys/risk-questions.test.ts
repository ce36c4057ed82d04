// Answers to the questions of the bank's engine: chosen in the customer's app, by whoever knows the PIN.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Tokens } from '../../src/demo/app-client.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Institution } from '../../src/domain/institution.ts'
import { type Customer, call, signIn } from './customer.ts'
import { type RiskBank, startRiskBank } from './risk-bank.ts'

let bank: RiskBank
let before: Institution
const habits = {
  id: 'habits',
  type: 'voyager-ia',
  challenge: ['questions'],
  settings: { questions: true },
} as const

beforeAll(async () => {
  bank = await startRiskBank()
  before = (await bank.parts.stores.directory.institution('alder')) as Institution
  const risk = bank.engine.settings()
  await bank.reapplied({ ...before, risk: { ...risk, providers: [...risk.providers, habits] } })
}, 90_000)
afterAll(() => bank.stop())

const answers = {
  ...{ 'first-concert': 'a brass band', 'first-dish': 'pea soup', 'childhood-toy': 'a tin crane' },
  ...{ 'first-pet': 'Rufus the fourth', 'dream-job': 'lamplighter' },
}

const questions = (who: Customer, tokens: Tokens, body?: unknown) =>
  call(who, { method: body === undefined ? 'GET' : 'PUT', path: '/questions', tokens, body })

const proven = (who: Customer) => signIn(who, { scope: 'openid device', acr_values: withDeviceAndPin })

test('are read and set with the PIN; what is wrong is told, and no answer is in the audit or a table', async () => {
  const { who } = await bank.somebody()
  const weak = await questions(who, who.tokens, { answers })
  expect([weak.status, weak.json.code]).toEqual([401, 'acr.insufficient'])
  const tokens = await proven(who)
  const list = await questions(who, tokens)
  expect(list.json.questions).toHaveLength(20)
  expect(list.json.questions[0]).toEqual({ id: expect.any(String), text: expect.stringMatching(/\?$/) })
  bank.says({})
  for (const wrong of [{}, { ...answers, 'first-pet': 'x' }, { ...answers, 'no-such': 'thing' }]) {
    const { status, json } = await questions(who, tokens, { answers: wrong })
    expect([status, json.code]).toEqual([400, 'questions.refused'])
  }
  const nul = await questions(who, tokens, { answers: { ...answers, 'first-pet': 'a\u0000b' } })
  expect([nul.status, nul.json.code]).toEqual([400, 'request.malformed'])
  expect((await questions(who, tokens, { answers })).status).toBe(204)
  const told = bank.events.filter(({ type }) => type === 'risk.questions_set')
  expect(told).toHaveLength(1)
  const memory = await bank.parts.base.database.knex('risk_memory').select()
  expect(JSON.stringify([bank.events, memory])).not.toMatch(/lamplighter|Rufus/)
  const [guarded] = bank.parts.services.riskProviders
    .of((await bank.parts.stores.directory.institution('alder')) as Institution)
    .filter(({ id }) => id === 'habits')
  const event = { id: 'e', kind: 'sign-in', institution: 'alder', at: Date.now() } as const
  const facts = { 'subject.id': tokens.claims.sub as string }
  const deadline = { ms: 10_000, signal: new AbortController().signal }
  const asked = await guarded?.provider.challenge?.({ ...event, facts }, 'questions', deadline)
  expect(asked).toMatchObject({ kind: 'questions', questions: [{}, {}] })
})

test('where no engine asks any there are none', async () => {
  const { who } = await bank.somebody()
  const tokens = await proven(who)
  await bank.reapplied(before)
  const { status, json } = await questions(who, tokens)
  expect([status, json.code]).toEqual([404, 'request.not_found'])
})
