// A customer disabled by the bank is dead everywhere at once; enabling lets them sign in again, nothing more.
import { Refusal } from '../domain/refusal.ts'
import type { Approvals } from '../ports/approvals.ts'
import type { Clock } from '../ports/clock.ts'
import type { BrowserSessions } from '../ports/sign-out.ts'
import type { SubjectNames, SubjectStates } from '../ports/subjects.ts'
import type { TokenStore } from '../ports/tokens.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { traceOfApproval, traceOfTransaction } from './approvals.ts'
import type { EndSession } from './end-session.ts'
import { endTransaction } from './transaction-ending.ts'

export interface SubjectPorts {
  readonly subjectStates: SubjectStates
  readonly subjectNames: SubjectNames
  readonly browserSessions: BrowserSessions
  readonly tokens: TokenStore
  readonly endSession: EndSession
  readonly approvals: Pick<Approvals, 'withdrawAll'>
  readonly transactions: Pick<Transactions, 'end'>
  readonly audit: Audit
  readonly clock: Clock
}

export interface StateChange {
  readonly institution: string
  /** As the caller knows the customer: our `sub`, or a pairwise one. */
  readonly sub: string
  /** Who asks. */
  readonly relyingParty: string
}

export type SubjectFlows = ReturnType<typeof createSubjectFlows>

/** Every function runs inside a unit of work; doing it again changes nothing. Refuses with `subject.unknown`. */
export function createSubjectFlows(ports: SubjectPorts) {
  const meant = async ({ institution, sub }: StateChange): Promise<string> => {
    const subject = await ports.subjectNames.meant(institution, sub)
    if (subject === undefined) throw new Refusal('subject.unknown')
    return subject
  }
  return {
    /** Ends every session, grant and token of the customer, tells the apps, and lets no new one be. */
    async disable(change: StateChange): Promise<void> {
      const { institution, relyingParty } = change
      const subject = await meant(change)
      const changed = await ports.subjectStates.disable(institution, subject)
      for (const uid of await ports.browserSessions.ofSubject(institution, subject))
        await ports.endSession.end(institution, uid)
      // Also what has outlived its session. What is being issued at this moment is refused where it is shown.
      await ports.tokens.revoke(institution, { subject })
      await withdrawAll(ports, { institution, subject })
      if (changed) ports.audit.record({ type: 'subject.disabled', outcome: 'ok', relyingParty, subject })
    },
    async enable(change: StateChange): Promise<void> {
      const { institution, relyingParty } = change
      const subject = await meant(change)
      if (await ports.subjectStates.enable(institution, subject))
        ports.audit.record({ type: 'subject.enabled', outcome: 'ok', relyingParty, subject })
    },
  }
}

/** What was asked of this customer waits for nobody any more, and counts against no limit. */
async function withdrawAll(
  { approvals, transactions, audit, clock }: SubjectPorts,
  customer: { readonly institution: string; readonly subject: string },
): Promise<void> {
  const now = clock.now()
  for (const approval of await approvals.withdrawAll(customer, now)) {
    audit.record({ type: 'approval.withdrawn', outcome: 'ok', ...traceOfApproval(approval) })
    const { institution, transactionId: id } = approval
    const trace = traceOfTransaction(approval)
    if (id !== undefined)
      await endTransaction({ transactions, audit }, { institution, id, state: 'released', now, trace })
  }
}
