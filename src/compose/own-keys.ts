// Our own keys of connections put together: their flows, their schedule, and the warnings of what ends.
import { daysUntil } from '../domain/expiry.ts'
import type { RenewalPolicy } from '../domain/own-key.ts'
import { connectionExpiries, createExpiryFlows, metadataExpiries, ownKeyExpiries } from '../flows/expiries.ts'
import { createKeyCertificates } from '../flows/key-certificates.ts'
import { createOwnKeyFlows } from '../flows/own-keys.ts'
import type { ConnectorPlugin } from '../ports/connector.ts'
import { startBackground } from './background.ts'
import type { Foundation, Stores } from './foundation.ts'

const hourMs = 3600_000
const dayMs = 24 * hourMs

function policyOf({ config }: Foundation): RenewalPolicy {
  const { prepareDays, promoteDays, publishedHours, overlapDays } = config.keys.renewal
  return {
    prepareBefore: prepareDays * dayMs,
    promoteBefore: promoteDays * dayMs,
    published: publishedHours * hourMs,
    overlap: overlapDays * dayMs,
  }
}

/** For the public app, the schedule and the commands; `plugins` need not be able to open anything. */
export function createKeyFlows(base: Foundation, stores: Stores, plugins: readonly ConnectorPlugin[]) {
  const ports = { ...base, ...stores, plugins, renewal: policyOf(base) }
  return { ...createOwnKeyFlows(ports), ...createKeyCertificates(ports) }
}

export function createExpiries(base: Foundation, stores: Stores, plugins: readonly ConnectorPlugin[]) {
  const { directory, ownKeyStore, metadataStates } = stores
  const own = ownKeyExpiries(ownKeyStore, directory)
  const metadata = metadataExpiries(metadataStates, base.clock)
  const sources = [connectionExpiries({ directory, plugins }), own, metadata]
  return createExpiryFlows({ ...base, ...stores, sources })
}

const everyMs = 60_000

export interface KeepingFresh {
  readonly keyFlows: ReturnType<typeof createKeyFlows>
  readonly expiries: ReturnType<typeof createExpiries>
}

/** Each node looks once a minute; what is due is done by one of them. */
export function startRenewal(
  base: Foundation,
  stores: Stores,
  flows: KeepingFresh,
): { stop(): Promise<void> } {
  const pass = () => renewalPass(base, stores, flows)
  return startBackground({ name: 'renewal', everyMs, pass }, base.log)
}

/** Renews, warns, and says in the metrics how long things last. An institution that fails does not stop the others. */
export async function renewalPass(
  { log, metrics, clock }: Foundation,
  { directory }: Stores,
  { keyFlows, expiries }: KeepingFresh,
): Promise<void> {
  const series: { labels: Record<string, string>; value: number }[] = []
  for (const { id: institution } of await directory.institutions()) {
    try {
      for (const step of await keyFlows.renew(institution))
        log.info('keys.renewed', { institution, step: step.step })
      await expiries.warn(institution)
      for (const { connection, kind, at } of await expiries.list(institution))
        series.push({ labels: { institution, connection, kind }, value: daysUntil(at, clock.now()) })
    } catch (error) {
      log.error('renewal.failed', { institution, error: String(error) })
    }
  }
  metrics.levels('drawbridge_expiry_days', series)
}
