// `npm run bench -- risk-faults`: experiment F11. A real engine hangs, fails half the time or talks nonsense under steady load.
import { setTimeout as rest } from 'node:timers/promises'
import { type RiskAnswer, type RiskEventPolicy, type RiskVerdict, verdictOf } from '../../src/domain/risk.ts'
import type { RiskEvent } from '../../src/domain/risk-event.ts'
import { guardRiskProvider } from '../../src/plugins/risk/guard.ts'
import type { GuardedProvider } from '../../src/ports/risk.ts'
import { type EngineMode, fraud, httpProvider, startEngine } from '../plugins/risk-http-engine.ts'
import type { Result } from './result.ts'

const budgetMs = 800
const perSecond = 50
const faultSeconds = Number(process.env.BENCH_SECONDS ?? 12)
/** An engine that is well again is asked again within a minute. */
const healingSeconds = 75
const faults = ['hang', 'half', 'garbage', 'foreign', 'down'] as const satisfies readonly EngineMode[]

const ask = ['engine', 'own', 'list'].map((provider) => ({ provider, weight: 1, optional: false }))
const kinds = {
  'sign-in': { ask, combine: 'strictest', onFailure: 'step-up', bands: {} },
  payment: { ask, combine: 'strictest', onFailure: 'deny', bands: {} },
} as const satisfies Readonly<Record<string, RiskEventPolicy>>

interface Decision {
  readonly verdict: RiskVerdict
  readonly engine: RiskAnswer
  readonly isFraud: boolean
  readonly ms: number
}

/** Experiment F11. Ends the process with status 1 where anything was allowed that must not be. */
export async function riskFaults(): Promise<Result[]> {
  const results: Result[] = []
  let wrong = 0
  for (const fault of faults) {
    const run = await under(fault)
    results.push(...run.results)
    wrong += run.wrong
  }
  if (wrong > 0) process.exitCode = 1
  return [...results, { name: 'risk_faults.wrong_allows', value: wrong, unit: 'decisions; must be 0' }]
}

async function under(fault: EngineMode) {
  const server = await startEngine()
  const breaker = watchedBreaker()
  const providers = [
    guarded('engine', httpProvider(server.url), breaker.log),
    ...['own', 'list'].map((id) => guarded(id, { assess: async (event) => instant(event.id) }, breaker.log)),
  ]
  const steady = async (seconds: number, until: () => boolean = () => false) =>
    load(providers, seconds, until)
  // What is run for the first time is slow, and no fault of the engine's.
  await steady(1)
  const before = await steady(3)
  server.be(fault)
  const during = await steady(faultSeconds)
  server.be('good')
  const well = performance.now()
  const after = await steady(healingSeconds, () => providers[0]?.health().breaker === 'closed')
  const healedMs = Math.round(performance.now() - well)
  await Promise.all(providers.map((provider) => provider.close()))
  await server.stop()
  const all = [...before, ...during, ...after]
  return {
    wrong: all.filter(isWrong).length,
    results: figures(`risk_faults.${fault}`, { before, during, all, openMs: breaker.openMs(), healedMs }),
  }
}

const instant = (event: string) => ({ event, action: 'allow', score: 0, reasons: [] }) as const

const guarded = (
  id: string,
  provider: GuardedProvider['provider'],
  log: ReturnType<typeof watchedBreaker>['log'],
) =>
  guardRiskProvider({
    ...{ institution: 'alder', id, type: 'bench', provider, log, now: Date.now },
    facts: ['transaction.type'],
  })

/** How long the breaker of the engine was not closed. */
function watchedBreaker() {
  let since: number | undefined
  let openMs = 0
  const told = (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
    if (event !== 'risk.breaker') return
    if (fields.state === 'open') since ??= performance.now()
    if (fields.state !== 'closed' || since === undefined) return
    openMs += performance.now() - since
    since = undefined
  }
  const log = { info: told, warn: told, error: told }
  return { log, openMs: () => Math.round(openMs + (since === undefined ? 0 : performance.now() - since)) }
}

let last = 0

async function decided(providers: readonly GuardedProvider[]): Promise<Decision> {
  last += 1
  const kind = last % 2 === 0 ? 'payment' : 'sign-in'
  const isFraud = last % 5 === 0
  const event: RiskEvent<typeof kind> = {
    ...{ id: `event-${last}`, kind, institution: 'alder', at: Date.now() },
    facts: { 'transaction.type': isFraud ? fraud : 'payment_initiation' },
  }
  const began = performance.now()
  const answers = await Promise.all(providers.map((provider) => provider.assess(event, budgetMs)))
  const verdict = verdictOf(kinds[kind], { id: event.id, kind, answers })
  return { verdict, engine: answers[0] as RiskAnswer, isFraud, ms: performance.now() - began }
}

/** Events at a steady pace, whatever becomes of those before. */
async function load(
  providers: readonly GuardedProvider[],
  seconds: number,
  until: () => boolean,
): Promise<Decision[]> {
  const open: Promise<Decision>[] = []
  const end = performance.now() + seconds * 1000
  do {
    open.push(decided(providers))
    await rest(1000 / perSecond)
  } while (performance.now() < end && !until())
  return Promise.all(open)
}

/** Allowed, though the engine would have denied it, or said nothing that counts. */
const isWrong = ({ verdict, engine, isFraud }: Decision): boolean =>
  verdict.action === 'allow' && (isFraud || engine.failure !== undefined)

interface Figures {
  readonly before: readonly Decision[]
  readonly during: readonly Decision[]
  readonly all: readonly Decision[]
  readonly openMs: number
  readonly healedMs: number
}

function p99(decisions: readonly Decision[]): number {
  const sorted = decisions.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0)
}

function figures(name: string, { before, during, all, openMs, healedMs }: Figures): Result[] {
  const failed = during.filter(({ engine }) => engine.failure !== undefined)
  const counted = (what: string, of: (decision: Decision) => string) =>
    [...Map.groupBy(failed, of)].map(([value, { length }]) => ({
      ...{ name: `${name}.${what}.${value}`, value: length, unit: 'decisions' },
    }))
  return [
    { name: `${name}.added_p99_ms`, value: p99(during) - p99(before), unit: 'ms; at most 800' },
    { name: `${name}.longest_ms`, value: Math.round(Math.max(...during.map(({ ms }) => ms))), unit: 'ms' },
    { name: `${name}.decisions`, value: during.length, unit: 'decisions under the fault' },
    { name: `${name}.answered`, value: during.length - failed.length, unit: 'decisions' },
    ...counted('fallback', ({ verdict }) => verdict.action),
    ...counted('failure', ({ engine }) => engine.failure ?? ''),
    { name: `${name}.breaker_open_ms`, value: openMs, unit: 'ms in all' },
    { name: `${name}.healed_ms`, value: healedMs, unit: 'ms from the engine being well to being asked' },
    { name: `${name}.wrong_allows`, value: all.filter(isWrong).length, unit: 'decisions; must be 0' },
  ]
}
