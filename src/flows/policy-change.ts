// The console's policy: read from text, compared with the one in force, and put in its place where no file says one.
import { actorOf, isProven, permits, type Visitor } from '../domain/administrator.ts'
import type { Institution } from '../domain/institution.ts'
import type { Policy } from '../domain/policy.ts'
import { policyChanges } from '../domain/policy-changes.ts'
import { policyOf, policyVersion, withoutBuiltIn } from '../domain/policy-default.ts'
import { strengthened, type Weaker, weakened } from '../domain/policy-strictness.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { ConnectionStore } from '../ports/connections.ts'
import type { PolicyText, TextFault } from '../ports/policy-text.ts'
import type { Directory } from '../ports/stores.ts'
import type { ConsolePolicies, Policies } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface PolicyChangePorts {
  readonly directory: Pick<Directory, 'everything'>
  readonly connectionStore: Pick<ConnectionStore, 'lock'>
  readonly consolePolicies: ConsolePolicies
  readonly policies: Policies
  readonly policyText: PolicyText
  readonly audit: Audit
  readonly clock: Clock
}

/** What a text would put in force, beside what is. */
export interface PolicyProposal {
  readonly before: Policy
  readonly after: Policy
  /** The version in force: what the step is judged against. */
  readonly base: string
  readonly version: string
  /** What is not proven to be as strict as before; none: it loosens nothing. */
  readonly weaker: readonly Weaker[]
  readonly stronger: readonly Pick<Weaker, 'kind' | 'id'>[]
}

export interface PolicyStep {
  readonly institution: string
  readonly text: string
  /** The version in force that the person compared with. */
  readonly base: string
}

interface Taker {
  readonly visitor: Visitor
  readonly why: string
}

export type PolicyChange = ReturnType<typeof createPolicyChange>

/** Every function refuses with `policy.managed` where the institution's file says a policy. */
export function createPolicyChange(ports: PolicyChangePorts) {
  return {
    /** A text of this policy, without what the file alone says. */
    textOf: (policy: Policy): string => ports.policyText.write(withoutBuiltIn(policy)),
    async propose(
      institution: string,
      text: string,
    ): Promise<PolicyProposal | { readonly faults: readonly TextFault[] }> {
      const present = await editable(ports, institution)
      const read = ports.policyText.read(text, present)
      return 'faults' in read ? read : proposalOf(present, read.policy)
    },
    /**
     * In force from the commit on. Refuses with `policy.malformed`, with `policy.stale` where another policy is in force than the
     * person saw, and where it loosens with `console.forbidden`, `console.recent` and `policy.reason`. Nothing happens where this
     * policy is in force already: a second press is no second change.
     */
    async change({ institution, text, base }: PolicyStep, taker: Taker): Promise<void> {
      const seen = await editable(ports, institution)
      const read = ports.policyText.read(text, seen)
      if ('faults' in read) throw new Refusal('policy.malformed', { faults: read.faults.length })
      // From here on no other change and no apply comes between what is judged and what is written.
      await ports.connectionStore.lock(institution)
      const proposal = proposalOf(await editable(ports, institution), read.policy)
      if (proposal.version === proposal.base) return
      if (proposal.base !== base) throw new Refusal('policy.stale', { base, present: proposal.base })
      admit(ports, taker, proposal)
      await put(ports, { institution, policy: read.policy, proposal }, taker)
    },
  }
}

async function editable({ directory }: PolicyChangePorts, id: string): Promise<Institution> {
  const byFile = await directory.everything(id, 'file')
  if (byFile?.institution.policy !== undefined) throw new Refusal('policy.managed', { institution: id })
  const set = await directory.everything(id)
  if (set === undefined) throw new Refusal('institution.unknown', { institution: id })
  return set.institution
}

function proposalOf(institution: Institution, policy: Policy): PolicyProposal {
  const before = policyOf(institution)
  const after = policyOf({ ...institution, policy })
  return {
    ...{ before, after, base: policyVersion(before), version: policyVersion(after) },
    ...{ weaker: weakened(after, before), stronger: strengthened(after, before) },
  }
}

function admit({ clock }: PolicyChangePorts, { visitor, why }: Taker, { weaker }: PolicyProposal): void {
  if (weaker.length === 0) return
  const loosened = weaker.map(entryName)
  if (!permits(visitor, 'weaken')) throw new Refusal('console.forbidden', { needs: 'weaken', loosened })
  if (!isProven(visitor, clock.now())) throw new Refusal('console.recent', { loosened })
  if (why === '') throw new Refusal('policy.reason', { loosened })
}

interface Putting {
  readonly institution: string
  readonly policy: Policy
  readonly proposal: PolicyProposal
}

async function put(
  { consolePolicies, policies, audit, clock }: PolicyChangePorts,
  { institution, policy, proposal }: Putting,
  { visitor, why }: Taker,
): Promise<void> {
  const by = actorOf(visitor)
  const { version, base, after } = proposal
  await consolePolicies.put(institution, { policy, version, base, by, at: clock.now() })
  await policies.keep(institution, after)
  audit.record(policyChanged(proposal, { by, why }))
}

/** `rule at-night`. */
export const entryName = ({ kind, id }: Pick<Weaker, 'kind' | 'id'>): string => `${kind} ${id}`

/** The event of a policy that takes the place of another, by whomever. */
export function policyChanged(
  { before, after, base, version, weaker }: Omit<PolicyProposal, 'stronger'>,
  { by, why }: { readonly by: string; readonly why: string },
) {
  const changes = policyChanges(before, after)
  return {
    type: 'policy.changed',
    outcome: 'ok',
    detail: {
      ...{ version, base, by, why, loosened: weaker.map(entryName) },
      ...{ rules: changes.rules.map(({ id }) => id), limits: changes.limits.map(({ id }) => id) },
    },
  } as const
}
