// Proving that an institution's audit log is whole: every leaf, every number, every checkpoint.
import { createNumbers, type Numbers } from '../domain/audit-numbers.ts'
import { settledIn } from '../domain/audit-row.ts'
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
  /** Integrated events that were read and found good. */
  readonly events: number
  /** Committed, and not yet integrated. */
  readonly pending: number
  /** Numbers of units that are still on their way, or that died with their node: given out, never known as committed. */
  readonly unfinished: number
  readonly checkpoints: number
  readonly firstBad: Bad | undefined
}

export interface Bad {
  readonly index?: number
  readonly node?: string
  readonly counter?: number
  readonly reason: string
}

const page = 5000

/** What is known so far; changed in place while the log is read. */
interface Walk {
  readonly institution: string
  readonly since: ReadNote | undefined
  readonly numbers: Map<string, Numbers>
  tree: Frontier
  origin: string | undefined
  /** The first row that no good checkpoint covers yet. */
  suspect: AuditRow | undefined
  checkpoints: number
  /** Rows that were pending when they were read, and have not been met as integrated since. */
  readonly waiting: Set<string>
}

/**
 * Reads the whole log once, in pages, also while events are being written. `since` is a checkpoint note that was kept
 * elsewhere: the log must still begin with it. The report names the first bad event.
 */
export function createAuditVerify(ports: AuditVerifyPorts) {
  return async function verifyAudit(institution: string, since?: string): Promise<AuditReport> {
    const kept = since === undefined ? undefined : await keptNote(ports, institution, since)
    const none = { ok: false, institution, events: 0, pending: 0, unfinished: 0, checkpoints: 0 }
    if (kept && 'reason' in kept) return { ...none, firstBad: kept }
    const walk: Walk = {
      institution,
      since: kept,
      numbers: new Map(),
      tree: emptyFrontier,
      origin: undefined,
      suspect: undefined,
      checkpoints: 0,
      waiting: new Set(),
    }
    const bad = await walked(ports, walk)
    const unfinished = [...walk.numbers.values()].reduce((sum, numbers) => sum + numbers.unfinished(), 0)
    const { tree, checkpoints, waiting } = walk
    return {
      ok: bad === undefined,
      institution,
      events: tree.size,
      pending: waiting.size,
      unfinished,
      checkpoints,
      firstBad: bad,
    }
  }
}

/**
 * Rows only ever go from pending to integrated. So whatever was committed before `pending` is read is in it, or is met
 * by going on afterwards; and only what was read until then may say that a number was settled.
 */
async function walked(ports: AuditVerifyPorts, walk: Walk): Promise<Bad | undefined> {
  const bad = await integrated(ports, walk, true)
  if (bad) return bad
  for (const row of await ports.auditLog.pending(walk.institution)) {
    const reason = rowFault(walk, row, true)
    if (reason) return { ...place(row), reason }
    walk.waiting.add(idOf(row))
  }
  return (await integrated(ports, walk, false)) ?? sinceFault(walk) ?? missing(walk)
}

const idOf = ({ node, counter }: AuditRow) => `${node}/${counter}`

/** Goes on from where the walk is to the end of what is integrated. */
async function integrated(ports: AuditVerifyPorts, walk: Walk, evidence: boolean): Promise<Bad | undefined> {
  const { institution } = walk
  for (;;) {
    const from = walk.tree.size
    const rows = await ports.auditLog.range(institution, from, page)
    // After the rows: a row and its checkpoint are committed together, so the checkpoint of every row is there by now.
    const ahead = await ports.auditLog.checkpoints(institution, from, page)
    const anchors = new Map(ahead.map((checkpoint) => [checkpoint.size, checkpoint]))
    for (const row of rows) {
      const bad = grown(walk, row, evidence) ?? (await anchored(ports, walk, anchors.get(walk.tree.size)))
      if (bad) return bad
    }
    if (rows.length === page) continue
    const next = ahead.find(({ size }) => size > walk.tree.size)
    if (next === undefined) break
    if ((await ports.auditLog.range(institution, walk.tree.size, 1)).length > 0) continue
    const note = await checked(ports, walk, next)
    return 'reason' in note
      ? note
      : { index: walk.tree.size, reason: `the log ends before checkpoint ${next.size}` }
  }
  return walk.suspect && { ...place(walk.suspect), reason: 'events after the last checkpoint' }
}

/** One row more; the reason if it is not the next event of this log. */
function grown(walk: Walk, row: AuditRow, evidence: boolean): Bad | undefined {
  const { size } = walk.tree
  const reason = row.index === size ? rowFault(walk, row, evidence) : `index ${size} is missing`
  if (reason) return { ...place(row), reason }
  if (walk.waiting.size > 0) walk.waiting.delete(idOf(row))
  walk.suspect ??= row
  walk.tree = append(walk.tree, Buffer.from(row.leaf, 'base64'))
  return undefined
}

function rowFault(walk: Walk, row: AuditRow, evidence: boolean): string | undefined {
  if (!leafHash(row.body).equals(Buffer.from(row.leaf, 'base64')))
    return 'the text does not match its leaf hash'
  const settled = settledIn(row.body, row)
  if (settled === undefined) return 'the row is not the one that its text names'
  const numbers = numbersOf(walk, row)
  numbers.see(row.counter)
  if (evidence) numbers.settle(settled)
  return undefined
}

/** Compares the tree with the checkpoint of its size, and with the one that was kept elsewhere. */
async function anchored(
  ports: AuditVerifyPorts,
  walk: Walk,
  checkpoint: Checkpoint | undefined,
): Promise<Bad | undefined> {
  const { since, tree } = walk
  if (checkpoint !== undefined) {
    const note = await checked(ports, walk, checkpoint)
    if ('reason' in note) return note
    if (!note.root.equals(rootOf(tree)))
      return {
        ...(walk.suspect && place(walk.suspect)),
        reason: 'root differs from the checkpoint; changed at or after this index',
      }
    walk.suspect = undefined
    walk.checkpoints++
  }
  if (since?.size === tree.size && !since.root.equals(rootOf(tree)))
    return { reason: `the first ${since.size} events are not those of the checkpoint that was kept` }
  return undefined
}

async function checked(ports: AuditVerifyPorts, walk: Walk, checkpoint: Checkpoint): Promise<ReadNote | Bad> {
  const note = await noteOf(ports, walk.institution, checkpoint.note)
  const index = checkpoint.size - 1
  if ('reason' in note) return { ...note, index }
  if (note.size !== checkpoint.size)
    return { index, reason: 'the checkpoint is of another size than its row says' }
  walk.origin ??= note.origin
  return note.origin === walk.origin ? note : { index, reason: 'checkpoint is of another log' }
}

/** The note that was kept elsewhere, if it is one of this log. */
async function keptNote(ports: AuditVerifyPorts, institution: string, text: string): Promise<ReadNote | Bad> {
  const kept = await noteOf(ports, institution, text)
  const [first] = await ports.auditLog.checkpoints(institution, -1, 1)
  const origin = first && readNote(first.note)?.origin
  return 'reason' in kept || origin === undefined || kept.origin === origin
    ? kept
    : { reason: 'the checkpoint that was kept is of another log' }
}

async function noteOf(ports: AuditVerifyPorts, institution: string, text: string): Promise<ReadNote | Bad> {
  const note = readNote(text)
  if (note !== undefined && (await ports.signed(institution, note))) return note
  return { reason: 'checkpoint signature is not by the log key' }
}

/** The kept checkpoint was never met: the log is shorter, or has no events at all. */
function sinceFault({ since, tree }: Walk): Bad | undefined {
  if (since === undefined || since.size <= tree.size) return undefined
  return { index: tree.size, reason: `the log ends before checkpoint ${since.size}` }
}

function missing({ numbers }: Walk): Bad | undefined {
  for (const [node, seen] of numbers) {
    const counter = seen.firstMissing()
    if (counter !== undefined) return { node, counter, reason: 'this event of the node is missing' }
  }
  return undefined
}

const place = ({ index, node, counter }: AuditRow) => ({
  ...(index !== undefined && { index }),
  node,
  counter,
})

function numbersOf({ numbers }: Walk, { node }: AuditRow): Numbers {
  const known = numbers.get(node) ?? createNumbers()
  numbers.set(node, known)
  return known
}
