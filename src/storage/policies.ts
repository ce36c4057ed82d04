// The policies that an institution had, and the limits that its customers set themselves.
import { noOwnLimits, type OwnLimits } from '../domain/own-limits.ts'
import type { Policy } from '../domain/policy.ts'
import { policyVersion } from '../domain/policy-default.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { OwnLimitStore, Policies } from '../ports/transactions.ts'
import type { Connections } from './unit-of-work.ts'

export function createPolicies({ reader, send }: Connections): Policies {
  return {
    keep: (institution, policy) =>
      send((db) =>
        db('policy')
          .insert({ institution, version: policyVersion(policy), content: JSON.stringify(policy) })
          .onConflict(['institution', 'version'])
          .ignore(),
      ),
    async get(institution, version) {
      const db = await reader()
      const row: { content: Policy } | undefined = await db('policy')
        .where({ institution, version })
        .first('content')
      return row?.content
    },
  }
}

export function createOwnLimits({ reader, writer }: Connections, seal: FieldSeal): OwnLimitStore {
  return {
    async get({ institution, subject }) {
      const db = await reader()
      const row: { record: string } | undefined = await db('own_limits')
        .where({ institution, subject })
        .first('record')
      return row === undefined ? noOwnLimits : restored(seal.open(institution, row.record))
    },
    async put({ institution, subject }, next) {
      const db = await writer()
      const record = seal.seal(institution, JSON.stringify(next))
      const row = { institution, subject, version: next.version, record }
      if (next.version === 1) {
        const made = await db('own_limits')
          .insert(row)
          .onConflict(['institution', 'subject'])
          .ignore()
          .returning('version')
        return made.length === 1
      }
      const before = { institution, subject, version: next.version - 1 }
      return (
        (await db('own_limits')
          .where(before)
          .update({ ...row, changed_at: db.fn.now() })) === 1
      )
    },
  }
}

// JSON drops the member that is undefined.
function restored(text: string): OwnLimits {
  const { version, limits, leaving } = JSON.parse(text) as OwnLimits
  return { version, limits, leaving }
}
