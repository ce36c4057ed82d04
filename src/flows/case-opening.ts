// A case for what is held: made in the unit that holds it, so that nothing is held that nobody looks at.
import type { CustomerTransaction } from '../domain/customer-transaction.ts'
import { caseSettings } from '../domain/held-case.ts'
import type { Institution } from '../domain/institution.ts'
import type { Cases } from '../ports/cases.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface CaseOpeningPorts {
  readonly cases: Pick<Cases, 'create'>
  readonly audit: Audit
}

/** What is held, why, and since when. */
export interface ToLookAt {
  readonly transaction: Pick<
    CustomerTransaction,
    'id' | 'subject' | 'relyingParty' | 'reference' | 'transaction'
  >
  readonly reason: string
  readonly now: number
}

export async function openCase(
  { cases, audit }: CaseOpeningPorts,
  institution: Institution,
  { transaction: held, reason, now }: ToLookAt,
): Promise<void> {
  const { id, subject, relyingParty, reference } = held
  const { hash } = held.transaction
  const deadline = now + caseSettings(institution).reviewMs
  await cases.create({
    ...{ institution: institution.id, id, subject, relyingParty, reference, hash, reason },
    ...{ state: 'open', version: 1, createdAt: now, deadline, fraud: false },
    ...{ proposedBy: undefined, endedBy: undefined, endedAt: undefined },
    ...{ sendUntil: undefined, usedBy: undefined },
  })
  audit.record({
    ...{ type: 'case.opened', outcome: 'ok', relyingParty, subject, transaction: hash },
    ...(reference !== '' && { reference }),
    detail: { case: id, reason, deadline: new Date(deadline).toISOString() },
  })
}
