// Proving that an institution's audit log is whole: every leaf, every number, every checkpoint.
import { type ReadNote, readNote } from '../domain/checkpoint.ts'
import { append, emptyFrontier, type Frontier, leafHash, rootOf } from '../domain/merkle.ts'
import type { AuditLog, AuditRow, Checkpoint } from '../ports/audit-log.ts'

export interface AuditVerifyPorts {
  readonly auditLog: AuditLog
  /** Verifies an Ed25519 signature by the institution's checkpoint key, and says which key that is. */
  readonly signed: (institution: string, note: ReadNote) => Promise<boolean>
}

export interface AuditReport {
  readonly ok: boolean
  readonly institution: string
  readonly events: number
  readonly pending: number
  readonly checkpoints: number
  readonly firstBad:
    | { readonly index?: number; readonly node?: string; readonly counter?: number; readonly reason: string }
    | undefined
}

type Bad = NonNullable<AuditReport['firstBad']>

const page = 5000

/**
 * Reads the whole log once. `since` is a checkpoint note that was kept elsewhere: the log must still begin with it.
 * The report names the first bad event.
 */
export function createAuditVerify(ports: AuditVerifyPorts) {
  return async function verifyAudit(institution: string, since?: string): Promise<AuditReport> {
    const checkpoints = await ports.auditLog.checkpoints(institution)
    const anchors = await anchorsOf(ports, { institution, checkpoints, since })
    const pending = await ports.auditLog.pending(institution)
    const report = { institution, pending: pending.length, checkpoints: checkpoints.length }
    if ('reason' in anchors) return { ...report, ok: false, events: 0, firstBad: anchors }
    const walk = await walked(ports.auditLog, institution, anchors)
    const bad = walk.bad ?? gapIn(walk.counters, pending)
    return { ...report, ok: bad === undefined, events: walk.tree.size, firstBad: bad }
  }
}

interface Given {
  readonly institution: string
  readonly checkpoints: readonly Checkpoint[]
  readonly since: string | undefined
}

/** The roots that the log must have had at certain sizes, each vouched for by a signature. */
async function anchorsOf(ports: AuditVerifyPorts, given: Given): Promise<Map<number, Buffer> | Bad> {
  const roots = new Map<number, Buffer>()
  const notes = given.checkpoints.map(({ note }) => note)
  let origin: string | undefined
  for (const text of given.since === undefined ? notes : [...notes, given.since]) {
    const note = readNote(text)
    const size = note?.size
    if (!note || !(await ports.signed(given.institution, note))) {
      return {
        ...(size !== undefined && { index: size - 1 }),
        reason: 'checkpoint signature is not by the log key',
      }
    }
    origin ??= note.origin
    if (note.origin !== origin) return { index: note.size - 1, reason: 'checkpoint is of another log' }
    const known = roots.get(note.size)
    if (known && !known.equals(note.root))
      return { index: note.size - 1, reason: 'two checkpoints of one size differ' }
    roots.set(note.size, note.root)
  }
  return roots
}

interface Walk {
  readonly tree: Frontier
  readonly counters: Map<string, Set<number>>
  readonly bad: Bad | undefined
}

async function walked(
  log: AuditLog,
  institution: string,
  anchors: ReadonlyMap<number, Buffer>,
): Promise<Walk> {
  const counters = new Map<string, Set<number>>()
  let tree = emptyFrontier
  let lastGood = 0
  for (;;) {
    const rows = await log.range(institution, tree.size, page)
    for (const row of rows) {
      const reason = faultOf(row, tree.size)
      if (reason) return { tree, counters, bad: { ...place(row), reason } }
      note(counters, row)
      tree = append(tree, Buffer.from(row.leaf, 'base64'))
      const root = anchors.get(tree.size)
      if (root && !root.equals(rootOf(tree))) {
        return {
          tree,
          counters,
          bad: {
            ...place(row),
            index: lastGood,
            reason: 'root differs from the checkpoint; changed at or after this index',
          },
        }
      }
      if (root) lastGood = tree.size
    }
    if (rows.length < page) break
  }
  const longest = Math.max(0, ...anchors.keys())
  const cut =
    tree.size < longest
      ? { index: tree.size, reason: `the log ends before checkpoint ${longest}` }
      : undefined
  const loose =
    tree.size > longest ? { index: longest, reason: 'events after the last checkpoint' } : undefined
  return { tree, counters, bad: cut ?? loose }
}

const place = ({ index, node, counter }: AuditRow) => ({
  ...(index !== undefined && { index }),
  node,
  counter,
})

function faultOf(row: AuditRow, expected: number): string | undefined {
  if (row.index !== expected) return `index ${expected} is missing`
  if (!leafHash(row.body).equals(Buffer.from(row.leaf, 'base64')))
    return 'the text does not match its leaf hash'
  return bodyFault(row)
}

/** A row's columns must say what its committed text says, or rows could change places unseen. */
function bodyFault(row: AuditRow): string | undefined {
  const body = JSON.parse(row.body) as { institution?: string; node?: string; counter?: number }
  const same = body.institution === row.institution && body.node === row.node && body.counter === row.counter
  return same ? undefined : 'the row is not the one that its text names'
}

function note(counters: Map<string, Set<number>>, { node, counter }: AuditRow): void {
  const seen = counters.get(node) ?? new Set<number>()
  counters.set(node, seen.add(counter))
}

/** Numbers of a node that nothing explains: a row was deleted before it was integrated (attack 244). */
function gapIn(counters: Map<string, Set<number>>, pending: readonly AuditRow[]): Bad | undefined {
  for (const row of pending) {
    const reason = bodyFault(row)
    if (reason) return { ...place(row), reason }
    note(counters, row)
  }
  for (const [node, seen] of counters) {
    const last = [...seen].reduce((high, counter) => Math.max(high, counter), -1)
    for (let counter = 0; counter <= last; counter++) {
      if (!seen.has(counter)) return { node, counter, reason: 'this event of the node is missing' }
    }
  }
  return undefined
}
