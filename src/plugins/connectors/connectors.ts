// The connectors by type, and each connection's connector, opened once for as long as its row stays the same.
import { issuerOf } from '../../domain/institution.ts'
import { effectiveConnection } from '../../domain/learned-keys.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Connector, ConnectorPlugin, Connectors } from '../../ports/connector.ts'

export interface ConnectorsPorts {
  readonly plugins: readonly ConnectorPlugin[]
  readonly publicUrl: string
}

export function createConnectors({ plugins, publicUrl }: ConnectorsPorts): Connectors {
  const byType = new Map(plugins.map((plugin) => [plugin.type, plugin]))
  const open = new Map<string, { row: string; connector: Connector }>()
  return {
    plugins: () => plugins,
    of(institution, given) {
      const connection = effectiveConnection(given)
      const key = `${institution.id}|${connection.id}`
      const row = JSON.stringify([institution, connection])
      const known = open.get(key)
      if (known?.row === row) return known.connector
      const plugin = byType.get(connection.type)
      if (!plugin) throw new Refusal('connection.unknown', { type: connection.type })
      const issuer = issuerOf(institution, publicUrl)
      const base = `${issuer}/saml/${connection.id}`
      const connector = plugin.open({
        institution,
        connection,
        issuer,
        acsUrl: `${base}/acs`,
        entityId: `${base}/metadata`,
      })
      open.set(key, { row, connector })
      return connector
    },
  }
}
