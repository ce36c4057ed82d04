// Whatever refuses an answer of an IdP must say, to whoever has to mend it, what was expected and what was there.
import { checksIn } from '../../src/domain/exchange.ts'
import type { Refusal } from '../../src/domain/refusal.ts'

/** The code of a refusal; throws where it has no failed check, or a check that lacks a side. */
export function explained({ code, detail }: Refusal): string {
  const checks = checksIn(detail)
  const lacking = checks.filter(({ name, expected, actual }) => [name, expected, actual].includes(''))
  if (lacking.length > 0) throw new Error(`${code} does not explain ${JSON.stringify(lacking)}`)
  if (checks.at(-1)?.ok !== false) throw new Error(`${code} names no failed check: ${JSON.stringify(detail)}`)
  return code
}
