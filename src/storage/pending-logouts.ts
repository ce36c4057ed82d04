// Logouts that are on their way to an IdP, one row each.
import type { PendingLogouts } from '../ports/sign-out.ts'
import type { Connections } from './unit-of-work.ts'

export function createPendingLogouts({ writer, send }: Connections): PendingLogouts {
  return {
    async put(institution, { request, connection, browserHash, returnTo }, expiresAt) {
      const row = { institution, request, connection, browser_hash: browserHash, return_to: returnTo }
      await send((db) => db('pending_logout').insert({ ...row, expires_at: new Date(expiresAt) }))
    },
    async take(institution, { request, connection, browserHash }) {
      const db = await writer()
      const [row] = await db('pending_logout')
        .where({ institution, request, connection, browser_hash: browserHash })
        .whereRaw('expires_at > now()')
        .del()
        .returning('return_to')
      return row && { returnTo: row.return_to as string }
    },
  }
}
