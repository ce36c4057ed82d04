// A list of named checks: each notes what was expected and what was there, and the first that fails refuses.
import type { Check } from '../../domain/exchange.ts'
import { Refusal, type RefusalCode } from '../../domain/refusal.ts'
import type { Allowance } from '../../domain/saml-answer.ts'

export interface Checks {
  /** Is this forgiven here? A yes is noted, so that each use is seen in the audit. */
  permits(allowance: Allowance, actual: string): boolean
  readonly list: readonly Check[]
  /** Notes the check; throws its code when it did not hold. */
  hold(check: Check, code: RefusalCode): void
  /** The same for exact equality. */
  equal(name: string, compared: Compared, code: RefusalCode): void
}

interface Compared extends Pick<Check, 'expected' | 'place'> {
  readonly actual: string | undefined
}

/** `allow` is what the connection forgives today. */
export function createChecks(allow: readonly Allowance[]): Checks {
  const list: Check[] = []
  const hold = (given: Check, code: RefusalCode): void => {
    const check = { ...given, actual: given.actual === '' ? '(empty)' : given.actual }
    list.push(check)
    if (!check.ok)
      throw new Refusal(code, {
        check: check.name,
        expected: check.expected,
        actual: check.actual.slice(0, 300),
        ...(check.place !== undefined && { place: check.place }),
      })
  }
  return {
    list,
    permits(allowance, actual) {
      const ok = allow.includes(allowance)
      const name = `compat: ${allowance}`
      // Response and assertion mostly need the same, and twice the same line tells nothing.
      const noted = list.some((check) => check.name === name && check.actual === actual)
      if (ok && !noted) list.push({ name, ok, expected: 'allowed for a while', actual })
      return ok
    },
    hold,
    equal: (name, compared, code) =>
      hold(
        { ...compared, name, ok: compared.actual === compared.expected, actual: compared.actual ?? '(none)' },
        code,
      ),
  }
}
