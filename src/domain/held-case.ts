// A held transaction as a case for the bank's people: two of them release it, one stops it, and time ends it.
import { actorOf, isProven, mostReason, permits, type Visitor } from './administrator.ts'
import type { Institution } from './institution.ts'
import type { RefusalCode } from './refusal.ts'

/**
 * `open`: somebody has to look. `proposed`: one person proposes to release it. `released`: another one has agreed, and the
 * customer may send it again. `stopped`: one person said no. `expired`: nobody decided in time. The last three are ends.
 */
export const caseStates = ['open', 'proposed', 'released', 'stopped', 'expired'] as const
export type CaseState = (typeof caseStates)[number]

/** How many of one customer wait at most: what is held beyond them has no case, so that nobody fills the list of the bank's people. */
export const mostWaiting = 20

/** Those that wait for somebody. */
export const waitingStates = ['open', 'proposed'] as const satisfies readonly CaseState[]

export interface HeldCase {
  readonly institution: string
  /** That of the transaction that was held; the very same, held while this one waits, belongs to it. */
  readonly id: string
  readonly subject: string
  readonly relyingParty: string
  /** Of the sign-in or the call that the transaction came with. */
  readonly reference: string
  /** Of the transaction. */
  readonly hash: string
  /** Why it was held: the reason of the decision, or `approval.held` for what was approved from far away. */
  readonly reason: string
  readonly state: CaseState
  /** Grows with each step; who takes one names the version that they saw. */
  readonly version: number
  /** Who proposes to release it, or did; as the audit names them. */
  readonly proposedBy: string | undefined
  /** Who ended it; undefined where nobody has, or its time was over. */
  readonly endedBy: string | undefined
  /** It was stopped as somebody else's doing. */
  readonly fraud: boolean
  /** Epoch milliseconds, as are the others. */
  readonly createdAt: number
  readonly deadline: number
  readonly endedAt: number | undefined
  /** Of a released one: until when the customer may send it again. */
  readonly sendUntil: number | undefined
  /** The transaction whose decision used the release up. */
  readonly usedBy: string | undefined
}

/** What people can do with a case. */
export const caseSteps = ['propose', 'confirm', 'send-back', 'stop'] as const
export type CaseStep = (typeof caseSteps)[number]

const leads: Readonly<Record<CaseStep, Readonly<Partial<Record<CaseState, CaseState>>>>> = {
  propose: { open: 'proposed' },
  confirm: { proposed: 'released' },
  'send-back': { proposed: 'open' },
  stop: { open: 'stopped', proposed: 'stopped' },
}

/** Where a step leads from this state; undefined where it cannot be taken. */
export const afterStep = (step: CaseStep, state: CaseState): CaseState | undefined => leads[step][state]

/** As people are told of it: one whose time is over has expired, be it ended yet or not. */
export const shownCaseState = (
  { state, deadline }: Pick<HeldCase, 'state' | 'deadline'>,
  now: number,
): CaseState => (isWaiting(state) && deadline <= now ? 'expired' : state)

export const isWaiting = (state: CaseState): boolean =>
  (waitingStates as readonly CaseState[]).includes(state)

/** Who takes which step, and why in their words. */
export interface CaseTaker {
  readonly visitor: Pick<Visitor, 'kind' | 'id' | 'roles' | 'authenticatedAt'>
  readonly step: CaseStep
  readonly why: string
}

/** Only an agreement says all that it has to by being given. */
export const needsReason = (step: CaseStep): boolean => step !== 'confirm'

/**
 * What keeps this person from this step; undefined: nothing. Whoever proposed never agrees, by whatever session or role. A key
 * from the safe has no name: who holds it may be the one who proposed, or will agree, so that it releases nothing (attack 249).
 */
export function caseHindrance(
  one: Pick<HeldCase, 'state' | 'deadline' | 'proposedBy'>,
  { visitor, step, why }: CaseTaker,
  now: number,
): 'console.forbidden' | 'case.state' | 'case.own' | 'case.reason' | 'console.recent' | undefined {
  if (!permits(visitor, 'cases')) return 'console.forbidden'
  const releases = step === 'propose' || step === 'confirm'
  if (releases && visitor.kind !== 'workforce') return 'console.forbidden'
  if (afterStep(step, shownCaseState(one, now)) === undefined) return 'case.state'
  if (step === 'confirm' && one.proposedBy === actorOf(visitor)) return 'case.own'
  if ((needsReason(step) && why === '') || why.length > mostReason) return 'case.reason'
  return step === 'confirm' && !isProven(visitor, now) ? 'console.recent' : undefined
}

/** How long a case waits, and how long what was released may be sent again; in hours, 24 unless told. */
export const caseSettings = ({
  reviewHours = 24,
  releaseHours = 24,
}: Pick<Institution, 'reviewHours' | 'releaseHours'>) => ({
  reviewMs: reviewHours * 3600_000,
  releaseMs: releaseHours * 3600_000,
})

const notTheirs: ReadonlySet<RefusalCode> = new Set([
  ...(['device.required', 'pin.unset', 'acr.insufficient', 'upstream.too_weak'] as const),
  ...(['subject.disabled', 'device.frozen', 'payee.frozen', 'transaction.signatories'] as const),
])

/** May what was released be sent once more after this refusal? Whoever could not approve it, or was stopped by the bank, has not given up. */
export const givesBack = (code: RefusalCode): boolean => notTheirs.has(code)
