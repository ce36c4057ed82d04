// One node's audit log over a real database: write, integrate, verify.
import { randomBytes } from 'node:crypto'
import { noteIsBy, type ReadNote } from '../../src/domain/checkpoint.ts'
import { createAuditVerify } from '../../src/flows/audit-verify.ts'
import { createLocalKeys } from '../../src/plugins/keys/local.ts'
import { createFieldSeal } from '../../src/plugins/keys/seal.ts'
import type { AuditLog } from '../../src/ports/audit-log.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { KeyStore } from '../../src/ports/key-store.ts'
import type { Log } from '../../src/ports/log.ts'
import { createAuditLog, integrate } from '../../src/storage/audit-log.ts'
import { createAuditWriter } from '../../src/storage/audit-writer.ts'
import type { Database } from '../../src/storage/open.ts'
import { createSealedKeys } from '../../src/storage/sealed-keys.ts'
import { createUnits } from '../../src/storage/unit-of-work.ts'

export const auditMaster = randomBytes(32)
export const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A millisecond further at every look, so that order is certain. */
export function steppingClock(): Clock {
  let at = Date.parse('2026-11-24T12:00:00Z')
  return { now: () => at++ }
}

/** The 32 bytes of the Ed25519 key that signs the institution's checkpoints. */
export async function checkpointKey(keys: Pick<KeyStore, 'publicJwk'>, institution: string): Promise<Buffer> {
  const { x } = await keys.publicJwk(institution, 'checkpoint')
  return Buffer.from(String(x), 'base64url')
}

/** A node with a name of its own; benches over one database share the log and its keys. */
export function auditBench(database: Database, institution: string) {
  const clock = steppingClock()
  const node = randomBytes(6).toString('hex')
  const keys = createLocalKeys({ master: auditMaster, sealed: createSealedKeys(database), clock })
  const writer = createAuditWriter({ clock, node, seal: createFieldSeal(auditMaster) })
  const units = createUnits({ database, events: writer })
  const auditLog = createAuditLog(database)
  const signed = async (id: string, note: ReadNote) => noteIsBy(note, await checkpointKey(keys, id))
  const ports = { database, keys, log: quiet, originOf: async (id: string) => `bank.example/${id}/audit` }
  return {
    node,
    keys,
    writer,
    auditLog,
    sequencerPorts: ports,
    sequence: () => integrate(ports, institution),
    write: (detail: Record<string, string>, personal?: Record<string, string>) =>
      units.unit.run({ institution, reference: 'DB-TEST-0001' }, async () =>
        units.audit.record({ type: 'login.started', outcome: 'ok', detail, ...(personal && { personal }) }),
      ),
    verify: (since?: string) => createAuditVerify({ auditLog, signed })(institution, since),
    /** Verifies through another view of the log, to act while it is read. */
    verifyThrough: (view: AuditLog) => createAuditVerify({ auditLog: view, signed })(institution),
  }
}

export type AuditBench = ReturnType<typeof auditBench>
