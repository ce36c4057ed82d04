// An audit event as the text that is kept for good: canonical JSON, personal values only as commitments.
import { createHmac } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { AuditEvent } from './audit.ts'

export interface EventPlace {
  readonly institution: string
  readonly node: string
  readonly counter: number
  /** Every number of this node below it was committed or explained when this row was written. */
  readonly settled: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** HMAC-SHA256 under a salt of the event's own: without the salt, which erasure deletes, it says nothing (attack 214). */
export const commitment = (salt: Uint8Array, value: string): string =>
  createHmac('sha256', salt).update(value).digest('base64url')

/**
 * What RFC 8785 cannot write is put in words that it can: half a surrogate pair becomes U+FFFD, NaN its name. A value that
 * a stranger chose must never make the event, and with it the whole unit of work, fail (attack 212).
 */
function writable(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map(writable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key.toWellFormed(), writable(member)]),
  )
}

/** RFC 8785 JSON of one event; the bytes that the leaf hash covers. */
export function eventText(event: AuditEvent, place: EventPlace, salt: Uint8Array): string {
  const { personal, ...rest } = event
  const commitments = Object.entries(personal ?? {}).map(([field, value]) => [
    field.toWellFormed(),
    commitment(salt, value),
  ])
  const text = canonicalize({
    v: 1,
    ...(writable(rest) as object),
    institution: place.institution,
    node: place.node,
    counter: place.counter,
    settled: place.settled,
    at: new Date(place.at).toISOString(),
    ...(commitments.length > 0 && { personal: Object.fromEntries(commitments) }),
  })
  if (text === undefined) throw new Error('an audit event that is not JSON')
  return text
}

/** What a row's columns say, apart from its text. */
export interface RowColumns {
  readonly institution: string
  readonly node: string
  readonly counter: number
  readonly type: string
  /** Epoch milliseconds. */
  readonly at: number
}

/**
 * The `settled` of a kept text; undefined when the text is not an event or not the one that the columns name: else rows
 * could change places, or hide from whoever searches by a column. Total: the text may come from an attacker.
 */
export function settledIn(text: string, columns: RowColumns): number | undefined {
  const body = parsed(text)
  const same =
    body.institution === columns.institution &&
    body.node === columns.node &&
    body.counter === columns.counter &&
    body.type === columns.type &&
    typeof body.at === 'string' &&
    Date.parse(body.at) === columns.at
  if (!same) return undefined
  // Texts from before this member existed: nothing says that a number below theirs was still on its way.
  return typeof body.settled === 'number' ? body.settled : columns.counter
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
