// The audit event of an approval with its path to a signed checkpoint, from the few rows around it.
import { emptyFrontier, inclusionAfter } from '../domain/merkle.ts'
import type { AuditProofs, LoggedAt } from '../ports/audit-log.ts'
import { edgeIn } from './audit-log.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

// Word for word the index of migration 0030: else every event of the institution would be read.
const named = `type in ('approval.approved', 'approval.held', 'transaction.approved')
  and substring(body from '"evidence":"([A-Za-z0-9_-]{43})"') = ?`

interface EventRow {
  readonly body: string
  readonly log_index: string | null
}

interface CheckpointRow {
  readonly size: string
  readonly note: string
  readonly frontier: string
}

export function createAuditProofs({ reader }: Connections): AuditProofs {
  return {
    async ofEvidence(institution, digest) {
      const db = await reader()
      const row: EventRow | undefined = await db('audit_event')
        .where({ institution })
        .whereRaw(named, [digest])
        .first('body', 'log_index')
      if (row === undefined) return undefined
      const { body, log_index: index } = row
      return { body, logged: index === null ? undefined : await loggedAt(db, institution, Number(index)) }
    },
  }
}

/** Undefined where there is no checkpoint behind it, which no log of ours has. */
async function loggedAt(db: Queries, institution: string, index: number): Promise<LoggedAt | undefined> {
  const checkpoints = () => db('audit_checkpoint').where({ institution }).select('size', 'note', 'frontier')
  const after: CheckpointRow | undefined = await checkpoints()
    .where('size', '>', index)
    .orderBy('size')
    .first()
  if (after === undefined) return undefined
  const before: CheckpointRow | undefined = await checkpoints()
    .where('size', '<=', index)
    .orderBy('size', 'desc')
    .first()
  const edge = before === undefined ? emptyFrontier : edgeIn(before)
  const rows: { leaf: Buffer }[] = await db('audit_event')
    .where({ institution })
    .where('log_index', '>=', edge.size)
    .where('log_index', '<', Number(after.size))
    .orderBy('log_index')
    .select('leaf')
  const path = inclusionAfter(
    edge,
    rows.map(({ leaf }) => leaf),
    index,
  )
  return { index, path, checkpoint: after.note }
}
