// A case for what is held: made in the unit that holds it. The very same belongs to the case that waits, and of one customer
// a few wait at most, so that nobody fills the list of those who look.
import type { AuditEvent } from '../domain/audit.ts'
import type { CustomerTransaction } from '../domain/customer-transaction.ts'
import { caseSettings, mostWaiting } from '../domain/held-case.ts'
import type { Institution } from '../domain/institution.ts'
import type { Cases } from '../ports/cases.ts'
import type { Held } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface CaseOpeningPorts {
  readonly cases: Pick<Cases, 'create' | 'waitingOf' | 'join'>
  readonly audit: Audit
}

/** What is held, of a customer who is held, why, and since when. */
export interface ToLookAt {
  readonly customer: Held
  readonly transaction: Pick<CustomerTransaction, 'id' | 'relyingParty' | 'reference' | 'transaction'>
  readonly reason: string
  readonly now: number
}

/** Tells the audit in any case: `case.opened`, or `case.not_opened` with what is there already. */
export async function openCase(
  ports: CaseOpeningPorts,
  institution: Institution,
  toLookAt: ToLookAt,
): Promise<void> {
  const { cases } = ports
  const { customer, transaction: held, now } = toLookAt
  const { id, relyingParty } = held
  const { same, count } = await cases.waitingOf(customer, { relyingParty, hash: held.transaction.hash, now })
  if (same !== undefined) {
    await cases.join(institution.id, same, { transaction: id, now })
    return tell(ports, toLookAt, { type: 'case.not_opened', detail: { id, case: same } })
  }
  if (count >= mostWaiting)
    return tell(ports, toLookAt, { type: 'case.not_opened', detail: { id, waiting: count } })
  await create(ports, institution, toLookAt)
}

async function create(ports: CaseOpeningPorts, institution: Institution, toLookAt: ToLookAt): Promise<void> {
  const { customer, transaction: held, reason, now } = toLookAt
  const { id, relyingParty, reference } = held
  const { hash } = held.transaction
  const deadline = now + caseSettings(institution).reviewMs
  await ports.cases.create({
    ...{ institution: institution.id, id, subject: customer.subject, relyingParty, reference, hash, reason },
    ...{ state: 'open', version: 1, createdAt: now, deadline, fraud: false },
    ...{ proposedBy: undefined, endedBy: undefined, endedAt: undefined },
    ...{ sendUntil: undefined, usedBy: undefined },
  })
  const detail = { case: id, deadline: new Date(deadline).toISOString() }
  tell(ports, toLookAt, { type: 'case.opened', detail })
}

function tell(
  { audit }: CaseOpeningPorts,
  { customer: { subject }, transaction: held, reason }: ToLookAt,
  { type, detail }: Pick<AuditEvent, 'type' | 'detail'>,
): void {
  const { relyingParty, reference } = held
  audit.record({
    ...{ type, outcome: 'ok', relyingParty, subject, transaction: held.transaction.hash },
    ...(reference !== '' && { reference }),
    detail: { ...detail, reason },
  })
}
