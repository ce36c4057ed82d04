// The guard around a risk engine: deadline, breaker, bulkhead, one retry, and an answer whatever happens.
import { setTimeout as rest } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import type { RiskProvider } from '../../src/ports/risk.ts'
import { allowing, createKeptLog, eventWith, guarded } from './risk-rig.ts'

const hanging: RiskProvider = { assess: () => new Promise(() => undefined) }
const coded = (code: string) => Object.assign(new Error('secret-of-the-engine'), { code })

describe('what an engine may do, and what comes of it', () => {
  /** What is late waits for this: until the guard has answered, however long that takes. */
  let after: Promise<void>
  const ways: readonly (readonly [string, RiskProvider['assess'], string])[] = [
    ['answers', async ({ id }) => allowing(id), 'allow'],
    ['hangs', hanging.assess, 'timeout'],
    [
      'throws at once',
      () => {
        throw new Error('no')
      },
      'error',
    ],
    ['rejects with nothing', () => Promise.reject(undefined), 'error'],
    ['rejects with a text', () => Promise.reject('no'), 'error'],
    [
      'rejects with what cannot be looked at',
      () =>
        Promise.reject(
          new Proxy(
            {},
            {
              get() {
                throw new Error('looked')
              },
            },
          ),
        ),
      'error',
    ],
    ['answers nothing', async () => undefined as never, 'malformed'],
    ['answers without a promise', (({ id }: { id: string }) => allowing(id)) as never, 'allow'],
    [
      'answers twice',
      ({ id }) =>
        new Promise((resolve) => {
          resolve(allowing(id, { action: 'deny' }))
          resolve(allowing(id))
        }),
      'deny',
    ],
    [
      'gives up when it is told to',
      (_, { signal }) =>
        new Promise((_, no) => {
          signal.addEventListener('abort', () => no(new Error('given up')))
        }),
      'timeout',
    ],
    ['answers late', ({ id }) => after.then(() => allowing(id)), 'timeout'],
    ['rejects late', () => after.then(() => Promise.reject(new Error('late'))), 'timeout'],
  ]
  test.each(ways)('%s', async (_, assess, expected) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    after = promise
    const { assessment, failure } = await guarded({ assess }).assess(eventWith(), 60)
    expect(assessment?.action ?? failure).toBe(expected)
    // Whatever is late arrives while the test still runs: nothing of it may be unhandled.
    resolve()
    await rest(5)
  })

  test('no time is no question', async () => {
    let asked = 0
    const engine = guarded({
      assess: async ({ id }) => {
        asked += 1
        return allowing(id)
      },
    })
    for (const ms of [0, -5, Number.NaN])
      expect((await engine.assess(eventWith(), ms)).failure).toBe('timeout')
    expect(asked).toBe(0)
    expect(engine.health().breaker).toBe('closed')
  })
})

describe('the breaker', () => {
  const settings = { least: 3, openMs: 5000, longestOpenMs: 60_000 }
  // The time of the breaker alone; deadlines are kept by real timers.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())
  const later = (ms: number) => void vi.setSystemTime(Date.now() + ms)

  test('opens, answers at once, tries one event, and closes', async () => {
    let good = false
    let asked = 0
    const log = createKeptLog()
    const assess: RiskProvider['assess'] = async ({ id }, { signal }) => {
      asked += 1
      if (good) return rest(30, allowing(id))
      return rest(60_000, allowing(id), { signal })
    }
    const engine = guarded({ assess }, { settings, log })
    const ask = (ms = 20_000) => engine.assess(eventWith(), ms)
    await Promise.all([ask(40), ask(40), ask(40)])
    expect(engine.health()).toMatchObject({ breaker: 'open', failed: 3, lastFailure: { failure: 'timeout' } })
    // At once: it is neither asked nor waited for.
    expect((await ask()).failure).toBe('open')
    expect(asked).toBe(3)
    good = true
    later(5000)
    // The first is tried; nobody waits for what comes of it.
    const [probe, beside] = await Promise.all([ask(), ask()])
    expect([probe?.assessment?.action, beside?.failure]).toEqual(['allow', 'open'])
    expect(asked).toBe(4)
    expect(engine.health().breaker).toBe('closed')
    expect((await ask()).assessment?.action).toBe('allow')
    const states = log.lines
      .filter((line) => line.startsWith('risk.breaker'))
      .map((line) => JSON.parse(line.slice(13)).state)
    expect(states).toEqual(['open', 'half-open', 'closed'])
  })

  test('a probe that fails leaves it open for twice as long', async () => {
    const engine = guarded({ assess: () => Promise.reject(new Error('no')) }, { settings })
    for (let i = 0; i < 3; i++) await engine.assess(eventWith(), 40)
    later(5000)
    expect((await engine.assess(eventWith(), 40)).failure).toBe('error')
    later(9900)
    expect((await engine.assess(eventWith(), 40)).failure).toBe('open')
    later(100)
    expect((await engine.assess(eventWith(), 40)).failure).toBe('error')
  })

  test('answers that are none count against it', async () => {
    const engine = guarded({ assess: async () => ({}) as never }, { settings })
    for (let i = 0; i < 3; i++) await engine.assess(eventWith(), 40)
    expect(engine.health().breaker).toBe('open')
  })
})

test('more than its places at once is busy, and free again at the deadline', async () => {
  const engine = guarded(hanging, { settings: { atOnce: 2 } })
  const answers = await Promise.all([1, 2, 3].map(() => engine.assess(eventWith(), 40)))
  expect(answers.map(({ failure }) => failure)).toEqual(['timeout', 'timeout', 'busy'])
  expect((await engine.assess(eventWith(), 20)).failure).toBe('timeout')
})

describe('one retry', () => {
  const counted = (fault: unknown) => {
    const state = { asked: 0 }
    const assess: RiskProvider['assess'] = async ({ id }) => {
      state.asked += 1
      if (state.asked === 1) throw fault
      return allowing(id)
    }
    return { state, engine: guarded({ assess }) }
  }
  test.each([
    ['a refused connection', coded('ECONNREFUSED')],
    ['a broken one', new TypeError('fetch failed', { cause: coded('ECONNRESET') })],
    [
      'one that our own client found broken',
      new Refusal('fetch.failed', { check: 'connection', reason: 'refused' }),
    ],
  ])('of %s', async (_, fault) => {
    const { state, engine } = counted(fault)
    expect((await engine.assess(eventWith(), 20_000)).assessment?.action).toBe('allow')
    expect(state.asked).toBe(2)
  })
  test.each([
    ['an answer', coded('ERR_BAD_ANSWER')],
    ['a certificate', new Refusal('fetch.failed', { check: 'connection', reason: 'tls' })],
    ['an address that may not be', new Refusal('fetch.refused', { check: 'network' })],
  ])('but not of %s', async (_, fault) => {
    const { state, engine } = counted(fault)
    expect((await engine.assess(eventWith(), 20_000)).failure).toBe('error')
    expect(state.asked).toBe(1)
  })
  test('and not twice, and not beyond the deadline', async () => {
    let asked = 0
    const engine = guarded({
      assess: async () => {
        asked += 1
        throw coded('ECONNREFUSED')
      },
    })
    expect((await engine.assess(eventWith(), 20_000)).failure).toBe('error')
    expect(asked).toBe(2)
    expect((await engine.assess(eventWith(), 10)).failure).toBe('timeout')
    await rest(60)
    expect(asked).toBe(3)
  })
})

describe('health', () => {
  test('latencies of answers, and the last failure in words that hold no secret', async () => {
    const log = createKeptLog()
    let next: () => Promise<never> = () => Promise.reject(coded('ERR_QUOTA'))
    const engine = guarded(
      { assess: async ({ id }) => (id === 'bad' ? next() : allowing(id)) },
      { log, settings: { least: 20 } },
    )
    const bad = () => engine.assess({ ...eventWith(), id: 'bad' }, 100)
    expect(engine.health()).toMatchObject({ breaker: 'closed', medianMs: undefined, answered: 0, failed: 0 })
    for (let i = 0; i < 3; i++) await engine.assess(eventWith(), 100)
    await bad()
    expect(engine.health()).toMatchObject({ answered: 3, failed: 1, medianMs: expect.any(Number) })
    expect(engine.health().lastFailure).toMatchObject({ failure: 'error', reason: 'ERR_QUOTA' })
    next = () => Promise.reject(new TypeError('secret-of-the-engine'))
    await bad()
    expect(engine.health().lastFailure?.reason).toBe('TypeError')
    next = () => Promise.reject(Object.assign(new Error(), { code: 'secret of the engine', name: '\u202e' }))
    await bad()
    expect(engine.health().lastFailure?.reason).toBe('unknown')
    for (const [thrown, reason] of [
      [coded('alice'), 'Error'],
      [coded('alice.smith'), 'Error'],
      [Object.assign(coded('quota'), { name: 'Alice' }), 'unknown'],
      [Object.assign(new TypeError('fetch failed'), { cause: coded('ECONNREFUSED') }), 'ECONNREFUSED'],
      [coded('fetch.refused'), 'fetch.refused'],
      [{ code: 'A'.repeat(41) }, 'unknown'],
    ] as const) {
      next = () => Promise.reject(thrown)
      await bad()
      expect(engine.health().lastFailure?.reason).toBe(reason)
    }
    next = () => Promise.reject(new Refusal('fetch.failed', { check: 'status', actual: '503' }))
    await bad()
    expect(engine.health().lastFailure?.reason).toBe('fetch.failed: status: 503')
    expect(log.lines.join('\n')).not.toContain('secret')
  })
})

describe('what is told', () => {
  const told = () => ({ ...eventWith(), kind: 'outcome' }) as const
  test('is false where the engine learns nothing, true where it learned, and rejects in time', async () => {
    const assess: RiskProvider['assess'] = async ({ id }) => allowing(id)
    expect(await guarded({ assess }).report(told(), 50)).toBe(false)
    expect(await guarded({ assess, report: async () => undefined }).report(told(), 50)).toBe(true)
    const hangs = guarded({ assess, report: () => new Promise(() => undefined) })
    await expect(hangs.report(told(), 30)).rejects.toThrow('no answer in time')
    const repeats = guarded({ assess, report: () => Promise.reject(new Error('alice and our key')) })
    await expect(repeats.report(told(), 50)).rejects.toThrow(/^Error$/)
    // An engine that cannot be told may still be asked.
    expect(hangs.health().breaker).toBe('closed')
  })
  test('waits while the engine is left alone, and takes nobody’s time', async () => {
    const report = vi.fn(async () => undefined)
    const engine = guarded({ assess: () => Promise.reject(new Error()), report }, { settings: { least: 1 } })
    await engine.assess(eventWith(), 100)
    await engine.assess(eventWith(), 100)
    await expect(engine.report(told(), 50)).rejects.toThrow('open')
    expect(report).not.toHaveBeenCalled()
  })
})

test('it is closed after what is asked of it has ended', async () => {
  const order: string[] = []
  const engine = guarded({
    assess: async ({ id }) => {
      await rest(40)
      order.push('answered')
      return allowing(id)
    },
    close: async () => void order.push('closed'),
  })
  const asked = engine.assess(eventWith(), 20_000)
  await engine.close()
  expect(order).toEqual(['answered', 'closed'])
  expect((await asked).assessment?.action).toBe('allow')
})

describe('what the engine offers beside', () => {
  const deadline = { ms: 40, signal: new AbortController().signal }
  const assess: RiskProvider['assess'] = async ({ id }) => allowing(id)
  test('is offered, ends in time, and is judged', async () => {
    const { provider } = guarded({
      assess,
      challenge: async () => ({ kind: 'code', code: '123456', reference: {} }),
      authenticate: () => new Promise(() => undefined),
      siteToUser: {
        get: async () => ({ phrase: 'a blue\u0000 boat' }),
        set: async () => undefined,
        browse: async () => [{ id: '1', text: 'Boats', kind: 'category' }],
      },
      questions: {
        list: async () => [{ id: 'pet', text: '' }],
        enrol: async () => ({ taken: false, fault: 'short' }),
      },
    })
    const event = eventWith()
    expect(await provider.challenge?.(event, 'code', deadline)).toMatchObject({ code: '123456' })
    await expect(provider.challenge?.(event, 'questions', deadline)).rejects.toThrow('of another kind')
    await expect(provider.authenticate?.(event, { reference: {} }, deadline)).rejects.toThrow('timed out')
    await expect(provider.siteToUser?.get(event, deadline)).rejects.toThrow('phrase')
    expect(await provider.siteToUser?.browse(event, undefined, deadline)).toHaveLength(1)
    await expect(provider.questions?.list(event, deadline)).rejects.toThrow('text: too_small')
    expect(await provider.questions?.enrol(event, {}, deadline)).toEqual({ taken: false, fault: 'short' })
  })
  test('is absent where it is not', () => {
    const { provider } = guarded({ assess })
    const { report, challenge, authenticate, siteToUser, questions } = provider
    expect([report, challenge, authenticate, siteToUser, questions]).toEqual(Array(5).fill(undefined))
  })
})
