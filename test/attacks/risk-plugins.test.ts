// Attack 171: a plugin that throws, loops, leaks, ends its thread or changes what it is given, in a real thread.
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GuardedProvider, RiskProvider } from '../../src/ports/risk.ts'
import { createPluginFolder, loadedFrom, pluginSource } from '../plugins/risk-outside-rig.ts'
import { allowing, createKeptLog, createMemory, eventWith, guarded, placeWith } from '../plugins/risk-rig.ts'

describe('#171 a plugin that breaks', () => {
  const files = createPluginFolder()
  const memory = createMemory()
  let provider: RiskProvider
  let engine: GuardedProvider
  const source = pluginSource(
    `
    const mood = facts['app.id']
    if (mood === 'throws') throw Object.assign(new Error('alice'), { code: 'alice' })
    if (mood === 'loops') for (;;);
    if (mood === 'leaks') for (const kept = []; ; ) kept.push(new Array(100_000).fill(Math.random()))
    if (mood === 'ends') process.exit(0)
    if (mood === 'forgets') Promise.reject(new Error('nobody listens'))
    if (mood === 'floods') return { event: id, action: 'allow', reasons: [], band: 'x'.repeat(50_000_000) }
    if (mood === 'function') return { event: id, action: 'allow', reasons: [], score: () => 1 }
    if (mood === 'waits') await new Promise((_, no) => deadline.signal.addEventListener('abort', () => no(new Error())))
    if (mood === 'mutates') {
      try { facts['app.id'] = 'other' } catch {}
      try { event.id = 'event-0' } catch {}
      return { event: event.id, action: 'allow', reasons: [{ code: String(facts['app.id']) }] }
    }
    if (mood === 'looks')
      return { event: id, action: 'allow', reasons: [{ code: String(Object.keys(process.env).length) }, { code: String(Object.keys(facts).join()) }] }
    console.log('secret'); console.error('secret')
    return { event: id, action: 'allow', reasons: [], band: String(threadId) }`,
    "import { threadId } from 'node:worker_threads'",
  )
  beforeAll(async () => {
    const plugin = await loadedFrom(files.listed(source))
    provider = plugin.open({ ...placeWith({ key: 'secret' }), memory })
    engine = guarded(provider, { facts: ['app.id'], settings: { least: 20 } })
    await well()
  })
  afterAll(async () => {
    await provider.close?.()
    files.remove()
  })
  const ask = (mood: string, ms = 5000) =>
    engine.assess(eventWith({ 'app.id': mood, 'subject.id': 'alice' }), ms)
  /** It answers; and the thread that it does so in. */
  const well = async () => {
    const { assessment } = await ask('well')
    expect(assessment?.action).toBe('allow')
    return assessment?.band
  }

  test.each([
    ['throws', 'Error'],
    ['ends', 'plugin_ended'],
    ['forgets', undefined],
    ['leaks', 'plugin_ended'],
    ['floods', 'answer: invalid_type'],
  ])('it %s: a failure, and the next is answered', async (mood, reason) => {
    const { failure, assessment } = await ask(mood, 10_000)
    if (reason === undefined) {
      // Its answer may have been there first; then its thread ends.
      expect(failure ?? assessment?.action).toMatch(/error|allow/)
      await rest(50)
    } else expect(engine.health().lastFailure?.reason).toBe(reason)
    await well()
  })
  test('it loops: nobody waits for it, its thread is ended, and the next is answered', async () => {
    const thread = await well()
    let ticks = 0
    const ticking = setInterval(() => {
      ticks += 1
    }, 10)
    const began = performance.now()
    expect((await ask('loops', 200)).failure).toBe('timeout')
    expect(performance.now() - began).toBeLessThan(20_000)
    clearInterval(ticking)
    // The bridge went on meanwhile.
    expect(ticks).toBeGreaterThan(0)
    // Whoever asks while it is ended has no answer; how soon that is over is the machine's.
    const other = async () => {
      const band = (await ask('well')).assessment?.band
      return band !== undefined && band !== thread
    }
    await expect.poll(other, { timeout: 20_000, interval: 200 }).toBe(true)
  })
  test('it waits: it is told to give up, and its thread goes on', async () => {
    const thread = await well()
    expect((await ask('waits', 100)).failure).toBe('timeout')
    await rest(300)
    expect(await well()).toBe(thread)
  })
  test('it changes what it is given: nothing is changed, for it and for others', async () => {
    const event = eventWith({ 'app.id': 'mutates' })
    const before = structuredClone(event)
    const { assessment } = await engine.assess(event, 5000)
    expect(assessment).toMatchObject({ event: before.id, reasons: [{ code: 'mutates' }] })
    expect(event).toEqual(before)
  })
  test('it looks around: an empty environment, and the facts that it may have', async () =>
    expect((await ask('looks')).assessment?.reasons).toEqual([{ code: '0' }, { code: 'app.id' }]))
  test('it ends as soon as it is open: it is not started for ever', async () => {
    const log = createKeptLog()
    const dying = await loadedFrom(files.listed(pluginSource('setTimeout(() => process.exit(), 30)')), log)
    const opened = dying.open(placeWith())
    const asking = guarded(opened)
    expect((await asking.assess(eventWith(), 5000)).failure).toBe('malformed')
    const ended = () => log.lines.some((line) => line.startsWith('risk.plugin_ended'))
    while (!ended()) await rest(20)
    await rest(1200)
    expect(log.lines.filter((line) => line.startsWith('risk.plugin_ended'))).toHaveLength(1)
    expect((await asking.assess(eventWith(), 5000)).failure).toBe('malformed')
    await opened.close?.()
  })
  test('in the process itself it cannot change what the next one sees either', async () => {
    const event = { ...eventWith({ 'app.id': 'phone' }), reference: { session: 'one' } }
    const vandal = guarded({
      assess: async (given) => {
        for (const part of [given, given.facts, given.reference ?? {}])
          expect(() => Object.assign(part, { 'app.id': 'other', session: 'two' })).toThrow(TypeError)
        return allowing(given.id)
      },
    })
    expect((await vandal.assess(event, 500)).failure).toBeUndefined()
    expect([event.facts['app.id'], event.reference.session]).toEqual(['phone', 'one'])
  })
})
