// What asks customers out of band, and takes their answers.
import { type ApprovalKeyPorts, createApprovalKeys } from '../flows/approval-key.ts'
import { type AskPorts, createAsk, createAskSignatory } from '../flows/approvals.ts'
import { type BackEndPorts, createBackEndTransactions } from '../flows/back-end-transactions.ts'
import { type CanTextPorts, createCanText } from '../flows/can-text.ts'
import { type CoSigningPorts, createCoSigning } from '../flows/co-signing.ts'
import { type CodeGatePorts, createCodeGate } from '../flows/code-gate.ts'
import { createKeepEvidence, type KeepEvidencePorts } from '../flows/evidence.ts'
import { createEvidenceExport, type EvidenceExportPorts } from '../flows/evidence-export.ts'
import { createLoginApproval, type LoginApprovalPorts } from '../flows/login-approval.ts'
import { createLoginSigning } from '../flows/login-signing.ts'
import { createMandateFlows, type MandatePorts } from '../flows/mandates.ts'
import { createReach, type ReachPorts } from '../flows/reach.ts'
import { createSmsCodes, type SmsCodePorts } from '../flows/sms-code.ts'
import { createPinCheck, type StepUpPorts } from '../flows/step-up.ts'
import { createTransactionRequests, type TransactionRequestPorts } from '../flows/transaction-request.ts'
import { createCheckUserCode, createUserCodeFlows, type UserCodePorts } from '../flows/user-code.ts'
import type { Freezes } from '../ports/freezes.ts'

type Needed = Omit<AskPorts, 'reach'> &
  ReachPorts &
  KeepEvidencePorts &
  EvidenceExportPorts &
  StepUpPorts &
  UserCodePorts &
  CanTextPorts &
  Omit<SmsCodePorts, 'codeGate'> &
  CodeGatePorts &
  MandatePorts &
  Omit<CoSigningPorts, 'askSignatory'> &
  Omit<ApprovalKeyPorts, 'checkPin' | 'reach'> &
  Omit<TransactionRequestPorts, 'ask'> &
  Omit<LoginApprovalPorts, 'ask'> & {
    readonly freezes: Freezes
    readonly cases: BackEndPorts['cases']
    readonly transactionMs: number
  }

/** The flows of approvals that need nothing of the OpenID provider. */
export function createApprovalFlows(given: Needed) {
  const reach = createReach(given)
  const ports = { ...given, reach, ask: createAsk({ ...given, reach }), checkPin: createPinCheck(given) }
  const codeGate = createCodeGate(given)
  const requests = createTransactionRequests(ports)
  const coSigning = createCoSigning({ ...ports, askSignatory: createAskSignatory(ports) })
  return {
    reach,
    requests,
    coSigning,
    loginSigning: createLoginSigning({ ...ports, coSigning }),
    mandateFlows: createMandateFlows(ports),
    keepEvidence: createKeepEvidence(ports),
    evidenceExport: createEvidenceExport(ports),
    checkPin: ports.checkPin,
    approvalKeys: createApprovalKeys(ports),
    loginApproval: createLoginApproval(ports),
    checkUserCode: createCheckUserCode(ports),
    userCodeFlows: createUserCodeFlows(ports),
    canText: createCanText(ports),
    codeGate,
    smsCodes: createSmsCodes({ ...ports, codeGate }),
    backEndTransactions: createBackEndTransactions({ ...ports, requests }),
  }
}
