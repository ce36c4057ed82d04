// The outbox that devices fetch from: one row a device, in an order that no reader can see out of turn.
import type { DeviceMessages, PlacedMessage } from '../ports/device-messages.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  institution: string
  device: string
  id: string
  seq: string
  purpose: PlacedMessage['purpose']
  handle: string | null
  sent_at: Date
  expires_at: Date
}

const placed = (row: Row): PlacedMessage => ({
  institution: row.institution,
  device: row.device,
  id: row.id,
  seq: Number(row.seq),
  purpose: row.purpose,
  ...(row.handle !== null && { handle: row.handle }),
  sentAt: row.sent_at.getTime(),
  expiresAt: row.expires_at.getTime(),
})

// The row of the cursor is locked until the message can be seen: a number of a sequence may be committed after a higher
// one, and whoever has read the higher one would never see it.
const putting = `
with place as (
  insert into device_cursor (institution, device, last) values (:institution, :device, 1)
  on conflict (institution, device) do update set last = device_cursor.last + 1
  returning last)
insert into device_message (institution, device, id, seq, purpose, handle, sent_at, expires_at)
select :institution, :device, :id, last, :purpose, :handle, :sentAt, :expiresAt from place
on conflict (institution, device, id) do nothing`

// Of each place the first hundred: who has read them asks on from there.
const since = `
select distinct m.* from unnest(?::text[], ?::text[], ?::bigint[]) as w(institution, device, after)
cross join lateral (
  select * from device_message one
  where one.institution = w.institution and one.device = w.device and one.seq > w.after and one.expires_at > ?
  order by one.seq limit 100) m
order by m.seq`

export function createDeviceMessages({ reader, writer }: Connections): DeviceMessages {
  return {
    async put(institution, device, { id, purpose, handle = null, sentAt, expiresAt }) {
      const db = await writer()
      const times = { sentAt: new Date(sentAt), expiresAt: new Date(expiresAt) }
      await db.raw(putting, { institution, device, id, purpose, handle, ...times })
    },
    async since(places, now) {
      const db = await reader()
      const columns = [
        places.map(({ institution }) => institution),
        places.map(({ device }) => device),
        places.map(({ after }) => after),
      ]
      const { rows } = (await db.raw(since, [...columns, new Date(now)])) as unknown as { rows: Row[] }
      return rows.map(placed)
    },
  }
}
