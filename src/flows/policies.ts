// The policy of an institution for those who read it: the one in force, and those that were.
import type { Institution } from '../domain/institution.ts'
import type { Policy } from '../domain/policy.ts'
import { policyOf, policyVersion } from '../domain/policy-default.ts'
import { type KeptRates, keptRates } from '../domain/rates.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { Directory } from '../ports/stores.ts'
import type { ConsolePolicies, ConsolePolicy, KeptPolicy, Policies } from '../ports/transactions.ts'

export interface PolicyPorts {
  readonly policies: Policies
  readonly consolePolicies: Pick<ConsolePolicies, 'get'>
  readonly directory: Pick<Directory, 'everything'>
  readonly clock: Clock
}

/** The policy in force. An institution that was never applied since policies are kept has none kept. */
export interface PresentPolicy {
  readonly version: string
  readonly policy: Policy
  /** Epoch milliseconds; undefined where nobody noted it. */
  readonly since: number | undefined
  readonly ruler: PolicyRuler
  /** What it converts by, as a decision of this moment would; undefined where the institution has no rates. */
  readonly rates: KeptRates | undefined
}

/** Who said it: the institution's file, the console, or nobody, so that it is the default. */
export type PolicyRuler =
  | { readonly kind: 'file' | 'default' }
  | ({ readonly kind: 'console' } & Pick<ConsolePolicy, 'by' | 'at'>)

export type PolicyFlows = ReturnType<typeof createPolicyFlows>

export function createPolicyFlows(ports: PolicyPorts) {
  const { policies } = ports
  return {
    /** As of this moment: what somebody has just changed is seen at once. */
    async present(institution: Institution): Promise<PresentPolicy & { kept: readonly KeptPolicy[] }> {
      const { id } = institution
      const fresh = (await ports.directory.everything(id))?.institution ?? institution
      const policy = policyOf(fresh)
      const version = policyVersion(policy)
      const kept = await policies.list(id)
      const since = kept.find((one) => one.version === version)?.inForceAt
      const rates = fresh.rates && keptRates(fresh.rates, ports.clock.now())
      return { version, policy, kept, since, ruler: await rulerOf(ports, id), rates }
    },
    /** Refuses with `request.not_found` where this institution never had it. */
    async get(institution: Institution, version: string): Promise<Policy> {
      const policy = await versionOf(policies, institution, version)
      if (policy === undefined) throw new Refusal('request.not_found', { policy: version })
      return policy
    },
  }
}

async function rulerOf({ directory, consolePolicies }: PolicyPorts, id: string): Promise<PolicyRuler> {
  const byFile = await directory.everything(id, 'file')
  if (byFile?.institution.policy !== undefined) return { kind: 'file' }
  const set = await consolePolicies.get(id)
  return set === undefined ? { kind: 'default' } : { kind: 'console', by: set.by, at: set.at }
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
