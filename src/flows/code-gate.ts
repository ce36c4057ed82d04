// Before a code goes to a customer's number: is the SIM card behind it the one that it was?
import type { AuditEvent } from '../domain/audit.ts'
import type { Institution } from '../domain/institution.ts'
import type { LoginTransaction } from '../domain/login.ts'
import { type SimDoubt, simDoubt } from '../domain/sim.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { type LineFactPorts, simOf } from './line-facts.ts'
import { traceOf } from './login.ts'

/** What the audit hears of a code that was not sent. */
export const codeWithheld = (login: LoginTransaction, doubt: SimDoubt): AuditEvent => ({
  ...{ type: 'code.withheld', outcome: 'refused', code: doubt },
  ...traceOf(login),
  detail: { method: 'sms' },
})

export interface CodeGatePorts extends Omit<LineFactPorts, 'clock'> {
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
}

export type CodeGate = ReturnType<typeof createCodeGate>

/**
 * Why no code goes to this customer's number; undefined where one may (attack 138). Where the institution asks an operator it
 * commits what the unit around it has written before (ruling R-1).
 */
export function createCodeGate(ports: CodeGatePorts) {
  return async function codeGate(institution: Institution, subject: string): Promise<SimDoubt | undefined> {
    if (institution.lineFacts === undefined) return undefined
    await ports.unit.checkpoint()
    const said = (await simOf(ports, institution, subject)) ?? { state: 'unknown' }
    return simDoubt(said, institution.lineFacts.onFailure)
  }
}
