// From the policy of an institution's file to that of its row.
import type { LimitEntry, PolicyEntry } from '../config/institution-policy.ts'
import { acrNamed, withDeviceAndPin } from '../domain/acr.ts'
import type { Limit, Threshold } from '../domain/limit.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Policy } from '../domain/policy.ts'
import { defaultPolicy } from '../domain/policy-default.ts'

/** Undefined where the file has none: then the default decides. */
export function policyRow(entry: PolicyEntry | undefined): Policy | undefined {
  if (entry === undefined) return undefined
  const rules = entry.rules?.map(({ id, when, reason, ...to }) => ({
    ...{ id, when, outcome: outcomeOf(to) },
    ...(reason !== undefined && { reason }),
  }))
  return { rules: rules ?? defaultPolicy.rules, limits: entry.limits.map(limitRow) }
}

const limitRow = ({ id, types, from, to, ...entry }: LimitEntry): Limit => ({
  ...{ id, types, from, to },
  threshold: thresholdOf(entry),
  outcome: outcomeOf(entry),
})

function thresholdOf(entry: Omit<LimitEntry, 'id' | 'types' | 'from' | 'to'>): Threshold {
  if (entry.over !== undefined) return { kind: 'amount', per: entry.per ?? 'payment', over: entry.over }
  if (entry.more_than !== undefined)
    return { kind: 'count', minutes: entry.within_minutes ?? 0, over: entry.more_than }
  return { kind: entry.first_payment === true ? 'new-payee' : 'always' }
}

const outcomeOf = ({ outcome, acr }: { outcome: Outcome['kind']; acr?: string | undefined }): Outcome =>
  outcome === 'step-up'
    ? { kind: 'step-up', acr: acr === undefined ? withDeviceAndPin : acrNamed(acr) }
    : { kind: outcome }
