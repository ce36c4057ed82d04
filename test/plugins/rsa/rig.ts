// What tests of the RSA provider are made with: a provider over the real guarded fetch, and events to ask it about.
import type http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RiskEvent, RiskEventKind, RiskFacts } from '../../../src/domain/risk-event.ts'
import { createGuardedFetch } from '../../../src/plugins/net/guarded-fetch.ts'
import { rsaAdaptiveAuthentication } from '../../../src/plugins/risk/rsa.ts'
import type { RiskDeadline, RiskPlace, RiskProvider } from '../../../src/ports/risk.ts'
import { validate, withDocument } from '../../../src/xml/document.ts'
import { NS } from '../../../src/xml/names.ts'
import type { RsaDialect } from '../../../src/xml/rsa/shapes.ts'
import { canonicalTree, elements, parseTree, type Tree } from '../../../src/xml/tree.ts'

export const portOf = (server: http.Server): number => (server.address() as AddressInfo).port

const fetch = createGuardedFetch({
  allowedNetworks: ['127.0.0.0/8'],
  timeoutMs: 20_000,
  maxBytes: 3 * 1024 * 1024,
})

export const plugin = rsaAdaptiveAuthentication({
  fetch,
  keys: { secret: () => new Uint8Array(32) },
})

/** When everything happens. */
export const now = Date.parse('2026-11-23T22:00:00.000Z')

export function openRsa(settings: Readonly<Record<string, unknown>>): RiskProvider {
  plugin.check(settings)
  return plugin.open({ provider: 'aa', settings, now: () => now } as unknown as RiskPlace)
}

export const inTime = (ms = 20_000): RiskDeadline => ({ signal: AbortSignal.timeout(ms), ms })

export const everyFact: RiskFacts = {
  'subject.id': 'customer-1',
  'subject.username': 'ann',
  'device.id': 'device-1',
  'device.ageDays': 412,
  'device.present': true,
  'network.address': '198.51.100.7',
  'client.userAgent': 'Mozilla/5.0 "<phone>" & more',
  'client.language': 'en-US',
  'client.accept': 'text/html',
  'client.latitude': 59.4,
  'client.longitude': 24.7,
  'client.collected': 'app',
  'client.screenWidth': 390,
  'client.screenHeight': 844,
  'client.colorDepth': 24,
  'client.utcOffset': 330,
  'client.languages': 'en-US,es',
  'client.platform': 'iOS',
  'client.platformVersion': '19.1',
  'client.model': 'iPhone17,3',
  'transaction.type': 'payment_initiation',
  'transaction.amount': '2500.01',
  'transaction.minor': '250001',
  'transaction.currency': 'USD',
  'transaction.debtorAccount': 'token-debit',
  'transaction.creditorAccount': 'token-credit',
  'transaction.creditorName': 'Jane <Payee>',
  'result.of': 'event-0',
  'result.outcome': 'approved',
  'result.method': 'pin',
  'result.attempts': 2,
}

export const eventOf = <K extends RiskEventKind>(
  kind: K,
  facts: RiskFacts = { 'subject.id': 'customer-1', 'network.address': '198.51.100.7' },
  more: Pick<RiskEvent, 'deviceToken' | 'reference'> = {},
): RiskEvent<K> => ({ id: 'event-1', kind, institution: 'alder', at: now, facts, ...more })

const operationIn = (envelope: string): Tree => {
  const { root } = parseTree(envelope)
  return elements(elements(root, NS.soap11, 'Body')[0] as Tree)[0] as Tree
}

/** Throws where what stands in the Body does not keep the schema of its dialect. */
export const checkBySchema = (envelope: string, dialect: RsaDialect): void =>
  withDocument(canonicalTree(operationIn(envelope)), (_, document) =>
    validate(document, dialect === '7.x' ? 'rsa-7' : 'rsa-6'),
  )
