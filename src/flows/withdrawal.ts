// Taking back what a customer was asked: nobody waits for it any more, and it counts against no limit.
import type { Approvals } from '../ports/approvals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Pings } from '../ports/pings.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { traceOfApproval, traceOfTransaction } from './approvals.ts'
import { type EndingPorts, endTransaction } from './transaction-ending.ts'

export interface WithdrawalPorts extends EndingPorts {
  readonly approvals: Pick<Approvals, 'withdrawAll' | 'signing' | 'withdrawSignatories'>
  readonly transactions: Pick<Transactions, 'end' | 'hold'>
  readonly pings: Pick<Pings, 'due'>
  readonly audit: Audit
  readonly clock: Clock
}

/**
 * Everything that is open for this customer, or what one relying party asked; inside a unit. Whoever withdraws it ends the requests
 * as well: what others were to sign for one of these ends too.
 */
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
  await withdrawSigning(ports, asked)
}

/** Of those who sign at this moment the last has signed by then, or finds that it is over. */
async function withdrawSigning(
  ports: WithdrawalPorts,
  asked: Parameters<Approvals['withdrawAll']>[0],
): Promise<void> {
  const now = ports.clock.now()
  await ports.transactions.hold(asked)
  for (const first of await ports.approvals.signing(asked, now)) {
    const { institution, transactionId: id = '', request = '' } = first
    await endTransaction(ports, { institution, id, state: 'released', now, trace: traceOfTransaction(first) })
    await withdrawSignatories(ports, institution, id)
    await ports.pings.due(institution, request, now)
  }
}

/** What signatories were asked of this transaction: nobody waits for it any more. */
export async function withdrawSignatories(
  {
    approvals,
    audit,
    clock,
  }: {
    readonly approvals: Pick<Approvals, 'withdrawSignatories'>
    readonly audit: Audit
    readonly clock: Clock
  },
  institution: string,
  id: string,
): Promise<void> {
  for (const approval of await approvals.withdrawSignatories(institution, id, clock.now()))
    audit.record({ type: 'approval.withdrawn', outcome: 'ok', ...traceOfApproval(approval) })
}
