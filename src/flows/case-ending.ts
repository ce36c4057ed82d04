// What follows when a case ends: the audit names who ended it, the customer is told, and engines hear of fraud.
import type { AuditEvent } from '../domain/audit.ts'
import { caseNoticeText } from '../domain/case-notice.ts'
import type { HeldCase } from '../domain/held-case.ts'
import type { Institution } from '../domain/institution.ts'
import { languageOfInstitution } from '../domain/language.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import type { Reach } from './reach.ts'

export interface CaseTellingPorts {
  readonly directory: Pick<Directory, 'institution' | 'relyingParty'>
  readonly reach: Reach
  readonly unit: Pick<UnitOfWork, 'reference'>
  readonly audit: Audit
}

/** Whose case it is, and its transaction. */
export const traceOfCase = ({ relyingParty, subject, hash }: HeldCase) => ({
  ...{ relyingParty, subject, transaction: hash },
})

/** What people wrote is about a customer: a commitment stands in the audit, and the words are sealed. */
export const personalOf = (why: string): Pick<AuditEvent, 'personal'> =>
  why === '' ? {} : { personal: { why } }

const dayMs = 24 * 3600_000

/** Inside the unit that ended it; `sendUntil` where it can be sent again. */
export async function tellCustomer(
  { directory, reach, unit }: CaseTellingPorts,
  institution: Institution,
  { one, now, sendUntil }: { readonly one: HeldCase; readonly now: number; readonly sendUntil?: number },
): Promise<void> {
  const { subject, relyingParty, hash } = one
  const byApp = (await directory.relyingParty(institution.id, relyingParty))?.kind !== 'api'
  await reach(institution, {
    ...{ subject, purpose: 'notice', expiresAt: sendUntil ?? now + dayMs },
    text: caseNoticeText({ sendUntil, byApp }, institution.name, languageOfInstitution(institution)),
    trace: { reference: unit.reference() ?? '', relyingParty, transaction: hash },
  })
}
