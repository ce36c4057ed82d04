// Sealed private keys as rows; one active key a purpose, whichever node made it.
import type { SealedKey, SealedKeys } from '../ports/sealed-keys.ts'
import type { Database } from './open.ts'

// Outside the unit of work: a key must be there for every node at once, whatever becomes of the request that needed it.
export function createSealedKeys({ aside }: Database): SealedKeys {
  return {
    async active(institution, purpose) {
      const row = await aside('signing_key').where({ institution, purpose, state: 'active' }).first()
      return row && toKey(row)
    },
    async all(institution, purpose) {
      const rows = await aside('signing_key')
        .where({ institution, purpose })
        .orderByRaw("state <> 'active', created_at desc")
      return rows.map(toKey)
    },
    async insertFirst(key) {
      const { rowCount } = await aside.raw(
        `insert into signing_key (institution, purpose, kid, algorithm, sealed, public_jwk, certificate, state)
         values (?, ?, ?, ?, ?, ?, ?, 'active') on conflict do nothing`,
        [
          key.institution,
          key.purpose,
          key.kid,
          key.algorithm,
          key.sealed,
          JSON.stringify(key.publicJwk),
          key.certificate,
        ],
      )
      return rowCount === 1
    },
  }
}

function toKey(row: Record<string, never>): SealedKey {
  const { institution, purpose, kid, algorithm, sealed, public_jwk: publicJwk, certificate } = row as never
  return { institution, purpose, kid, algorithm, sealed, publicJwk, certificate }
}
