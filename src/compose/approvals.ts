// What asks customers out of band, and takes their answers.
import { type ApprovalKeyPorts, createApprovalKeys } from '../flows/approval-key.ts'
import { type AskPorts, createAsk } from '../flows/approvals.ts'
import { createBackEndTransactions } from '../flows/back-end-transactions.ts'
import { createKeepEvidence, type KeepEvidencePorts } from '../flows/evidence.ts'
import { createEvidenceExport, type EvidenceExportPorts } from '../flows/evidence-export.ts'
import { createLoginApproval, type LoginApprovalPorts } from '../flows/login-approval.ts'
import { createPinCheck, type StepUpPorts } from '../flows/step-up.ts'
import { createTransactionRequests, type TransactionRequestPorts } from '../flows/transaction-request.ts'
import { createCheckUserCode, createUserCodeFlows, type UserCodePorts } from '../flows/user-code.ts'
import type { SubjectNames } from '../ports/subjects.ts'

type Needed = AskPorts &
  KeepEvidencePorts &
  EvidenceExportPorts &
  StepUpPorts &
  UserCodePorts &
  Omit<ApprovalKeyPorts, 'checkPin'> &
  Omit<TransactionRequestPorts, 'ask'> &
  Omit<LoginApprovalPorts, 'ask'> & { readonly subjectNames: SubjectNames; readonly transactionMs: number }

/** The flows of approvals that need nothing of the OpenID provider. */
export function createApprovalFlows(given: Needed) {
  const ports = { ...given, ask: createAsk(given), checkPin: createPinCheck(given) }
  const requests = createTransactionRequests(ports)
  return {
    requests,
    keepEvidence: createKeepEvidence(ports),
    evidenceExport: createEvidenceExport(ports),
    checkPin: ports.checkPin,
    approvalKeys: createApprovalKeys(ports),
    loginApproval: createLoginApproval(ports),
    checkUserCode: createCheckUserCode(ports),
    userCodeFlows: createUserCodeFlows(ports),
    backEndTransactions: createBackEndTransactions({ ...ports, requests }),
  }
}
