// What differs between two policies: rule by rule, limit by limit, and the order of the rules.
import canonicalize from 'canonicalize'
import type { Limit } from './limit.ts'
import type { Policy, Rule } from './policy.ts'

/** One that came (`before` undefined), went (`after` undefined), or is another under the same name. */
export interface EntryChange<Entry> {
  readonly id: string
  readonly before: Entry | undefined
  readonly after: Entry | undefined
}

export interface PolicyChanges {
  readonly rules: readonly EntryChange<Rule>[]
  readonly limits: readonly EntryChange<Limit>[]
  /** Of the rules that both have, where it is another: of two equally strong ones the first gives the reason. */
  readonly order: { readonly before: readonly string[]; readonly after: readonly string[] } | undefined
}

export function policyChanges(before: Policy, after: Policy): PolicyChanges {
  return {
    rules: entryChanges(before.rules, after.rules),
    limits: entryChanges(before.limits, after.limits),
    order: orderChange(before.rules, after.rules),
  }
}

/** Nothing differs: then both have one version. */
export const isUnchanged = ({ rules, limits, order }: PolicyChanges): boolean =>
  rules.length === 0 && limits.length === 0 && order === undefined

function entryChanges<Entry extends { readonly id: string }>(
  before: readonly Entry[],
  after: readonly Entry[],
): EntryChange<Entry>[] {
  const was = new Map(before.map((entry) => [entry.id, entry]))
  const is = new Map(after.map((entry) => [entry.id, entry]))
  const ids = [...new Set([...was.keys(), ...is.keys()])]
  return ids
    .map((id) => ({ id, before: was.get(id), after: is.get(id) }))
    .filter(({ before: old, after: now }) => canonicalize(old) !== canonicalize(now))
}

function orderChange(before: readonly Rule[], after: readonly Rule[]): PolicyChanges['order'] {
  const idsOf = (rules: readonly Rule[], others: readonly Rule[]) =>
    rules.map(({ id }) => id).filter((id) => others.some((one) => one.id === id))
  const [was, is] = [idsOf(before, after), idsOf(after, before)]
  return was.join() === is.join() ? undefined : { before: was, after: is }
}
