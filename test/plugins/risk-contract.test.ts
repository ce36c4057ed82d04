// The contract of risk providers on those that there are, on the one that RISK_PLUGIN names, and shown to catch those that break it.
import { readFileSync } from 'node:fs'
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import type { RiskEvent } from '../../src/domain/risk-event.ts'
import type { RiskProvider } from '../../src/ports/risk.ts'
import { type ContractEngine, contractChecks, riskProviderContract, unspoilt } from './risk-contract.ts'
import { httpProvider, startEngine } from './risk-http-engine.ts'
import { createPluginFolder, documentedPlugin, loadedFrom, sha256 } from './risk-outside-rig.ts'
import { allowing, placeWith } from './risk-rig.ts'

const facts = { 'app.id': 'phone', 'subject.id': 'alice', 'network.country': 'EE' } as const

const files = createPluginFolder()
afterAll(() => files.remove())

riskProviderContract('an engine over HTTP', async () => {
  const engine = await startEngine()
  return {
    provider: httpProvider(engine.url),
    facts,
    shared: ['app.id', 'subject.id'],
    hang: () => engine.be('hang'),
    garble: () => engine.be('garbage'),
    heard: () => engine.heard.join('\n'),
    remove: () => engine.stop(),
  }
})

riskProviderContract(
  'the plugin of the documents, in its thread',
  async () => {
    const plugin = await loadedFrom(files.listed(documentedPlugin()))
    return { provider: plugin.open(placeWith()), facts, shared: plugin.facts }
  },
  unspoilt,
)

// A plugin of your own: see docs/plugins-in-process.md.
const own = process.env.RISK_PLUGIN
if (own !== undefined)
  riskProviderContract(
    own,
    async () => {
      const plugin = await loadedFrom({ file: own, sha256: sha256(readFileSync(own)) })
      const settings = JSON.parse(process.env.RISK_SETTINGS ?? '{}')
      await plugin.check(settings)
      const said = JSON.parse(process.env.RISK_FACTS ?? '{}')
      return {
        provider: plugin.open(placeWith(settings)),
        facts: { ...facts, ...said },
        shared: plugin.facts,
      }
    },
    unspoilt,
  )

describe('the contract catches', () => {
  const good: RiskProvider = { assess: async ({ id }) => allowing(id) }
  let turn = 0
  const cases: readonly (readonly [string, Partial<ContractEngine> & { readonly provider: RiskProvider }])[] =
    [
      ['answers, and names the event', { provider: { assess: async () => allowing('event-of-another') } }],
      [
        'answers in the same form each time',
        { provider: { assess: async ({ id }) => allowing(id, turn++ % 2 === 0 ? { band: 'low' } : {}) } },
      ],
      [
        'answers many at once, each its own',
        { provider: { assess: async ({ id }) => allowing(id === `event-${++turn}` ? id : 'event-0') } },
      ],
      [
        'needs no fact that it is not given, and passes none on',
        { provider: good, heard: () => 'unshared transaction.creditorName 1c7f' },
      ],
      [
        'answers or fails where nothing is known, and neither hangs nor lies',
        {
          provider: { assess: async ({ id, facts: { 'app.id': app } }) => allowing(id, { band: app ?? '' }) },
        },
      ],
      [
        'changes nothing of what it is given',
        {
          provider: {
            assess: async (event) => {
              ;(event as { at: number }).at = 0
              return allowing(event.id)
            },
          },
        },
      ],
      [
        'does not start what is over',
        { provider: { assess: () => new Promise(() => undefined) }, slackMs: 100 },
      ],
      [
        'can be told the same outcome twice, and goes on',
        {
          provider: {
            ...good,
            report: ({ id }: RiskEvent) => (`${turn}` === id ? Promise.reject(new Error('twice')) : told(id)),
          },
        },
      ],
      [
        'keeps its deadline, and gives up when it is told to',
        {
          provider: { assess: async ({ id }) => rest(300, allowing(id), { ref: false }) },
          hang: () => undefined,
        },
      ],
      ['rejects nonsense rather than make something of it', { provider: good, garble: () => undefined }],
      [
        'ends, and does not hang afterwards',
        { provider: { ...good, close: () => Promise.reject(new Error()) } },
      ],
    ]
  const told = async (id: string) => {
    turn = id as never
  }
  test.each(cases)('who breaks: %s', async (name, engine) => {
    turn = 0
    const one = contractChecks.find((check) => check.name === name)
    if (one === undefined) throw new Error('no such check')
    await expect(one.check({ facts, shared: ['app.id'], ...engine })).rejects.toThrow()
  })
  test('each has one who breaks it', () =>
    expect(cases.map(([name]) => name)).toEqual(contractChecks.map(({ name }) => name)))
})
