// A risk engine's own challenges are left alone when they fail, by a breaker of their own: how it judges is another matter.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CustomerFailure } from '../../src/plugins/risk/failure.ts'
import { RiskChallengeUnable, type RiskProvider } from '../../src/ports/risk.ts'
import { allowing, createKeptLog, eventWith, guarded } from './risk-rig.ts'

const settings = { least: 3, openMs: 5000, longestOpenMs: 60_000 }
const deadline = { ms: 2000, signal: new AbortController().signal }
const code = { kind: 'code', code: '123456', reference: {} } as const

// The time of the breakers alone; deadlines are kept by real timers.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())
const later = (ms: number) => void vi.setSystemTime(Date.now() + ms)

/** An engine whose challenges and judgements fail or not, as a test says; it counts what it is asked. */
function engine() {
  const does = { challenge: 'fail' as 'fail' | 'unable' | 'stopped' | 'answer', assess: true }
  const asked = { challenge: 0, authenticate: 0, list: 0, assess: 0 }
  const log = createKeptLog()
  const said = async <T>(answer: T): Promise<T> => {
    if (does.challenge === 'unable') throw new RiskChallengeUnable('not this customer')
    if (does.challenge === 'stopped') throw new CustomerFailure('user.LOCKOUT')
    if (does.challenge === 'fail') throw new Error('no')
    return answer
  }
  const provider: RiskProvider = {
    async assess({ id }) {
      asked.assess += 1
      if (!does.assess) throw new Error('no')
      return allowing(id)
    },
    challenge() {
      asked.challenge += 1
      return said(code)
    },
    authenticate() {
      asked.authenticate += 1
      return said({ state: 'passed' })
    },
    questions: {
      list() {
        asked.list += 1
        return said([{ id: 'pet', text: 'Your first pet' }])
      },
      enrol: () => said({ taken: true }),
    },
  }
  const guard = guarded(provider, { settings, log })
  const outcome = (call: Promise<unknown> | undefined) =>
    (call ?? Promise.reject(new Error('absent'))).then(
      () => 'answered',
      (error: Error) => error.constructor.name,
    )
  return {
    ...{ does, asked, log, guard },
    challenge: () => outcome(guard.provider.challenge?.(eventWith(), 'code', deadline)),
    authenticate: () => outcome(guard.provider.authenticate?.(eventWith(), { reference: {} }, deadline)),
    list: () => outcome(guard.provider.questions?.list(eventWith(), deadline)),
    assess: async () => (await guard.assess(eventWith(), 2000)).failure ?? 'answered',
    states: () => log.lines.filter((line) => line.startsWith('risk.breaker')),
  }
}

test('left alone after a few, tried by one, and back', async () => {
  const { does, asked, challenge, authenticate, list, states } = engine()
  expect([await challenge(), await authenticate(), await list()]).toEqual(['Error', 'Error', 'Error'])
  // All of them are of one engine: none is asked, and nobody waits.
  const open = 'BrokenCircuitError'
  expect([await challenge(), await authenticate(), await list()]).toEqual([open, open, open])
  expect(asked).toMatchObject({ challenge: 1, authenticate: 1, list: 1 })
  later(5000)
  does.challenge = 'answer'
  expect(await Promise.all([challenge(), challenge()])).toEqual(['answered', 'Probing'])
  expect(await authenticate()).toBe('answered')
  expect(states().map((line) => JSON.parse(line.slice(13)))).toMatchObject(
    ['open', 'half-open', 'closed'].map((state) => ({ provider: 'engine', of: 'challenges', state })),
  )
})

test('that it has no such challenge for a customer is an answer, however often', async () => {
  const { does, asked, challenge, states } = engine()
  does.challenge = 'unable'
  for (let i = 0; i < 10; i++) expect(await challenge()).toBe('RiskChallengeUnable')
  expect([asked.challenge, states()]).toEqual([10, []])
})

test('nobody’s account that the engine stops has all others refused, however often it is tried (#169)', async () => {
  const { does, asked, challenge, states } = engine()
  does.challenge = 'stopped'
  for (let i = 0; i < 10; i++) expect(await challenge()).toBe('CustomerFailure')
  expect([asked.challenge, states()]).toEqual([10, []])
})

test('challenges that fail take nothing from how it judges, nor from its figures', async () => {
  const { challenge, assess, guard } = engine()
  for (let i = 0; i < 10; i++) await challenge()
  for (let i = 0; i < 10; i++) expect(await assess()).toBe('answered')
  expect(guard.health()).toMatchObject({ breaker: 'closed', answered: 10, failed: 0, lastFailure: undefined })
})

test('challenges that work do not make one that does not judge look well', async () => {
  const { does, challenge, assess, guard } = engine()
  Object.assign(does, { challenge: 'answer', assess: false })
  for (let i = 0; i < 3; i++) {
    expect(await challenge()).toBe('answered')
    expect(await assess()).toBe('error')
  }
  expect(guard.health().breaker).toBe('open')
  expect(await assess()).toBe('open')
  // Who has a challenge before them was asked for it when it judged; they are not turned away.
  expect(await challenge()).toBe('answered')
})

test('no more of them at once than there are places', async () => {
  const hanging = () => new Promise<never>(() => undefined)
  const guard = guarded(
    { assess: async ({ id }) => allowing(id), challenge: hanging },
    { settings: { ...settings, atOnce: 2 } },
  )
  const ask = () => guard.provider.challenge?.(eventWith(), 'code', { ...deadline, ms: 300 })
  const three = await Promise.allSettled([ask(), ask(), ask()])
  const names = three.map((one) => (one.status === 'rejected' ? one.reason.constructor.name : 'answered'))
  expect(names).toEqual(['TaskCancelledError', 'TaskCancelledError', 'BulkheadRejectedError'])
  expect((await guard.assess(eventWith(), 2000)).failure).toBeUndefined()
})
