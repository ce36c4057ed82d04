// Ends cases that nobody decided on in time: every node looks, and one of them ends each.
import type { Cases } from '../ports/cases.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { type CaseTellingPorts, tellCustomer, traceOfCase } from './case-ending.ts'

export interface CaseExpiryPorts extends CaseTellingPorts {
  readonly cases: Cases
  readonly unit: UnitOfWork
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
}

const mostOverdue = 100

/** One pass; true where there may be more. */
export function createCaseExpiry(ports: CaseExpiryPorts) {
  return async (): Promise<boolean> => {
    const late = await ports.cases.overdue(ports.clock.now(), mostOverdue)
    let ended = 0
    for (const { institution, id } of late) {
      const scope = { institution, reference: ports.chance.reference() }
      // One that cannot be ended must not keep those that come after it, of every institution.
      await ports.unit
        .run(scope, () => expired(ports, institution, id))
        .then((done) => {
          if (done) ended += 1
        })
        .catch((error: unknown) =>
          ports.log.error('cases.expiry', { institution, case: id, error: String(error) }),
        )
    }
    return ended === mostOverdue
  }
}

/** False where another node was first, or somebody decided at the last moment. */
async function expired(ports: CaseExpiryPorts, institution: string, id: string): Promise<boolean> {
  const now = ports.clock.now()
  const one = await ports.cases.expire(institution, id, now)
  if (one === undefined) return false
  const detail = { case: id, by: 'schedule' }
  ports.audit.record({ type: 'case.expired', outcome: 'ok', ...traceOfCase(one), detail })
  const bank = await ports.directory.institution(institution)
  if (bank !== undefined) await tellCustomer(ports, bank, { one, now })
  return true
}
