// The policy of an institution that has written none, and the limit that every institution has.
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { withDeviceAndPin } from './acr.ts'
import type { Institution } from './institution.ts'
import type { Outcome } from './outcome.ts'
import type { Policy } from './policy.ts'
import { areInForce, converted } from './rates.ts'
import { isOver, type Money } from './transaction.ts'

const approve: Outcome = { kind: 'step-up', acr: withDeviceAndPin }

/** Whatever is neither a payment nor a look at accounts is approved; so is a type of the institution's own. */
export const defaultPolicy: Policy = {
  rules: [
    {
      id: 'no-payment',
      when: 'transaction.kind != "payment"',
      outcome: approve,
    },
  ],
  limits: [],
}

/** The name of the limit that every institution has, by `stepUpOver`. */
export const builtInLimit = 'step_up_over'

/** The policy that decides at this institution: its own, and the amounts over which a payment is always approved. */
export function policyOf({
  policy = defaultPolicy,
  stepUpOver,
  stepUpOverIn,
}: Pick<Institution, 'policy' | 'stepUpOver' | 'stepUpOverIn'>): Policy {
  const others = stepUpOverIn === undefined ? { unlisted: 'exceeded' as const } : { in: stepUpOverIn }
  const stepUp = {
    id: builtInLimit,
    types: [],
    from: [],
    to: [],
    threshold: { kind: 'amount', per: 'payment', over: stepUpOver, ...others },
    outcome: approve,
  } as const
  return { rules: policy.rules, limits: [stepUp, ...policy.limits] }
}

/** Is an amount over the one that always asks? For whoever must know before the policy is asked; the policy says the same. */
export function isOverStepUp(
  { stepUpOver, stepUpOverIn, rates }: Pick<Institution, 'stepUpOver' | 'stepUpOverIn' | 'rates'>,
  amount: Money,
  now: number,
): boolean {
  const purse = Object.hasOwn(stepUpOver, amount.currency) ? amount.currency : stepUpOverIn
  const used = rates !== undefined && areInForce(rates, now) ? rates : undefined
  const minor = purse === undefined ? undefined : converted(amount, purse, used)
  return purse === undefined || minor === undefined || isOver({ minor, currency: purse }, stepUpOver)
}

/** What the institution wrote of a policy that decides: its own, without the limit that every institution has. */
export const withoutBuiltIn = ({ rules, limits }: Policy): Policy => ({
  rules,
  limits: limits.filter(({ id }) => id !== builtInLimit),
})

/** The name of a policy's content: two policies that decide alike in every word have one version. */
export const policyVersion = (policy: Policy): string =>
  createHash('sha256')
    .update(canonicalize(policy) ?? '')
    .digest('base64url')
    .slice(0, 16)
