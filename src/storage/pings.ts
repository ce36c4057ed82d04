// Pings that back ends are owed: written with the request, due when it has ended, taken by one node at a time.
import { createHash } from 'node:crypto'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { DuePing, Ping, Pings } from '../ports/pings.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly relying_party: string
  readonly subject: string
  readonly approval: string
  readonly reference: string
  readonly record: string
  readonly tries: number
  readonly expires_at: Date
}

type Sealed = Pick<Ping, 'request' | 'token'>

const key = (institution: string, request: string) => ({
  institution,
  request_hash: createHash('sha256').update(request).digest('base64url'),
})

// Its time has come: for the first time by the clock of the database too, for what a node whose clock runs ahead had sent while the
// question could still be answered would not be sent again.
const isDue = 'due_at <= :now and (tries > 0 or due_at <= now())'

// One statement: the lease is taken and committed before anything is sent, and no two nodes take the same row. Of each back end the
// first ones alone, so that what is owed to one that hangs is not before what is owed to all others.
const taking = `
update backchannel_ping set tries = tries + 1, due_at = :lease
where (institution, request_hash) in (
  select institution, request_hash from backchannel_ping
  where ${isDue} and (institution, request_hash) in (
    select institution, request_hash from (
      select institution, request_hash, row_number() over (partition by institution, relying_party order by due_at) as place
      from backchannel_ping where ${isDue}
      and not jsonb_build_array(jsonb_build_object('institution', institution, 'relyingParty', relying_party)) <@ cast(:busy as jsonb)
    ) due where place <= :of_one)
  order by due_at limit :most for update skip locked)
returning institution, relying_party, subject, approval, reference, record, tries, expires_at`

export function createPings({ writer, send }: Connections, seal: FieldSeal): Pings {
  return {
    async put(ping, at) {
      const row = rowOf(ping, seal)
      const times = { due_at: new Date(at.dueAt), expires_at: new Date(at.expiresAt) }
      await send((db) => db('backchannel_ping').insert({ ...row, ...times }))
    },
    async due(institution, request, now) {
      // What was sent once is not made to be sent again.
      await send((db) =>
        db('backchannel_ping')
          .where({ ...key(institution, request), tries: 0 })
          .update({ due_at: db.raw('least(?, now())', [new Date(now)]) }),
      )
    },
    async take({ now, leaseUntil, most, mostOfOne = most, busy = [] }) {
      const db = await writer()
      const names = busy.map(({ institution, relyingParty }) => ({ institution, relyingParty }))
      const values = {
        ...{ lease: new Date(leaseUntil), now: new Date(now), most, of_one: mostOfOne },
        busy: JSON.stringify(names),
      }
      const { rows } = (await db.raw(taking, values)) as unknown as { rows: Row[] }
      return rows.map((row) => fromRow(row, seal))
    },
    async settle(ping) {
      const db = await writer()
      return (await db('backchannel_ping').where(taken(ping)).del()) === 1
    },
    async postpone(ping, dueAt) {
      const db = await writer()
      const later = { due_at: new Date(dueAt) }
      return (await db('backchannel_ping').where(taken(ping)).update(later)) === 1
    },
  }
}

// A claim is named by its number: who comes too late ends nothing of whoever has the row now.
const taken = ({ institution, request, tries }: DuePing) => ({ ...key(institution, request), tries })

function rowOf({ institution, request, token, relyingParty, subject, ...rest }: Ping, seal: FieldSeal) {
  const sealed: Sealed = { request, token }
  return {
    ...key(institution, request),
    ...{ relying_party: relyingParty, subject, approval: rest.approval, reference: rest.reference },
    record: seal.seal(institution, JSON.stringify(sealed)),
  }
}

const fromRow = (row: Row, seal: FieldSeal): DuePing => ({
  ...{ institution: row.institution, relyingParty: row.relying_party, subject: row.subject },
  ...{ approval: row.approval, reference: row.reference, tries: row.tries },
  expiresAt: row.expires_at.getTime(),
  ...(JSON.parse(seal.open(row.institution, row.record)) as Sealed),
})
