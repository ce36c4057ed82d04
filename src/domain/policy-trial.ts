// What another policy would have said of a transaction that was decided: from what was kept with it, and nothing else.
import canonicalize from 'canonicalize'
import { type Limit, type Measure, measure } from './limit.ts'
import { isStronger, type OutcomeKind, outcomes } from './outcome.ts'
import { decide, type Policy, type PolicyInputs } from './policy.ts'
import { usedRates } from './rates.ts'
import type { RiskKind } from './transaction-type.ts'

/** A transaction as it was decided, with the policy that did; undefined where that one is not kept. */
export interface Decided {
  readonly inputs: PolicyInputs
  readonly by: Policy | undefined
}

export type OutcomeCounts = Readonly<Record<OutcomeKind, number>>

export interface PolicyTrial {
  readonly before: OutcomeCounts
  readonly after: OutcomeCounts
  /** How many would get a weaker outcome, and how many a stronger one. */
  readonly weaker: number
  readonly stronger: number
  /** Limits of the policy on trial that some transaction could not be measured for: there they count as not exceeded. */
  readonly unmeasured: readonly string[]
}

export function tried(all: readonly Decided[], before: Policy, after: Policy): PolicyTrial {
  const unmeasured = new Set<string>()
  const count = () => Object.fromEntries(outcomes.map((kind) => [kind, 0])) as Record<OutcomeKind, number>
  const counts = { before: count(), after: count(), weaker: 0, stronger: 0 }
  for (const one of all) {
    const was = decide(before, measuredFor(before, one).inputs).outcome
    const next = measuredFor(after, one)
    const is = decide(after, next.inputs).outcome
    for (const id of next.missing) unmeasured.add(id)
    counts.before[was.kind] += 1
    counts.after[is.kind] += 1
    if (isStronger(was, is)) counts.weaker += 1
    if (isStronger(is, was)) counts.stronger += 1
  }
  return { ...counts, unmeasured: [...unmeasured] }
}

function measuredFor(policy: Policy, one: Decided): { inputs: PolicyInputs; missing: string[] } {
  const measures: Record<string, Measure> = {}
  const missing: string[] = []
  for (const limit of policy.limits) {
    const measured = measuredNow(limit, one.inputs)
    const value = needsHistory(limit) && measured !== undefined ? keptFor(limit, one) : measured
    if (value === 'not kept') missing.push(limit.id)
    else if (value !== undefined) measures[limit.id] = value
  }
  return { inputs: { ...one.inputs, measures }, missing }
}

const needsHistory = ({ threshold }: Limit): boolean =>
  threshold.kind === 'count' || (threshold.kind === 'amount' && threshold.per !== 'payment')

/** What one transaction alone measures; undefined where the limit is not about it. */
function measuredNow(limit: Limit, { facts, rates: kept }: PolicyInputs): Measure | undefined {
  const { type, kind, currency, amount, debtorAccount, creditorAccount } = facts.transaction
  const orNone = (text: string) => (text === '' ? undefined : text)
  const transaction = {
    ...{ type, kind: kind as RiskKind, currency: orNone(currency), minor: amount },
    ...{ from: orNone(debtorAccount), to: orNone(creditorAccount) },
  }
  const { knownPayee } = facts.history
  const rates = usedRates(kept)
  return measure(limit, { now: 0, transaction, past: [], knownPayee, token: (account) => account, rates })
}

/** What was measured then, for a limit that measures the same: other amounts and counts do not change what is measured. */
function keptFor(limit: Limit, { inputs, by }: Decided): Measure | 'not kept' {
  const same = by?.limits.find((old) => measureOf(old) === measureOf(limit))
  const kept = same && Object.hasOwn(inputs.measures, same.id) ? inputs.measures[same.id] : undefined
  return kept ?? 'not kept'
}

function measureOf({ types, from, to, threshold }: Limit): string | undefined {
  const over = threshold.kind === 'amount' ? threshold.per : threshold.kind === 'count' && threshold.minutes
  // What is converted is whatever has no amount of its own.
  const into = threshold.kind === 'amount' &&
    threshold.in !== undefined && [threshold.in, Object.keys(threshold.over).sort()]
  return canonicalize([types, from, to, threshold.kind, over, into])
}
