// What risk engines were asked and answered, for those at the bank who ask why somebody was let in, stepped up or stopped.
import type { CustomerTransaction } from '../domain/customer-transaction.ts'
import type { Institution } from '../domain/institution.ts'
import type { Policy } from '../domain/policy.ts'
import { Refusal } from '../domain/refusal.ts'
import { type CombinedAgain, combinedAgain } from '../domain/risk.ts'
import type { Clock } from '../ports/clock.ts'
import type { RiskProviders } from '../ports/risk.ts'
import type {
  KeptAssessment,
  RiskFilter,
  RiskRecords,
  RiskShadows,
  RiskTelling,
  RiskTellings,
} from '../ports/risk-records.ts'
import type { Policies, Transactions } from '../ports/transactions.ts'
import { versionOf } from './policies.ts'

export interface RiskSearchPorts {
  readonly riskRecords: Pick<RiskRecords, 'get' | 'list'>
  readonly riskTellings: RiskTellings
  readonly riskShadows: Pick<RiskShadows, 'ofAssessment'>
  readonly riskProviders: Pick<RiskProviders, 'of'>
  readonly transactions: Pick<Transactions, 'get'>
  readonly policies: Policies
  readonly clock: Clock
}

/** One assessment with all that it had a say in, and what comes out when its answers are combined again. */
export interface ExplainedRisk {
  readonly one: KeptAssessment
  readonly again: CombinedAgain
  /** The customer's transaction that it was about, with the policy that decided on that. */
  readonly decided: { readonly one: CustomerTransaction; readonly policy: Policy | undefined } | undefined
  readonly tellings: readonly RiskTelling[]
  /** What those said that were asked without effect. */
  readonly shadows: Awaited<ReturnType<RiskShadows['ofAssessment']>>
  /** Of the providers as they are today: those that are told outcomes. */
  readonly learning: ReadonlySet<string>
  readonly now: number
}

export type RiskSearch = ReturnType<typeof createRiskSearch>

export function createRiskSearch(ports: RiskSearchPorts) {
  return {
    /** Newest first. */
    list: (institution: string, filter: RiskFilter): Promise<readonly KeptAssessment[]> =>
      ports.riskRecords.list(institution, filter),
    /** Refuses with `request.not_found` for what this institution does not have. */
    async explain(institution: Institution, id: string): Promise<ExplainedRisk> {
      const one = await ports.riskRecords.get(institution.id, id)
      if (one === undefined) throw new Refusal('request.not_found', { assessment: id })
      const providers = ports.riskProviders.of(institution)
      const learning = providers.filter(({ provider }) => provider.report !== undefined)
      return {
        ...{ one, again: combinedAgain(one.verdict, one.policy), now: ports.clock.now() },
        decided: await decidedOn(ports, institution, one),
        shadows: await ports.riskShadows.ofAssessment(institution.id, id),
        tellings: await ports.riskTellings.ofAssessment(institution.id, id),
        learning: new Set(learning.map((provider) => provider.id)),
      }
    },
  }
}

/** Undefined where it was about no transaction: what is named then is a device. */
async function decidedOn(
  { transactions, policies }: RiskSearchPorts,
  institution: Institution,
  { about }: KeptAssessment,
): Promise<ExplainedRisk['decided']> {
  const one = about === undefined ? undefined : await transactions.get(institution.id, about)
  return one && { one, policy: await versionOf(policies, institution, one.policy) }
}
