// Reading the file of one institution: `file:` values, the schema, and what its parts say of one another.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isTree, type Tree } from './environment.ts'
import { ConfigFault, faultsOf, type PlacedFault, placed } from './faults.ts'
import { type InstitutionFile, type InstitutionRules, institutionFileSchema } from './institution-file.ts'
import { listOf, rowsOf } from './raw-rows.ts'
import { keysAt } from './settings-list.ts'
import { typesConnected } from './transaction-type-links.ts'
import { atSource, parseYaml, readYaml, type YamlFile } from './yaml-file.ts'

/** Reads and checks one file. Throws a ConfigFault with every fault and its line. */
export function readInstitution(file: string, rules: InstitutionRules): InstitutionFile {
  return checked(readYaml(file), dirname(resolve(file)), rules)
}

/** The same for YAML at hand; `file:` values are relative to `directory`. */
export function parseInstitution(text: string, directory: string, rules: InstitutionRules): InstitutionFile {
  return checked(parseYaml('institution', text), directory, rules)
}

function checked(yaml: YamlFile, directory: string, rules: InstitutionRules): InstitutionFile {
  const faults: PlacedFault[] = []
  const value = withFiles(yaml.value, { directory, faults, path: [] })
  const schema = institutionFileSchema(rules)
  const parsed = schema.safeParse(value)
  if (!parsed.success) faults.push(...faultsOf(parsed.error, (path) => keysAt(schema, path)))
  faults.push(...connected(value, rules))
  if (parsed.success && faults.length === 0) return parsed.data
  throw new ConfigFault(faults.map((fault) => atSource(fault, yaml)))
}

/** `alder.yaml:12` of a place in a file that was read before. */
export const sourceIn = (file: string, path: readonly PropertyKey[]): string => readYaml(file).sourceOf(path)

interface Walk {
  readonly directory: string
  readonly faults: PlacedFault[]
  readonly path: readonly PropertyKey[]
}

/** Puts the text of the file in the place of every `file:PATH`; a JWK set's keys in the place of its file. */
function withFiles(value: unknown, walk: Walk): unknown {
  const below = (key: PropertyKey) => ({ ...walk, path: [...walk.path, key] })
  if (typeof value === 'string') return value.startsWith('file:') ? fileText(value.slice(5), walk) : value
  if (Array.isArray(value)) return value.map((item, i) => withFiles(item, below(i)))
  if (!isTree(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withFiles(inner, below(key))]))
}

const largestFile = 1_048_576

function fileText(name: string, { directory, faults, path }: Walk): unknown {
  const fault = (message: string) => {
    faults.push(placed(path, message))
  }
  let text: string
  try {
    text = readFileSync(resolve(directory, name), 'utf8')
  } catch (error) {
    fault(
      `the file ${name} cannot be read (${error instanceof Error && 'code' in error ? error.code : error})`,
    )
    return name
  }
  if (text.length > largestFile) fault(`the file ${name} is larger than ${largestFile} bytes`)
  return path[0] === 'relying_parties' && path[2] === 'keys' ? keysIn(text, name, fault) : text
}

/** RFC 7517 5: a JWK set, or one key. */
function keysIn(text: string, name: string, fault: (message: string) => void): unknown {
  try {
    const json: unknown = JSON.parse(text)
    return isTree(json) && Array.isArray(json.keys) ? json.keys : json
  } catch {
    fault(`the file ${name} is no JSON`)
    return []
  }
}

const idsOf = (file: unknown, part: string): string[] => rowsOf(file, part).map((row) => String(row.id))

/** What the parts say of one another. */
function connected(file: unknown, rules: InstitutionRules): PlacedFault[] {
  const connections = idsOf(file, 'connections')
  const customers = rowsOf(file, 'connections').filter(({ audience }) => audience !== 'workforce').length
  const scopes = [...rules.scopes, ...idsOf(file, 'cores').map((core) => `core:${core}`)]
  const parties = rowsOf(file, 'relying_parties').flatMap((party, i) => {
    const strangers = listOf(party.scopes).flatMap((scope, s) =>
      scopes.includes(String(scope))
        ? []
        : [placed(['relying_parties', i, 'scopes', s], `no such scope; known are ${scopes.join(', ')}`)],
    )
    const lost = connectionFaults(party, connections, customers)
    return [...lost.map(([key, message]) => placed(['relying_parties', i, key], message)), ...strangers]
  })
  const twice = ['relying_parties', 'connections', 'cores', 'channels'].flatMap((part) =>
    repeated(idsOf(file, part), (i) => [part, i, 'id']),
  )
  return [
    ...parties,
    ...twice,
    ...operationsTwice(file),
    ...domainsTwice(file),
    ...typesConnected(file, rules),
  ]
}

type ConnectionFault = readonly [key: 'connection' | 'connections', message: string]

/** `customers`: how many connections customers sign in by; where there is one, an app need not name it. */
function connectionFaults(party: Tree, connections: readonly string[], customers: number): ConnectionFault[] {
  const known = connections.length === 0 ? 'this file has none' : `this file has ${connections.join(', ')}`
  const [one, several] = [party.connection, party.connections]
  if (one === undefined && several === undefined) {
    const clear = party.kind === 'api' || customers === 1
    return clear ? [] : [['connections', `say by which its customers sign in; ${known}`]]
  }
  if (one !== undefined && several !== undefined)
    return [['connection', 'write `connections` alone; this is its older form for one']]
  const key = several === undefined ? 'connection' : 'connections'
  const names = several === undefined ? [String(one)] : listOf(several).map(String)
  return names.flatMap((name, i): ConnectionFault[] => {
    if (!connections.includes(name)) return [[key, `no connection ${name}; ${known}`]]
    return names.indexOf(name) === i ? [] : [[key, `${name} is there twice`]]
  })
}

/** A domain is at home at one connection, or nobody could tell where to send its people. */
function domainsTwice(file: unknown): PlacedFault[] {
  const all = rowsOf(file, 'connections').flatMap((row, c) =>
    listOf(row.domains).map((domain, d) => ({
      domain: String(domain),
      path: ['connections', c, 'domains', d],
    })),
  )
  return repeated(
    all.map(({ domain }) => domain),
    (i) => all[i]?.path ?? [],
  )
}

function repeated(names: readonly string[], at: (i: number) => PropertyKey[]): PlacedFault[] {
  return names.flatMap((name, i) =>
    name === 'undefined' || names.indexOf(name) === i ? [] : [placed(at(i), `${name} is there twice`)],
  )
}

function operationsTwice(file: unknown): PlacedFault[] {
  return rowsOf(file, 'cores').flatMap((core, c) => {
    const operations = listOf(core.operations).map((operation) => (isTree(operation) ? operation : {}))
    const names = operations.map(({ namespace, name }) => `{${String(namespace)}}${String(name)}`)
    return repeated(names, (o) => ['cores', c, 'operations', o, 'name'])
  })
}
