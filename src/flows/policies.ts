// The policy of an institution for those who read it: the one in force, and those that were.
import type { Institution } from '../domain/institution.ts'
import type { Policy } from '../domain/policy.ts'
import { policyOf, policyVersion } from '../domain/policy-default.ts'
import { Refusal } from '../domain/refusal.ts'
import type { KeptPolicy, Policies } from '../ports/transactions.ts'

export interface PolicyPorts {
  readonly policies: Policies
}

/** The policy in force. An institution that was never applied since policies are kept has none kept. */
export interface PresentPolicy {
  readonly version: string
  readonly policy: Policy
  /** Epoch milliseconds; undefined where nobody noted it. */
  readonly since: number | undefined
}

export type PolicyFlows = ReturnType<typeof createPolicyFlows>

export function createPolicyFlows({ policies }: PolicyPorts) {
  return {
    async present(institution: Institution): Promise<PresentPolicy & { kept: readonly KeptPolicy[] }> {
      const policy = policyOf(institution)
      const version = policyVersion(policy)
      const kept = await policies.list(institution.id)
      return { version, policy, kept, since: kept.find((one) => one.version === version)?.inForceAt }
    },
    /** Refuses with `request.not_found` where this institution never had it. */
    async get(institution: Institution, version: string): Promise<Policy> {
      const policy = await versionOf(policies, institution, version)
      if (policy === undefined) throw new Refusal('request.not_found', { policy: version })
      return policy
    },
  }
}

/** The policy of this name: as it was kept, or the one in force, which is known without. */
export async function versionOf(
  policies: Pick<Policies, 'get'>,
  institution: Institution,
  version: string,
): Promise<Policy | undefined> {
  const kept = await policies.get(institution.id, version)
  if (kept !== undefined) return kept
  const present = policyOf(institution)
  return policyVersion(present) === version ? present : undefined
}
