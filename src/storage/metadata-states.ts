// When metadata was read and when it is read again; of several nodes that want to, one gets the lease.
import type { Claim, MetadataState, MetadataStates } from '../ports/metadata-states.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly connection: string
  readonly fetched_at: Date | null
  readonly next_at: Date
  readonly valid_until: Date | null
  readonly valid_since: Date | null
  readonly gone: readonly string[]
  readonly error: string
  readonly failures: number
  readonly digest: string
  readonly waits: readonly string[]
}

const columns = [
  'institution',
  'connection',
  'fetched_at',
  'next_at',
  'valid_until',
  'valid_since',
  'gone',
  'error',
  'failures',
  'digest',
  'waits',
]

const stateOf = ({ fetched_at, next_at, valid_until, valid_since, ...row }: Row): MetadataState => ({
  ...row,
  fetchedAt: fetched_at?.getTime(),
  nextAt: next_at.getTime(),
  validUntil: valid_until?.getTime(),
  validSince: valid_since?.getTime(),
})

const dated = (at: number | undefined) => (at === undefined ? null : new Date(at))

// One statement, so that of all who ask one gets a row back. A document that an answer by an unknown key asks for is
// counted by its own time: the schedule must not use up what rollovers need.
const claiming: Readonly<Record<Claim['why'], { readonly set: string; readonly where: string }>> = {
  due: { set: '', where: 'm.next_at <= :now' },
  now: { set: '', where: 'true' },
  'unknown-key': { set: ', asked_at = :now', where: '(m.asked_at is null or m.asked_at <= :since)' },
}

const claimStatement = (why: Claim['why']): string => `
insert into connection_metadata as m (institution, connection, next_at, lease_until, asked_at)
values (:institution, :connection, :now, :lease, ${why === 'unknown-key' ? ':now' : 'null'})
on conflict (institution, connection) do update set lease_until = :lease${claiming[why].set}
where (m.lease_until is null or m.lease_until <= :now) and ${claiming[why].where}
returning m.connection`

export function createMetadataStates({ reader, writer }: Connections): MetadataStates {
  return {
    async get(institution, connection) {
      const db = await reader()
      const row = await db<Row>('connection_metadata').where({ institution, connection }).first(columns)
      return row && stateOf(row as Row)
    },
    async list(institution) {
      const db = await reader()
      const rows = await db<Row>('connection_metadata').where({ institution }).select(columns)
      return (rows as Row[]).map(stateOf)
    },
    async claim(institution, connection, { why, now, leaseMs, since }) {
      const db = await writer()
      const times = { now: new Date(now), lease: new Date(now + leaseMs), since: new Date(since) }
      const { rows } = await db.raw(claimStatement(why), { institution, connection, ...times })
      return rows.length === 1
    },
    async busy(institution, connection, now) {
      const db = await reader()
      const row = await db('connection_metadata')
        .where({ institution, connection })
        .where('lease_until', '>', new Date(now))
        .first('connection')
      return row !== undefined
    },
    done: async (state) => keep(await writer(), state),
    forget: async (institution, connection) => forgetReading(await writer(), { institution, connection }),
    metadataValidity: async (institution) => validityIn(await reader(), institution),
  }
}

/** Also for whoever writes connections: what was read of one IdP says nothing of another. */
export async function forgetReading(
  db: Queries,
  place: { readonly institution: string; readonly connection: string },
): Promise<void> {
  await db('connection_metadata').where(place).del()
}

async function keep(db: Queries, state: MetadataState): Promise<void> {
  const { institution, connection, fetchedAt, nextAt, validUntil, validSince, waits, gone, ...rest } = state
  const times = {
    fetched_at: dated(fetchedAt),
    next_at: new Date(nextAt),
    valid_until: dated(validUntil),
    valid_since: dated(validSince),
  }
  const lists = { waits: JSON.stringify(waits), gone: JSON.stringify(gone) }
  const kept = { ...times, ...rest, ...lists, lease_until: null }
  await db('connection_metadata')
    .insert({ institution, connection, ...kept })
    .onConflict(['institution', 'connection'])
    .merge(Object.keys(kept))
}

async function validityIn(db: Queries, institution: string) {
  const rows: { connection: string; valid_until: Date; valid_since: Date | null }[] = await db(
    'connection_metadata as m',
  )
    .join('connection as c', (on) => on.on('c.institution', 'm.institution').andOn('c.id', 'm.connection'))
    .where('m.institution', institution)
    .whereNotNull('m.valid_until')
    .select(['m.connection', 'm.valid_until', 'm.valid_since'])
    .orderBy('m.valid_until')
  return rows.map(({ connection, valid_until, valid_since }) => ({
    connection,
    validUntil: valid_until.getTime(),
    // Nothing is known of its beginning: then it counts as an old one.
    validSince: valid_since?.getTime() ?? 0,
  }))
}
