// A customer disabled by the bank is dead everywhere at once; enabling lets them sign in again, nothing more.
import { Refusal } from '../domain/refusal.ts'
import type { BrowserSessions } from '../ports/sign-out.ts'
import type { SubjectNames, SubjectStates } from '../ports/subjects.ts'
import type { TokenStore } from '../ports/tokens.ts'
import type { EndSession } from './end-session.ts'
import { type WithdrawalPorts, withdrawAll } from './withdrawal.ts'

/** What ends a customer takes. */
export interface CustomerEndPorts extends WithdrawalPorts {
  readonly browserSessions: BrowserSessions
  readonly tokens: TokenStore
  readonly endSession: EndSession
}

export interface SubjectPorts extends CustomerEndPorts {
  readonly subjectStates: SubjectStates
  readonly subjectNames: SubjectNames
}

export interface StateChange {
  readonly institution: string
  /** As the caller knows the customer: our `sub`, or a pairwise one. */
  readonly sub: string
  /** Who asks. */
  readonly relyingParty: string
}

/** Ends every session, grant, token and question of the customer, and tells the apps; inside a unit that lets no new one be. */
export async function endCustomer(
  ports: CustomerEndPorts,
  institution: string,
  subject: string,
): Promise<void> {
  // First: a yes that is being given at this moment is waited for here, and what comes of it ends below.
  await withdrawAll(ports, { institution, subject })
  for (const uid of await ports.browserSessions.ofSubject(institution, subject))
    await ports.endSession.end(institution, uid)
  // Also what has outlived its session. What is being issued at this moment is refused where it is shown.
  await ports.tokens.revoke(institution, { subject })
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
      await endCustomer(ports, institution, subject)
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
