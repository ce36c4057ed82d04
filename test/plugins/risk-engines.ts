// The demo's HTTP engines on a port of their own, and providers opened from the worked examples to ask them.
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Router from '@koa/router'
import Koa from 'koa'
import { parse } from 'yaml'
import { createRiskDial } from '../../src/demo/risk-dial.ts'
import { riskHttpRoutes } from '../../src/demo/risk-http.ts'
import type { Institution } from '../../src/domain/institution.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import {
  type RiskEvent,
  type RiskFact,
  type RiskFacts,
  riskFacts,
  sharedWith,
} from '../../src/domain/risk-event.ts'
import { createGuardedFetch } from '../../src/plugins/net/guarded-fetch.ts'
import {
  RiskAnswerMalformed,
  type RiskDeadline,
  type RiskPlace,
  type RiskPlugin,
} from '../../src/ports/risk.ts'

const institution: Institution = {
  ...{ id: 'alder', name: 'Alder Bank', host: undefined, accent: '#123456', language: 'en', help: undefined },
  ...{ stepUpOver: {}, pin: { length: 6, attempts: 5, lockSeconds: 900 }, devicesPerSubject: 5 },
}

export const openFetch = createGuardedFetch({
  ...{ allowedNetworks: ['127.0.0.0/8'], timeoutMs: 20_000, maxBytes: 1024 * 1024 },
})

export async function listening(server: Server): Promise<{ url: string; stop(): void }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}

export const serving = async (handler: RequestListener) => {
  const { url, stop } = await listening(createServer(handler))
  return { url: `http://${url}`, stop }
}

export async function startEngines() {
  const dial = createRiskDial()
  const app = new Koa()
  app.on('error', () => undefined)
  const router = new Router()
  const engines = riskHttpRoutes(router, dial)
  app.use(router.routes())
  return { dial, ...engines, ...(await serving(app.callback())) }
}

export interface Example {
  readonly id: string
  readonly type: string
  readonly facts: readonly RiskFact[]
  readonly settings: Readonly<Record<string, unknown>>
}

/** As the command line reads a file: the first level of names is camelCased, a secret is there. */
export function exampleOf(name: string): Example {
  const path = join(import.meta.dirname, '../../config/risk', `${name}.yaml`)
  const { settings, ...rest } = parse(readFileSync(path, 'utf8'))
  return { ...rest, settings: camelled({ ...settings, api_key: `${name}-key` }) }
}

export const camelled = (settings: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  )

/** Every fact there is, each with a value that is found again wherever it leaks to. */
const allFacts = Object.fromEntries(
  Object.entries(riskFacts).map(([name, { type }], i) => [
    name,
    type === 'text' ? `only-${name}` : type === 'number' ? 7_000_000 + i : true,
  ]),
) as RiskFacts

export const facts: RiskFacts = {
  ...allFacts,
  ...{ 'transaction.amount': '250.00', 'transaction.minor': '25000', 'transaction.currency': 'EUR' },
  ...{ 'history.sumDay': '70001', 'history.largest': '70002', 'network.address': '203.0.113.7' },
}

export const signIn: RiskEvent<'sign-in'> = {
  ...{ id: 'event-1', kind: 'sign-in', institution: 'alder', at: 1_790_000_000_000 },
  facts: Object.fromEntries(Object.entries(facts).filter(([name]) => !/^(transaction|result)\./.test(name))),
}
export const payment: RiskEvent<'payment'> = { ...signIn, kind: 'payment', facts }

export const seen = <K extends RiskEvent['kind']>(event: RiskEvent<K>, allowed: readonly RiskFact[]) =>
  sharedWith(event, allowed)

export const within = (ms: number): RiskDeadline => ({ ms, signal: AbortSignal.timeout(ms) })

export function opened(plugin: RiskPlugin, settings: Readonly<Record<string, unknown>>, now = Date.now) {
  plugin.check(settings)
  const memory = { get: async () => undefined, put: async () => undefined, count: async () => 1 }
  const place: RiskPlace = { institution, provider: 'engine', settings, memory, now }
  return plugin.open(place)
}

/** What became of asking, in a word: the action, `malformed`, `late`, or the error's own. */
export async function outcome(asked: Promise<{ action?: string } | undefined>): Promise<string> {
  try {
    return (await asked)?.action ?? 'done'
  } catch (error) {
    if (error instanceof RiskAnswerMalformed) return 'malformed'
    if (!(error instanceof Refusal)) return String((error as Error).message)
    const { check, reason, actual } = error.detail
    return check === 'time' ? 'late' : `${check} ${reason ?? actual}`
  }
}
