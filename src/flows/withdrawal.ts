// Taking back what a customer was asked: nobody waits for it any more, and it counts against no limit.
import type { Approvals } from '../ports/approvals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Pings } from '../ports/pings.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { traceOfApproval, traceOfTransaction } from './approvals.ts'
import { type EndingPorts, endTransaction } from './transaction-ending.ts'

export interface WithdrawalPorts extends EndingPorts {
  readonly approvals: Pick<Approvals, 'withdrawAll'>
  readonly pings: Pick<Pings, 'due'>
  readonly audit: Audit
  readonly clock: Clock
}

/** Everything that is open for this customer, or what one relying party asked; inside a unit. */
export async function withdrawAll(
  ports: WithdrawalPorts,
  asked: Parameters<Approvals['withdrawAll']>[0],
): Promise<void> {
  const now = ports.clock.now()
  for (const approval of await ports.approvals.withdrawAll(asked, now)) {
    const { institution, transactionId: id, origin, request } = approval
    ports.audit.record({ type: 'approval.withdrawn', outcome: 'ok', ...traceOfApproval(approval) })
    const end = { institution, state: 'released', now, trace: traceOfTransaction(approval) } as const
    // Others may sign what this one was to sign.
    if (id !== undefined && origin !== 'signatory') await endTransaction(ports, { ...end, id })
    if (request !== undefined) await ports.pings.due(institution, request, now)
  }
}
