// `npm run bench -- risk`: what guarding and combining costs a decision, with three providers that answer at once.
import { type RiskEventPolicy, verdictOf } from '../../src/domain/risk.ts'
import type { RiskEvent } from '../../src/domain/risk-event.ts'
import { guardRiskProvider } from '../../src/plugins/risk/guard.ts'
import type { Result } from './result.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const names = ['own', 'bought', 'list']
const facts = ['subject.id', 'device.id', 'network.country', 'transaction.minor'] as const

const providers = names.map((id) =>
  guardRiskProvider({
    ...{ institution: 'alder', id, type: 'instant', facts, now: Date.now, log: quiet },
    provider: {
      assess: async (event) => ({
        ...{ event: event.id, action: 'allow', score: 120, band: 'low' },
        reasons: [{ code: 'known_device', text: 'Seen before' }],
        reference: { session: 'f3b1', transaction: '77' },
      }),
    },
  }),
)

const policy: RiskEventPolicy = {
  ask: names.map((provider, i) => ({ provider, weight: i + 1, optional: i === 2 })),
  ...{ combine: 'weighted', onFailure: 'step-up', bands: { 'step-up': 500, deny: 900 } },
}

const seconds = Number(process.env.BENCH_SECONDS ?? 8)
const workers = 8

/** Each decision waits for a turn of the event loop first, as one that came over the network does. */
export async function riskBench(): Promise<Result[]> {
  // What was never run is compiled first, and that is no part of it.
  for (let i = 0; i < 2000; i++) await one(i)
  const times: number[] = []
  const began = performance.now()
  const end = began + seconds * 1000
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (performance.now() < end) {
        await new Promise((resolve) => setImmediate(resolve))
        const started = performance.now()
        await one(times.length)
        times.push(performance.now() - started)
      }
    }),
  )
  const elapsed = (performance.now() - began) / 1000
  times.sort((a, b) => a - b)
  const at = (part: number) => Math.round((times[Math.floor(times.length * part)] ?? 0) * 1000) / 1000
  return [
    { name: 'risk.per_s', value: Math.round(times.length / elapsed), unit: '1/s, three providers each' },
    { name: 'risk.overhead.p50_ms', value: at(0.5), unit: 'ms' },
    { name: 'risk.overhead.p99_ms', value: at(0.99), unit: 'ms' },
  ]
}

async function one(i: number): Promise<void> {
  const event: RiskEvent<'payment'> = {
    ...{ id: `event-${i}`, kind: 'payment', institution: 'alder', at: Date.now() },
    facts: { 'subject.id': 'alice', 'device.id': 'd', 'network.country': 'EE', 'transaction.minor': '2500' },
  }
  const answers = await Promise.all(providers.map((provider) => provider.assess(event, 800)))
  const { action } = verdictOf(policy, { id: event.id, kind: event.kind, answers })
  if (action !== 'allow') throw new Error(`an instant provider failed: ${action}`)
}
