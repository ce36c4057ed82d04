// What the bank's risk engines were asked and said, out of the audit events: for the control room and the journey.
import type { ShownEvent } from './event-words.ts'

/** One time that they were asked. */
export interface Assessed {
  readonly event: ShownEvent
  /** What it was about: `sign-in`, `payment`. */
  readonly kind: string
  /** What all of it came to: `step-up`. */
  readonly action: string
  /** Who decided: `risk.rsa`, or `risk.unanswered`. */
  readonly reason: string
  readonly score: number | undefined
  /** In the order in which they are asked, with what each said, or why it said nothing: `rsa`, `timeout`. */
  readonly providers: readonly { readonly provider: string; readonly said: string }[]
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function providersIn(value: unknown): Assessed['providers'] {
  const lines = Array.isArray(value) ? value.map(text) : []
  return lines.map((line) => {
    const [provider = '', said = ''] = line.split(': ')
    return { provider, said }
  })
}

/** Undefined for an event that tells of something else. */
export function assessedBy(event: ShownEvent): Assessed | undefined {
  const { type, detail } = event
  if (type !== 'risk.assessed') return undefined
  return {
    event,
    ...{ kind: text(detail.kind), action: text(detail.action), reason: text(detail.reason) },
    score: typeof detail.score === 'number' ? detail.score : undefined,
    providers: providersIn(detail.providers),
  }
}

/** Events by which it is seen what a verdict led to. */
const ends =
  /^(login\.(finished|refused|cancelled)|authorization\.refused|step_up\.|device\.|limits\.|approval\.|call\.)/

export interface Ended extends Assessed {
  /** The last that is known of what they were asked about; undefined while nothing is. */
  readonly end: ShownEvent | undefined
}

/** The newest of them, newest first, each with what came of it. */
export function lastAssessed(events: readonly ShownEvent[], most: number): readonly Ended[] {
  const asked = events.flatMap((event, at) => {
    const assessed = assessedBy(event)
    return assessed === undefined ? [] : [{ assessed, later: events.slice(at + 1) }]
  })
  return asked
    .slice(-most)
    .toReversed()
    .map(({ assessed, later }) => ({ ...assessed, end: endOf(assessed, later) }))
}

/** Of the same sign-in or call, and before they were asked about the next thing in it. */
function endOf({ event: { reference } }: Assessed, later: readonly ShownEvent[]): ShownEvent | undefined {
  if (reference === undefined) return undefined
  const same = later.filter((event) => event.reference === reference)
  const next = same.findIndex(({ type }) => type === 'risk.assessed')
  return same.slice(0, next === -1 ? undefined : next).findLast(({ type }) => ends.test(type))
}
