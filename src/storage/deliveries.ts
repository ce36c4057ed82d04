// What became of deliveries: a row from the unit that owes one until its receipt, without the words.
import type { DeliveryRecord, DeliveryRecords } from '../ports/deliveries.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  kind: DeliveryRecord['kind']
  purpose: DeliveryRecord['purpose']
  subject: string
  trace: DeliveryRecord['trace']
  channel: string | null
}

const recordOf = (row: Row | undefined): DeliveryRecord | undefined =>
  row && {
    kind: row.kind,
    purpose: row.purpose,
    subject: row.subject,
    trace: row.trace,
    ...(row.channel !== null && { channel: row.channel }),
  }

const told = ['kind', 'purpose', 'subject', 'trace', 'channel']
// Networks deliver for a day what a phone that is off cannot take, and tell of it then.
const receiptMs = 24 * 3600_000

export function createDeliveryRecords({ writer, send }: Connections): DeliveryRecords {
  return {
    async put(id, { institution, kind, purpose, subject, trace, expiresAt }) {
      const row = {
        ...{ institution, id, kind, purpose, subject },
        trace: JSON.stringify(trace),
        expires_at: new Date(expiresAt + receiptMs),
      }
      await send((db) => db('delivery').insert(row))
    },
    async ended(institution, id, { state, channel }) {
      const db = await writer()
      const rows = await db('delivery')
        .where({ institution, id, state: 'owed' })
        .update({ state, channel: channel ?? null })
        .returning(told)
      return recordOf(rows[0])
    },
    async heard(institution, id, receipt) {
      const db = await writer()
      const rows = await db('delivery')
        .where({ institution, id })
        .whereNull('receipt')
        .update({ receipt })
        .returning(told)
      return recordOf(rows[0])
    },
  }
}
