// All of the console: one page or form a line in the files that this one calls.
import type Router from '@koa/router'
import { type AdministratorPagePorts, administratorPages } from './administrators.ts'
import type { ApprovalPagePorts } from './approval-page.ts'
import { approvalPages } from './approvals.ts'
import { breakGlassDoor } from './break-glass.ts'
import { type BreakGlassKeyPorts, breakGlassKeyPages } from './break-glass-keys.ts'
import { type CasePagePorts, casePages } from './cases.ts'
import { connectionPages } from './connection-pages.ts'
import type { ConnectionPagePorts } from './connection-ports.ts'
import { type CustomerLimitPorts, customerLimitPages } from './customer-limits.ts'
import { createDesk } from './desk.ts'
import { type ExchangePagePorts, exchangePages } from './exchanges.ts'
import { type FreezePagePorts, freezePages } from './freezes.ts'
import { type OverviewPagePorts, overviewPages } from './overview.ts'
import { type PolicyPagePorts, policyPages } from './policy.ts'
import { type PolicyEditPorts, policyEditPages } from './policy-edit.ts'
import { refusalView } from './refusal-page.ts'
import { type RelyingPartyPagePorts, relyingPartyPages } from './relying-parties.ts'
import { riskPages } from './risk.ts'
import { type RiskEditPorts, riskEditPages } from './risk-edit.ts'
import type { RiskPagePorts } from './risk-page.ts'
import type { RiskProviderPagePorts } from './risk-present.ts'
import { riskProviderPages } from './risk-providers.ts'
import { type SignInPorts, signInRoutes } from './sign-in.ts'
import type { TransactionPagePorts } from './transaction-page.ts'
import { transactionPages } from './transactions.ts'

export type ConsolePorts = SignInPorts &
  OverviewPagePorts &
  ExchangePagePorts &
  TransactionPagePorts &
  ApprovalPagePorts &
  FreezePagePorts &
  CasePagePorts &
  CustomerLimitPorts &
  RiskPagePorts &
  RiskProviderPagePorts &
  RiskEditPorts &
  PolicyPagePorts &
  PolicyEditPorts &
  RelyingPartyPagePorts &
  AdministratorPagePorts &
  ConnectionPagePorts &
  BreakGlassKeyPorts

export function consoleRoutes(router: Router, ports: ConsolePorts): void {
  signInRoutes(router, ports)
  breakGlassDoor(router, ports)
  const desk = createDesk(router, { ...ports, refused: refusalView })
  overviewPages(desk, ports)
  exchangePages(desk, ports)
  transactionPages(desk, ports)
  approvalPages(desk, ports)
  freezePages(desk, ports)
  casePages(desk, ports)
  customerLimitPages(desk, ports)
  riskProviderPages(desk, ports)
  riskEditPages(desk, ports)
  riskPages(desk, ports)
  policyPages(desk, ports)
  policyEditPages(desk, ports)
  administratorPages(desk, ports)
  breakGlassKeyPages(desk, ports)
  relyingPartyPages(desk, ports)
  connectionPages(desk, ports)
}
