// How long an institution keeps what its customers did, and how a pass that deletes goes over it.

/** `evidence`: proofs of approvals. `transactions`: what was decided, what was asked on phones, and who looked at what was held. `risk`: what engines said. */
export const retained = ['evidence', 'transactions', 'risk'] as const
export type Retained = (typeof retained)[number]

/** Days that a kind is kept after it has ended; what is not said is kept for ever. */
export type Retention = Readonly<Partial<Record<Retained, number>>>

/** No record goes sooner: limits count 30 days back, and the history that risk engines are given goes back 90. */
export const leastDays = 100

/** In the order in which they go: evidence, an approval and a case each keep their transaction. */
export const recordKinds = [
  'evidence',
  'approvals',
  'cases',
  'transactions',
  'assessments',
  'shadows',
] as const
export type RecordKind = (typeof recordKinds)[number]

const settingOf: Readonly<Record<RecordKind, Retained>> = {
  evidence: 'evidence',
  approvals: 'transactions',
  cases: 'transactions',
  transactions: 'transactions',
  assessments: 'risk',
  shadows: 'risk',
}

const dayMs = 24 * 3600_000

/** What ended before then may go (epoch milliseconds); undefined for what is kept for ever. */
export function keptSince(retention: Retention, kind: RecordKind, now: number): number | undefined {
  const days = retention[settingOf[kind]]
  return days === undefined ? undefined : now - Math.max(days, leastDays) * dayMs
}

/** How far a node has looked through one kind of records of one institution. */
export interface Looked {
  /** What was created before then was looked at (epoch milliseconds). */
  readonly until: number
  /** When this way through them began. */
  readonly begun: number
}

/**
 * Where to go on. What had to be kept is looked at again once a day and not in every pass, or what is kept for long would be
 * read over and over.
 */
export const lookOn = (looked: Looked | undefined, now: number): Looked =>
  looked === undefined || now - looked.begun > dayMs ? { until: 0, begun: now } : looked
