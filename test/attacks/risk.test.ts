// Attacks 166, 167, 169, 170 and 172 on risk engines that hang, lie or listen, each through the guard and to the verdict.
import { setTimeout as rest } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countEvent } from '../../src/compose/counted.ts'
import {
  type Assessment,
  combinings,
  fallbacks,
  type RiskAction,
  type RiskAnswer,
  type RiskEventPolicy,
  riskActions,
  riskFailures,
  verdictOf,
} from '../../src/domain/risk.ts'
import { riskFactNames } from '../../src/domain/risk-event.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import type { GuardedProvider, RiskProvider } from '../../src/ports/risk.ts'
import { httpProvider, startEngine } from '../plugins/risk-http-engine.ts'
import { allowing, createKeptLog, eventWith, guarded } from '../plugins/risk-rig.ts'

const policy = (onFailure: RiskEventPolicy['onFailure']): RiskEventPolicy => ({
  ask: [{ provider: 'engine', weight: 1, optional: false }],
  combine: 'strictest',
  onFailure,
  bands: {},
})

const budget = 800

/** One event, asked and judged as a flow does; and what it took. */
async function decided(
  engine: GuardedProvider,
  onFailure: RiskEventPolicy['onFailure'] = 'step-up',
  budgetMs = 20_000,
) {
  const event = eventWith()
  const began = performance.now()
  const answer = await engine.assess(event, budgetMs)
  const ms = performance.now() - began
  return {
    ...verdictOf(policy(onFailure), { id: event.id, kind: event.kind, answers: [answer] }),
    answer,
    ms,
  }
}

describe('#166 an engine that hangs for half a minute', () => {
  test('the decision is there within the budget, never an allow, and soon it is not asked any more', async () => {
    const server = await startEngine()
    const engine = guarded(httpProvider(server.url))
    expect(await decided(engine)).toMatchObject({ action: 'allow' })
    server.be('hang')
    const hung = await Promise.all(Array.from({ length: 5 }, () => decided(engine, 'step-up', budget)))
    for (const { action, reason, answer, ms } of hung) {
      expect([action, reason, answer.failure]).toEqual(['step-up', 'risk.unanswered', 'timeout'])
      // The time itself, and what a busy machine adds; the engine hangs for ever.
      expect(ms).toBeLessThan(budget + 10_000)
    }
    expect(engine.health().breaker).toBe('open')
    const served = server.served()
    const next = await decided(engine, 'deny')
    expect([next.action, next.answer.failure]).toEqual(['deny', 'open'])
    // At once: it is neither asked nor waited for.
    expect(server.served()).toBe(served)
    await server.stop()
  })
})

describe('#167 answers that are none', () => {
  const of = (more: object) => (id: string) => ({ event: id, action: 'allow', reasons: [], ...more })
  const answers: readonly (readonly [string, (id: string) => unknown])[] = [
    ['nothing', () => undefined],
    ['null', () => null],
    ['a text', () => 'allow'],
    ['a list', (id) => [allowing(id)]],
    ['no event', () => ({ action: 'allow', reasons: [] })],
    ['no action', (id) => ({ event: id, reasons: [] })],
    ['no reasons', (id) => ({ event: id, action: 'allow' })],
    ['an action in capitals', of({ action: 'ALLOW' })],
    ['two actions', of({ action: ['allow', 'deny'] })],
    ['an action of the prototype', of({ action: 'toString' })],
    ['no number for a score', of({ score: Number.NaN })],
    ['infinity', of({ score: Number.POSITIVE_INFINITY })],
    ['a score below nothing', of({ score: -1 })],
    ['a score above the worst', of({ score: 1001 })],
    ['half a score', of({ score: 0.5 })],
    ['a score as text', of({ score: '10' })],
    ['a member too many', of({ approved: true })],
    ['a band of ten thousand letters', of({ band: 'x'.repeat(10_000) })],
    ['a band that turns the direction of text', of({ band: 'low\u202e' })],
    ['a reason with a line break', of({ reasons: [{ code: 'a', text: 'fine\nDENY' }] })],
    ['a reason with a NUL', of({ reasons: [{ code: 'a\u0000' }] })],
    ['half a character', of({ reasons: [{ code: 'a', text: '\ud800' }] })],
    ['a reason that is a text', of({ reasons: ['fine'] })],
    ['a million reasons', of({ reasons: Array(1_000_000).fill({ code: 'a' }) })],
    ['a reference that is no text', of({ reference: { session: 5 } })],
    [
      'a hundred references',
      of({ reference: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`a${i}`, 'a'])) }),
    ],
    ['a device token of a megabyte', of({ deviceToken: 'x'.repeat(1_000_000) })],
    ['a device token with a line break', of({ deviceToken: 'a\r\nset-cookie: b' })],
    [
      'a member that throws',
      (id) =>
        Object.defineProperty(of({})(id), 'score', {
          enumerable: true,
          get: () => {
            throw new Error()
          },
        }),
    ],
  ]
  test('control: the answer that they are made from', async () =>
    expect(await decided(guarded({ assess: async ({ id }) => of({})(id) as Assessment }))).toMatchObject({
      action: 'allow',
    }))
  test.each(answers)('%s', async (_, answer) => {
    const engine = guarded({ assess: async ({ id }) => answer(id) as Assessment })
    const { action, reason, answer: given } = await decided(engine)
    expect(['malformed', 'error']).toContain(given.failure)
    expect([action, reason]).toEqual(['step-up', 'risk.unanswered'])
    // What is kept of it is short, and not its own words.
    expect(engine.health().lastFailure?.reason).toMatch(/^[\w[\].: -]{1,120}$/)
  })
})

const assessed = fc.record({
  action: fc.constantFrom(...riskActions),
  score: fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined }),
})
const answerOf = (provider: string) =>
  fc.oneof(
    fc.constantFrom(...riskFailures).map((failure): RiskAnswer => ({ provider, ms: 1, failure })),
    assessed.map((one): RiskAnswer => ({ provider, ms: 1, assessment: { ...one, event: 'e', reasons: [] } })),
  )
const names = ['a', 'b', 'c'] as const
const asked = fc.record({
  answers: fc.tuple(...names.map(answerOf)),
  optional: fc.tuple(...names.map(() => fc.boolean())),
  weight: fc.tuple(...names.map(() => fc.integer({ min: 0, max: 10 }))),
  combine: fc.constantFrom(...combinings),
  onFailure: fc.constantFrom(...fallbacks),
  bands: fc.dictionary(fc.constantFrom(...riskActions), fc.integer({ min: 0, max: 1000 })),
})
const strength = (action: RiskAction) => riskActions.indexOf(action)

describe('#169 slowing an engine down to get in', () => {
  interface Asked extends Omit<RiskEventPolicy, 'ask'> {
    readonly answers: readonly RiskAnswer[]
    readonly optional: readonly boolean[]
    readonly weight: readonly number[]
  }
  const judged = ({ answers, optional, weight, ...rules }: Asked) => {
    const ask = names.map((provider, i) => ({
      provider,
      weight: weight[i] ?? 1,
      optional: optional[i] ?? false,
    }))
    const whole = { ...rules, ask }
    return { ask, verdict: verdictOf(whole, { id: 'e', kind: 'payment', answers }) }
  }
  test('where one that is needed failed, nothing weaker than the fallback comes out', () =>
    fc.assert(
      fc.property(asked, (one) => {
        const { ask, verdict } = judged(one)
        const failed = ask.filter((_, i) => one.answers[i]?.failure !== undefined)
        // The first that answers is enough where the first counts; where nobody does, it is not.
        const counts =
          failed.length === 3 || (one.combine !== 'first' && failed.some(({ optional }) => !optional))
        if (counts) expect(strength(verdict.action)).toBeGreaterThanOrEqual(strength(one.onFailure))
        if (counts && failed.length === 3) expect(verdict.reason).toBe('risk.unanswered')
      }),
      { numRuns: 2000 },
    ))
  test('an engine that says no is not overruled by the failure of another', () =>
    fc.assert(
      fc.property(asked, fc.nat({ max: 2 }), fc.constantFrom(...riskFailures), (one, at, failure) => {
        const answers = one.answers.with(at, { provider: names[at] ?? '', ms: 1, failure })
        const { verdict } = judged({ ...one, combine: 'strictest', answers })
        const strongest = Math.max(
          0,
          ...answers.map(({ assessment }) => strength(assessment?.action ?? 'allow')),
        )
        expect(strength(verdict.action)).toBeGreaterThanOrEqual(strongest)
      }),
      { numRuns: 1000 },
    ))
  test('each event that a failure decided is an alert, for whoever looks at its institution', async () => {
    const [metrics, log] = [createMetrics(), createKeptLog()]
    const event = (reason: string, providers: readonly string[]) =>
      JSON.stringify({
        ...{ type: 'risk.assessed', outcome: 'ok', reference: 'DB-TEST-0001' },
        detail: { kind: 'sign-in', action: 'step-up', reason, providers },
      })
    const count = (institution: string, body: string) => countEvent({ metrics, log }, institution, body)
    count('alder', event('risk.engine', ['engine: step-up', 'other: timeout']))
    expect([log.lines, await metrics.render()]).toEqual([[], expect.not.stringContaining('risk.unanswered')])
    count('alder', event('risk.unanswered', ['engine: timeout']))
    count('birch', event('risk.unanswered', ['engine: open']))
    const counted = await metrics.render()
    expect(counted).toContain('drawbridge_alerts_total{code="risk.unanswered"} 2')
    expect(counted).toContain(
      'drawbridge_risk_answers_total{institution="birch",provider="engine",said="open"} 1',
    )
    const detail = { kind: 'sign-in', action: 'step-up', providers: ['engine: timeout'] }
    const alert = { code: 'risk.unanswered', institution: 'alder', reference: 'DB-TEST-0001', detail }
    expect(log.lines).toHaveLength(2)
    expect(log.lines[0]).toBe(`alert ${JSON.stringify(alert)}`)
  })
  test('the property is one that can fail: a policy that forgets failures is found', () => {
    const trusting = ({ provider, ms, failure, assessment }: RiskAnswer): RiskAnswer =>
      failure === undefined ? { provider, ms, assessment } : { provider, ms, assessment: allowing('e') }
    const forgets = (one: Asked) => judged({ ...one, answers: one.answers.map(trusting) })
    expect(() =>
      fc.assert(
        fc.property(asked, (one) => {
          if (one.answers.every(({ failure }) => failure !== undefined))
            expect(strength(forgets(one).verdict.action)).toBeGreaterThanOrEqual(strength(one.onFailure))
        }),
      ),
    ).toThrow()
  })
})

describe('#170 the answer to something else', () => {
  test('one of another event, or of an earlier one, is no answer', async () => {
    const before: Assessment[] = []
    const assess: RiskProvider['assess'] = async ({ id }) => {
      before.push(allowing(id))
      return before[0] as Assessment
    }
    const engine = guarded({ assess })
    expect((await decided(engine)).action).toBe('allow')
    expect(await decided(engine)).toMatchObject({ action: 'step-up', answer: { failure: 'malformed' } })
  })
  test('nor over the network', async () => {
    const server = await startEngine()
    server.be('foreign')
    expect(await decided(guarded(httpProvider(server.url)), 'deny')).toMatchObject({
      action: 'deny',
      answer: { failure: 'malformed' },
    })
    await server.stop()
  })
  test('answers of two events that are exchanged count for neither', async () => {
    const ids: string[] = []
    const both = Promise.withResolvers<void>()
    const engine = guarded({
      assess: async ({ id }) => {
        ids.push(id)
        if (ids.length === 2) both.resolve()
        await both.promise
        return allowing(ids.find((one) => one !== id) ?? '')
      },
    })
    const two = await Promise.all([decided(engine), decided(engine)])
    expect(two.map(({ answer }) => answer.failure)).toEqual(['malformed', 'malformed'])
  })
  test('a late one changes nothing any more', async () => {
    const late = Promise.withResolvers<Assessment>()
    const engine = guarded({ assess: () => late.promise })
    const event = eventWith()
    const answer = await engine.assess(event, 50)
    const copy = structuredClone(answer)
    late.resolve(allowing(event.id))
    await rest(10)
    expect(answer).toEqual(copy)
    expect(answer.failure).toBe('timeout')
    expect(engine.health()).toMatchObject({ answered: 0, failed: 1, medianMs: undefined })
  })
  test('an answer that is changed after it was given is what it was', async () => {
    const given: { reasons: { code: string }[]; reference: Record<string, string> } = {
      reasons: [],
      reference: {},
    }
    const engine = guarded({
      assess: async ({ id }) => Object.assign(given, allowing(id, { action: 'deny' })),
    })
    const { answer } = await decided(engine)
    given.reasons.push({ code: 'a' })
    Object.assign(given, { action: 'allow' })
    expect(answer.assessment).toMatchObject({ action: 'deny', reasons: [] })
  })
})

describe('#172 what leaves', () => {
  const everything = Object.fromEntries(riskFactNames.map((name, i) => [name, `value-of-${i}-${name}`]))
  test('is what is listed for the provider, and nothing else, when it is asked and when it is told', async () => {
    const server = await startEngine()
    const engine = guarded(httpProvider(server.url), { facts: ['device.id', 'result.outcome'] })
    await engine.assess(eventWith(everything), budget)
    await engine.report({ ...eventWith(everything), kind: 'outcome' }, budget)
    expect(server.heard).toHaveLength(2)
    for (const heard of server.heard) {
      const { facts, ...rest } = JSON.parse(heard)
      expect(Object.keys(facts)).toEqual(['device.id', 'result.outcome'])
      expect(Object.keys(rest)).toEqual(['id', 'kind', 'institution', 'at'])
    }
    await server.stop()
  })
  test('nor does what it offers beside see more', async () => {
    const seen: unknown[] = []
    const note = async (event: { readonly facts: object }) => void seen.push(Object.keys(event.facts))
    const { provider } = guarded(
      {
        assess: async ({ id }) => allowing(id),
        challenge: async (event) => {
          await note(event)
          return { kind: 'out-of-band', token: 'a', reference: {} }
        },
        authenticate: async (event) => {
          await note(event)
          return { state: 'pending' }
        },
        siteToUser: {
          get: async (event) => {
            await note(event)
            return {}
          },
          set: note,
          browse: async (event) => {
            await note(event)
            return []
          },
        },
      },
      { facts: ['device.id'] },
    )
    const event = eventWith(everything)
    const deadline = { ms: 500, signal: new AbortController().signal }
    await provider.challenge?.(event, 'out-of-band', deadline)
    await provider.authenticate?.(event, { reference: {} }, deadline)
    await provider.siteToUser?.get(event, deadline)
    await provider.siteToUser?.set(event, {}, deadline)
    await provider.siteToUser?.browse(event, undefined, deadline)
    expect(seen).toEqual(Array(5).fill(['device.id']))
  })
})
