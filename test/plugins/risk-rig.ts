// What tests of risk engines share: events, answers, a place to open them in, a log that is kept.
import type { Assessment } from '../../src/domain/risk.ts'
import { type RiskEvent, type RiskFact, type RiskFacts, riskFactNames } from '../../src/domain/risk-event.ts'
import { type GuardSettings, guardRiskProvider } from '../../src/plugins/risk/guard.ts'
import type { Log } from '../../src/ports/log.ts'
import type { RiskMemory, RiskPlace, RiskProvider } from '../../src/ports/risk.ts'
import { alder } from '../journeys/parts.ts'

let last = 0

export const eventWith = (facts: RiskFacts = {}): RiskEvent<'sign-in'> => ({
  id: `event-${++last}`,
  kind: 'sign-in',
  institution: 'alder',
  at: Date.parse('2026-11-26T12:00:00Z'),
  facts,
})

export const allowing = (event: string, more: Partial<Assessment> = {}): Assessment => ({
  ...{ event, action: 'allow', score: 10, reasons: [] },
  ...more,
})

export function createMemory(): RiskMemory & { readonly rows: Map<string, string> } {
  const rows = new Map<string, string>()
  return {
    rows,
    get: async (key) => rows.get(key),
    put: async (key, value) => void rows.set(key, value),
  }
}

export const placeWith = (settings: Readonly<Record<string, unknown>> = {}): RiskPlace => ({
  ...{ institution: alder, provider: 'engine', settings, memory: createMemory(), now: Date.now },
})

export interface KeptLog extends Log {
  readonly lines: string[]
}

export function createKeptLog(): KeptLog {
  const lines: string[] = []
  const line = (event: string, fields?: object) => void lines.push(`${event} ${JSON.stringify(fields ?? {})}`)
  return { lines, info: line, warn: line, error: line }
}

export interface GuardedOptions {
  readonly facts?: readonly RiskFact[]
  readonly settings?: Partial<GuardSettings>
  readonly log?: Log
}

/** The engine as it is asked in earnest. */
export const guarded = (provider: RiskProvider, options: GuardedOptions = {}) =>
  guardRiskProvider({
    ...{ institution: 'alder', id: 'engine', type: 'test', provider, now: Date.now },
    facts: options.facts ?? riskFactNames,
    log: options.log ?? createKeptLog(),
    settings: options.settings,
  })
