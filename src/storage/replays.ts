// Things that may be seen once.
import type { Replays } from '../ports/stores.ts'
import type { Connections } from './unit-of-work.ts'

export function createReplays({ writer }: Connections): Replays {
  return {
    async once(institution, { kind, id, expiresAt }) {
      const db = await writer()
      const rows = await db('replay')
        .insert({ institution, kind, id, expires_at: new Date(expiresAt) })
        .onConflict(['institution', 'kind', 'id'])
        .ignore()
        .returning('id')
      return rows.length === 1
    },
  }
}
