// A policy that is not in force yet, tried on what customers did: counted, and nothing is changed.
import type { CustomerTransaction } from '../domain/customer-transaction.ts'
import type { Policy } from '../domain/policy.ts'
import { type Decided, type PolicyTrial, tried } from '../domain/policy-trial.ts'
import type { Clock } from '../ports/clock.ts'
import type { Policies, Transactions } from '../ports/transactions.ts'

export interface PolicyTrialPorts {
  readonly transactions: Pick<Transactions, 'list'>
  readonly policies: Pick<Policies, 'get'>
  readonly clock: Clock
}

/** How far back it looks, and at how many at most. */
export const trialDays = 30
export const mostTried = 1000
const page = 200

export interface Trial extends PolicyTrial {
  readonly count: number
  /** There were more within those days. */
  readonly more: boolean
}

export type TryPolicy = ReturnType<typeof createPolicyTrial>

export function createPolicyTrial(ports: PolicyTrialPorts) {
  return async function tryPolicy(institution: string, before: Policy, after: Policy): Promise<Trial> {
    const found = await latest(ports, institution)
    const all = found.slice(0, mostTried)
    const by = new Map<string, Policy | undefined>()
    for (const { policy } of all)
      if (!by.has(policy)) by.set(policy, await ports.policies.get(institution, policy))
    const decided = all.map(({ inputs, policy }): Decided => ({ inputs, by: by.get(policy) }))
    return { ...tried(decided, before, after), count: all.length, more: found.length > all.length }
  }
}

/** One more than are tried, where there are more. */
async function latest({ transactions, clock }: PolicyTrialPorts, institution: string) {
  const now = clock.now()
  const from = now - trialDays * 24 * 3600_000
  const found: CustomerTransaction[] = []
  while (found.length <= mostTried) {
    const some = await transactions.list(institution, { from, now, limit: page, behind: found.at(-1) })
    found.push(...some)
    if (some.length < page) break
  }
  return found
}
