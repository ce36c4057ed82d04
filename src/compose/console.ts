// The flows that only the console calls.
import { type AdministratorPorts, createAdministratorFlows } from '../flows/administrators.ts'
import { type BreakGlassPorts, createBreakGlass } from '../flows/break-glass.ts'
import { type ConnectionApprovalPorts, createConnectionApproval } from '../flows/connection-approval.ts'
import { type ConsoleAccessPorts, createConsoleAccess } from '../flows/console-access.ts'
import { type ConsoleConnectionPorts, createConsoleConnections } from '../flows/console-connections.ts'
import { createOverview, type OverviewPorts } from '../flows/overview.ts'
import { createRelyingParties, type RelyingPartyPorts } from '../flows/relying-parties.ts'

type ConsoleFlowPorts = AdministratorPorts &
  BreakGlassPorts &
  ConnectionApprovalPorts &
  ConsoleAccessPorts &
  Omit<ConsoleConnectionPorts, 'connectionApproval'> &
  OverviewPorts &
  RelyingPartyPorts

export function createConsoleFlows(ports: ConsoleFlowPorts) {
  const connectionApproval = createConnectionApproval(ports)
  return {
    consoleAccess: createConsoleAccess(ports),
    breakGlass: createBreakGlass(ports),
    administratorFlows: createAdministratorFlows(ports),
    relyingParties: createRelyingParties(ports),
    connectionApproval,
    consoleConnections: createConsoleConnections({ ...ports, connectionApproval }),
    overview: createOverview(ports),
  }
}
