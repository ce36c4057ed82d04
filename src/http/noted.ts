// Every refusal of a known client is an audit event: of the flow that refused, else one of the request (ruling R-4).
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import type { RequestState } from './context.ts'

// Who comes too often must not fill the audit by it, and while the database is busy nothing can be written.
const countedOnly: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['rate.exceeded', 'busy'])

/**
 * Runs `work`, within a unit. A refusal that escapes it goes on, and is recorded before where no flow has told of it and
 * the request has said whom it concerns. Strangers' noise, which concerns nobody, is left to the log and a counter.
 */
export async function notingRefusals<T>(
  audit: Audit,
  state: RequestState,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal && !countedOnly.has(error.code) && !audit.toldRefusal()) {
      const trace = await state.concerns?.()
      const { code } = error
      const { reference } = state
      if (trace) audit.record({ type: 'request.refused', outcome: 'refused', code, ...trace, reference })
    }
    throw error
  }
}
