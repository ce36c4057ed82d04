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
const revocable = [
  'AccessToken',
  'RefreshToken',
  'AuthorizationCode',
  'BackchannelAuthenticationRequest',
  'Grant',
]

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

function valuesAt(db: Queries, key: TokenKey, { payload, expiresInSeconds }: Upsert) {
  const expires = db.raw('now() + make_interval(secs => ?)', [expiresInSeconds ?? longestSeconds])
  return { ...valuesOf(key, payload), expires_at: expires }
}

function upsert(db: Queries, key: TokenKey, given: Upsert) {
  const values = valuesAt(db, key, given)
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
    replace: (was, payload, as) => replace(connections, { was, payload, ...as }),
    async findByUid({ institution, model, uid }) {
      const db = await reader()
      return rowOf(
        await db('oidc_payload')
          .where({ institution, model, uid })
          .whereRaw('expires_at > now()')
          .first(columns(db)),
      )
    },
    async takeByUid({ institution, model, uid }) {
      const db = await writer()
      const rows: Row[] = await db('oidc_payload')
        .where({ institution, model, uid })
        .del(columns(db) as string[])
      return rowOf(rows[0])
    },
    async consume(key) {
      const db = await writer()
      const used = await db('oidc_payload')
        .where(where(key))
        .whereNull('consumed_at')
        .update({ consumed_at: db.fn.now() })
      return used === 1
    },
    hold: async (key) => hold(await writer(), key),
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

async function hold(db: Queries, key: TokenKey): Promise<boolean> {
  const alive = db('oidc_payload').where(where(key)).whereRaw('expires_at > now()')
  return (await alive.forShare().first('model')) !== undefined
}

interface Replacing extends Upsert {
  readonly was: TokenKey
  readonly id: string
}

function replace({ send }: Connections, { was, id, ...given }: Replacing): Promise<void> {
  const as = { ...was, id }
  return send((db) => {
    const values = { ...where(as), ...valuesAt(db, as, given) }
    const change = db('oidc_payload').where(where(was)).update(values).returning('model')
    return db('changed').with('changed', change).select(db.raw('one_changed(count(*))'))
  })
}

/**
 * Whoever makes a token holds the row that it is made of, so that a statement which ends that row has waited for them; but it
 * sees nothing that was stored while it waited. The next one does; once nothing is left there is no row to make any of.
 */
async function revoke({ writer }: Connections, institution: string, by: RevokeBy): Promise<number> {
  const wanted = Object.entries(by).map(([kind, value]) => [column[kind], value])
  const db = await writer()
  const grants = new Set<string>()
  let ended = 0
  for (;;) {
    const rows: { grant_id: string | null }[] = await db('oidc_payload')
      .where({ institution, ...Object.fromEntries(wanted) })
      .whereIn('model', revocable)
      .del(['grant_id'])
    if (rows.length === 0) break
    ended += rows.length
    for (const { grant_id } of rows) if (grant_id !== null) grants.add(grant_id)
  }
  // A Grant does not know its session; what is left of it must not be worth anything.
  if ('session' in by && grants.size > 0)
    await db('oidc_payload')
      .where({ institution, model: 'Grant' })
      .whereIn('id_hash', [...grants])
      .del()
  return ended
}
