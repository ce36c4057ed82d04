// What of an institution's connections ends, and one warning each at 60, 30 and 7 days and at the end.
import { byUrgency, daysUntil, type Expiry, notRenewed, warningLevel } from '../domain/expiry.ts'
import { effectiveContent } from '../domain/learned-keys.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { ConnectorPlugin } from '../ports/connector.ts'
import type { ExpirySource, ExpiryWarnings } from '../ports/expiries.ts'
import type { MetadataStates } from '../ports/metadata-states.ts'
import type { OwnKeyStore } from '../ports/own-keys.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface ExpiryPorts {
  readonly sources: readonly ExpirySource[]
  readonly expiryWarnings: ExpiryWarnings
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** An expiry for people; `daysLeft` is rounded down and negative when it is over. */
export interface ExpiryView extends Expiry {
  readonly daysLeft: number
}

export type ExpiryFlows = ReturnType<typeof createExpiryFlows>

export function createExpiryFlows(ports: ExpiryPorts) {
  const all = async (institution: string): Promise<Expiry[]> =>
    byUrgency((await Promise.all(ports.sources.map((source) => source.of(institution)))).flat())
  return {
    /** What ends first comes first; what has ended is there until it is replaced. */
    async list(institution: string): Promise<ExpiryView[]> {
      const now = ports.clock.now()
      return (await all(institution)).map((one) => ({ ...one, daysLeft: Math.floor(daysUntil(one.at, now)) }))
    },
    /** Gives the warnings that are due and were not given yet, on whichever node; resolves with how many. */
    async warn(institution: string): Promise<number> {
      const due = (await all(institution)).filter(
        ({ at }) => warningLevel(at, ports.clock.now()) !== undefined,
      )
      const scope = () => ({ institution, reference: ports.chance.reference() })
      let given = 0
      for (const expiry of due)
        if (await ports.unit.run(scope(), () => warned(ports, institution, expiry))) given += 1
      return given
    },
  }
}

/** The row and its event commit together: whoever inserts the row tells of it, once. */
async function warned(ports: ExpiryPorts, institution: string, expiry: Expiry): Promise<boolean> {
  const { connection, kind, name, at } = expiry
  const now = ports.clock.now()
  const level = warningLevel(at, now)
  if (level === undefined || !(await ports.expiryWarnings.first(institution, expiry, { level, at: now })))
    return false
  const days = Math.floor(daysUntil(at, now))
  const detail = { kind, name, level, days, expires: new Date(at).toISOString() }
  ports.audit.record({ type: 'expiry.warned', outcome: 'ok', connection, detail })
  return true
}

export interface ConnectionExpiryPorts {
  readonly directory: Pick<Directory, 'connections'>
  readonly plugins: readonly ConnectorPlugin[]
}

/** What the settings of connections say. Nobody needs to hear of a disabled one. */
export const connectionExpiries = ({ directory, plugins }: ConnectionExpiryPorts): ExpirySource => ({
  async of(institution) {
    const connections = await directory.connections(institution)
    return connections
      .filter(({ state }) => state !== 'disabled')
      .flatMap((one) => {
        const { id: connection, type } = one
        const plugin = plugins.find((known) => known.type === type)
        // With the keys that metadata taught: customers sign in by those as well.
        return (plugin?.expiries?.(effectiveContent(one).settings) ?? []).map((expiry) => ({
          ...expiry,
          connection,
        }))
      })
  },
})

/** The certificates that we sign and are encrypted to by now. */
export const ownKeyExpiries = (
  ownKeyStore: Pick<OwnKeyStore, 'list'>,
  directory: Pick<Directory, 'connections'>,
): ExpirySource => ({
  async of(institution) {
    const connections = await directory.connections(institution)
    const used = connections.filter(({ state }) => state !== 'disabled').map(({ id }) => id)
    return (await ownKeyStore.list(institution))
      .filter((key) => key.state === 'active' && key.certificate !== '' && used.includes(key.connection))
      .map(({ connection, purpose, kid, expiresAt: at }) => ({
        ...({ connection, kind: 'own-certificate', name: `${purpose} ${kid}`, at } as const),
      }))
  },
})

/** Metadata whose end comes near although it is read again and again: nobody publishes it any more, or it cannot be read. */
export const metadataExpiries = (
  states: Pick<MetadataStates, 'metadataValidity'>,
  clock: Clock,
): ExpirySource => ({
  async of(institution) {
    const ends = await states.metadataValidity(institution)
    return ends
      .filter((end) => notRenewed(end, clock.now()))
      .map(({ connection, validUntil: at }) => ({ connection, kind: 'metadata', name: 'metadata', at }))
  },
})
