// Nodes over one database that renew the keys of one institution's connections; the clock is set by hand.
import type { AuditEvent } from '../../src/domain/audit.ts'
import type { Connection } from '../../src/domain/institution.ts'
import type { OwnKeyPurpose } from '../../src/domain/own-key.ts'
import { connectionExpiries, createExpiryFlows, ownKeyExpiries } from '../../src/flows/expiries.ts'
import { createKeyCertificates } from '../../src/flows/key-certificates.ts'
import { createOwnKeyFlows } from '../../src/flows/own-keys.ts'
import { oidcConnector } from '../../src/plugins/connectors/oidc.ts'
import { samlConnector } from '../../src/plugins/connectors/saml.ts'
import { createLocalOwnKeys } from '../../src/plugins/keys/own.ts'
import { createFieldSeal } from '../../src/plugins/keys/seal.ts'
import type { ExpirySource } from '../../src/ports/expiries.ts'
import { createAuditWriter } from '../../src/storage/audit-writer.ts'
import { createOwnKeyStore, createSealedOwnKeys } from '../../src/storage/connection-keys.ts'
import { createExpiryWarnings } from '../../src/storage/expiry-warnings.ts'
import type { Database } from '../../src/storage/open.ts'
import { createUnits } from '../../src/storage/unit-of-work.ts'
import { everything, id, master } from '../storage/rig.ts'

export const day = 24 * 3600_000
export const start = Date.parse('2026-11-24T12:00:00Z')
export const renewal = { prepareBefore: 30 * day, promoteBefore: 10 * day, published: day, overlap: 7 * day }
export const actor = { by: 'administrator:ann', why: '' }

/** A connection as far as its keys and its ends go. */
export const connection = (
  institution: string,
  name: string,
  change: Partial<Pick<Connection, 'type' | 'settings' | 'state' | 'learned'>> = {},
): Connection => ({
  institution,
  id: name,
  name,
  type: 'saml',
  state: 'active',
  version: 1,
  settings: {},
  claims: {},
  ...change,
})

export function keyRig(
  database: Database,
  connections: readonly Connection[],
  more: readonly ExpirySource[] = [],
) {
  const [first] = connections
  const institution = first?.institution ?? ''
  const clock = { time: start, now: () => clock.time }
  const directory = { connections: async () => connections }
  const plugins = [samlConnector({ clock } as never), oidcConnector({ clock } as never)]
  /** What one process has: caches of its own over the one database. */
  const node = () => {
    const events = writer(clock)
    const units = createUnits({ database, events })
    const sealed = createSealedOwnKeys(database, events)
    const ownKeys = createLocalOwnKeys({ master, sealed, clock, lifetimeMs: 365 * day })
    const ownKeyStore = createOwnKeyStore(units.connections)
    const common = {
      ...units,
      clock,
      chance: { token: () => id(), number: () => '42', reference: () => 'DB-TEST-0009' },
    }
    const ports = { ...common, directory, plugins, ownKeys, ownKeyStore, renewal }
    const keys = { ...createOwnKeyFlows(ports), ...createKeyCertificates(ports) }
    const sources = [
      connectionExpiries({ directory, plugins }),
      ownKeyExpiries(ownKeyStore, directory),
      ...more,
    ]
    const expiries = createExpiryFlows({
      ...{ ...common, sources },
      expiryWarnings: createExpiryWarnings(units.connections),
    })
    return { ...common, ownKeys, ownKeyStore, keys, expiries }
  }
  return {
    node,
    clock,
    institution,
    at: (purpose: OwnKeyPurpose, of = first?.id ?? '') => ({ institution, connection: of, purpose }),
    /** The audit events of this institution, but for those of its first keys. */
    events: async () => (await told(database, institution)).filter((event) => !isFirst(event)),
    firstKeys: async () => (await told(database, institution)).filter(isFirst),
  }
}

const isFirst = ({ detail }: AuditEvent): boolean => detail?.by === 'first-use'

const told = async (database: Database, institution: string): Promise<AuditEvent[]> =>
  (await everything(database).auditLog.pending(institution)).map(({ body }) => JSON.parse(body))

export const writer = (clock: { now(): number }) =>
  createAuditWriter({ clock, node: id().slice(0, 8), seal: createFieldSeal(master) })
