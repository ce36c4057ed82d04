// An audit event as the text that is kept for good: canonical JSON, personal values only as commitments.
import { createHmac } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { AuditEvent } from './audit.ts'

export interface EventPlace {
  readonly institution: string
  readonly node: string
  readonly counter: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** HMAC-SHA256 under a salt of the event's own: without the salt, which erasure deletes, it says nothing (attack 214). */
export const commitment = (salt: Uint8Array, value: string): string =>
  createHmac('sha256', salt).update(value).digest('base64url')

/** RFC 8785 JSON of one event; the bytes that the leaf hash covers. */
export function eventText(event: AuditEvent, place: EventPlace, salt: Uint8Array): string {
  const { personal, ...rest } = event
  const commitments = Object.entries(personal ?? {}).map(([field, value]) => [field, commitment(salt, value)])
  const text = canonicalize({
    v: 1,
    ...rest,
    institution: place.institution,
    node: place.node,
    counter: place.counter,
    at: new Date(place.at).toISOString(),
    ...(commitments.length > 0 && { personal: Object.fromEntries(commitments) }),
  })
  if (text === undefined) throw new Error('an audit event that is not JSON')
  return text
}
