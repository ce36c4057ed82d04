// A sign-in that needs a higher level than it did, with what its customer has to reach it.
import { type Acr, highest } from '../domain/acr.ts'
import type { LoginTransaction } from '../domain/login.ts'
import type { Clock } from '../ports/clock.ts'
import type { Devices, Pins } from '../ports/stores.ts'
import { canApprove } from './approvals.ts'

export interface RaisedPorts {
  readonly pins: Pick<Pins, 'verifier'>
  readonly devices: Devices
  readonly clock: Clock
}

export interface Raising {
  readonly acr: Acr
  /** By factors of ours, in this sign-in: what an IdP or a session says is not enough. */
  readonly ours: boolean
}

/** The record, not stored yet. */
export async function raised(
  ports: RaisedPorts,
  login: LoginTransaction,
  { acr, ours }: Raising,
): Promise<LoginTransaction> {
  return {
    ...(await withFactors(ports, login)),
    neededAcr: highest(login.neededAcr, acr),
    ...(ours && { approvalAcr: highest(login.approvalAcr, acr) }),
  }
}

/** The record with what its customer has of ours. */
export async function withFactors(ports: RaisedPorts, login: LoginTransaction): Promise<LoginTransaction> {
  const { institution, subject = '', device } = login
  // A PIN is worth nothing without the device, so nobody looks for it then (ruling R-20).
  const found = device === undefined ? undefined : await ports.pins.verifier(institution, subject)
  const hasApprover = await canApprove(ports, institution, subject)
  return { ...login, hasPin: found !== undefined, hasApprover }
}
