// Our own keys of connections as rows: one active and one next a purpose, whichever node made them.
import type { AuditEvent } from '../domain/audit.ts'
import type { OwnKey, OwnKeyPlace, OwnKeyPurpose, OwnKeyState } from '../domain/own-key.ts'
import type { DroppedKey, OwnKeyStore, SealedOwnKey, SealedOwnKeys } from '../ports/own-keys.ts'
import type { Database } from './open.ts'
import type { Queries } from './transaction.ts'
import type { Connections, EventWriter, PreparedEvents } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly connection: string
  readonly purpose: OwnKeyPurpose
  readonly kid: string
  readonly algorithm: string
  readonly sealed: string
  readonly certificate: string
  readonly state: OwnKeyState
  readonly created_at: Date
  readonly expires_at: Date
  readonly promote_at: Date | null
  readonly promoted_at: Date | null
  readonly retired_at: Date | null
}

function keyOf(row: Row): OwnKey {
  const { institution, connection, purpose, kid, state, certificate } = row
  return {
    ...{ institution, connection, purpose, kid, state, certificate },
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    promoteAt: row.promote_at?.getTime(),
    promotedAt: row.promoted_at?.getTime(),
    retiredAt: row.retired_at?.getTime(),
  }
}

const dated = (at: number | undefined): Date | null => (at === undefined ? null : new Date(at))

function rowOf(key: SealedOwnKey): Row {
  const { institution, connection, purpose, kid, algorithm, sealed, certificate, state } = key
  return {
    ...{ institution, connection, purpose, kid, algorithm, sealed, certificate, state },
    created_at: new Date(key.createdAt),
    expires_at: new Date(key.expiresAt),
    promote_at: dated(key.promoteAt),
    promoted_at: dated(key.promotedAt),
    retired_at: dated(key.retiredAt),
  }
}

/** False when there is one in this state already, or one of this name: `on conflict` waits for whoever was first. */
async function insert(db: Queries, key: SealedOwnKey): Promise<boolean> {
  const rows = await db('connection_key').insert(rowOf(key)).onConflict().ignore().returning('kid')
  return rows.length === 1
}

export function createOwnKeyStore({ reader, writer }: Connections): OwnKeyStore {
  return {
    async list(institution) {
      const db = await reader()
      const rows: Row[] = await db('connection_key')
        .where({ institution })
        .orderBy(['connection', 'purpose', 'created_at', 'kid'])
      return rows.map(keyOf)
    },
    insertNext: async (key) => insert(await writer(), { ...key, state: 'next' }),
    async certify(place, { kid, certificate, expiresAt, at: now }) {
      const db = await writer()
      const change = { certificate, expires_at: new Date(expiresAt), created_at: new Date(now) }
      return (
        (await db('connection_key')
          .where({ ...at(place), kid, state: 'next' })
          .update(change)) === 1
      )
    },
    promote: async (place, change) => promote(await writer(), place, change),
    drop: async (place, change) => drop(await writer(), place, change),
  }
}

const at = ({ institution, connection, purpose }: OwnKeyPlace) => ({ institution, connection, purpose })

/** Both rows are locked first: whoever waited for the lock sees what the winner made of them. */
async function promote(
  db: Queries,
  place: OwnKeyPlace,
  { from, to, at: now }: { from: string; to: string; at: number },
): Promise<boolean> {
  const found: Pick<Row, 'kid' | 'state'>[] = await db('connection_key')
    .where(at(place))
    .whereIn('kid', [from, to])
    .orderBy('kid')
    .forUpdate()
    .select('kid', 'state')
  const stateOf = (kid: string) => found.find((row) => row.kid === kid)?.state
  if (stateOf(from) !== 'active' || stateOf(to) !== 'next') return false
  const when = new Date(now)
  await db('connection_key')
    .where({ ...at(place), kid: from })
    .update({ state: 'retired', retired_at: when })
  await db('connection_key')
    .where({ ...at(place), kid: to })
    .update({ state: 'active', promoted_at: when })
  return true
}

async function drop(
  db: Queries,
  place: OwnKeyPlace,
  { kid, state, at: now }: { kid: string; state: 'next' | 'retired'; at: number },
): Promise<boolean> {
  const gone = { state: 'dropped', sealed: '', dropped_at: new Date(now) }
  if (
    (await db('connection_key')
      .where({ ...at(place), kid, state })
      .update(gone)) !== 1
  )
    return false
  await dropShared(db, { ...place, kid })
  return true
}

/** The institution's own copy, from when its connections shared it: the last one to drop the key takes it along. */
async function dropShared(
  db: Queries,
  { institution, purpose, kid }: Pick<OwnKey, 'institution' | 'purpose' | 'kid'>,
): Promise<void> {
  await db('signing_key')
    .where({ institution, purpose, kid })
    .whereNotExists(
      db('connection_key').where({ institution, purpose, kid }).whereNot({ state: 'dropped' }).select('kid'),
    )
    .del()
}

/** All keys of a connection that is no more, the active ones too: another of its name must not be believed by its old IdP. */
export async function dropKeysOf(
  db: Queries,
  of: Pick<OwnKeyPlace, 'institution' | 'connection'>,
): Promise<readonly DroppedKey[]> {
  const gone: DroppedKey[] = await db('connection_key')
    .where({ institution: of.institution, connection: of.connection })
    .whereNot({ state: 'dropped' })
    .update({ state: 'dropped', sealed: '', dropped_at: db.fn.now() })
    .returning(['connection', 'purpose', 'kid'])
  for (const { purpose, kid } of gone) await dropShared(db, { institution: of.institution, purpose, kid })
  return gone
}

/** Outside the unit of work: a key must be there for every node at once, whatever becomes of the request that needed it. */
export function createSealedOwnKeys({ aside }: Pick<Database, 'aside'>, events: EventWriter): SealedOwnKeys {
  return {
    async all(institution) {
      const rows: Row[] = await aside('connection_key').where({ institution }).whereNot({ state: 'dropped' })
      return rows.map((row) => ({ ...keyOf(row), algorithm: row.algorithm, sealed: row.sealed }))
    },
    async inherited({ institution, connection, purpose }) {
      const row = await aside('signing_key')
        .where({ institution, purpose, state: 'active' })
        .whereExists(aside('connection').where({ institution, id: connection, keys_of_institution: true }))
        .first()
      if (row === undefined) return undefined
      const { kid, algorithm, sealed, public_jwk: publicJwk, certificate, created_at: created } = row
      return {
        institution,
        purpose,
        kid,
        algorithm,
        sealed,
        publicJwk,
        certificate,
        createdAt: created.getTime(),
      }
    },
    insertFirst: (key, told) => insertFirst(aside, events, { key, told }),
  }
}

/** Key and event are one transaction (ruling R-4), apart from any unit: this is not the request's doing. */
async function insertFirst(
  aside: Database['aside'],
  events: EventWriter,
  { key, told }: { readonly key: SealedOwnKey; readonly told: AuditEvent },
): Promise<boolean> {
  let prepared: PreparedEvents | undefined
  try {
    const first = await aside.transaction(async (transaction) => {
      const db = transaction as unknown as Queries
      if (!(await insert(db, { ...key, state: 'active' }))) return false
      prepared = events.prepare(key.institution, [told])
      for (const statement of prepared.statements(db)) await statement
      return true
    })
    prepared?.committed()
    return first
  } catch (error) {
    prepared?.rolledBack()
    throw error
  }
}
