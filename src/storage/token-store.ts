// Rows of the OIDC provider. Bearer values are hashed: who reads the database cannot use what they find.
import { createHash } from 'node:crypto'
import type { RevokeBy, TokenKey, TokenRow, TokenStore } from '../ports/tokens.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

// A Grant's id is no bearer value, and stands in plain in the payloads that name it.
const named: ReadonlySet<string> = new Set(['Grant'])

const idHash = ({ model, id }: TokenKey): string =>
  named.has(model) ? id : createHash('sha256').update(id).digest('base64url')

const where = (key: TokenKey) => ({ institution: key.institution, model: key.model, id_hash: idHash(key) })

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

interface Row {
  payload: Record<string, unknown>
  consumed: string | null
}

const columns = (db: Queries) => ['payload', db.raw('extract(epoch from consumed_at)::text as consumed')]

function rowOf(row: Row | undefined): TokenRow | undefined {
  return (
    row && {
      payload: row.payload,
      consumedAt: row.consumed === null ? undefined : Math.floor(Number(row.consumed)),
    }
  )
}

// Postgres keeps no NUL in jsonb; nothing of the provider carries one.
function stored(key: TokenKey, payload: Readonly<Record<string, unknown>>): string {
  const { jti, ...rest } = payload
  // A session is found by its uid as well, and then the cookie's value must come back.
  return JSON.stringify(key.model === 'Session' ? { ...rest, jti } : rest)
}

const column: Record<string, string> = {
  grant: 'grant_id',
  session: 'session_uid',
  jkt: 'jkt',
  subject: 'account_id',
  client: 'client_id',
}
// What ends with a grant, a session or a key. Sessions and interactions are not tokens.
const revocable = ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'Grant']

// What the provider gives no lifetime ends with the longest of them.
const longestSeconds = 400 * 24 * 3600

function valuesOf(key: TokenKey, payload: Readonly<Record<string, unknown>>) {
  return {
    payload: stored(key, payload),
    grant_id: text(payload.grantId),
    uid: text(payload.uid),
    session_uid: text(payload.sessionUid),
    jkt: text(payload.jkt) ?? text(payload.dpopJkt),
    account_id: text(payload.accountId),
    client_id: text(payload.clientId),
  }
}

interface Upsert {
  readonly payload: Readonly<Record<string, unknown>>
  readonly expiresInSeconds: number | undefined
}

function upsert(db: Queries, key: TokenKey, { payload, expiresInSeconds }: Upsert) {
  const expires = db.raw('now() + make_interval(secs => ?)', [expiresInSeconds ?? longestSeconds])
  const values = { ...valuesOf(key, payload), expires_at: expires }
  return db('oidc_payload')
    .insert({ ...where(key), ...values })
    .onConflict(['institution', 'model', 'id_hash'])
    .merge(Object.keys(values))
}

export function createTokenStore(connections: Connections): TokenStore {
  const { reader, writer, send } = connections
  return {
    async upsert(key, payload, expiresInSeconds) {
      await send((db) => upsert(db, key, { payload, expiresInSeconds }))
    },
    async find(key) {
      const db = await reader()
      return rowOf(
        await db('oidc_payload').where(where(key)).whereRaw('expires_at > now()').first(columns(db)),
      )
    },
    async findByUid({ institution, model, uid }) {
      const db = await reader()
      return rowOf(
        await db('oidc_payload')
          .where({ institution, model, uid })
          .whereRaw('expires_at > now()')
          .first(columns(db)),
      )
    },
    async consume(key) {
      const db = await writer()
      const used = await db('oidc_payload')
        .where(where(key))
        .whereNull('consumed_at')
        .update({ consumed_at: db.fn.now() })
      return used === 1
    },
    async destroy(key) {
      await send((db) => db('oidc_payload').where(where(key)).del())
    },
    async sessionsOf(institution, subject) {
      const db = await reader()
      const where = { institution, model: 'Session', account_id: subject }
      const rows: { uid: string }[] = await db('oidc_payload').where(where).select('uid')
      return rows.map(({ uid }) => uid)
    },
    revoke: (institution, by) => revoke(connections, institution, by),
  }
}

async function revoke({ writer }: Connections, institution: string, by: RevokeBy): Promise<number> {
  const [kind, value] = Object.entries(by)[0] as [string, string]
  const db = await writer()
  return db('oidc_payload')
    .where({ institution, [column[kind] as string]: value })
    .whereIn('model', revocable)
    .del()
}
