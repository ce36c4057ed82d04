// Writes audit events as the last statement of their unit, numbered by node so that a missing row shows (ruling R-4).
import { randomBytes } from 'node:crypto'
import type { AuditEvent } from '../domain/audit.ts'
import { eventText } from '../domain/audit-row.ts'
import { leafHash } from '../domain/merkle.ts'
import type { Clock } from '../ports/clock.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
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
  /** Numbers whose rows were rolled back; explained by `audit.void` with the next events. */
  lost: number[]
}

export function createAuditWriter(ports: AuditWriterPorts): EventWriter {
  const numbers = new Map<string, Numbers>()
  const of = (institution: string): Numbers => {
    const known = numbers.get(institution) ?? { next: 0, lost: [] }
    numbers.set(institution, known)
    return known
  }
  return {
    async write(trx, institution, events) {
      const own = of(institution)
      const voided = own.lost.splice(0)
      const rows = [
        ...voided.map((counter) =>
          row(ports, institution, { event: { type: 'audit.void', outcome: 'ok' }, counter }),
        ),
        ...events.map((event) => row(ports, institution, { event, counter: own.next++ })),
      ]
      const rolledBack = () => void own.lost.push(...rows.map(({ counter }) => counter))
      try {
        await trx('audit_event').insert(rows)
      } catch (error) {
        rolledBack()
        throw error
      }
      return {
        committed: () =>
          ports.committed?.(
            institution,
            rows.map(({ body }) => body),
          ),
        rolledBack,
      }
    },
  }
}

function row(
  { clock, node, seal }: AuditWriterPorts,
  institution: string,
  { event, counter }: { event: AuditEvent; counter: number },
) {
  const at = clock.now()
  const salt = randomBytes(16)
  const body = eventText(event, { institution, node, counter, at }, salt)
  const personal = event.personal && { salt: salt.toString('base64url'), values: event.personal }
  return {
    institution,
    node,
    counter,
    at: new Date(at),
    type: event.type,
    body,
    personal: personal === undefined ? null : seal.seal(institution, JSON.stringify(personal)),
    leaf: leafHash(body),
  }
}
