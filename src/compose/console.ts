// The flows that only the console calls.
import { type AdministratorPorts, createAdministratorFlows } from '../flows/administrators.ts'
import { type ApprovalSearchPorts, createApprovalSearch } from '../flows/approval-search.ts'
import { type BreakGlassPorts, createBreakGlass } from '../flows/break-glass.ts'
import { type CasePorts, createCaseFlows } from '../flows/cases.ts'
import { type ConnectionApprovalPorts, createConnectionApproval } from '../flows/connection-approval.ts'
import {
  type ConnectionHealthPorts,
  createConnectionHealth,
  createLastSignIn,
} from '../flows/connection-health.ts'
import { type ConnectionRemovalPorts, createConnectionRemoval } from '../flows/connection-removal.ts'
import { type ConsoleAccessPorts, createConsoleAccess } from '../flows/console-access.ts'
import { type ConsoleConnectionPorts, createConsoleConnections } from '../flows/console-connections.ts'
import { createOverview, type OverviewPorts } from '../flows/overview.ts'
import { createPolicyFlows, type PolicyPorts } from '../flows/policies.ts'
import { createPolicyChange, type PolicyChangePorts } from '../flows/policy-change.ts'
import { createPolicyTrial, type PolicyTrialPorts } from '../flows/policy-trial.ts'
import { createRelyingParties, type RelyingPartyPorts } from '../flows/relying-parties.ts'
import { createRiskChanges, type RiskChangePorts } from '../flows/risk-change.ts'
import { createRiskProviderFlows, type RiskProviderPorts } from '../flows/risk-providers.ts'
import { createRiskSearch, type RiskSearchPorts } from '../flows/risk-search.ts'
import { createTransactionFlows, type TransactionPorts } from '../flows/transactions.ts'
import { policyText } from './policy-text.ts'
import { riskCheck } from './risk-check.ts'

type ConsoleFlowPorts = AdministratorPorts &
  BreakGlassPorts &
  ConnectionApprovalPorts &
  ConnectionHealthPorts &
  ConnectionRemovalPorts &
  ConsoleAccessPorts &
  Omit<ConsoleConnectionPorts, 'connectionApproval' | 'connectionRemoval'> &
  OverviewPorts &
  PolicyPorts &
  Omit<PolicyChangePorts, 'policyText'> &
  PolicyTrialPorts &
  TransactionPorts &
  CasePorts &
  ApprovalSearchPorts &
  RiskSearchPorts &
  RiskProviderPorts &
  Omit<RiskChangePorts, 'riskCheck'> &
  RelyingPartyPorts

export function createConsoleFlows(ports: ConsoleFlowPorts) {
  const connectionApproval = createConnectionApproval(ports)
  const connectionRemoval = createConnectionRemoval(ports)
  return {
    consoleAccess: createConsoleAccess(ports),
    breakGlass: createBreakGlass(ports),
    administratorFlows: createAdministratorFlows(ports),
    relyingParties: createRelyingParties(ports),
    connectionApproval,
    consoleConnections: createConsoleConnections({ ...ports, connectionApproval, connectionRemoval }),
    overview: createOverview(ports),
    policyFlows: createPolicyFlows(ports),
    policyChange: createPolicyChange({ ...ports, policyText }),
    tryPolicy: createPolicyTrial(ports),
    transactionFlows: createTransactionFlows(ports),
    caseFlows: createCaseFlows(ports),
    approvalSearch: createApprovalSearch(ports),
    riskSearch: createRiskSearch(ports),
    riskProviderFlows: createRiskProviderFlows(ports),
    riskChanges: createRiskChanges({ ...ports, riskCheck }),
    healthOver: createConnectionHealth(ports),
    lastSignIn: createLastSignIn(ports),
  }
}
