// Writes audit events as the last statement of their unit, numbered by node so that a missing row shows (ruling R-4).
import { randomBytes } from 'node:crypto'
import type { AuditEvent } from '../domain/audit.ts'
import { eventText } from '../domain/audit-row.ts'
import { leafHash } from '../domain/merkle.ts'
import type { Clock } from '../ports/clock.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Queries } from './transaction.ts'
import type { EventWriter } from './unit-of-work.ts'

export interface AuditWriterPorts {
  readonly clock: Clock
  /** New at every start of a process, so that a counter is never used twice. */
  readonly node: string
  readonly seal: FieldSeal
  /** Told of events that are committed: for counters, and for pages that show them as they arrive. */
  readonly committed?: (institution: string, bodies: readonly string[]) => void
}

interface Numbers {
  next: number
  /** Given out, and not known to be committed: on their way, or lost. Never more than units in flight and losses. */
  readonly open: Set<number>
  /** Those whose rows were rolled back; explained by `audit.void` with the next events. */
  readonly lost: number[]
}

// PostgreSQL takes 65,535 parameters a statement; after a long outage the losses are explained in portions.
const voidsAtOnce = 500

const voided: AuditEvent = { type: 'audit.void', outcome: 'ok' }

export function createAuditWriter(ports: AuditWriterPorts): EventWriter {
  const numbers = new Map<string, Numbers>()
  const of = (institution: string): Numbers => {
    const known = numbers.get(institution) ?? { next: 0, open: new Set(), lost: [] }
    numbers.set(institution, known)
    return known
  }
  return {
    prepare(institution, events) {
      const own = of(institution)
      const { lost, given } = take(own, events.length)
      const settled = Math.min(...own.open)
      const used = [...lost, ...given]
      const rolledBack = () => void own.lost.push(...used)
      const row = (event: AuditEvent, counter: number) =>
        rowOf(ports, event, { institution, counter, settled })
      try {
        const voids = lost.map((counter) => row(voided, counter))
        const rows = events.map((event, i) => row(event, given[i] as number))
        return {
          ...told(ports, { institution, voids, rows }, () => {
            for (const counter of used) own.open.delete(counter)
          }),
          rolledBack,
        }
      } catch (error) {
        rolledBack()
        throw error
      }
    },
  }
}

interface Rows {
  readonly institution: string
  readonly voids: readonly ReturnType<typeof rowOf>[]
  readonly rows: readonly ReturnType<typeof rowOf>[]
}

function told({ committed }: AuditWriterPorts, { institution, voids, rows }: Rows, settle: () => void) {
  return {
    statements: (queries: Queries) => [
      // A commit whose answer was lost may have kept the row that is taken for lost: then it explains itself.
      ...(voids.length === 0 ? [] : [queries('audit_event').insert(voids).onConflict().ignore()]),
      queries('audit_event').insert(rows),
    ],
    committed: () => {
      settle()
      const bodies = [...voids, ...rows].map(({ body }) => body)
      committed?.(institution, bodies)
    },
  }
}

/** Numbers for this write: some of the lost ones, and `count` new ones. */
function take(own: Numbers, count: number) {
  const given = Array.from({ length: count }, () => own.next++)
  for (const number of given) own.open.add(number)
  return { lost: own.lost.splice(0, voidsAtOnce), given }
}

function rowOf(
  { clock, node, seal }: AuditWriterPorts,
  event: AuditEvent,
  place: { institution: string; counter: number; settled: number },
) {
  const { institution, counter } = place
  const at = clock.now()
  const salt = randomBytes(16)
  const body = eventText(event, { ...place, node, at }, salt)
  const personal = event.personal && { salt: salt.toString('base64url'), values: event.personal }
  return {
    institution,
    node,
    counter,
    at: new Date(at),
    type: event.type,
    outcome: event.outcome,
    connection: event.connection ?? '',
    body,
    personal: personal === undefined ? null : seal.seal(institution, JSON.stringify(personal)),
    leaf: leafHash(body),
  }
}
