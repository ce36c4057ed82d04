// "This wasn't me": whoever asked loses what they had of this customer, and somebody at the bank hears of it.
import type { Approval } from '../domain/approval.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Logins } from '../ports/stores.ts'
import type { TokenStore } from '../ports/tokens.ts'
import type { EndSession } from './end-session.ts'
import type { RiskOutcomes } from './risk-outcomes.ts'
import { type WithdrawalPorts, withdrawAll } from './withdrawal.ts'

export interface ReportPorts extends WithdrawalPorts {
  readonly logins: Logins
  readonly tokens: Pick<TokenStore, 'revoke'>
  readonly endSession: EndSession
  readonly riskOutcomes: Pick<RiskOutcomes, 'aboutEnded' | 'ended'>
  readonly metrics: Metrics
  readonly log: Log
}

/** Inside the unit of the report. The sign-in that asked learns of its end by itself; its browser's session ends here. */
export async function revokeReported(ports: ReportPorts, approval: Approval): Promise<void> {
  // What others approved is reported to the bank, and is over; whoever reports it keeps the app that they report it by.
  if (approval.origin !== 'signatory') await cutOff(ports, approval)
  const { relyingParty, reference, id } = approval
  const code = 'approval.reported'
  ports.metrics.count('drawbridge_alerts_total', { code })
  ports.log.warn('alert', { code, reference, detail: { relyingParty, approval: id } })
}

/** Whoever asked loses what they had of this customer. */
async function cutOff(ports: ReportPorts, approval: Approval): Promise<void> {
  const { institution, subject, relyingParty, uid, transactionId } = approval
  // What else they ask goes with it: their requests end below, and an answer would have nowhere to go.
  await withdrawAll(ports, { institution, subject, relyingParty })
  const login = uid === undefined ? undefined : await ports.logins.get(institution, uid)
  if (login?.browserSession !== undefined) await ports.endSession.end(institution, login.browserSession)
  // A sign-in of an app that the customer has too: theirs stays. A back end has nothing that it did not ask for.
  if (uid === undefined) await ports.tokens.revoke(institution, { client: relyingParty, subject })
  if (login !== undefined) await ports.riskOutcomes.ended(login, 'fraud')
  if (transactionId !== undefined) await ports.riskOutcomes.aboutEnded(institution, transactionId, 'fraud')
}
