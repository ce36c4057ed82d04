// What was decided last, and which of the events belong to it: for the Decision pane.
import type { ShownEvent } from './event-words.ts'

export interface Decision {
  readonly last: ShownEvent
  /** The sign-in behind it, in order; empty where none is known. */
  readonly login: readonly ShownEvent[]
  /** The proof of the device that took part. */
  readonly proven: ShownEvent | undefined
}

const decides = ({ type, outcome }: ShownEvent): boolean =>
  type.startsWith('call.') ||
  type === 'login.finished' ||
  type === 'login.refused' ||
  (type === 'login.upstream_answered' && outcome === 'refused')

/** The newest decision; undefined while nothing has been decided. Another customer's events are never its reasons. */
export function decisionOf(events: readonly ShownEvent[]): Decision | undefined {
  const at = events.findLastIndex(decides)
  const last = events[at]
  if (last === undefined) return undefined
  const before = events.slice(0, at + 1)
  const reference = last.type.startsWith('call.') ? behindCall(before, last) : behindLogin(before, last)
  const login = reference === undefined ? [] : before.filter((event) => event.reference === reference)
  const device = last.device ?? login.findLast((event) => event.device !== undefined)?.device
  const proven =
    device === undefined
      ? undefined
      : before.findLast((event) => event.type === 'device.activated' && event.device === device)
  return { last, login, proven }
}

/** A refused answer carries the interaction alone; its beginning knows the reference. */
function behindLogin(before: readonly ShownEvent[], last: ShownEvent): string | undefined {
  const { interaction } = last.detail
  if (interaction === undefined) return last.type === 'login.upstream_answered' ? undefined : last.reference
  const begun = before.findLast(
    (event) => event.type === 'login.started' && event.detail.interaction === interaction,
  )
  return begun?.reference
}

/** A call has a reference of its own: the sign-in is the customer's last for this very transaction, or for none. */
const behindCall = (
  before: readonly ShownEvent[],
  { subject, transaction }: ShownEvent,
): string | undefined =>
  before.findLast(
    (event) =>
      event.type === 'login.finished' && event.subject === subject && event.transaction === transaction,
  )?.reference
