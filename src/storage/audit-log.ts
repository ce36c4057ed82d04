// The audit log as rows: reading it back, and integrating committed events into the Merkle log (ruling R-4).
import type { Knex } from 'knex'
import { bodyText, noteIsBy, noteText, readNote } from '../domain/checkpoint.ts'
import { append, emptyFrontier, type Frontier, rootOf } from '../domain/merkle.ts'
import type { AuditLog, AuditRow } from '../ports/audit-log.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Log } from '../ports/log.ts'
import type { Database } from './open.ts'
import { countHours } from './statistics.ts'

const columns = ['institution', 'node', 'counter', 'type', 'at', 'body', 'leaf', 'log_index']

interface Row {
  institution: string
  node: string
  counter: string
  type: string
  at: Date
  body: string
  leaf: Buffer
  log_index: string | null
}

const toRow = (row: Row): AuditRow => ({
  institution: row.institution,
  node: row.node,
  counter: Number(row.counter),
  type: row.type,
  at: row.at.getTime(),
  body: row.body,
  leaf: row.leaf.toString('base64'),
  index: row.log_index === null ? undefined : Number(row.log_index),
})

export function createAuditLog({ knex }: Database): AuditLog {
  return {
    async range(institution, from, limit) {
      const rows: Row[] = await knex('audit_event')
        .where({ institution })
        .where('log_index', '>=', from)
        .orderBy('log_index')
        .limit(limit)
        .select(columns)
      return rows.map(toRow)
    },
    async pending(institution) {
      const rows: Row[] = await knex('audit_event')
        .where({ institution })
        .whereNull('log_index')
        .orderBy(['at', 'node', 'counter'])
        .select(columns)
      return rows.map(toRow)
    },
    async checkpoints(institution, above = -1, limit) {
      const query = knex('audit_checkpoint').where({ institution }).where('size', '>', above).orderBy('size')
      const rows: { size: string; note: string }[] = await (limit === undefined ? query : query.limit(limit))
      return rows.map(({ size, note }) => ({ institution, size: Number(size), note }))
    },
  }
}

export interface SequencerPorts {
  readonly database: Database
  readonly keys: KeyStore
  readonly log: Log
  /** The origin line of an institution's log. */
  readonly originOf: (institution: string) => Promise<string | undefined>
}

const batch = 2000

/** Integrates what is committed and signs a checkpoint; resolves with how many events went in. One node at a time does it. */
export async function integrate(ports: SequencerPorts, institution: string): Promise<number> {
  const origin = await ports.originOf(institution)
  if (origin === undefined) return 0
  const signer = await ports.keys.signer(institution, 'checkpoint')
  const { x } = await ports.keys.publicJwk(institution, 'checkpoint')
  const publicKey = Buffer.from(String(x), 'base64url')
  return ports.database.knex.transaction(async (trx) => {
    if (!(await mine(trx, ports.database.kind, institution))) return 0
    const before = await frontier(trx, institution, publicKey)
    const leaves = await pending(trx, institution)
    if (leaves.length === 0) return 0
    const after = leaves.reduce((tree, { leaf }) => append(tree, leaf), before)
    await number(trx, institution, { leaves, from: before.size })
    await countHours(trx, institution, { from: before.size, count: leaves.length })
    const body = { origin, size: after.size, root: rootOf(after) }
    const note = noteText(body, publicKey, await signer.sign(bodyText(body)))
    await trx('audit_checkpoint').insert({
      institution,
      size: after.size,
      root: body.root,
      note,
      frontier: after.roots.map((root) => root.toString('base64')).join(' '),
    })
    return leaves.length
  })
}

async function mine(trx: Knex.Transaction, kind: Database['kind'], institution: string): Promise<boolean> {
  if (kind === 'embedded') return true
  const { rows } = await trx.raw(`select pg_try_advisory_xact_lock(hashtext('audit'), hashtext(?)) as mine`, [
    institution,
  ])
  return rows[0].mine
}

/** Goes on only from a checkpoint that the log key signed: else the next signature would cover a forged beginning. */
async function frontier(trx: Knex.Transaction, institution: string, publicKey: Buffer): Promise<Frontier> {
  const last = await trx('audit_checkpoint')
    .where({ institution })
    .orderBy('size', 'desc')
    .first('size', 'note', 'frontier')
  if (!last) return emptyFrontier
  const tree = edgeIn(last)
  const note = readNote(last.note)
  const good = note?.size === tree.size && note.root.equals(rootOf(tree)) && noteIsBy(note, publicKey)
  if (!good) throw new Error(`checkpoint ${tree.size} of ${institution} is not the one that was signed`)
  return tree
}

/** The right edge of the tree of a checkpoint, as its row has it. */
export const edgeIn = ({ size, frontier: roots }: { size: string; frontier: string }): Frontier => ({
  size: Number(size),
  roots: roots.split(' ').map((root) => Buffer.from(root, 'base64')),
})

interface Leaf {
  node: string
  counter: string
  leaf: Buffer
}

function pending(trx: Knex.Transaction, institution: string): Promise<Leaf[]> {
  return trx('audit_event')
    .where({ institution })
    .whereNull('log_index')
    .orderBy(['at', 'node', 'counter'])
    .limit(batch)
    .select('node', 'counter', 'leaf')
}

async function number(
  trx: Knex.Transaction,
  institution: string,
  { leaves, from }: { leaves: readonly Leaf[]; from: number },
): Promise<void> {
  await trx.raw(
    `update audit_event e set log_index = n.log_index
     from (select unnest(?::text[]) as node, unnest(?::bigint[]) as counter, unnest(?::bigint[]) as log_index) n
     where e.institution = ? and e.node = n.node and e.counter = n.counter`,
    [
      leaves.map(({ node }) => node),
      leaves.map(({ counter }) => counter),
      leaves.map((_, i) => from + i),
      institution,
    ],
  )
}

export interface Sequencer {
  /** Integrates all that is committed now, for every institution. */
  now(): Promise<void>
  stop(): Promise<void>
}

/** Looks for committed events at an interval; one cheap query when there are none. */
export function startSequencer(ports: SequencerPorts, intervalMs: number): Sequencer {
  let running: Promise<void> = Promise.resolve()
  let busy = false
  const failed = (error: unknown, institution?: string) =>
    ports.log.error('audit.sequencer_failed', { ...(institution && { institution }), error: String(error) })
  const next = () => {
    const pass = () => {
      busy = true
      return everyone(ports, failed).finally(() => {
        busy = false
      })
    }
    running = running.then(pass, pass)
    return running
  }
  const timer = setInterval(() => {
    // A pass that takes longer than the interval is not queued behind itself.
    if (!busy) next().catch(failed)
  }, intervalMs)
  timer.unref()
  return {
    now: next,
    stop: async () => {
      clearInterval(timer)
      await running.catch(() => undefined)
    },
  }
}

/** One institution that cannot be integrated does not hold up the others. */
async function everyone(
  ports: SequencerPorts,
  failed: (error: unknown, institution: string) => void,
): Promise<void> {
  const { rows } = await ports.database.knex.raw(
    'select distinct institution from audit_event where log_index is null',
  )
  for (const { institution } of rows as { institution: string }[]) {
    try {
      while ((await integrate(ports, institution)) === batch);
    } catch (error) {
      failed(error, institution)
    }
  }
}
