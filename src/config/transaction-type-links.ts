// Who names a type of transaction: apps that may send it, and operations of a core that need it.
import { isTree, type Tree } from './environment.ts'
import { type PlacedFault, placed } from './faults.ts'
import type { InstitutionRules } from './institution-file.ts'
import { listOf, rowsOf } from './raw-rows.ts'

/** Faults of names that are no type, and of operations that do not map exactly the facts of theirs. */
export function typesConnected(file: unknown, rules: InstitutionRules): PlacedFault[] {
  const own = rowsOf(file, 'transaction_types').map(({ type, facts }) => ({
    type: String(type),
    facts: isTree(facts) ? Object.keys(facts) : [],
  }))
  const types = [...rules.transactionTypes, ...own]
  const known = types.map(({ type }) => type)
  const parties = rowsOf(file, 'relying_parties').flatMap((party, i) =>
    listOf(party.transaction_types).flatMap((name, t) =>
      known.includes(String(name))
        ? []
        : [
            placed(
              ['relying_parties', i, 'transaction_types', t],
              `no such type; known are ${known.join(', ')}`,
            ),
          ],
    ),
  )
  const operations = rowsOf(file, 'cores').flatMap((core, c) =>
    rowsOf(core, 'operations').flatMap((operation, o) =>
      mappingFaults(operation.transaction, types).map(([key, message]) =>
        placed(['cores', c, 'operations', o, 'transaction', ...key], message),
      ),
    ),
  )
  return [...parties, ...operations]
}

type Known = readonly { readonly type: string; readonly facts: readonly string[] }[]

/** A fact that is approved and not compared could be another one in the message. */
function mappingFaults(mapping: unknown, types: Known): [key: string[], message: string][] {
  if (!isTree(mapping)) return []
  const { type = 'payment_initiation', ...paths }: Tree = mapping
  const found = types.find((one) => one.type === type)
  if (found === undefined)
    return [[['type'], `no such type; known are ${types.map((one) => one.type).join(', ')}`]]
  if (found.facts.length === 0)
    return [[['type'], `${found.type} has no facts that a message could be compared by`]]
  const missing = found.facts.filter((fact) => paths[fact] === undefined)
  const strange = Object.keys(paths).filter((fact) => !found.facts.includes(fact))
  return [
    ...missing.map((fact): [string[], string] => [[fact], `is required: ${found.type} has this fact`]),
    ...strange.map((fact): [string[], string] => [[fact], `${found.type} has no such fact`]),
  ]
}
