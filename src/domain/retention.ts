// How long an institution keeps records of what its customers did, and which kinds of records there are.

/** `evidence`: proofs of approvals. `transactions`: what was decided, and the questions asked on phones. `risk`: what engines said. */
export const retained = ['evidence', 'transactions', 'risk'] as const
export type Retained = (typeof retained)[number]

/** Days that a kind is kept after it has ended; what is not said is kept for ever. */
export type Retention = Readonly<Partial<Record<Retained, number>>>

/** No record goes sooner: limits count 30 days back, and the history that risk engines are given goes back 90. */
export const leastDays = 100
