// What the staff directory's provider remembers, in memory and bounded: codes, tokens, sessions, grants.
import type { Adapter, AdapterPayload } from 'oidc-provider'

const most = 1000

/** One adapter a model over one memory, as the provider asks for them. */
export function createStaffMemory(): (model: string) => Adapter {
  const rows = new Map<string, AdapterPayload>()
  const first = (holds: (key: string, row: AdapterPayload) => boolean) =>
    [...rows].find(([key, row]) => holds(key, row))?.[1]
  return (model) => {
    const keyOf = (id: string) => `${model}:${id}`
    return {
      async upsert(id, payload) {
        rows.delete(keyOf(id))
        rows.set(keyOf(id), payload)
        const [oldest] = rows.keys()
        if (rows.size > most && oldest !== undefined) rows.delete(oldest)
      },
      find: async (id) => rows.get(keyOf(id)),
      findByUid: async (uid) => first((key, row) => key.startsWith(`${model}:`) && row.uid === uid),
      findByUserCode: async () => undefined,
      async consume(id) {
        const row = rows.get(keyOf(id))
        if (row) row.consumed = Math.floor(Date.now() / 1000)
      },
      async destroy(id) {
        rows.delete(keyOf(id))
      },
      async revokeByGrantId(grantId) {
        for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key)
      },
    }
  }
}
