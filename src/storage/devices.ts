// Enrolled devices; their state changes only by conditional updates.
import type { ApprovalKey, Device } from '../domain/device.ts'
import type { Devices } from '../ports/stores.ts'
import { frozen, held } from './frozen.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  institution: string
  id: string
  subject: string
  relying_party: string
  name: string
  state: Device['state']
  jkt: string
  public_jwk: Record<string, unknown>
  nonce: string
  nonce_expires_at: Date
  created_at: Date
  activated_at: Date | null
  revoked_at: Date | null
  approval_jkt: string | null
  approval_jwk: Record<string, unknown> | null
  approval_registered_at: Date | null
  approval_usable_from: Date | null
  /** By its key: ending the device and enrolling it again changes nothing. */
  frozen: boolean
}

function toDevice(row: Row | undefined): Device | undefined {
  return (
    row && {
      institution: row.institution,
      id: row.id,
      subject: row.subject,
      relyingParty: row.relying_party,
      name: row.name,
      state: row.frozen && row.state === 'active' ? 'suspended' : row.state,
      jkt: row.jkt,
      publicJwk: row.public_jwk,
      nonce: row.nonce,
      nonceExpiresAt: row.nonce_expires_at.getTime(),
      createdAt: row.created_at.getTime(),
      activatedAt: row.activated_at?.getTime(),
      revokedAt: row.revoked_at?.getTime(),
      approvalKey: approvalKeyOf(row),
    }
  )
}

const approvalKeyOf = (row: Row): ApprovalKey | undefined =>
  row.approval_jkt === null
    ? undefined
    : {
        jkt: row.approval_jkt,
        publicJwk: row.approval_jwk ?? {},
        registeredAt: row.approval_registered_at?.getTime() ?? 0,
        usableFrom: row.approval_usable_from?.getTime() ?? 0,
      }

const isFrozen = frozen('device', { institution: 'device.institution', key: 'device.jkt' })

const rows = (db: Queries) => db<Row>('device').select('device.*', db.raw(`${isFrozen} as frozen`))

export function createDevices(connections: Connections): Devices {
  const { reader, writer, send } = connections
  return {
    create: async (device) => create(await writer(), device),
    async get(institution, id) {
      const db = await reader()
      return toDevice(await rows(db).where({ institution, id }).first())
    },
    async byKey(institution, jkt) {
      const db = await reader()
      return toDevice(await rows(db).where({ institution, jkt }).whereNot({ state: 'revoked' }).first())
    },
    async list(institution, subject) {
      const db = await reader()
      const found = await rows(db).where({ institution, subject }).orderBy('created_at')
      return found.flatMap((row: Row) => toDevice(row) ?? [])
    },
    activate: (device, at) => activate(connections, device, at),
    async hold(institution, jkt) {
      await send((db) => held(db, institution, { kind: 'device', key: jkt }))
      await send((db) =>
        db('device').where({ institution, jkt }).whereNot({ state: 'revoked' }).forShare().select('id'),
      )
    },
    setApprovalKey: async (device, key) => setApprovalKey(await writer(), device, key),
    async revoke(institution, id, now) {
      const db = await writer()
      const live = db('device').where({ institution, id }).whereNot({ state: 'revoked' })
      return (await live.update({ state: 'revoked', revoked_at: new Date(now) })) === 1
    },
  }
}

/** `on conflict` waits for whoever was first, so that of two at once the second hears of it. */
async function create(db: Queries, device: Device): Promise<boolean> {
  const made = await db('device')
    .insert({
      institution: device.institution,
      id: device.id,
      subject: device.subject,
      relying_party: device.relyingParty,
      name: device.name,
      state: device.state,
      jkt: device.jkt,
      public_jwk: JSON.stringify(device.publicJwk),
      nonce: device.nonce,
      nonce_expires_at: new Date(device.nonceExpiresAt),
      created_at: new Date(device.createdAt),
    })
    .onConflict()
    .ignore()
    .returning('id')
  return made.length === 1
}

/** Another device may have the key: then nothing is written. Looked up and written in one statement. */
async function setApprovalKey(db: Queries, { institution, id }: Device, key: ApprovalKey): Promise<boolean> {
  const changed = await db('device')
    .where({ institution, id, state: 'active' })
    .whereRaw(`not ${isFrozen}`)
    .whereNotExists(
      db('device as other')
        .where({ institution, approval_jkt: key.jkt })
        .whereNot({ state: 'revoked' })
        .whereNot({ id })
        .select(db.raw('1')),
    )
    .update({
      approval_jkt: key.jkt,
      approval_jwk: JSON.stringify(key.publicJwk),
      approval_registered_at: new Date(key.registeredAt),
      approval_usable_from: new Date(key.usableFrom),
    })
  return changed === 1
}

// Counted by the statement that changes the state, so that what was activated while it waited for its turn counts too.
const room = `(
  select count(*) from device as live
  where live.institution = ? and live.subject = ? and live.state in ('active', 'suspended')
) < ?`

async function activate(
  { writer, send }: Connections,
  { institution, id, subject }: Device,
  { nonce, now, limit }: Parameters<Devices['activate']>[1],
): Promise<boolean> {
  // One customer's activations one after the other: two that count at the same time would both find room.
  await send((db) => db('subject').where({ institution, sub: subject }).forUpdate().select('sub'))
  const db = await writer()
  const at = new Date(now)
  const changed = await db('device')
    .where({ institution, id, state: 'pending', nonce })
    .where('nonce_expires_at', '>', at)
    .whereRaw(room, [institution, subject, limit])
    .update({ state: 'active', activated_at: at })
  return changed === 1
}
