// Which warnings of an expiry were given, on whichever node.
import type { ExpiryWarnings } from '../ports/expiries.ts'
import type { Connections } from './unit-of-work.ts'

export function createExpiryWarnings({ writer }: Connections): ExpiryWarnings {
  return {
    async first(institution, { connection, kind, name, at: expiresAt }, { level, at }) {
      const db = await writer()
      const rows = await db('expiry_warning')
        .insert({
          ...{ institution, connection, kind, name, level },
          expires_at: new Date(expiresAt),
          at: new Date(at),
        })
        .onConflict()
        .ignore()
        .returning('level')
      return rows.length === 1
    },
  }
}
