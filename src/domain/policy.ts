// An institution's policy on transactions: rules and limits in, one decision out. Pure: the same inputs decide the same.
import { withDeviceAndPin } from './acr.ts'
import { isExceeded, type Limit, type Measure } from './limit.ts'
import { type Outcome, payeeFrozen, strongest, type Voice } from './outcome.ts'
import { type PolicyFacts, unasked } from './policy-facts.ts'
import { conditionOf } from './policy-language.ts'
import { type KeptRates, usedRates } from './rates.ts'
import type { RiskSummary } from './risk.ts'

/** One condition and what it leads to. */
export interface Rule {
  readonly id: string
  readonly when: string
  readonly outcome: Outcome
  /** The code that the decision names; `rule.{id}` unless told. */
  readonly reason?: string | undefined
}

export interface Policy {
  readonly rules: readonly Rule[]
  readonly limits: readonly Limit[]
}

/** Everything that a decision rests on beside the policy itself; kept with it, so that it can be made again. */
export interface PolicyInputs {
  readonly facts: PolicyFacts
  /** What was measured for each limit of the policy that is about this transaction: limit id -> value. */
  readonly measures: Readonly<Record<string, Measure>>
  /** The customer's own limits, as they were in force, and what was measured for them. */
  readonly own: readonly { readonly limit: Limit; readonly measured: Measure }[]
  /** What amounts were converted by; absent where the institution had no rates, or there was no amount. */
  readonly rates?: KeptRates | undefined
  /** What the risk providers said, and what that leads to; absent where none was asked. */
  readonly risk?: { readonly said: RiskSummary; readonly voice: Voice | undefined } | undefined
  /** The bank has frozen the account that it goes to. */
  readonly payeeFrozen?: true | undefined
  /** Two people at the bank let this very transaction be sent again, and this decision uses that up. */
  readonly release?: Release | undefined
}

/** By whom it was released, as the audit names them. */
export interface Release {
  readonly case: string
  readonly proposedBy: string
  readonly releasedBy: string
}

export interface Decision {
  readonly outcome: Outcome
  readonly reason: string
}

const allowed: Voice = { outcome: { kind: 'allow' }, reason: 'allowed' }

/**
 * Every rule that holds and every limit that is exceeded has its say, and the strongest holds (domain/outcome). A rule
 * that fails says the strongest that any rule of this policy could have said (ruling R-30).
 */
export const decide = (policy: Policy, inputs: PolicyInputs): Decision =>
  strongest(voicesOf(policy, inputs), allowed)

/**
 * Everything that has its say, in the order of what is frozen, rules, limits, the customer's own limits, and the risk providers. A release sets
 * aside what only says `review`, and nothing else; what was held never passes unasked. Of equals the release is named.
 */
export function voicesOf(policy: Policy, inputs: PolicyInputs): Voice[] {
  const voices = saidOf(policy, inputs)
  return inputs.release === undefined
    ? voices
    : [releasedVoice, ...voices.filter(({ outcome }) => outcome.kind !== 'review')]
}

const releasedVoice: Voice = {
  outcome: { kind: 'step-up', acr: withDeviceAndPin },
  reason: 'case.released',
}

function saidOf(policy: Policy, inputs: PolicyInputs): Voice[] {
  const { currency } = inputs.facts.transaction
  const rules = policy.rules.flatMap((rule) => voiceOf(rule, policy.rules, inputs))
  const limits = policy.limits.flatMap((limit) => {
    const measured = Object.hasOwn(inputs.measures, limit.id) ? inputs.measures[limit.id] : undefined
    const over = measured !== undefined && isExceeded(limit, measured, currency)
    return over ? [{ outcome: limit.outcome, reason: `limit.${limit.id}` }] : []
  })
  const own = inputs.own.flatMap(({ limit, measured }) =>
    isExceeded(limit, measured, currency)
      ? [{ outcome: ownOutcome, reason: `own.${limit.threshold.kind}` }]
      : [],
  )
  const risk = inputs.risk?.voice === undefined ? [] : [inputs.risk.voice]
  const frozen = inputs.payeeFrozen ? [payeeFrozen] : []
  return [...frozen, ...rules, ...limits, ...own, ...risk]
}

/** What a customer's own limit leads to; never anything weaker or stronger. */
export const ownOutcome: Outcome = { kind: 'step-up', acr: withDeviceAndPin }

function voiceOf(rule: Rule, all: readonly Rule[], { facts, rates }: PolicyInputs): Voice[] {
  try {
    // What was decided before there were risk providers is decided again as nobody was asked then.
    return conditionOf(rule.when)({ ...facts, risk: facts.risk ?? unasked }, usedRates(rates))
      ? [{ outcome: rule.outcome, reason: rule.reason ?? `rule.${rule.id}` }]
      : []
  } catch {
    const voices = all.map(({ outcome }) => ({ outcome, reason: `rule_failed.${rule.id}` }))
    return [strongest(voices, { outcome: rule.outcome, reason: `rule_failed.${rule.id}` })]
  }
}
