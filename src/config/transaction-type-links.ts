// Who names a type of transaction: apps that may send it, and operations of a core that need it.
import { isTree, type Tree } from './environment.ts'
import { type PlacedFault, placed } from './faults.ts'
import type { InstitutionRules, TypeValues } from './institution-file.ts'
import { listOf, rowsOf } from './raw-rows.ts'

/** Faults of names that are no type, and of operations that do not map what theirs holds. */
export function typesConnected(file: unknown, rules: InstitutionRules): PlacedFault[] {
  const own = rowsOf(file, 'transaction_types').map((entry) => rules.typeValues(entry))
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

/** What is approved and not compared could be another one in the message. */
function mappingFaults(mapping: unknown, types: readonly TypeValues[]): [key: string[], message: string][] {
  if (!isTree(mapping)) return []
  const { type = 'payment_initiation', also = {}, ...paths }: Tree = mapping
  const found = types.find((one) => one.type === type)
  if (found === undefined)
    return [[['type'], `no such type; known are ${types.map((one) => one.type).join(', ')}`]]
  if (found.hasLists) return [[['type'], `${found.type} has lists, which no message can be compared with`]]
  const others = isTree(also) ? Object.keys(also) : []
  const missing = [
    ...found.facts.filter((fact) => paths[fact] === undefined).map((fact) => [fact]),
    ...found.needed.filter((pointer) => !others.includes(pointer)).map((pointer) => ['also', pointer]),
  ]
  const strange = [
    ...Object.keys(paths)
      .filter((fact) => !found.facts.includes(fact))
      .map((fact) => [fact]),
    ...others
      .filter((pointer) => ![...found.needed, ...found.optional].includes(pointer))
      .map((pointer) => ['also', pointer]),
  ]
  return [
    ...missing.map((key): [string[], string] => [key, `is required: ${found.type} has this value`]),
    ...strange.map((key): [string[], string] => [key, `${found.type} has no such value beside its facts`]),
  ]
}
