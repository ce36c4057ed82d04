// How a transaction that is open ends: one conditional update, and its event in the same unit.
import type { AuditEvent } from '../domain/audit.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface EndingPorts {
  readonly transactions: Pick<Transactions, 'end'>
  readonly audit: Audit
}

export interface TransactionEnd {
  readonly institution: string
  readonly id: string
  readonly state: 'approved' | 'released' | 'held'
  readonly now: number
  /** Whose it is, and its hash. */
  readonly trace: Omit<AuditEvent, 'type' | 'outcome' | 'detail'>
  readonly detail?: AuditEvent['detail']
  /** Keeps what proves it, once it has ended so; the digest stands in the event. */
  readonly evidence?: (() => Promise<string | undefined>) | undefined
}

/** False where it was no longer open, or its time was over before it was approved: then nothing is told either. */
export async function endTransaction(
  { transactions, audit }: EndingPorts,
  end: TransactionEnd,
): Promise<boolean> {
  const { institution, id, state, now, trace } = end
  if (!(await transactions.end(institution, id, { state, now }))) return false
  const evidence = await end.evidence?.()
  const detail = { id, ...end.detail, ...(evidence !== undefined && { evidence }) }
  audit.record({ type: `transaction.${state}`, outcome: 'ok', ...trace, detail })
  return true
}
