// Our provider for AA-compatible engines, opened over a real guarded fetch against an engine that listens.
import type { Institution } from '../../src/domain/institution.ts'
import type { RiskEvent, RiskEventKind, RiskFacts } from '../../src/domain/risk-event.ts'
import { createGuardedFetch } from '../../src/plugins/net/guarded-fetch.ts'
import { rsaAdaptiveAuthentication } from '../../src/plugins/risk/rsa.ts'
import type { RiskDeadline, RiskMemory, RiskProvider } from '../../src/ports/risk.ts'
import { rsaCaller } from '../demo/risk-rsa-rig.ts'

const institution: Institution = {
  ...{ id: 'alder', name: 'Alder Bank', host: undefined, accent: '#123456', language: 'en', help: undefined },
  ...{ stepUpOver: {}, pin: { length: 6, attempts: 5, lockSeconds: 900 }, devicesPerSubject: 5 },
}

const fetch = createGuardedFetch({
  allowedNetworks: ['127.0.0.0/8'],
  timeoutMs: 20_000,
  maxBytes: 4 * 1024 * 1024,
})

const noMemory: RiskMemory = { get: async () => undefined, put: async () => undefined, count: async () => 1 }

/** Opens the provider as an institution's entry would. */
export function openRsa(url: string, settings: Readonly<Record<string, unknown>> = {}): RiskProvider {
  const plugin = rsaAdaptiveAuthentication({ fetch, keys: { secret: () => new Uint8Array(32) } })
  const whole = {
    ...{ url, callerId: rsaCaller.id, callerCredential: rsaCaller.credential, orgName: 'alder' },
    ...settings,
  }
  plugin.check(whole)
  return plugin.open({ institution, provider: 'engine', settings: whole, memory: noMemory, now: Date.now })
}

export const within = (ms = 20_000): RiskDeadline => ({ signal: AbortSignal.timeout(ms), ms })

let made = 0

/** An event of a customer; `more` goes on with what the engine said before. */
export function eventOf<K extends RiskEventKind>(
  kind: K,
  user: string,
  { facts = {}, ...more }: Partial<Pick<RiskEvent, 'facts' | 'deviceToken' | 'reference'>> = {},
): RiskEvent<K> {
  made += 1
  const all: RiskFacts = {
    'subject.id': user,
    'device.id': 'device-1',
    'network.address': '198.51.100.7',
    'client.userAgent': 'Alder/1.0',
    ...facts,
  }
  return { id: `event-${made}`, kind, institution: 'alder', at: Date.now(), facts: all, ...more }
}
