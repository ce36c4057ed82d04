// The policies that an institution had, and the limits that its customers set themselves.
import { noOwnLimits, type OwnLimits } from '../domain/own-limits.ts'
import type { Policy } from '../domain/policy.ts'
import { policyVersion } from '../domain/policy-default.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type {
  ConsolePolicies,
  ConsolePolicy,
  KeptPolicy,
  OwnLimitStore,
  Policies,
} from '../ports/transactions.ts'
import type { Connections } from './unit-of-work.ts'

interface PolicyRow {
  readonly version: string
  readonly content: Policy
  readonly created_at: Date
  readonly in_force_at: Date
}

// Of the policy that is in force already nothing changes; one that was in force before is so anew.
const keepQuery = `
insert into policy (institution, version, content, created_at, in_force_at)
  values (:institution, :version, :content, clock_timestamp(), clock_timestamp())
on conflict (institution, version) do update set in_force_at = clock_timestamp()
  where exists (
    select from policy later where later.institution = policy.institution and later.in_force_at > policy.in_force_at)`

const most = 200

const keptOf = ({ version, content, created_at, in_force_at }: PolicyRow): KeptPolicy => ({
  ...{ version, policy: content },
  ...{ firstAt: created_at.getTime(), inForceAt: in_force_at.getTime() },
})

export function createPolicies({ reader, writer }: Connections): Policies {
  return {
    async keep(institution, policy) {
      const db = await writer()
      const row = { institution, version: policyVersion(policy), content: JSON.stringify(policy) }
      await db.raw(keepQuery, row)
    },
    async list(institution) {
      const db = await reader()
      const query = db('policy').where({ institution }).orderBy('in_force_at', 'desc').limit(most)
      const rows: PolicyRow[] = await query
      return rows.map(keptOf)
    },
    async get(institution, version) {
      const db = await reader()
      const row: { content: Policy } | undefined = await db('policy')
        .where({ institution, version })
        .first('content')
      return row?.content
    },
  }
}

interface ConsoleRow {
  readonly content: Policy
  readonly version: string
  readonly base: string
  readonly set_by: string
  readonly set_at: Date
}

const consoleOf = ({ content, version, base, set_by, set_at }: ConsoleRow): ConsolePolicy => ({
  ...{ policy: content, version, base, by: set_by, at: set_at.getTime() },
})

/** `written` is told of each write: whoever caches institutions forgets them. */
export function createConsolePolicies({ reader, writer }: Connections, written: () => void): ConsolePolicies {
  return {
    async get(institution) {
      const db = await reader()
      const row: ConsoleRow | undefined = await db('console_policy').where({ institution }).first()
      return row && consoleOf(row)
    },
    async put(institution, { policy, version, base, by, at }) {
      const db = await writer()
      const content = JSON.stringify(policy)
      await db('console_policy')
        .insert({ institution, content, version, base, set_by: by, set_at: new Date(at) })
        .onConflict('institution')
        .merge()
      written()
    },
    async remove(institution) {
      const db = await writer()
      const removed = await db('console_policy').where({ institution }).del()
      written()
      return removed === 1
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
