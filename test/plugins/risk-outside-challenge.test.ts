// A plugin in a thread runs challenges of its own: begun and judged there, and judged by form here like everybody's.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { riskFaults } from '../../src/flows/apply-risk.ts'
import type { ClosingGuard } from '../../src/plugins/risk/guard.ts'
import { judgedLine } from '../../src/ports/judged.ts'
import { RiskChallengeUnable, type RiskPlugin, type RiskProvider } from '../../src/ports/risk.ts'
import { alder } from '../journeys/parts.ts'
import { createPluginFolder, documentedPlugin, loadedFrom, pluginSource } from './risk-outside-rig.ts'
import { createKeptLog, eventWith, guarded, placeWith } from './risk-rig.ts'

const files = createPluginFolder()
const guards: ClosingGuard[] = []
afterAll(async () => {
  await Promise.all(guards.map((guard) => guard.close()))
  files.remove()
})

/** Opened in a thread, and guarded; what fails on purpose must not have the others refused. */
function opened(plugin: RiskPlugin, place = placeWith()): RiskProvider {
  const guard = guarded(plugin.open(place), { settings: { least: 20, window: 20 } })
  guards.push(guard)
  return guard.provider
}

/** Fails in as many ways as a plugin may. */
const source = `import { z } from 'zod'

class Unable extends Error {
  code = 'CHALLENGE_UNABLE'
}

export const riskPlugin = {
  type: 'codes', meaning: 'A plugin of the tests.', facts: ['subject.id'], challenges: ['code', 'questions'],
  settings: z.looseObject({}),
  open() {
    const open = new Map()
    return {
      assess: async ({ id }) => ({ event: id, action: 'step-up', reasons: [] }),
      async challenge({ facts }, kind, { signal }) {
        if (kind === 'questions') throw new Unable()
        const customer = facts['subject.id']
        if (customer === 'none') throw Object.assign(new Error('of bob'), { code: 'NO_SUCH_THING' })
        if (customer === 'slow') await new Promise((_, no) => signal.addEventListener('abort', () => no(new Error())))
        if (customer === 'odd') return { kind: 'code', code: '482913', reference: {}, more: true }
        const challenge = String(open.size + 1)
        open.set(challenge, '482913')
        return { kind, code: '482913', reference: { challenge } }
      },
      async authenticate(event, { reference, answers }) {
        try { answers.code = '482913' } catch {}
        return { state: open.get(reference.challenge) === answers.code ? 'passed' : 'failed' }
      },
    }
  },
}
`

describe('a plugin that says which challenges it runs', () => {
  let plugin: RiskPlugin
  let provider: RiskProvider
  const deadline = (ms = 5000) => ({ ms, signal: new AbortController().signal })
  const challenge = (subject: string, ms?: number) =>
    provider.challenge?.(eventWith({ 'subject.id': subject }), 'code', deadline(ms))
  const answers = (reference: Record<string, string>, code: string) =>
    provider.authenticate?.(eventWith(), { reference, answers: { code } }, deadline())

  beforeAll(async () => {
    plugin = await loadedFrom(files.listed(source))
    provider = opened(plugin)
  })

  test('is offered for these, and for no other', async () => {
    expect(plugin.challenges?.({})).toEqual(['code', 'questions'])
    const faults = async (...kinds: string[]) => {
      const entry = { id: 'one', type: 'codes', settings: {}, challenge: kinds }
      const risk = { providers: [entry], events: {}, budgetMs: 800, stepUp: 'urn:drawbridge:acr:device-pin' }
      const set = { institution: { ...alder, risk }, relyingParties: [], connections: [], cores: [] }
      return (await riskFaults({ riskPlugins: async () => [plugin] }, set as never)).map(judgedLine)
    }
    expect(await faults('code')).toEqual([])
    expect(await faults('out-of-band')).toEqual([
      'alder: risk provider one: challenge: with these settings it runs code, questions, and not out-of-band',
    ])
  })

  test('begins one and judges the answers; what it is given is frozen', async () => {
    const begun = await challenge('alice')
    expect(begun).toEqual({ kind: 'code', code: '482913', reference: { challenge: '1' } })
    const reference = begun?.reference ?? {}
    expect(await answers(reference, '111111')).toEqual({ state: 'failed' })
    expect(await answers(reference, '482913')).toEqual({ state: 'passed' })
  })

  test('has none of this kind for this customer: the next kind is tried', async () => {
    await expect(provider.challenge?.(eventWith(), 'questions', deadline())).rejects.toBeInstanceOf(
      RiskChallengeUnable,
    )
  })

  test('fails in other ways, which are its failures and nothing more', async () => {
    await expect(challenge('none')).rejects.toMatchObject({ code: 'NO_SUCH_THING', message: 'NO_SUCH_THING' })
    await expect(challenge('odd')).rejects.toMatchObject({ name: 'RiskAnswerMalformed' })
    await expect(challenge('slow', 300)).rejects.toThrow()
    // The thread goes on.
    expect(await challenge('alice')).toMatchObject({ code: '482913' })
  })

  test('a thread that loops is ended at the deadline, and the next is asked of a new one', async () => {
    const looping = source.replace(
      'const challenge = String(',
      "if (customer === 'loop') for (;;);\n        const challenge = String(",
    )
    const other = opened(await loadedFrom(files.listed(looping)))
    const ask = (subject: string, ms: number) =>
      other.challenge?.(eventWith({ 'subject.id': subject }), 'code', deadline(ms))
    // It has begun by then: what is late is the loop.
    expect(await ask('alice', 20_000)).toMatchObject({ code: '482913' })
    await expect(ask('loop', 300)).rejects.toThrow()
    await expect
      .poll(() => ask('alice', 5000)?.catch(() => undefined), { timeout: 20_000 })
      .toMatchObject({
        code: '482913',
      })
  })
})

test('the one of docs/plugins-in-process.md sends a code, and knows it again in another thread', async () => {
  const plugin = await loadedFrom(files.listed(documentedPlugin('challenges')))
  const place = placeWith()
  const [one, other] = [opened(plugin, place), opened(plugin, place)]
  const deadline = { ms: 5000, signal: new AbortController().signal }
  const begun = await one.challenge?.(eventWith(), 'code', deadline)
  expect(begun).toMatchObject({ kind: 'code', code: expect.stringMatching(/^\d{6}$/) })
  const { code, reference } = begun as { code: string; reference: Record<string, string> }
  const judge = (typed: string) =>
    other.authenticate?.(eventWith(), { reference, answers: { code: typed } }, deadline)
  expect(await judge(code === '000000' ? '111111' : '000000')).toEqual({ state: 'failed' })
  expect(await judge(code)).toEqual({ state: 'passed' })
})

test('a plugin that says nothing of challenges runs none', async () => {
  const plugin = await loadedFrom(
    files.listed(pluginSource("return { event: id, action: 'allow', reasons: [] }")),
  )
  const provider = plugin.open(placeWith())
  expect([plugin.challenges, provider.challenge, provider.authenticate]).toEqual(Array(3).fill(undefined))
  await provider.close?.()
})

test.each(["['codes']", "'code'", "['code', 'code', 'code', 'code']"])(
  'challenges that there are not are refused when it is loaded: %s',
  async (challenges) => {
    const odd = source.replace("['code', 'questions']", challenges)
    await expect(loadedFrom(files.listed(odd), createKeptLog())).rejects.toThrow('challenges cannot be used')
  },
)

test('one that says that it runs some and has no such member has none for anybody', async () => {
  const bare = pluginSource("return { event: id, action: 'allow', reasons: [] }").replace(
    'meaning:',
    "challenges: ['code'], meaning:",
  )
  const provider = opened(await loadedFrom(files.listed(bare)))
  const deadline = { ms: 5000, signal: new AbortController().signal }
  await expect(provider.challenge?.(eventWith(), 'code', deadline)).rejects.toBeInstanceOf(
    RiskChallengeUnable,
  )
})
