// Answers of IdPs that wait for their browser; a handle opens one of them, once.
import { createHash } from 'node:crypto'
import type { UpstreamAnswers } from '../ports/stores.ts'
import type { Connections } from './unit-of-work.ts'

const hash = (handle: string): string => createHash('sha256').update(handle).digest('base64url')

export function createUpstreamAnswers({ alone }: Connections): UpstreamAnswers {
  return {
    async put(institution, answer, expiresAt) {
      const db = await alone()
      await db('upstream_answer').insert({
        institution,
        handle_hash: hash(answer.handle),
        connection: answer.connection,
        relay_state: answer.relayState,
        payload: answer.payload,
        expires_at: new Date(expiresAt),
      })
    },
    // By itself, so that no transaction is open while the answer is checked by a worker or at the IdP (ruling R-3).
    async take(institution, handle) {
      const db = await alone()
      const [row] = await db('upstream_answer')
        .where({ institution, handle_hash: hash(handle) })
        .whereNull('taken_at')
        .whereRaw('expires_at > now()')
        .update({ taken_at: db.fn.now() }, ['connection', 'relay_state', 'payload'])
      return row && { handle, connection: row.connection, relayState: row.relay_state, payload: row.payload }
    },
  }
}
