// A policy as people write it, in an institution's file or in the console, and as it is kept: from one to the other, both ways.
import { acrNamed, levelName, withDeviceAndPin } from './acr.ts'
import type { Limit, Period, Threshold } from './limit.ts'
import type { ApprovalMethod, Outcome } from './outcome.ts'
import type { Policy, Rule } from './policy.ts'
import { defaultPolicy } from './policy-default.ts'
import { joined, type NeededSignatories } from './signatories.ts'

interface WrittenOutcome {
  readonly outcome: Outcome['kind']
  /** A level as files name it; that of device and PIN unless told. */
  readonly acr?: string | undefined
  /** How the customer approves it: one of these. */
  readonly by?: readonly ApprovalMethod[] | undefined
  /** Who must sign as well: how many of which role. */
  readonly signatories?: NeededSignatories | undefined
}

export interface WrittenRule extends WrittenOutcome {
  readonly id: string
  readonly when: string
  readonly reason?: string | undefined
}

export interface WrittenLimit extends WrittenOutcome {
  readonly id: string
  readonly types: readonly string[]
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly over?: Readonly<Record<string, string>> | undefined
  readonly in?: string | undefined
  readonly per?: Period | undefined
  readonly more_than?: number | undefined
  readonly within_minutes?: number | undefined
  readonly first_payment?: true | undefined
}

export interface WrittenPolicy {
  /** Those of the default where nothing is said. */
  readonly rules?: readonly WrittenRule[] | undefined
  readonly limits: readonly WrittenLimit[]
}

/** What was written and checked, as it decides. */
export function policyFrom({ rules, limits }: WrittenPolicy): Policy {
  const said = rules?.map(({ id, when, reason, ...to }) => ({
    ...{ id, when, outcome: outcomeOf(to) },
    ...(reason !== undefined && { reason }),
  }))
  return { rules: said ?? defaultPolicy.rules, limits: limits.map(limitFrom) }
}

const limitFrom = ({ id, types, from, to, ...entry }: WrittenLimit): Limit => ({
  ...{ id, types, from, to },
  threshold: thresholdOf(entry),
  outcome: outcomeOf(entry),
})

function thresholdOf(entry: Omit<WrittenLimit, 'id' | 'types' | 'from' | 'to'>): Threshold {
  if (entry.over !== undefined)
    return {
      ...{ kind: 'amount', per: entry.per ?? 'payment', over: entry.over },
      ...(entry.in !== undefined && { in: entry.in }),
    }
  if (entry.more_than !== undefined)
    return { kind: 'count', minutes: entry.within_minutes ?? 0, over: entry.more_than }
  return { kind: entry.first_payment === true ? 'new-payee' : 'always' }
}

const outcomeOf = ({ outcome, acr, by, signatories }: WrittenOutcome): Outcome =>
  outcome === 'step-up'
    ? {
        ...{ kind: 'step-up', acr: acr === undefined ? withDeviceAndPin : acrNamed(acr) },
        ...(by !== undefined && { by }),
        // In the order of their names: the same policy has the same version however it is written.
        ...(signatories !== undefined && { signatories: joined([signatories]) }),
      }
    : { kind: outcome }

/** The shortest writing that says the same: what is as usual is left out. */
export const writtenFrom = ({ rules, limits }: Policy) => ({
  rules: rules.map(writtenRule),
  limits: limits.map(writtenLimit),
})

const writtenRule = ({ id, when, outcome, reason }: Rule) => ({
  ...{ id, when, ...writtenOutcome(outcome) },
  ...(reason !== undefined && { reason }),
})

const writtenLimit = ({ id, types, from, to, threshold, outcome }: Limit) => ({
  id,
  ...(types.length > 0 && { types }),
  ...(from.length > 0 && { from }),
  ...(to.length > 0 && { to }),
  ...writtenThreshold(threshold),
  ...(isUsual(outcome) ? {} : writtenOutcome(outcome)),
})

function writtenThreshold(threshold: Threshold) {
  switch (threshold.kind) {
    case 'amount':
      return {
        over: threshold.over,
        ...(threshold.in !== undefined && { in: threshold.in }),
        ...(threshold.per !== 'payment' && { per: threshold.per }),
      }
    case 'count':
      return { more_than: threshold.over, within_minutes: threshold.minutes }
    case 'new-payee':
      return { first_payment: true as const }
    case 'always':
      return {}
  }
}

const isUsual = (outcome: Outcome): boolean =>
  outcome.kind === 'step-up' &&
  outcome.acr === withDeviceAndPin &&
  outcome.by === undefined &&
  outcome.signatories === undefined

const writtenOutcome = (outcome: Outcome) =>
  outcome.kind === 'step-up'
    ? {
        outcome: outcome.kind,
        ...(outcome.acr !== withDeviceAndPin && { acr: levelName(outcome.acr) }),
        ...(outcome.by !== undefined && { by: outcome.by }),
        ...(outcome.signatories !== undefined && { signatories: outcome.signatories }),
      }
    : { outcome: outcome.kind }
