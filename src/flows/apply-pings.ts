// What applying a file means for back ends that are pinged: we send where the network may be reached, and nowhere else.
import type { JudgedFault } from '../ports/judged.ts'
import type { InstitutionSet } from '../ports/stores.ts'

export interface ApplyPingPorts {
  /** What is wrong with an address as the guarded fetch judges it before it looks a name up; undefined when it may be asked. */
  readonly addressFault: (text: string) => string | undefined
}

/** Told to whoever writes the file, and not first to whoever waits for a ping (attack 136). */
export function pingFaults(
  { addressFault }: ApplyPingPorts,
  { institution, relyingParties }: InstitutionSet,
): JudgedFault[] {
  return relyingParties.flatMap(({ id, backchannel }, i) => {
    const fault = backchannel?.ping === undefined ? undefined : addressFault(backchannel.ping)
    if (fault === undefined) return []
    const at = ['relying_parties', i, 'backchannel', 'client_notification_endpoint']
    const message = `nothing is sent there (${fault}); outbound.allowed_networks says where else we may`
    return [{ institution: institution.id, what: `relying party ${id}`, message, at }]
  })
}
